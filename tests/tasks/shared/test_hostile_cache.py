"""A cache with flipped bits, of somebody else, or asked by a stranger's name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch

from tasks.base import DataError
from tasks.shared.datasets import cache

NOBODY = 65534


def built() -> cache.Encoding:
    return {"a": torch.arange(6).reshape(2, 3), "empty": torch.zeros(0)}, {"words": ["one", "two"]}


def kept(folder: Path) -> Path:
    cache.tensors("x", built)
    return folder / "tensors" / "x.safetensors"


@pytest.fixture
def folder() -> Path:
    return cache.cache_folder()


def test_every_flipped_bit_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = kept(folder)
    whole = path.read_bytes()
    for at in range(0, len(whole), 3):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        tensors, meta = cache.tensors("x", built)
        assert torch.equal(tensors["a"], torch.arange(6).reshape(2, 3))
        assert meta == {"words": ["one", "two"]}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/b", "", "a\0b"])
def test_a_strangers_name_does_not_lead_out_of_the_cache(name: str) -> None:
    with pytest.raises(DataError, match="is no name of a cached result"):
        cache.tensors(name, built)
    with pytest.raises(DataError, match="is no name of a cached result"):
        cache.kept_value(name, int)


def test_deep_json_is_no_kept_value(folder: Path) -> None:
    cache.keep_value("v", [1])
    (folder / "values" / "v.json").write_bytes(b"[" * 200_000)
    assert cache.kept_value("v", list) is None  # type: ignore[arg-type]


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to become another user")
@pytest.mark.parametrize("mode", [0o000, 0o555])
def test_a_cache_of_somebody_else_is_done_without_and_told_once(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = tmp_path / "others"
    others.mkdir()
    others.chmod(mode)
    for above in (tmp_path, *tmp_path.parents):
        if above != Path("/"):
            above.chmod(above.stat().st_mode | 0o011)
    monkeypatch.setenv("WORKBENCH_CACHE", str(others))
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        sys.stderr = os.fdopen(writer, "w")
        os.setuid(NOBODY)
        code = 1
        try:
            for _ in range(2):
                assert cache.tensors("x", built)[1] == {"words": ["one", "two"]}
                assert cache.value("y", lambda: 3, int) == 3
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as said:
        text = said.read()
    assert os.waitpid(child, 0)[1] == 0, text
    assert text.count("\n") == 1
    assert f"Nothing can be kept in the cache {others} (Permission denied)" in text
    assert "name another folder with WORKBENCH_CACHE" in text
