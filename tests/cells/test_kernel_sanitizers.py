"""The kernels read and write within their buffers, and do nothing undefined: AddressSanitizer and UBSan, all levels."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from kernel_compilers import COMPILER, needs_compiler

from cells._kernels.native import build

DRIVER = Path(__file__).with_name("native_driver.c")
# not optimised: with the sanitizers that takes six times as long to compile, and hides faults
FLAGS = ("-O0", "-g", "-std=gnu11", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
EMPTY = "int main(void) { return 0; }\n"


def call(*words: object) -> subprocess.CompletedProcess[str]:
    around = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    return subprocess.run([str(word) for word in words], env=around, capture_output=True, text=True, check=False)


def compiled(target: Path, *sources: Path) -> subprocess.CompletedProcess[str]:
    return call(COMPILER, *FLAGS, "-o", target, *sources, "-lm")


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
def test_the_compiler_has_no_warnings(tmp_path: Path) -> None:
    flags = ("-O1", "-std=gnu11", "-Wall", "-Wextra", "-Wno-unknown-pragmas", "-Werror")  # OpenMP is not asked for
    built = call(COMPILER, *flags, "-c", "-o", tmp_path / "kernels.o", build.SOURCES / build.MAIN)
    assert built.returncode == 0, built.stderr


@needs_compiler
@pytest.mark.usefixtures("sanitizers")
def test_every_level_stays_within_its_buffers(tmp_path: Path) -> None:
    program = tmp_path / "driver"
    built = compiled(program, DRIVER, build.SOURCES / build.MAIN)
    assert built.returncode == 0, built.stderr
    ran = call(program)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    assert ran.stdout.startswith("1 right\n")
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
