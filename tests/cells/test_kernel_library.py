"""The library is loaded with a level that this machine has and that computes right."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from kernel_compilers import anew, needs_compiler, place

from cells._kernels.native import build, compiler, library
from cells._kernels.native.library import Level

__all__ = ["anew", "place"]
BUILT = build.Built(Path("kernels.so"), compiler.Compiler(("cc",), "cc 1.0"), 0.0)


@pytest.fixture
def c(anew: None, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A library without AMX whose levels are all right."""
    made = SimpleNamespace(workbench_levels=lambda: 15, workbench_openmp=lambda: 1, workbench_self_test=lambda level: 0)
    monkeypatch.setattr(library, "_opened", lambda: (BUILT, made))
    return made


@needs_compiler
def test_it_is_loaded_once(anew: None) -> None:
    found = library.load()
    assert found is library.load()
    assert found
    assert found.levels[0] == Level.PORTABLE
    assert found.level == found.levels[-1]
    assert library.reason() == found.remark == ""


@needs_compiler
def test_the_levels_are_those_that_linux_tells(anew: None) -> None:
    told = Path("/proc/cpuinfo")
    if not told.exists() or not (flags := re.search(r"^flags\s*:(.*)$", told.read_text(), re.M)):
        pytest.skip("no flags of an x86 CPU in /proc/cpuinfo")
    has, found = set(flags[1].split()), library.load()
    assert found
    needed = {
        Level.AVX2: {"avx2", "fma"},
        Level.AVX512: {"avx512f", "avx512bw", "avx512vl", "avx512dq"},
        Level.AVX512BF16: {"avx512_bf16"},
        Level.AMX: {"amx_tile", "amx_bf16"},
    }
    levels = {Level.PORTABLE}
    for level, names in needed.items():
        if not names <= has:
            break
        levels.add(level)
    assert set(found.levels) <= levels  # an old compiler lacks some
    assert found.levels == tuple(sorted(levels))[: len(found.levels)]


@needs_compiler
def test_it_shares_torchs_threads(anew: None) -> None:
    """One OpenMP runtime of this make in the process, and it is torch's where torch brings one along."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("no /proc/self/maps")
    code = "from cells._kernels.native import library; assert library.load(); print(open('/proc/self/maps').read())"
    printed = fresh(code)
    found = {line.split()[-1] for line in printed.splitlines() if "libgomp" in line}
    assert len(found) <= 1 or not any("/torch/" in path for path in found), found


def fresh(code: str, **env: str) -> str:
    """Return what a fresh process prints, with the sources of this one."""
    same = (
        f"import pathlib; from cells._kernels.native import build; build.SOURCES = pathlib.Path({str(build.SOURCES)!r})"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"{same}\n{code}"],
        env={**os.environ, **env},
        cwd=Path(library.__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_description_imports_no_torch(anew: None) -> None:
    code = "import sys; from cells._kernels.native import library; print(library.describe())"
    code += "; assert 'torch' not in sys.modules"
    assert fresh(code).count("\n") == 1


@needs_compiler
def test_the_description(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = library.describe()
    (path,) = build.folder().glob("kernels-*.so")
    assert re.match(r"\w+( in float32, \w+ in bfloat16)?, of portable", first)
    assert re.search(r"; built in \d+\.\d s; ", first)
    assert first.endswith(f"; {path}, {path.stat().st_size / 1e3:.0f} kB")
    library.forget()
    monkeypatch.setenv(library.FORCED, "portable")
    again = library.describe()
    assert again.startswith("portable, forced by WORKBENCH_KERNEL_LEVEL, of portable")
    assert "; kept from before; " in again


@needs_compiler
def test_a_library_that_cannot_be_loaded_is_built_anew(place: Path) -> None:
    path = build.build().path
    key = path.stem.split("-")[1]
    path.unlink()
    garbage = b"\x7fELF and nothing else"
    bad = path.with_name(f"kernels-{key}-{build._digest(garbage)}.so")
    bad.write_bytes(garbage)
    bad.chmod(0o700)
    assert build.build().path == bad  # whole, as far as its name tells
    found = library.load()
    assert found
    assert found.built.path == path
    assert found.built.seconds > 0
    assert not bad.exists()


def test_a_library_that_never_can_be_loaded_is_built_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def build_garbage() -> build.Built:
        tries.append(1)
        path = place / "kernels.so"
        path.write_bytes(b"garbage")
        return BUILT._replace(path=path, seconds=0.1)

    monkeypatch.setattr(build, "build", build_garbage)
    assert library.reason().startswith("the library cannot be loaded: ")
    assert len(tries) == 1


@pytest.mark.parametrize("wrong", [Level.AVX512BF16, Level.AVX2, Level.PORTABLE])
def test_a_level_that_computes_wrong_is_not_used(wrong: Level, c: SimpleNamespace) -> None:
    c.workbench_self_test = lambda level: level == wrong
    found = library.load()
    assert found
    assert wrong not in found.levels
    assert found.level == (Level.AVX512 if wrong is Level.AVX512BF16 else Level.AVX512BF16)
    assert found.remark == f"{wrong.title} failed its test"
    assert f"; {wrong.title} failed its test; " in library.describe()


def test_where_no_level_computes_right_there_is_no_library(c: SimpleNamespace) -> None:
    c.workbench_self_test = lambda level: 1
    assert library.load() is None
    assert library.reason() == "the kernels failed their test: portable, avx2, avx512, avx512bf16"


@pytest.mark.parametrize("level", list(Level)[:4])
def test_a_level_can_be_forced(level: Level, c: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.FORCED, level.title)
    found = library.load()
    assert found
    assert found.level is level


@pytest.mark.parametrize(
    ("forced", "reason"),
    [
        ("amx", "WORKBENCH_KERNEL_LEVEL is amx, and this machine has portable, avx2, avx512, avx512bf16"),
        ("sse", "WORKBENCH_KERNEL_LEVEL is 'sse', and may be portable, avx2, avx512, avx512bf16, amx or off"),
        ("off", "WORKBENCH_KERNEL_LEVEL is off"),
    ],
)
def test_a_level_that_is_not_to_be_had(
    forced: str, reason: str, c: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(library.FORCED, forced)
    assert library.load() is None
    assert library.reason() == reason


def test_a_forced_level_that_computes_wrong(c: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.FORCED, "avx2")
    c.workbench_self_test = lambda level: level == Level.AVX2
    assert library.reason() == "WORKBENCH_KERNEL_LEVEL is avx2, and avx2 failed its test"
