"""A compiler that is missing, fails or hangs is told of in one clause, and leaves nothing behind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from kernel_compilers import COMPILER, anew, failure, left_over, libraries, needs_compiler, place, runs, script
from waiting import until

from cells._kernels.native import compiler, library

__all__ = ["anew", "place"]


def test_no_compiler(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(place))
    assert failure() == "no C compiler was found"
    monkeypatch.setenv("CC", "/nonexistent/cc -m64")
    assert failure() == "no C compiler was found: CC names /nonexistent/cc"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("exit 3", "does not work: status 3"),
        ("echo ld.so: no such library; exit 127", "does not work: ld.so: no such library"),
        ("exit 0", "does not work: status 0"),
    ],
)
def test_a_compiler_that_does_not_say_its_version(
    line: str, reason: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place / "cc"
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    monkeypatch.setenv("CC", str(path))
    assert failure() == f"the C compiler {path} {reason}"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            ["echo kernels.c: In function a: >&2", "echo 'kernels.c:3:1: error: no b' >&2", "exit 1"],
            "kernels.c:3:1: error: no b",
        ),
        (["echo 'cannot execute cc1' >&2", "exit 1"], "cannot execute cc1"),
        (["printf '\\033[31mred\\n'", "exit 1"], "?[31mred"),
        (["exit 4"], "status 4"),
        (["exit 0"], "status 0"),
        (["kill -11 $$"], "status -11"),
    ],
)
def test_a_compiler_that_fails(lines: list[str], reason: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", str(script(place, *lines)))
    assert failure() == f"the compiler failed: {reason}"
    assert left_over() == libraries() == []
    assert len(runs(place)) == 1  # not again without OpenMP, which it does not complain of
    assert library.reason() == library.reason() == f"the compiler failed: {reason}"
    assert library.load() is None
    assert len(runs(place)) == 2  # one more try, and no other in this process
    assert library.describe() == f"none, cells run as Python loops: the compiler failed: {reason}"


def test_a_compiler_that_hangs_is_ended_with_all_that_it_started(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = script(place, f"sleep 1000 & echo $! > {place}/sleeper.new; mv {place}/sleeper.new {place}/sleeper; wait")
    monkeypatch.setattr(compiler, "find", lambda known: compiler.Compiler((str(fake),), "fake"))
    wait = subprocess.Popen.wait

    def until_it_sleeps(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if timeout is not None:
            until((place / "sleeper").exists, "the compiler has started")
            timeout = 0.01
        return wait(process, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", until_it_sleeps)
    assert failure() == f"the compiler {fake} took more than {compiler.TIMEOUT:g} seconds"
    sleeper = Path("/proc") / (place / "sleeper").read_text().strip()
    until(lambda: not sleeper.exists() or ") Z " in (sleeper / "stat").read_text(), "the sleeper has ended")
    assert left_over() == []
    assert len(runs(place)) == 1


@needs_compiler
def test_without_openmp_it_is_built_for_one_thread(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = 'for word; do [ "$word" = -fopenmp ] && { echo "cannot find -lgomp"; exit 1; }; done'
    monkeypatch.setenv("CC", str(script(place, refuse, f'exec {COMPILER} "$@"')))
    found = library.load()
    assert found
    assert not found.openmp
    assert ["-fopenmp" in line for line in runs(place)] == [True, False]
    assert "one thread, compiled without OpenMP" in library.describe()


def test_clang_gets_no_openmp() -> None:
    assert compiler.Compiler(("cc",), "Debian clang version 14.0.6\nTarget: x").openmp == ()
    assert compiler.Compiler(("cc",), "cc (Debian 12.2.0) 12.2.0").openmp == ("-fopenmp",)


def test_a_compiler_is_asked_for_its_version_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = script(place)
    monkeypatch.setenv("CC", str(path))
    known = place / "known"
    known.mkdir()
    first = compiler.find(known)
    compiler.remember(known, first)
    asked = compiler.run
    monkeypatch.setattr(compiler, "run", lambda *_: pytest.fail("it was asked again"))
    assert compiler.find(known) == first
    monkeypatch.setattr(compiler, "run", asked)
    path.write_text("#!/bin/sh\necho fake 2.0, another program\n")
    assert compiler.find(known).title == "fake 2.0, another program"
