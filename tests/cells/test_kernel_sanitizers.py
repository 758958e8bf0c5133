"""The kernels read and write within their buffers, and do nothing undefined: AddressSanitizer and UBSan, all levels.

The level of AMX is tested with its instructions in plain C, where the machine has AVX-512.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from kernel_compilers import COMPILER, needs_compiler

from cells._kernels.native import build

DRIVER, TILES = (Path(__file__).with_name(name) for name in ("native_driver.c", "emulated_tiles.h"))
FLAGS = ("-O0", "-g", "-std=gnu11", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
EMPTY = "int main(void) { return 0; }\n"


def call(*words: object) -> subprocess.CompletedProcess[str]:
    around = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    return subprocess.run([str(word) for word in words], env=around, capture_output=True, text=True, check=False)


def compiled(target: Path, *sources: Path, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return call(COMPILER, *FLAGS, *flags, "-o", target, *sources, "-lm")


@pytest.fixture
def sanitizers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test is skipped where the compiler has no sanitizers, or a program with them does not run."""
    source = tmp_path / "empty.c"
    source.write_text(EMPTY)
    built = compiled(tmp_path / "empty", source)
    if built.returncode:
        pytest.skip(f"no AddressSanitizer and UBSan: {built.stderr.strip()[:200]}")
    for leaks in (1, 0):  # looking for leaks needs ptrace, which containers may forbid
        monkeypatch.setenv("ASAN_OPTIONS", f"detect_leaks={leaks}")
        ran = call(tmp_path / "empty")
        if not ran.returncode:
            return
    pytest.skip(f"programs with AddressSanitizer do not run here: {ran.stderr.strip()[:200]}")


@needs_compiler
@pytest.mark.usefixtures("sanitizers")
def test_every_level_stays_within_its_buffers(tmp_path: Path) -> None:
    program = tmp_path / "driver"
    warnings = ("-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas")  # those of OpenMP: the parts come in turn
    paths = (f"-I{build.SOURCES}", f'-DWORKBENCH_TILES_EMULATED="{TILES}"')
    built = compiled(program, DRIVER, build.SOURCES / build.MAIN, flags=(*warnings, *paths))
    assert built.returncode == 0, built.stderr
    ran = call(program)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    assert ran.stdout.startswith("1 right, ")
    assert "wrong" not in ran.stdout


@needs_compiler
@pytest.mark.usefixtures("sanitizers")
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            "volatile int size = 16; volatile float *a = malloc(size); a[size / 4] = 1; free((void *)a);",
            "heap-buffer-overflow",
        ),
        ("volatile int big = 2147483647; big = big + 1;", "signed integer overflow"),
        ("volatile unsigned n = 33; volatile int a = 1 << n; (void)a;", "shift exponent"),
    ],
)
def test_a_fault_is_found(fault: str, told: str, tmp_path: Path) -> None:
    source = tmp_path / "fault.c"
    source.write_text(f"#include <stdlib.h>\nint main(void) {{ {fault} return 0; }}\n")
    assert compiled(tmp_path / "fault", source).returncode == 0
    ran = call(tmp_path / "fault")
    assert ran.returncode
    assert told in ran.stderr
