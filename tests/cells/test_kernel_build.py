"""The kernels' library is built once, whole or not at all, and never by a file that somebody else has put there."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kernel_compilers import COMPILER, anew, failure, left_over, libraries, needs_compiler, place, runs, script
from waiting import HANG, until

from cells._kernels.native import build, compiler
from tasks.shared.datasets import cache

__all__ = ["anew", "place"]
NOBODY = 65534
BUILD = """
import sys
from pathlib import Path
from cells._kernels.native import build
build.SOURCES = Path(sys.argv[1])
print(build.build().path)
"""


def begun() -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-c", BUILD, str(build.SOURCES)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(build.__file__).parents[3]
    )


def failure_of_nobody() -> str:
    """Return what ``failure`` does for a user who is not root."""
    if os.geteuid():
        return failure()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        text = "the child failed"
        try:
            os.setuid(NOBODY)
            text = failure()
        finally:
            os.write(writer, text.encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        text = said.read()
    os.waitpid(child, 0)
    return text


@needs_compiler
def test_a_second_call_finds_the_library(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", str(script(place, f'exec {COMPILER} "$@"')))
    first = build.build()
    assert first.seconds > 0
    assert libraries() == [first.path]
    assert build.build() == first._replace(seconds=0.0)
    assert len(runs(place)) == 1
    assert left_over() == []
    assert first.path.stat().st_mode & 0o777 == first.path.parent.stat().st_mode & 0o777 == 0o700


@needs_compiler
def test_it_lies_in_the_cache_that_the_tasks_use(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert build.folder().parent == cache.cache_folder()
    monkeypatch.setenv("WORKBENCH_CACHE", "")
    assert build.folder().parent == cache.cache_folder()
    monkeypatch.setenv("WORKBENCH_KERNELS", str(place / "elsewhere"))
    assert build.build().path.parent == place / "elsewhere"


@needs_compiler
@pytest.mark.parametrize("changed", ["source", "header", "version", "flags"])
def test_what_it_depends_on_is_in_its_name(changed: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build.build()
    found = compiler.find(build.folder())
    sources = build._sources()
    if changed in ("source", "header"):
        sources["kernels.c" if changed == "source" else "levels.h"] += b"\n"
        monkeypatch.setattr(build, "_sources", lambda: sources)
    elif changed == "version":
        monkeypatch.setattr(compiler, "find", lambda known: found._replace(version=found.version + " later"))
    else:
        monkeypatch.setattr(compiler, "FLAGS", (*compiler.FLAGS, "-DCHANGED"))
    assert build.build().path.name[:28] != first.path.name[:28]


@needs_compiler
def test_two_processes_at_once_compile_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wait = f"while [ ! -e {place}/GO ]; do sleep 0.01; done"
    monkeypatch.setenv("CC", str(script(place, wait, f'exec {COMPILER} "$@"')))
    first = begun()
    until(lambda: runs(place), "the first compiles")
    second = begun()
    (place / "GO").touch()
    told = [process.communicate(timeout=HANG) for process in (first, second)]
    assert told[0] == told[1] == (f"{libraries()[0]}\n", "")
    assert len(runs(place)) == 1


@needs_compiler
def test_a_killed_process_blocks_nobody(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wait = f"while [ ! -e {place}/GO ]; do sleep 0.01; done"
    monkeypatch.setenv("CC", str(script(place, wait)))
    killed = begun()
    until(lambda: runs(place), "it compiles")
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=HANG)
    with (build.folder() / ".lock").open("rb") as file:  # its compiler lives on, and does not hold the lock
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    monkeypatch.delenv("CC")
    assert build.build().seconds > 0
    (left,) = left_over()  # young: it might be somebody's who builds without locks
    (place / "GO").touch()
    old = time.time() - 2 * build._ABANDONED
    os.utime(build.folder() / left, (old, old))
    monkeypatch.setattr(compiler, "FLAGS", (*compiler.FLAGS, "-DCHANGED"))
    build.build()
    assert left_over() == []


@needs_compiler
def test_a_holder_that_never_ends_is_not_waited_for_for_ever(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build.build()
    monkeypatch.setattr(compiler, "FLAGS", (*compiler.FLAGS, "-DCHANGED"))
    steps = iter([0.0, 0.0, 1000.0])
    monkeypatch.setattr(build, "time", type("Clock", (), {"sleep": lambda _: None, "time": time.time}))
    monkeypatch.setattr(build.time, "monotonic", lambda: next(steps, 1000.0), raising=False)
    with (build.folder() / ".lock").open("rb") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        build.build()
    assert len(libraries()) == 2


@pytest.fixture
def no_flock(monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(build.fcntl, "flock", flock)


@needs_compiler
@pytest.mark.usefixtures("no_flock")
def test_a_file_system_without_locks_takes_a_library_too(place: Path) -> None:
    assert build.build().seconds > 0
    assert build.build().seconds == 0
    assert left_over() == []


@needs_compiler
@pytest.mark.usefixtures("no_flock")
def test_without_locks_too_one_builds_and_the_others_wait(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = build.build().path
    path.rename(hidden := path.with_name("hidden"))
    claim = path.with_name(".claim")
    claim.mkdir()

    def the_other_is_done(_: float) -> None:
        hidden.rename(path)
        claim.rmdir()

    monkeypatch.setattr(build.time, "sleep", the_other_is_done)
    assert build.build() == (path, build.build().compiler, 0.0)
    assert left_over() == []


@needs_compiler
@pytest.mark.usefixtures("no_flock")
def test_the_claim_of_a_killed_process_is_removed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_CLAIM_SECONDS", 0.0)
    build.folder().mkdir(mode=0o700, parents=True)
    (build.folder() / ".claim").mkdir()
    assert build.build().seconds > 0
    assert left_over() == []


@needs_compiler
@pytest.mark.parametrize("spoilt", ["torn", "empty", "flipped", "writable by others", "somebody else's", "a link"])
def test_a_file_that_is_not_as_it_was_built_is_built_anew(spoilt: str, place: Path) -> None:
    path = build.build().path
    content = path.read_bytes()
    if spoilt == "writable by others":
        path.chmod(0o777)
    elif spoilt == "somebody else's":
        if os.geteuid():
            pytest.skip("needs root, to give a file away")
        os.chown(path, NOBODY, NOBODY)
    elif spoilt == "a link":
        path.rename(place / "elsewhere")
        path.symlink_to(place / "elsewhere")
    else:
        path.unlink()
        bad = {"torn": content[: len(content) // 2], "empty": b"", "flipped": content[:-1] + bytes([content[-1] ^ 1])}
        path.write_bytes(bad[spoilt])
        path.chmod(0o700)
    again = build.build()
    assert again.seconds > 0
    assert again.path.read_bytes() == content
    assert not again.path.is_symlink()
    assert again.path.stat().st_uid == os.geteuid()


@needs_compiler
def test_a_folder_that_others_can_write_is_not_trusted(place: Path) -> None:
    build.build()
    build.folder().chmod(0o777)
    assert failure() == f"the cache {build.folder()} belongs to another user or can be written by others"


@needs_compiler
def test_old_libraries_go(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build.folder().mkdir(parents=True, mode=0o700)
    for age in (1, 2, 3, 20, 31, 40):  # days
        file = build.folder() / f"kernels-{age}-.so"
        file.touch()
        os.utime(file, (time.time() - 86400 * age,) * 2)
    new = build.build().path
    assert libraries() == sorted([new, *(build.folder() / f"kernels-{age}-.so" for age in (1, 2, 3, 20))])


@needs_compiler
@pytest.mark.parametrize("first", [True, False])
def test_a_cache_that_cannot_be_written(first: bool, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read-only from the start, or since it was made."""
    shut = build.folder().parent if first else build.folder()
    shut.mkdir(parents=True)
    if not os.geteuid():
        os.chown(shut, NOBODY, NOBODY)
        if not first:
            monkeypatch.setattr(build, "folder", lambda path=build.folder(): path)
    for above in (place, *place.parents):
        if above != Path("/"):
            above.chmod(above.stat().st_mode | 0o011)
    shut.chmod(0o500)
    said = failure_of_nobody()
    assert said.startswith(f"the cache {shut}")
    assert said.endswith(" cannot be written: Permission denied")


@needs_compiler
def test_a_cache_that_is_no_folder(place: Path) -> None:
    (place / "cache").touch()
    assert failure() == f"the cache {build.folder()} cannot be written: File exists"
