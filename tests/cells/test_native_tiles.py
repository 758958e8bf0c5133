"""The kernels' AMX code on a machine without AMX: its instructions stand in plain C (``emulated_tiles.h``)."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest
import torch
from kernel_compilers import COMPILER, needs_compiler
from native_oracles import NAMES, Case, draw, errors, near, spied, truth

from cells._kernels.native import build, library
from cells._kernels.native.library import Level, Library

TILES = Path(__file__).with_name("emulated_tiles.h")
SIZES = [(1, 1, 1, 1), (5, 4, 31, 33), (2, 3, 70, 7), (3, 2, 8, 100), (37, 5, 16, 64), (300, 2, 3, 5)]


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The library with AMX in plain C as its highest level."""
    found = library.load()
    if found is None:
        pytest.skip(library.reason())
    if Level.AVX512BF16 not in found.levels:
        pytest.skip("this machine has no AVX-512 BF16, beside which tiles are tested")
    target = tmp_path_factory.mktemp("tiles") / "kernels.so"
    flags = ("-O1", "-std=gnu11", "-fPIC", "-shared", "-fopenmp", f'-DWORKBENCH_TILES_EMULATED="{TILES}"')
    words = [str(COMPILER), *flags, "-o", str(target), str(build.SOURCES / build.MAIN), "-lm"]
    built = subprocess.run(words, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    levels = (*(level for level in found.levels if level is not Level.AMX), Level.AMX)
    return found._replace(c=library._open(target), level=Level.AMX, levels=levels)


@needs_compiler
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_tiles_compute_what_vectors_of_bfloat16_do(
    name: str, sizes: tuple[int, int, int, int], emulated: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both round the same products: what differs is the order of the sums, and roundings that this tips over."""
    batch, time, _, _ = sizes
    seen = spied(monkeypatch)
    for case in (
        Case(name, sizes, tuple(1 + (5 * row + 1) % time for row in range(batch)), layers=2),
        Case(name, sizes, both=True, start=False, last=False),
    ):
        found = []
        for level in (Level.AMX, Level.AVX512BF16):
            monkeypatch.setattr(library, "_found", cache(lambda at=level: emulated._replace(level=at)))
            seen.clear()
            found.append(case.values("native", lowered=True))
            assert set(seen) == {level}
        near(*found, relative=5e-3, floor=1e-4)
        tiles, vectors = (errors(values, truth(case)) for values in found)
        for key, (error, largest) in tiles.items():
            assert error <= 1.5 * vectors[key][0] + 2e-3 * largest, key


@needs_compiler
@pytest.mark.parametrize("name", NAMES)
def test_rows_of_tiles_are_their_own(name: str, emulated: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tile holds 16 rows: neither a row of NaN nor the thread that a row falls to changes another row."""
    monkeypatch.setattr(library, "_found", cache(lambda: emulated))
    net = Case(name, (37, 5, 6, 20)).net("native")
    x = draw(37, 5, 6)
    spoilt = x.clone()
    spoilt[17] = float("nan")
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        clean, dirty = net(x)[0], net(spoilt)[0]
        torch.set_num_threads(2)  # one_thread of conftest.py sets it back
        try:
            shared = net(x)[0]
        finally:
            torch.set_num_threads(1)
    others = torch.arange(37) != 17
    assert torch.equal(clean[others], dirty[others])
    assert bool(dirty[17].isnan().all())
    assert torch.equal(clean, shared)
