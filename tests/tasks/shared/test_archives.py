"""Archives: read in memory, whole or refused, and nothing is ever written."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.base import DataError
from tasks.shared.datasets import archives

EVERY = re.compile(".*", re.DOTALL)
FILES = {f"train/{label}/{k}_{label}.txt": f"{label} {k}\n".encode() * (k + 1) for label in "ab" for k in range(3)}
FORMS = ("book.tar.gz", "book.zip", "book")
shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)


def write(path: Path, files: dict[str, bytes], top: str = "top/") -> Path:
    """The same files as an archive or a folder, in another order than their names'."""
    backwards = list(files.items())[::-1]
    if path.name.endswith(".tar.gz"):
        with tarfile.open(path, "w:gz") as tar:
            for name, content in backwards:
                member = tarfile.TarInfo(top + name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in backwards:
                archive.writestr(top + name, content)
    else:
        for name, content in backwards:
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_the_files_below_the_top_folder(tmp_path: Path, form: str) -> None:
    path = write(tmp_path / form, FILES)
    found = list(archives.members(path, re.compile(r"train/[ab]/\d_[ab]\.txt")))
    assert dict(found) == FILES
    order = [name for name, _ in found]
    assert order == (sorted(FILES) if form == "book" else list(FILES)[::-1])
    assert dict(archives.members(path, re.compile(r"train/a/.*"))).keys() == {n for n in FILES if "/a/" in n}
    assert list(archives.members(path, re.compile(r"train/a"))) == []  # a name matches in full


@pytest.mark.parametrize("top", ["", "./", "./top/"])
@pytest.mark.parametrize("form", FORMS[:2])
def test_an_archive_without_a_top_folder_is_read_too(tmp_path: Path, form: str, top: str) -> None:
    path = write(tmp_path / form, FILES, top)
    assert dict(archives.members(path, re.compile(r"train/.*"))) == FILES


def test_names_that_lead_out_and_links_are_passed_over_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    hostile = ("../out.txt", "top/../../out.txt", f"{tmp_path}/out.txt", "top/good.txt", "__MACOSX/top/._good.txt")
    with tarfile.open("a.tar.gz", "w:gz") as tar:
        for name in hostile:
            member = tarfile.TarInfo(name)
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            link = tarfile.TarInfo(f"top/link{kind!r}.txt")
            link.type, link.linkname = kind, "good.txt"
            tar.addfile(link)
    with zipfile.ZipFile("a.zip", "w") as archive:
        for name in hostile:
            archive.writestr(name, "x")
        soft = zipfile.ZipInfo("top/link.txt")
        soft.external_attr = 0o120777 << 16
        archive.writestr(soft, "good.txt")
    for path in ("a.tar.gz", "a.zip"):
        assert list(archives.members(Path(path), EVERY)) == [("good.txt", b"x")]
    assert sorted(tmp_path.rglob("*")) == [inside, inside / "a.tar.gz", inside / "a.zip"]


def refused(path: Path) -> None:
    with pytest.raises(DataError) as error:
        list(archives.members(path, EVERY))
    assert str(error.value) == f"{path} is truncated or damaged, not a whole archive: fetch it again."


@pytest.mark.parametrize("form", FORMS[:2])
def test_an_archive_that_ends_early_is_refused_wherever_it_ends(tmp_path: Path, form: str) -> None:
    whole = write(tmp_path / form, FILES).read_bytes()
    for end in range(7, len(whole), 7):
        (tmp_path / form).write_bytes(whole[:end])
        refused(tmp_path / form)
    (tmp_path / form).write_bytes(whole[:-1])
    refused(tmp_path / form)


@shared_folder
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_damaged_byte_is_never_taken_for_content(tmp_path: Path, place: float, flip: int) -> None:
    path = tmp_path / "book.tar.gz"
    damaged = bytearray(write(path, FILES).read_bytes())
    damaged[int(place * len(damaged))] ^= flip
    path.write_bytes(damaged)
    with suppress(DataError):  # or a byte of gzip's own header, which may not matter
        assert dict(archives.members(path, re.compile("train/.*"))) == FILES


@shared_folder
@given(form=st.sampled_from(FORMS[:2]), junk=st.binary(max_size=200), flips=st.lists(st.integers(0, 2**20), max_size=6))
def test_whatever_the_bytes_are_the_answer_is_files_or_a_sentence(
    tmp_path: Path, form: str, junk: bytes, flips: list[int]
) -> None:
    path = write(tmp_path / form, FILES)
    content = bytearray(path.read_bytes())
    for flip in flips:
        content[flip % len(content)] ^= flip % 255 + 1
    path.write_bytes(bytes(content) if flips else junk)
    with suppress(DataError):  # nothing else
        list(archives.members(path, EVERY))


def test_a_zip_archive_with_a_password_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "book.zip", FILES)
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(signature), bytes(content)):
            content[found.start() + flags] |= 1
    path.write_bytes(content)
    refused(path)


def test_a_tar_that_is_no_tar_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(b"a review, and not an archive of them" * 30))
    refused(tmp_path / "a.tar.gz")


def tar(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


def zip_of(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


FORM = {"tar": tar(FILES), "tar.gz": gzip.compress(tar(FILES)), "zip": zip_of(FILES)}
WANTED = re.compile(r"train/.*")


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.zip", "a.csv"])
@pytest.mark.parametrize("form", FORM)
def test_the_first_bytes_tell_what_an_archive_is(tmp_path: Path, form: str, name: str) -> None:
    """Browsers unpack ``.gz`` and leave the name, and people rename."""
    (tmp_path / name).write_bytes(FORM[form])
    assert dict(archives.members(tmp_path / name, WANTED)) == FILES


@pytest.mark.parametrize("top", ["a/b/", "a/b/c/", "train/x/"])
@pytest.mark.parametrize("form", FORMS)
def test_folders_within_folders_are_passed(tmp_path: Path, form: str, top: str) -> None:
    assert dict(archives.members(write(tmp_path / form, FILES, top), re.compile(r"train/[ab]/\d_.*"))) == FILES


def test_a_plain_tar_that_ends_early_is_refused(tmp_path: Path) -> None:
    """It has no sum, and tarfile takes the end of any file's block for the archive's."""
    for end in range(512, len(FORM["tar"]) // 10240 * 10240, 512):
        content = FORM["tar"][:end]
        if content[-1024:].strip(b"\0"):
            (tmp_path / "a.tar").write_bytes(content)
            refused(tmp_path / "a.tar")


@pytest.mark.parametrize("content", [tar({"a.txt": b""})[:512], bytes(512), tar({})[:1023]])
def test_a_plain_tar_shorter_than_its_end_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(content)
    refused(tmp_path / "a.tar")


@pytest.mark.parametrize("form", FORM)
def test_an_archive_within_an_archive_is_named(tmp_path: Path, form: str) -> None:
    inner = {"x/aclImdb_v1.tar.gz": b"some", "readme.txt": b"some"}
    content = {"tar": tar(inner), "tar.gz": gzip.compress(tar(inner)), "zip": zip_of(inner)}[form]
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        list(archives.members(path, WANTED))
    assert str(error.value) == (
        f"{path} holds another archive, aclImdb_v1.tar.gz: unpack it, and put that one in its place."
    )
    path.write_bytes(zip_of({**inner, **FILES}))
    assert dict(archives.members(path, WANTED)) == FILES


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty: fetch it again."),
        (
            b"\n<!DOCTYPE HTML PUBLIC>\n<html>",
            "is a web page, saved in place of the data: fetch it again, and look at ",
        ),
        (b"\xef\xbb\xbf<html lang=en>404", "is a web page, saved in place of the data: fetch it again, and look at "),
    ],
)
def test_what_a_failed_download_leaves_is_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(DataError) as error:
        list(archives.members(tmp_path / "a.tar.gz", EVERY))
    assert str(error.value).startswith(f"{tmp_path / 'a.tar.gz'} {sentence}")


@pytest.mark.parametrize("form", FORMS)
def test_an_archive_that_is_not_there_is_said(tmp_path: Path, form: str) -> None:
    with pytest.raises(DataError) as error:
        list(archives.members(tmp_path / form, EVERY))
    assert str(error.value) == f"{tmp_path / form} is missing: put the data there, or name another --data."


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").symlink_to(tmp_path / "a.tar.gz")  # a loop
    with pytest.raises(DataError, match=r"a\.tar\.gz cannot be read: Too many levels of symbolic links\.$"):
        list(archives.members(tmp_path / "a.tar.gz", EVERY))
