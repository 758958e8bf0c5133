"""Files read whole: what is there, or one plain sentence."""

from __future__ import annotations

import codecs
import gzip
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.base import DataError
from tasks.shared.datasets import reading

shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
written = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def test_the_first_pattern_that_is_there_is_taken_alone_in_natural_order(tmp_path: Path) -> None:
    for name in ("poet.tang.10000.json", "poet.tang.0.json", "poet.tang.2000.json", "poems.txt"):
        (tmp_path / name).touch()
    found = reading.find(tmp_path, "none.*", "poet.tang.*.json", "poems.txt")
    assert [path.name for path in found] == ["poet.tang.0.json", "poet.tang.2000.json", "poet.tang.10000.json"]
    assert reading.find(tmp_path, "poems.txt", "poet.tang.*.json") == [tmp_path / "poems.txt"]


@given(names=st.lists(st.text("a0129²٣.", min_size=1, max_size=6).filter(lambda n: n.strip(".")), unique=True))
@shared_folder
def test_any_names_have_one_order(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("names")
    for name in names:
        (folder / name).touch()
    if names:
        found = [path.name for path in reading.find(folder, "*")]
        assert sorted(found) == sorted(names)
        numbers = [int(match[1]) for name in found if (match := re.fullmatch(r"a([0-9]+)", name))]
        assert numbers == sorted(numbers)


def test_nothing_found_names_all_that_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        reading.find(tmp_path, "a.csv", "b*.csv")
    assert str(error.value) == f"{tmp_path} holds no a.csv or b*.csv: put the data there, or name another --data."


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "is missing: put the data there, or name another --data."),
        (lambda path: path.touch(), "is empty: fetch it again."),
        (lambda path: path.mkdir(), "is a folder: put the file itself there."),
    ],
)
def test_a_file_without_content_is_said(tmp_path: Path, make: object, sentence: str) -> None:
    path = tmp_path / "a.txt"
    make(path)  # type: ignore[operator]
    for read in (reading.content, reading.text):
        with pytest.raises(DataError) as error:
            read(path)
        assert str(error.value) == f"{path} {sentence}"


@given(content=written, mark=st.booleans())
@shared_folder
def test_text_is_read_with_or_without_its_mark(tmp_path: Path, content: str, mark: bool) -> None:
    content = content.removeprefix("\ufeff") or "a"
    (tmp_path / "a.txt").write_bytes(codecs.BOM_UTF8 * mark + content.encode())
    assert reading.text(tmp_path / "a.txt") == content


@given(content=st.binary(min_size=1))
@shared_folder
def test_any_bytes_are_text_or_one_sentence_that_says_where(content: bytes) -> None:
    try:
        assert reading.decode(content, "a.txt").encode() == content.removeprefix(codecs.BOM_UTF8)
    except DataError as error:
        found = re.fullmatch(
            r"a\.txt is not UTF-8 text at byte (\d+)(, its end, and may be truncated)?: .*", str(error)
        )
        assert found
        assert 0 <= int(found[1]) < len(content)
    assert reading.decode(content, "a.csv", "utf-8-sig", "latin-1")  # the second takes whatever the first refuses


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "latin-1"])
def test_another_encoding_is_said(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(("°C é" if encoding == "latin-1" else "春眠不覺曉").encode(encoding))
    with pytest.raises(DataError, match=r"a\.txt is not UTF-8 or ASCII text at byte \d+: fetch it again, or convert"):
        reading.text(path, "utf-8-sig", "ascii")


def test_the_first_file_of_an_ending_is_taken_out_of_a_zip_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("__MACOSX/._rows.csv", "notes.txt", "top/rows.csv", "more.csv"):
            archive.writestr(name, name)
    assert reading.zipped(path, ".csv") == b"top/rows.csv"
    with pytest.raises(DataError) as error:
        reading.zipped(path, ".json")
    assert str(error.value) == f"{path} holds no .json file: fetch it again."


def test_a_zip_archive_that_is_none_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with pytest.raises(DataError, match=r"a\.zip is missing"):
        reading.zipped(path, ".csv")
    for content in (b"PK\x03\x04", b"PK", b"page"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.zip is truncated or damaged, not a whole archive: fetch it again\.$"):
            reading.zipped(path, ".csv")


def test_a_gzipped_table_is_read_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    whole = gzip.compress(b"head\n1\n")
    path.write_bytes(whole)
    assert reading.table(path) == b"head\n1\n"
    flipped = whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:]  # its sum
    for content in (whole[:-1], whole[:12], flipped):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.csv\.gz is truncated or damaged, not a whole archive: fetch it again"):
            reading.table(path)
    path.write_bytes(gzip.compress(b""))
    with pytest.raises(DataError, match=r"a\.csv\.gz is empty: fetch it again"):
        reading.table(path)
