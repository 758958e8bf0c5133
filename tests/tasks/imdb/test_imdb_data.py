"""The IMDB reviews: the same data from each of their forms, split by a seed, broken ones named."""

from __future__ import annotations

import csv
import gzip
import io
import random
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import torch

from tasks.base import DataError
from tasks.imdb import data as imdb
from tasks.imdb import synthetic
from tasks.imdb.settings import Settings
from tasks.imdb.task import Task
from tasks.shared.datasets import cache, locations, splits
from tasks.shared.text.data import SPECIALS, TextData

Files = Mapping[str, bytes]
SETTINGS = Settings(min_count=1)
REVIEWS: Files = {
    f"{part}/{label}/{number}_{stars}.txt": f"{word} film number {number} of the {part} half.<br />".encode()
    for part in ("train", "test")
    for label, word, stars in (("neg", "Dull", 2), ("pos", "Fine", 9))
    for number in range(10)
}


def archive(folder: Path, files: Files = REVIEWS, name: str = "aclImdb_v1.tar.gz", top: str = "aclImdb") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / name, "w:gz") as file:
        for inside, content in files.items():
            member = tarfile.TarInfo(f"{top}/{inside}")
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return folder


def extracted(folder: Path, files: Files = REVIEWS) -> Path:
    for inside, content in files.items():
        path = folder / "aclImdb" / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def repacked(folder: Path, name: str) -> Path:
    """The archive as a plain tar or as a zip, as its name says or as browsers leave it."""
    whole = archive(folder) / "aclImdb_v1.tar.gz"
    content = gzip.decompress(whole.read_bytes())
    whole.unlink()
    if name.endswith(".zip"):
        with zipfile.ZipFile(folder / name, "w") as file:
            for inside, read in REVIEWS.items():
                file.writestr(f"aclImdb/{inside}", read)
    else:
        (folder / name).write_bytes(content)
    return folder


def nested(folder: Path, above: str) -> Path:
    """The folder that some programs make: named after the archive, with the archive's own folder in it."""
    extracted(folder / above)
    return folder


TABLE = [
    ("review", "sentiment"),
    *((text.decode(), "positive" if "/pos/" in n else "negative") for n, text in REVIEWS.items()),
]


def table(folder: Path, rows: Sequence[Sequence[str]] = TABLE, encoding: str = "utf-8") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "IMDB Dataset.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


def test_a_table_without_halves_is_halved_by_its_order_and_says_so(tmp_path: Path) -> None:
    rows = [TABLE[0], *TABLE[1::2], *TABLE[2::2], TABLE[1]]  # the last stands in the first half too
    data = imdb.load(SETTINGS, table(tmp_path, rows, "utf-8-sig"))
    assert [data.size(split) for split in ("train", "val", "test")] == [17, 4, 20]
    assert [split == "test" for split, _, _ in texts(data)] == [False] * 20 + [True] * 20 + [False]
    assert data.labels.tolist() == [int(sentiment == "positive") for _, sentiment in rows[1:]]
    assert data.notes == (
        "The data hold 41 of their source's 50,000 rows: if they should be whole, fetch them again.",
        "IMDB Dataset.csv does not say which half of the archive a review is of: its first 21 train and validate, "
        "the others test, so that figures are not comparable with the archive's.",
        "2 of the 21 training-half reviews stand there more than once: equal texts share a split.",
    )


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (TABLE[1:], ", line 1: expected the columns review,sentiment, found Dull film number 0"),
        ([*TABLE[:3], ("good", "1")], ", line 4: unknown sentiment '1', expected negative or positive."),
        ([*TABLE[:3], ("good",)], ", line 4: expected 2 columns, found 1."),
        (TABLE[:1], " holds no review for the training half: fetch it again."),
        (TABLE[:2], " holds no review for the training half: fetch it again."),
    ],
    ids=["no head", "sentiment", "a column less", "head alone", "one row"],
)
def test_a_broken_table_is_named_with_its_line(tmp_path: Path, rows: Sequence[Sequence[str]], sentence: str) -> None:
    with pytest.raises(DataError) as error:
        imdb.load(SETTINGS, table(tmp_path, rows))
    assert str(error.value).startswith(f"{tmp_path / 'IMDB Dataset.csv'}{sentence}")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_a_table_in_a_spreadsheets_encoding_gives_the_same_data(tmp_path: Path, encoding: str) -> None:
    rows = [*TABLE, ("“Amélie” – a naïve\nfilm", "positive")]
    usual = imdb.load(SETTINGS, table(tmp_path / "usual", rows))
    assert texts(imdb.load(SETTINGS, table(tmp_path / "other", rows, encoding))) == texts(usual)


def test_a_table_in_a_western_encoding_is_refused_not_read_as_chinese(tmp_path: Path) -> None:
    """GB18030 takes its bytes, and makes a Han character of "ïv"."""
    with pytest.raises(DataError, match=r"IMDB Dataset\.csv is not UTF-8 text at byte \d+: fetch it again, or convert"):
        imdb.load(SETTINGS, table(tmp_path, [*TABLE, ("a naïve film", "positive")], "cp1252"))


def test_a_gzipped_table_gives_the_same_data(tmp_path: Path) -> None:
    usual = imdb.load(SETTINGS, table(tmp_path / "usual"))
    other = tmp_path / "other"
    other.mkdir()
    (other / "IMDB Dataset.csv.gz").write_bytes(gzip.compress((tmp_path / "usual" / "IMDB Dataset.csv").read_bytes()))
    assert texts(imdb.load(SETTINGS, other)) == texts(usual)


COPIES: Files = {f"backup/{name}": content for name, content in REVIEWS.items() if name.startswith("train/pos/")}


@pytest.mark.parametrize("make", [archive, extracted])
def test_equal_copies_of_reviews_are_read_once_and_told(tmp_path: Path, make: Callable[[Path, Files], Path]) -> None:
    usual = imdb.load(SETTINGS, archive(tmp_path / "usual"))
    folder = make(
        tmp_path / "other", {**REVIEWS, **COPIES, "backup/train/pos/98_9.txt": b"?", "train/pos/98_9.txt": b""}
    )
    other = imdb.load(SETTINGS, folder)
    assert texts(other) == texts(usual)
    (name,) = (path.name for path in folder.iterdir())
    assert other.notes == (
        "The data hold 41 of their source's 50,000 rows: if they should be whole, fetch them again.",
        f"11 reviews of {name} stand there twice (nested copies): keep one folder.",
        "Reviews without a letter, skipped: 1.",
    )


@pytest.mark.parametrize("make", [archive, extracted])
@pytest.mark.parametrize("text", [b"another", b""])
def test_differing_copies_of_a_review_are_refused(
    tmp_path: Path, make: Callable[[Path, Files], Path], text: bytes
) -> None:
    folder = make(tmp_path, {**REVIEWS, **COPIES, "backup/train/pos/3_9.txt": text})
    (path,) = tmp_path.iterdir()
    with pytest.raises(DataError) as error:
        imdb.load(SETTINGS, folder)
    assert str(error.value) == (
        f"{path} holds train/pos/3_9.txt twice, with different texts (nested copies): keep one folder."
    )


def test_a_folder_of_the_users_named_starter_is_not_the_starter_set(tmp_path: Path) -> None:
    own = imdb.load(SETTINGS, extracted(tmp_path / "starter"))
    assert own.notes[0].startswith("The data hold 40 of their source's 50,000 rows: ")
    assert not imdb.load(SETTINGS, locations.starter("imdb")).notes


def texts(data: TextData) -> list[tuple[str, int, str]]:
    """Each review's split, label and known words."""
    names = [*SPECIALS, *data.state["vocabulary"]]
    words = data.words.lists(torch.arange(len(data.labels)))
    split = {row: name for name, rows in data.rows.items() for row in rows.tolist()}
    return [
        (split[row], int(data.labels[row]), " ".join(names[n] if n < data.known else "?" for n in numbers))
        for row, numbers in enumerate(words)
    ]


def shuffled(files: Files) -> Files:
    names = list(files)
    random.Random(0).shuffle(names)
    return {name: files[name] for name in names}


OTHERS = {"README": b"\xff", "train/unsup/0_0.txt": b"no label", "train/labeledBow.feat": b"9 0:1", "imdb.vocab": b"a"}


@pytest.mark.parametrize(
    "make",
    [
        extracted,
        lambda folder: archive(folder, shuffled(REVIEWS)),
        lambda folder: archive(folder, name="aclImdb_labelled.tar.gz", top="./aclImdb"),
        lambda folder: archive(folder, {**OTHERS, **REVIEWS}),
        lambda folder: extracted(folder, {**REVIEWS, **OTHERS}),
        lambda folder: archive(folder, name="aclImdb_v1.tgz"),
        lambda folder: archive(folder, top="aclImdb_v1/aclImdb"),
        lambda folder: repacked(folder, "aclImdb_v1.tar"),
        lambda folder: repacked(folder, "aclImdb_v1.tar.gz"),
        lambda folder: repacked(folder, "aclImdb_v1.zip"),
        lambda folder: nested(folder, "aclImdb"),
        lambda folder: nested(folder, "aclImdb_v1"),
    ],
    ids=[
        *("folder", "another order", "another name", "unlabelled reviews too", "folder with more", "tgz", "deeper"),
        *("tar", "tar named tar.gz", "zip", "folder in a folder", "folder named as the archive"),
    ],
)
def test_every_form_gives_the_same_data(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    usual = imdb.load(SETTINGS, archive(tmp_path / "usual"))
    other = imdb.load(SETTINGS, make(tmp_path / "other"))
    assert texts(other) == texts(usual)
    assert other.state["vocabulary"] == usual.state["vocabulary"]
    assert other.notes[0].startswith(
        "The data hold 40 of their source's 50,000 rows: if they should be whole, fetch them again."
    )
    assert len(other.notes) == 1


def test_a_review_keeps_its_words_and_its_label(tmp_path: Path) -> None:
    found = texts(imdb.load(SETTINGS, archive(tmp_path)))
    assert len(found) == 40
    test = [(label, text) for split, label, text in found if split == "test"]
    assert test[0] == (0, "dull film number 0 of the ? half .")  # only the test half says "test"
    assert [label for label, _ in test] == [0] * 10 + [1] * 10
    assert all(text.startswith("fine" if label else "dull") for _, label, text in found)


def test_the_training_half_is_split_by_a_seed_and_each_label_alike(tmp_path: Path) -> None:
    folder = archive(tmp_path)
    zero, again, one = (texts(imdb.load(Settings(split_seed=seed), folder)) for seed in (0, 0, 1))
    assert zero == again != one
    for found in (zero, one):
        for label in (0, 1):
            splits = [split for split, of, _ in found if of == label]
            assert (splits.count("train"), splits.count("val"), splits.count("test")) == (8, 2, 10)
    assert [split == "test" for split, _, _ in zero] == [split == "test" for split, _, _ in one]


DUPLICATES: Files = {  # the same words with other marks; 6 texts stand twice in the training half, two of them in test
    **REVIEWS,
    **{f"train/pos/{number}_9.txt": f"A film like number {number % 6}".encode() for number in range(20, 32)},
    "test/pos/40_9.txt": b"a  film LIKE number 1",
    "test/neg/41_2.txt": b"A film like number 2<br />",
}


@pytest.mark.parametrize("seed", range(5))
def test_equal_texts_of_the_training_half_share_a_split_and_are_told(tmp_path: Path, seed: int) -> None:
    data = imdb.load(Settings(min_count=1, split_seed=seed), archive(tmp_path, DUPLICATES))
    split_of: dict[str, set[str]] = {}
    for split, label, text in texts(data):
        if split != "test" and text.startswith("a film like"):
            assert label == 1
            split_of.setdefault(text, set()).add(split)
    assert len(split_of) == 6
    assert all(len(of) == 1 for of in split_of.values())
    assert data.size("val") in range(4, 11)
    assert data.notes[1:] == (
        "12 of the 32 training-half reviews stand there more than once: equal texts share a split.",
        "2 of the 22 test reviews also stand in the training half: the split is the archive's own.",
    )


def test_a_run_of_an_older_version_is_read_with_its_own_split(tmp_path: Path) -> None:
    """Its state names no splitting: equal texts part there, by row, as they did when it was trained."""
    folder = archive(tmp_path, DUPLICATES)
    new = Task.load(SETTINGS, folder)
    state = {name: value for name, value in new.state.items() if name != "splitting"}
    old = Task.load_again(SETTINGS, folder, state)
    assert "splitting" not in old.state
    labels = [label for split, label, _ in texts(old) if split != "test"]
    by_row = splits.stratified_groups(range(len(labels)), labels, 0, (0.2, 0.0))
    expected = ["train" if part == splits.TRAIN else "val" for part in by_row]
    assert [split for split, _, _ in texts(old) if split != "test"] == expected
    assert texts(Task.load_again(SETTINGS, folder, new.state)) == texts(new) != texts(old)
    assert "in this run of an older version, equal texts may part" in old.notes[1]
    assert texts(Task.load_cached(SETTINGS, old.state)) == texts(old)


def test_reviews_without_a_word_are_skipped_and_counted(tmp_path: Path) -> None:
    """An empty sequence would be no network's to read."""
    odd = {"train/pos/98_9.txt": b"<br /><br />", "train/neg/99_1.txt": "电影".encode(), "test/pos/99_9.txt": b" ?!\n"}
    data = imdb.load(SETTINGS, archive(tmp_path / "odd", {**REVIEWS, **odd}))
    assert len(data.labels) == 40
    assert int(data.words.lengths.min()) > 0
    assert data.notes[1:] == ("Reviews without a letter, skipped: 3.",)
    assert "The data hold 43 of their source's 50,000 rows" in data.notes[0]


def test_the_encoded_reviews_are_recalled_when_the_archive_is_gone(tmp_path: Path) -> None:
    folder = archive(tmp_path)
    data = Task.load(SETTINGS, folder)
    (folder / "aclImdb_v1.tar.gz").unlink()
    assert texts(Task.load_cached(SETTINGS, data.state)) == texts(data)
    with pytest.raises(
        DataError, match=r"holds no aclImdb or aclImdb_v1 or aclImdb_v1\.tar\.gz or .* or IMDB Dataset\.csv or "
    ):
        Task.load(SETTINGS, folder)


def without(part: str) -> Files:
    return {name: content for name, content in REVIEWS.items() if not name.startswith(part)}


@pytest.mark.parametrize("make", [archive, extracted])
@pytest.mark.parametrize("part", ["train/neg", "test/pos"])
def test_a_missing_part_is_named(tmp_path: Path, make: Callable[[Path, Files], Path], part: str) -> None:
    with pytest.raises(DataError, match=rf" holds no {part}/\*\.txt review: fetch the archive again\.$"):
        imdb.load(SETTINGS, make(tmp_path, without(part)))


@pytest.mark.parametrize("make", [archive, extracted])
def test_a_review_that_is_not_utf_8_is_named(tmp_path: Path, make: Callable[[Path, Files], Path]) -> None:
    files = {**REVIEWS, "test/pos/3_9.txt": b"caf\xe9 noir"}
    with pytest.raises(DataError, match=r"aclImdb.*: test/pos/3_9\.txt is not UTF-8 text at byte 3: "):
        imdb.load(SETTINGS, make(tmp_path, files))


@pytest.mark.parametrize("kept", [0, 10, 0.5, -1])
def test_a_truncated_archive_is_named_and_nothing_is_cached(tmp_path: Path, kept: float) -> None:
    path = archive(tmp_path / "data") / "aclImdb_v1.tar.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept) if isinstance(kept, float) else kept])
    with pytest.raises(DataError, match=r"aclImdb_v1\.tar\.gz is (truncated or damaged|empty)"):
        imdb.load(SETTINGS, path.parent)
    assert not list(cache.cache_folder().rglob("*.safetensors"))


def test_an_archive_without_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"aclImdb_v1\.tar\.gz holds no train/neg/\*\.txt review"):
        imdb.load(SETTINGS, archive(tmp_path, {}))


def test_the_starter_set_is_what_its_generator_writes(tmp_path: Path) -> None:
    synthetic.write(tmp_path)
    folder = locations.starter("imdb")
    written, there = (
        {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}
        for top in (tmp_path, folder)
    )
    assert written == there
    assert len(there) == 4 * synthetic.EACH


@pytest.mark.data
def test_the_real_reviews(real_data: Path) -> None:
    data = Task.load(Settings(), real_data / "imdb")
    assert [data.size(split) for split in ("train", "val", "test")] == [19_999, 5_001, 25_000]
    for rows in data.rows.values():
        assert float(data.labels[rows].float().mean()) == pytest.approx(0.5, abs=2e-4)
    assert data.state["train_counts"] == [9_999, 10_000]
    assert data.notes == (
        "194 of the 25,000 training-half reviews stand there more than once: equal texts share a split.",
        "123 of the 25,000 test reviews also stand in the training half: the split is the archive's own.",
    )
    assert data.state["vocabulary"][:3] == ["the", ".", ","]
