"""A user's file of word vectors in each of its forms; broken ones named with their line."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from waiting import HANG

from tasks.base import DataError
from tasks.shared.datasets import cache, stamps
from tasks.shared.text import vector_file

WORDS = {"<pad>": 0, "good": 1, "bad": 2, "film": 3, "unheard": 4}
GLOVE = "the 9 9\nbad -1.5 2e-1\n. . 9 9\nfilm 0 0.25\ngood 1 2\ngood 7 7\n"
FOUND = {"bad": [-1.5, 0.2], "film": [0.0, 0.25], "good": [1.0, 2.0]}


def write(path: Path, text: str = GLOVE) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def archive(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            file.writestr(f"glove.6B.{name.removeprefix('d')}d.txt", text)
    return path


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """An archive of several widths, as glove.6B.zip is."""
    wide = "".join(f"{word} {'0.5 ' * 22}\n" for word in ("good", "bad"))
    return archive(tmp_path / "glove.6B.zip", d22=wide, d2=GLOVE, d4="good 1 2 3 4\n")


def taken(found: Tensor) -> dict[str, list[float]]:
    return {word: pytest.approx(found[WORDS[word]].tolist()) for word in FOUND}


@pytest.mark.parametrize("head", ["", "6 2\n"], ids=["GloVe", "word2vec"])
@pytest.mark.parametrize("end", ["\n", " \n", "\r\n"], ids=["LF", "blank LF", "CRLF"])
def test_a_text_file(tmp_path: Path, head: str, end: str) -> None:
    path = tmp_path / "some.txt"
    path.write_bytes((head + GLOVE).replace("\n", end).encode())
    found, count, _ = vector_file.read(path, WORDS, 2)
    assert found.dtype == torch.float32
    assert found.shape == (5, 2)
    assert taken(found) == FOUND
    assert count == 3


def test_an_archive_of_several_widths(several: Path) -> None:
    found, count, _ = vector_file.read(several, WORDS, 2)
    assert taken(found) == FOUND
    assert count == 3
    assert vector_file.read(several, WORDS, 4)[0][1].tolist() == [1, 2, 3, 4]
    assert vector_file.read(several, WORDS, 22).found == 2


def gzipped(path: Path, text: str = GLOVE) -> Path:
    path.write_bytes(gzip.compress(text.encode()))
    return path


def cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-12])
    return path


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, GLOVE)
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: gzipped(folder / "some.txt.gz"),
        lambda folder: gzipped(folder / "some.vec"),
        lambda folder: zipped(folder / "wiki.zip", "__MACOSX/._a.vec", "read.me", "a.vec"),
        lambda folder: write(folder / "some.txt", GLOVE.replace(" ", "\t")),
        lambda folder: write(folder / "some.txt", GLOVE.replace(" ", "\t", 1)),
        lambda folder: write(folder / "some.txt", "\ufeff6 2\n" + GLOVE),
        lambda folder: write(folder / "some.txt", "\ufeff" + GLOVE[GLOVE.index("bad") :]),
        lambda folder: write(folder / "some.txt", "7\t2\n" + GLOVE + "one more 3 4"),
        lambda folder: write(folder / "some.txt", GLOVE.rstrip("\n")),
    ],
    ids=[
        "gz",
        "gz named vec",
        "zip of one",
        "tabs",
        "tab and spaces",
        "BOM",
        "BOM, no head",
        "word of two",
        "no last end",
    ],
)
def test_every_form_that_people_have_is_read(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    found = vector_file.read(make(tmp_path), WORDS, 2)
    assert taken(found.vectors) == FOUND
    assert (found.found, found.repeated) == (3, 1)  # good stands there twice


def test_words_that_the_file_lacks_are_drawn_like_those_it_has_and_the_same_again(tmp_path: Path) -> None:
    words = {f"w{k}": k for k in range(3000)}
    path = write(tmp_path / "some.txt", "".join(f"w{k} {3 + k % 2} {-5 - 3 * (k % 2)}\n" for k in range(100)))
    found, count, _ = vector_file.read(path, words, 2)
    assert count == 100
    drawn = found[100:]
    assert drawn.mean(0).tolist() == pytest.approx([3.5, -6.5], abs=0.15)
    assert drawn.std(0).tolist() == pytest.approx([0.5, 1.5], rel=0.1)
    assert torch.equal(found, vector_file.read(path, words, 2)[0])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("the 1 2 3\n", "some.txt, line 1 holds 3 numbers, not 2: set task.embedding=3, the file's width, or "),
        ("2 3\nthe 1 2 3\ngood 1 2 3\n", "some.txt, line 2 holds 3 numbers, not 2: set task.embedding=3, the file's"),
        (
            "the 1 2\ngood 1 2 3\n",
            "some.txt is truncated or damaged at line 2: it holds 3 numbers, the lines before 2. ",
        ),
        (
            "the 1 2\ngood 1",
            "some.txt is truncated or damaged at line 2: it holds 1 numbers, the lines before 2. Fetch",
        ),
        ("good 1 2\nnobody 1", "some.txt is truncated or damaged at line 2: it holds 1 numbers, the lines before 2."),
        ("good 1 2\nnob", "some.txt, line 2: expected a word and 2 numbers"),
        ("9 2\ngood 1 2\nbad 1 2\n", "some.txt is truncated at line 3: its first line promises 9 words. Fetch it"),
        ("the 1 2\ngood 1 two\n", "some.txt, line 2: expected a word and 2 numbers, parted by spaces or tabs."),
        ("the 1 2\ngood 1 nan\n", "some.txt, line 2: expected a word and 2 numbers, parted by spaces or tabs."),
        ("the 1 2\ngood 1 inf\n", "some.txt, line 2: expected a word and 2 numbers, parted by spaces or tabs."),
        ("cat,label,review\n", "some.txt, line 1: expected a word and 2 numbers, parted by spaces or tabs."),
        ("the 1 2\nne 1 2\n", "some.txt holds none of this vocabulary's words: name a file of vectors in the texts'"),
        ("", "some.txt is empty: fetch it again."),
        ("<!doctype html><title>404</title>", "some.txt is a web page, saved in place of the data"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(DataError) as error:
        vector_file.read(write(tmp_path / "some.txt", text), WORDS, 2)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def in_latin_1(folder: Path) -> Path:
    path = folder / "some.txt"
    path.write_bytes("film 1 2\ngr\xf6ße 1 2\n".encode("latin-1"))
    return path


def truncated(folder: Path) -> Path:
    path = archive(folder / "some.zip", d2=GLOVE * 99)
    path.write_bytes(path.read_bytes()[:-9])
    return path


def damaged(folder: Path) -> Path:
    path = archive(folder / "some.zip", d2=GLOVE * 99)
    content = bytearray(path.read_bytes())
    content[45:60] = bytes(15)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda folder: folder / "none.txt", "is missing: name a file of word vectors with task.vectors."),
        (lambda folder: folder / "none.zip", "is missing: name a file of word vectors with task.vectors."),
        (lambda folder: folder, "is a folder: name a file of word vectors with task.vectors."),
        (in_latin_1, "is not UTF-8 text: expected a word and 2 numbers a line; save a binary file as text first."),
        (truncated, "is truncated or damaged, not a whole archive: fetch it again."),
        (damaged, "is truncated or damaged, not a whole archive: fetch it again."),
        (lambda folder: cut(gzipped(folder / "some.txt.gz")), "is truncated or damaged, not a whole archive: fetch"),
        (
            lambda folder: zipped(folder / "some.zip", "a.zip"),
            "should hold one file of vectors (.txt or .vec), but holds "
            "a.zip: unpack it, and name the file with task.vectors.",
        ),
        (lambda folder: archive(folder / "some.zip", d3=""), "holds no 2-wide vectors: set task.embedding to a width"),
    ],
    ids=[
        "missing",
        "missing zip",
        "folder",
        "Latin-1",
        "truncated",
        "damaged",
        "cut gz",
        "zip in a zip",
        "another width",
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, make: Callable[[Path], Path], sentence: str) -> None:
    path = make(tmp_path)
    with pytest.raises(DataError) as error:
        vector_file.read(path, WORDS, 2)
    assert str(error.value).startswith(f"{path} {sentence}")


# kept, once read


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files read."""
    found: list[Path] = []
    read = vector_file.read
    monkeypatch.setattr(vector_file, "read", lambda path, *how: (found.append(path), read(path, *how))[1])
    return found


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is taken for an old one at once."""
    monkeypatch.setattr(stamps, "SETTLED_S", -HANG)


@pytest.mark.usefixtures("settled")
def test_a_file_is_read_once_for_the_same_words(tmp_path: Path, readings: list[Path]) -> None:
    path = write(tmp_path / "some.txt")
    first, again = (vector_file.kept(path, WORDS, 2) for _ in range(2))
    assert len(readings) == 1
    expected = vector_file.read(path, WORDS, 2)
    for found in (first, again):
        assert torch.equal(found.vectors, expected.vectors)
        assert found[1:] == expected[1:] == (3, 1)
    others = {**WORDS, "the": 5}
    assert vector_file.kept(path, others, 2).found == 4
    swapped = {**WORDS, "good": 2, "bad": 1}
    assert torch.equal(vector_file.kept(path, swapped, 2).vectors[1], expected.vectors[2])
    moved = path.rename(tmp_path / "moved.txt")
    write(path, GLOVE.replace("0.25", "0.75"))
    assert vector_file.kept(path, WORDS, 2).vectors[3].tolist() == [0, 0.75]
    assert torch.equal(vector_file.kept(moved, WORDS, 2).vectors, expected.vectors)


@pytest.mark.usefixtures("settled")
def test_a_file_that_cannot_be_read_is_refused_each_time(tmp_path: Path, readings: list[Path]) -> None:
    path = write(tmp_path / "some.txt", "good 1 2\nbad 1\n")
    for _ in range(2):
        with pytest.raises(DataError, match=r"truncated or damaged at line 2"):
            vector_file.kept(path, WORDS, 2)
    assert len(readings) == 2


def test_a_file_just_written_is_read_anew(tmp_path: Path, readings: list[Path]) -> None:
    path = write(tmp_path / "some.txt")
    for _ in range(2):
        assert taken(vector_file.kept(path, WORDS, 2).vectors) == FOUND
    assert len(readings) == 2
    assert not (cache.cache_folder() / "tensors").exists()
