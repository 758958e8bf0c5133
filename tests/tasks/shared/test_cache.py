"""The cache saves time and nothing else: damaged, missing or unwritable, the answer is the same."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from tasks.shared.datasets import cache


class Counted:
    """Something that costs to build."""

    def __init__(self, built: Any) -> None:
        self.built, self.times = built, 0

    def __call__(self) -> Any:
        self.times += 1
        return self.built


@pytest.fixture
def kept() -> Counted:
    return Counted(({"a": torch.arange(6).view(2, 3), "b": torch.tensor([0.5])}, {"notes": ["é"], "n": 1}))


def same(one: Any, other: Any) -> bool:
    (tensors, meta), (others, other_meta) = one, other
    return (
        meta == other_meta
        and tensors.keys() == others.keys()
        and all(torch.equal(tensor, others[name]) for name, tensor in tensors.items())
    )


def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "tensors" / "x.safetensors"


def test_tensors_are_built_once(kept: Counted, capsys: pytest.CaptureFixture[str]) -> None:
    assert all(same(cache.tensors("x", kept), kept.built) for _ in range(3))
    assert kept.times == 1
    assert same(cache.tensors("x", None), kept.built)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "header", "other meta", "no meta", "folder"])
def test_a_damaged_file_is_built_again_and_said_in_a_line(
    kept: Counted, damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.tensors("x", kept)
    path = file(tmp_path)
    whole = path.read_bytes()
    match damage:
        case "empty":
            path.write_bytes(b"")
        case "cut":
            path.write_bytes(whole[:-5])
        case "text":
            path.write_text("not tensors")
        case "header":
            path.write_bytes(b"\xff" * 8 + whole[8:])
        case "other meta":
            path.write_bytes(whole.replace(b'"meta"', b'"atem"'))
        case "no meta":
            path.write_bytes(safetensors.torch.save(kept.built[0]))
        case "folder":
            path.unlink()
            path.mkdir()
    with pytest.raises(FileNotFoundError):
        cache.tensors("x", None)
    assert capsys.readouterr().err == ""  # nothing is built anew
    assert same(cache.tensors("x", kept), kept.built)
    assert kept.times == 2
    line, *others = capsys.readouterr().err.splitlines()
    assert f"{path} is damaged: it is built anew." in line
    assert bool(others) is (damage == "folder")  # nothing can be kept in its place
    if damage != "folder":
        assert path.read_bytes() == whole


def test_what_was_never_kept_cannot_be_recalled() -> None:
    with pytest.raises(FileNotFoundError):
        cache.tensors("never", None)


@pytest.fixture
def unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "file" / "cache"))


@pytest.mark.usefixtures("unwritable")
def test_a_cache_that_cannot_be_written_costs_time_alone(kept: Counted) -> None:
    assert all(same(cache.tensors("x", kept), kept.built) for _ in range(2))
    assert kept.times == 2
    counted = Counted({"a": 1})
    assert [cache.value("v", counted, dict) for _ in range(2)] == [{"a": 1}] * 2
    assert counted.times == 2


def test_a_full_disk_leaves_no_half_file(kept: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert same(cache.tensors("x", kept), kept.built)
    assert [path.name for path in file(tmp_path).parent.iterdir()] == [".x.safetensors.lock"]


@pytest.mark.parametrize(("keep", "times"), [(True, 1), (False, 3)])
def test_values_are_kept_where_they_should_be(keep: bool, times: int) -> None:
    counted = Counted({"a": [1, 2.5, None]})
    assert [cache.value("v", counted, dict, keep=keep) for _ in range(3)] == [counted.built] * 3
    assert counted.times == times


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"a":"text"}'])
def test_values_that_are_damaged_or_of_another_kind_are_built_again(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cache" / "values" / "v.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert cache.value("v", lambda: {"a": 1}, dict[str, int]) == {"a": 1}
    assert path.read_bytes() == b'{"a":1}'


def test_a_key_is_of_all_its_parts_and_files(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1")
    other.write_text("2")
    keys = [
        cache.key("a", 1, paths=[one, other]),
        cache.key("a", 1, paths=[other, one]),
        cache.key("a", 1, paths=[one]),
        cache.key("a", "1", paths=[one]),
        cache.key("a", 1),
        cache.key("a1"),
        cache.key("a", 1, None),
    ]
    assert len(set(keys)) == len(keys)
    moved = one.rename(tmp_path / "moved")
    assert cache.key("a", 1, paths=[moved]) == keys[2]  # content, not place
    moved.write_text("1 ")
    assert cache.key("a", 1, paths=[moved]) != keys[2]


def test_a_folders_key_is_of_its_files_names_sizes_and_times(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "a").write_text("1")
    (folder / "b").write_text("2")
    key = cache.key(paths=[folder])
    assert cache.key(paths=[folder]) == key

    def changed() -> bool:
        nonlocal key
        before, key = key, cache.key(paths=[folder])
        return key != before

    (folder / "in" / "a").write_text("11")
    assert changed()
    os.utime(folder / "b", ns=(5, 5))
    assert changed()
    (folder / "b").rename(folder / "c")
    assert changed()
    (folder / "in" / "new").write_text("")
    assert changed()
    (folder / "empty").mkdir()
    assert not changed()
    moved = folder.rename(tmp_path / "moved")
    assert cache.key(paths=[moved]) == key


def test_nothing_is_built_where_only_what_is_kept_is_wanted(kept: Counted) -> None:
    with pytest.raises(FileNotFoundError), cache.kept_only():
        cache.tensors("some", kept)
    assert kept.times == 0
    cache.tensors("some", kept)
    with cache.kept_only():
        assert same(cache.tensors("some", kept), kept.built)
    assert kept.times == 1
