"""Which cells and machines the Triton kernels are for; none of it imports triton."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from cell_oracles import network, noise

from cells._base import Cell
from cells._kernels import triton as kernels
from cells._kernels.triton import cache_folder, support, tiles
from cells._packing import both_directions
from cells.lstm import LSTM

CUDA = torch.device("cuda", 0)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine that has all that the kernels need."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda index=None: (9, 0))
    monkeypatch.setattr(support, "missing_to_compile", lambda: "")
    monkeypatch.setattr(kernels, "missing", support.missing.__wrapped__)  # asks anew each time
    return monkeypatch


@pytest.mark.parametrize("name", ["lstm", "bilstm", "gru", "gru-textbook", "rnn"])
def test_our_recurrences_have_kernels(name: str, gpu: pytest.MonkeyPatch) -> None:
    cell = network(name, dtype=torch.float32).cells[0]
    assert kernels.why_not(cell, CUDA) == ""
    assert kernels.why_not(cell, torch.device("cpu")) == "Triton kernels run on CUDA only"
    assert kernels.why_not(cell.double(), CUDA) == "the weights are float64, and the kernels compute float32"


def test_a_cell_with_equations_of_its_own_has_none(gpu: pytest.MonkeyPatch) -> None:
    class Peephole(LSTM):
        def step(self, projected, state):  # type: ignore[no-untyped-def]
            return super().step(projected + state.c.repeat(1, 4), state)

    assert kernels.why_not(Peephole(3, 4), CUDA) == "its equations are its own"
    assert kernels.why_not(network("torch-lstm").cells[0], CUDA) == "its equations are its own"


def test_says_what_the_machine_lacks(gpu: pytest.MonkeyPatch) -> None:
    cell = network("lstm", dtype=torch.float32).cells[0]
    gpu.setattr(torch.cuda, "get_device_capability", lambda index=None: (7, 5))
    assert kernels.why_not(cell, CUDA) == "the GPU is older than compute capability 8.0"
    gpu.setattr(torch.cuda, "is_available", lambda: False)
    assert kernels.why_not(cell, CUDA) == "there is no active CUDA driver"


def test_says_what_is_missing_to_compile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(support.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(support.sys, "platform", "linux")
    monkeypatch.setattr(support.shutil, "which", lambda name: None)
    monkeypatch.delenv("CC", raising=False)
    assert "no C compiler" in support.missing_to_compile()
    monkeypatch.setenv("CC", "cc")
    monkeypatch.setattr(support.sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    assert "Python.h is missing" in support.missing_to_compile()
    (tmp_path / "Python.h").touch()
    assert support.missing_to_compile() == ""
    monkeypatch.setattr(support.importlib.util, "find_spec", lambda name: None)
    assert support.missing_to_compile() == "the package triton is not installed"


def test_asking_imports_no_triton() -> None:
    code = (
        "import sys, torch, cells; from cells._kernels import triton as kernels;"
        "cell = cells.build('lstm', 3, 4).cells[0];"
        "print(kernels.why_not(cell, torch.device('cuda')), kernels.why_not(cell, torch.device('cpu')),"
        " 'triton' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.endswith("Triton kernels run on CUDA only False\n")


def test_the_python_cell_computes_under_a_transform(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = network("lstm", dtype=torch.float32).cells[0]
    steps = both_directions(None, 2, 3, torch.device("cpu"))[0]
    x = noise(5, 3, 2, 3, dtype=torch.float32)
    together = torch.func.vmap(lambda one: kernels.run(cell, one, steps, None, False)[0])(x)
    torch.testing.assert_close(together[1], Cell.run(cell, x[1], steps, None, False)[0])


@pytest.mark.parametrize(
    ("H", "dtype", "shared", "fused"),
    [
        (64, torch.float32, 227 * 1024, True),
        (65, torch.float32, 227 * 1024, False),
        (128, torch.bfloat16, 227 * 1024, True),
        (129, torch.bfloat16, 227 * 1024, False),
        (128, torch.bfloat16, 163 * 1024, False),  # what an A100 has
        (64, torch.bfloat16, 99 * 1024, True),
    ],
)
def test_a_program_holds_what_fits(
    H: int, dtype: torch.dtype, shared: int, fused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "_shared_memory", lambda device: shared)
    assert tiles.tile_of(torch.empty(4 * H, H, dtype=dtype)).fused == fused


def test_what_proves_too_large_is_computed_by_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "_unfit", set())
    weight = torch.empty(4 * 60, 60)
    assert tiles.tile_of(weight).fused
    assert tiles.does_not_fit(weight)
    assert not tiles.tile_of(weight).fused
    assert not tiles.does_not_fit(weight)  # no news
    assert tiles.tile_of(torch.empty(4 * 59, 59)).fused


def test_the_cache_is_this_users_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cache_folder.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TRITON_CACHE_DIR", "")
    cache_folder.use_local_cache()
    folder = tmp_path / f"workbench-triton-{os.getuid()}"
    assert os.environ["TRITON_CACHE_DIR"] == str(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("TRITON_CACHE_DIR", "/chosen")
    cache_folder.use_local_cache()
    assert os.environ["TRITON_CACHE_DIR"] == "/chosen"


def test_a_cache_that_others_may_write_to_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cache_folder.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TRITON_CACHE_DIR", "")
    folder = tmp_path / f"workbench-triton-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    cache_folder.use_local_cache()
    chosen = Path(os.environ["TRITON_CACHE_DIR"])
    assert chosen != folder
    assert chosen.stat().st_mode & 0o077 == 0
