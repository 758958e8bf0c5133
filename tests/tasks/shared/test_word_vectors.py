"""Word vectors: a file of the user's in each of its forms, and word2vec that comes out the same each time."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tasks.base import DataError
from tasks.shared.text import word_vectors
from tasks.shared.text.settings import TextSettings

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
    found, count = word_vectors.from_file(path, WORDS, 2)
    assert found.dtype == torch.float32
    assert found.shape == (5, 2)
    assert taken(found) == FOUND
    assert count == 3


def test_an_archive_of_several_widths(several: Path) -> None:
    found, count = word_vectors.from_file(several, WORDS, 2)
    assert taken(found) == FOUND
    assert count == 3
    assert word_vectors.from_file(several, WORDS, 4)[0][1].tolist() == [1, 2, 3, 4]
    assert word_vectors.from_file(several, WORDS, 22)[1] == 2


def test_words_that_the_file_lacks_are_drawn_like_those_it_has_and_the_same_again(tmp_path: Path) -> None:
    words = {f"w{k}": k for k in range(3000)}
    path = write(tmp_path / "some.txt", "".join(f"w{k} {3 + k % 2} {-5 - 3 * (k % 2)}\n" for k in range(100)))
    found, count = word_vectors.from_file(path, words, 2)
    assert count == 100
    drawn = found[100:]
    assert drawn.mean(0).tolist() == pytest.approx([3.5, -6.5], abs=0.15)
    assert drawn.std(0).tolist() == pytest.approx([0.5, 1.5], rel=0.1)
    assert torch.equal(found, word_vectors.from_file(path, words, 2)[0])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("the 1 2 3\n", "some.txt, line 1 holds 3 numbers, not 2: set task.embedding to the file's width."),
        ("2 3\nthe 1 2 3\ngood 1 2 3\n", "some.txt, line 3 holds 3 numbers, not 2: set task.embedding to the file's"),
        ("the 1 2\ngood 1 2 3\n", "some.txt, line 2 holds 3 numbers, not 2: set task.embedding to the file's width."),
        ("the 1 2\ngood 1", "some.txt, line 2 holds 1 numbers, not 2: set task.embedding to the file's width."),
        ("the 1 2\ngood 1 two\n", "some.txt, line 2: expected a word and 2 numbers."),
        ("the 1 2\ngood 1 nan\n", "some.txt, line 2: expected a word and 2 numbers."),
        ("the 1 2\ngood 1 inf\n", "some.txt, line 2: expected a word and 2 numbers."),
        ("cat,label,review\n", "some.txt, line 1 holds 0 numbers, not 2"),
        ("the 1 2\nne 1 2\n", "some.txt holds none of this vocabulary's words: name a file of vectors in the texts'"),
        ("", "some.txt holds none of this vocabulary's words"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(DataError) as error:
        word_vectors.from_file(write(tmp_path / "some.txt", text), WORDS, 2)
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
        (lambda folder: folder, "cannot be read: Is a directory."),
        (in_latin_1, "is not UTF-8 text: expected a word and 2 numbers a line."),
        (truncated, "is truncated or damaged, not a whole zip archive: fetch it again."),
        (damaged, "is truncated or damaged, not a whole zip archive: fetch it again."),
        (lambda folder: write(folder / "some.zip"), "is truncated or damaged, not a whole zip archive"),
        (lambda folder: archive(folder / "some.zip", d3=""), "holds no 2-wide vectors: set task.embedding to a width"),
    ],
    ids=["missing", "missing zip", "folder", "Latin-1", "truncated", "damaged", "no zip", "another width"],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, make: Callable[[Path], Path], sentence: str) -> None:
    path = make(tmp_path)
    with pytest.raises(DataError) as error:
        word_vectors.from_file(path, WORDS, 2)
    assert str(error.value).startswith(f"{path} {sentence}")


SENTENCES = [[2, 4 + k % 9, 5 + k % 7, 4 + k % 3, 3] for k in range(60)]  # numbers 2 to 12 of 15


def learnt(count: int = 15, source: str = "some", **settings: object) -> Tensor:
    chosen = TextSettings(**{"embedding": 6, "word2vec_epochs": 2, **settings})  # type: ignore[arg-type]
    return word_vectors.word2vec(chosen, count, lambda: SENTENCES, source=source)


def test_word2vec_gives_each_word_of_the_texts_a_vector_and_the_others_zeros() -> None:
    found = learnt()
    assert found.shape == (15, 6)
    assert found.dtype == torch.float32
    assert (found.abs().sum(1) > 0).tolist() == [2 <= number <= 12 for number in range(15)]


def test_what_shapes_the_vectors_shapes_them() -> None:
    usual = learnt()
    assert not torch.equal(usual, learnt(word2vec="skip-gram"))
    assert not torch.equal(usual, learnt(word2vec_epochs=3))
    assert learnt(embedding=7).shape == (15, 7)
    assert torch.equal(learnt(count=20)[:15], usual)


def test_vectors_are_learnt_once(capsys: pytest.CaptureFixture[str]) -> None:
    def never() -> list[list[int]]:
        raise AssertionError

    found = learnt()
    assert capsys.readouterr().err.count("word2vec") == 1
    chosen = TextSettings(embedding=6, word2vec_epochs=2, dropout=0.9, min_count=7)  # what does not shape them
    assert torch.equal(word_vectors.word2vec(chosen, 15, never, source="some"), found)
    assert capsys.readouterr().err == ""
    with pytest.raises(AssertionError):
        word_vectors.word2vec(chosen, 15, never, source="other")


def test_one_thread_learns_the_same_vectors_in_every_process(tmp_path: Path) -> None:
    """Python's hashes differ from process to process, and gensim takes them by default."""
    code = (
        "from tasks.shared.text import word_vectors\n"
        "from tasks.shared.text.settings import TextSettings\n"
        "settings = TextSettings(embedding=6, word2vec_epochs=2)\n"
        f"found = word_vectors.word2vec(settings, 15, lambda: {SENTENCES}, source='some')\n"
        "print(found.numpy().tobytes().hex())\n"
    )
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    own = {"PYTHONHASHSEED": seed, "WORKBENCH_CACHE": str(tmp_path / "other"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **own}, stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.strip() == learnt().numpy().tobytes().hex()
