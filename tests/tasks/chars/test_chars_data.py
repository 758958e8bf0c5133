"""Texts as they are read, split and cut into chunks; what is told of them, and what is refused."""

from __future__ import annotations

import gzip
import io
import itertools
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from char_texts import SAYING, loaded, written
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from tasks.base import SPLITS, DataError
from tasks.chars import synthetic
from tasks.chars.data import SPECIALS, Part, epoch_batches, load, parts
from tasks.chars.settings import Settings
from tasks.chars.task import Task
from tasks.shared.datasets.locations import find_or_download, starter

SOME = hypothesis(max_examples=40, deadline=None, derandomize=True)


def spelled(data: Any, codes: torch.Tensor) -> str:
    tokens = ["?", "^", *data.state["vocabulary"]]
    return "".join(tokens[code] for code in codes.tolist())


def test_the_splits_are_contiguous_and_together_the_text(tmp_path: Path) -> None:
    text = "".join(chr(ord("a") + k % 26) for k in range(1_000))
    _, data = loaded(tmp_path, text, val_share=0.1, test_share=0.2)
    assert data.parts == {"train": Part(0, 700), "val": Part(700, 800), "test": Part(800, 1000)}
    assert spelled(data, data.codes) == text
    assert any("train 700, val 100, test 200" in note for note in data.notes)


@given(size=st.integers(60, 400), length=st.integers(1, 20))
@SOME
def test_every_character_but_a_splits_first_is_predicted_once(
    size: int, length: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = ("abcdefg" * size)[:size]
    settings, data = loaded(tmp_path_factory.mktemp("text"), text, length=length, val_share=0.1, test_share=0.1)
    for split, part in parts(settings, size).items():
        predicted = [
            int(data.starts[row]) + 1 + k for row in data.rows[split].tolist() for k in range(int(data.sizes[row]))
        ]
        everything = list(range(part.begin + 1, part.end))
        left = (len(everything) % length) if split == "train" else 0
        assert predicted == everything[: len(everything) - left]
        told = [note for note in data.dropped if "fill no chunk" in note]
        assert bool(told) == bool((data.parts["train"].end - 1) % length)


def test_a_chunk_is_its_characters_after_the_one_before(tmp_path: Path) -> None:
    _, data = loaded(tmp_path)
    assert spelled(data, data.chunks(torch.tensor([0, 3]))[1]) == SAYING[30:41]


def test_the_vocabulary_is_the_training_parts_by_frequency_and_the_rest_is_unknown(tmp_path: Path) -> None:
    text = "a" * 60 + "b" * 29 + "c" + "abz" * 3 + "z"  # 100 characters: c trains once, z never
    _, data = loaded(tmp_path, text, val_share=0.05, test_share=0.05, min_count=2)
    assert data.state["vocabulary"] == ["a", "b"]
    assert data.state["train_counts"] == [1, 0, 60, 29]
    assert (data.codes == 0).sum() == 5
    rare = "Of the training part's distinct characters 1 stand in it less than 2 times (task.min_count) and count as"
    assert f"{rare} unknown." in data.dropped
    told = [note for note in data.dropped if "characters of" in note]
    assert told[0] == "1 of the 90 characters of train (1.11%) count as unknown."
    assert told[1].startswith("1 of the 5 characters of val (20.00%) count as unknown: the text changes on its way; ")


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_are_made_alike_and_counted(tmp_path: Path, end: str) -> None:
    _, data = loaded(tmp_path, (SAYING * 40).replace("\n", end))
    assert spelled(data, data.codes) == SAYING * 40
    assert "40 line ends \\r or \\r\\n were made \\n." in data.dropped


CHINESE = "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。\n" * 20
FRENCH = "Après l'été, où le garçon naïf dînait à Noël, près du château, il répéta : « ça va ».\n" * 20


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        (CHINESE, "utf-8", "UTF-8"),
        (CHINESE, "utf-8-sig", "UTF-8 with a mark"),
        (CHINESE, "utf-16", "UTF-16"),
        (CHINESE, "utf-32", "UTF-32"),
        (CHINESE, "gb18030", "GB18030"),
        (FRENCH, "latin-1", "Windows-1252"),
    ],
)
def test_an_encoding_is_found_and_told(tmp_path: Path, text: str, encoding: str, named: str) -> None:
    _, data = loaded(tmp_path, text.encode(encoding))
    assert spelled(data, data.codes) == text
    assert data.guessed == [f"Its encoding is {named} (task.encoding sets another)."]


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    _, data = loaded(tmp_path, FRENCH.replace("«", "").replace("»", "").encode("cp850"), encoding="cp850")
    assert "été" in spelled(data, data.codes)
    assert data.guessed == []


def test_packed_texts_are_read(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("book/one.txt", SAYING * 40)
    for content in (gzip.compress((SAYING * 40).encode()), packed.getvalue()):
        _, data = loaded(tmp_path, content)
        assert spelled(data, data.codes) == SAYING * 40


BAD = {
    "empty": (b"", {}, "text.txt is empty: name a file that holds a text with --set task.file=FILE."),
    "blank": (b" \n\n ", {}, "text.txt is empty: name a file that holds a text with --set task.file=FILE."),
    "binary": (
        bytes(range(256)) * 40,
        {},
        "text.txt is no text: it has a zero byte at byte 0 (line 1); give a file of text.",
    ),
    "zero": (
        f"{SAYING}a\0b{SAYING * 40}".encode("utf-16"),
        {},
        "text.txt line 2 holds a zero byte, as no text does: name a text file",
    ),
    "short": (
        b"abc" * 7,
        {"length": 100},
        "text.txt has 21 characters, and 111 are needed for one chunk of task.length=100 to train on",
    ),
    "one": (b"a" * 500, {}, "text.txt holds one character alone, 'a': there is nothing to learn; name another text"),
    "rare": (
        bytes(range(33, 127)) * 5,
        {"min_count": 100},
        "Only 0 of the 94 distinct characters of",
    ),
    "another encoding": (
        FRENCH.encode("latin-1"),
        {"encoding": "utf-8"},
        "text.txt, line 1: not UTF-8 text: name the file's encoding with task.encoding",
    ),
    "torn gzip": (
        gzip.compress(b"".join(b"%d " % (k * k) for k in range(5_000)))[:4_000],
        {},
        "text.txt is truncated or damaged, not a whole archive",
    ),
}


@pytest.mark.parametrize(("content", "values", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes, values: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(DataError) as error:
        loaded(tmp_path, content, **values)
    assert sentence in str(error.value)
    assert str(error.value).count("\n") == 0
    assert str(error.value).endswith(".")


def test_the_length_that_is_said_to_be_needed_is_enough(tmp_path: Path) -> None:
    for length, val, test in ((100, 0.05, 0.05), (1, 0.05, 0.05), (7, 0.3, 0.001), (50, 0.4, 0.4)):
        values: dict[str, Any] = {"length": length, "val_share": val, "test_share": test}
        with pytest.raises(DataError, match="are needed") as error:
            loaded(tmp_path, "ab", **values)
        needed = int(str(error.value).split(" characters, and ")[1].split(" ")[0].replace(",", ""))
        loaded(tmp_path, ("ab" * needed)[:needed], **values)
        with pytest.raises(DataError, match="are needed"):
            loaded(tmp_path, ("ab" * needed)[: needed - 1], **values)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone.txt is missing"):
        load(Settings(file=str(tmp_path / "gone.txt")), tmp_path)
    with pytest.raises(DataError, match="is a folder: name a text file"):
        load(Settings(file=str(tmp_path)), tmp_path)
    for name in ("gone.txt", ""):
        with pytest.raises(DataError, match=r"no file: name the chars data's file again \(task\.file\)\."):
            find_or_download("chars", None, print, settings=Settings(file=str(tmp_path / name)))


def test_ten_megabytes_in_one_line_are_fine(tmp_path: Path) -> None:
    text = ("to be or not to be " * 530_000)[:10_000_000]
    _, data = loaded(tmp_path, text, length=100)
    assert len(data.codes) == 10_000_000
    assert data.codes.dtype == torch.uint8
    assert spelled(data, data.codes[-100:]) == text[-100:]


def test_without_a_file_the_starter_text_is_read_and_the_cure_is_said() -> None:
    said: list[str] = []
    source = find_or_download("chars", None, said.append, settings=Settings())
    assert source == ("starter", starter("chars"))
    assert said == ["No data of your own is named (task.file): going on with the small starter set."]
    assert (starter("chars") / synthetic.FILE).read_text(encoding="utf-8") == synthetic.text()


@given(count=st.integers(1, 200), size=st.integers(1, 40), seed=st.integers(0, 99))
@SOME
def test_streams_go_through_the_text(count: int, size: int, seed: int) -> None:
    rows = torch.arange(count)
    drawn = [epoch_batches(rows, size, torch.Generator().manual_seed(seed), carry=True) for _ in range(2)]
    batches = drawn[0]
    assert all(torch.equal(*pair) for pair in zip(*drawn, strict=True))
    assert all(torch.equal(one + 1, after) for one, after in itertools.pairwise(batches))
    every = sorted(torch.cat(batches).tolist())
    assert every == list(range(every[0], every[0] + len(every)))  # each once, and those left out at the ends
    assert count - len(every) < min(size, count)
    plain = epoch_batches(rows, size, torch.Generator().manual_seed(seed), carry=False)
    assert sorted(torch.cat(plain).tolist()) == rows.tolist()


def test_a_preview_tells_the_text_before_it_is_trained_on(tmp_path: Path) -> None:
    settings, data = loaded(tmp_path, (SAYING * 40).replace("\n", "\r\n").encode("utf-16"))
    preview = Task.preview(settings, tmp_path)
    assert preview.source == settings.file
    assert preview.rows == [[SAYING.strip()]] * 5
    assert preview.splits == {split: len(range(*data.parts[split])) for split in SPLITS}
    assert preview.guessed == ["Its encoding is UTF-16 (task.encoding sets another)."]
    assert preview.dropped == data.dropped
    assert "40 line ends \\r or \\r\\n were made \\n." in preview.dropped
    assert preview.notes[-1].startswith("Most frequent in the training part: space 19.4%, o ")


def test_a_cached_text_needs_no_file(tmp_path: Path) -> None:
    settings, data = loaded(tmp_path)
    written(tmp_path).unlink()
    again = Task.load_cached(settings, data.state)
    assert torch.equal(again.codes, data.codes)
    assert (again.state, list(again.notes)) == (data.state, list(data.notes))
    assert len(SPECIALS) + len(data.state["vocabulary"]) == len(data.state["train_counts"])


def test_the_texts_of_a_zip_but_the_first_are_told(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("a.txt", "b.txt", "cover.png"):
            archive.writestr(name, SAYING * 40)
    told = "text.txt: of its files a.txt alone is read, b.txt left out: unpack it to name another."
    assert told in loaded(tmp_path, packed.getvalue())[1].dropped
    with zipfile.ZipFile(packed := io.BytesIO(), "w") as archive:
        archive.writestr("a.csv", SAYING)
    with pytest.raises(
        DataError, match=r"text\.txt holds no \.txt file: unpack it, and name a text file with --set task"
    ):
        loaded(tmp_path, packed.getvalue())
