"""One worker a run: the lock."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from workbench.config.spec import RunSpec
from workbench.runs import launch, store
from workbench.runs.folder import RunError
from workbench.runs.lock import Lock
from workbench.runs.run import Run


def test_a_second_claim_is_refused_until_the_first_is_given_back(run: Run) -> None:
    lock = run.acquire_lock()
    with pytest.raises(RunError, match=rf"^Run {run.id} is already running: watch it with `workbench watch"):
        run.acquire_lock()
    lock.close()
    run.acquire_lock().close()


def test_a_refused_claim_touches_nothing(run: Run) -> None:
    lock = run.acquire_lock()
    run.stop_file.touch()
    written = run.path / ".last.pt.1.tmp"
    written.touch()
    with pytest.raises(RunError):
        run.acquire_lock()
    assert run.stop_file.exists()
    assert written.exists()
    lock.close()


def test_a_claim_clears_what_an_earlier_life_left(run: Run) -> None:
    run.stop_file.touch()
    (run.path / ".last.pt.77.tmp").write_bytes(b"half")
    run.last_file.write_bytes(b"whole")
    run.acquire_lock().close()
    assert sorted(p.name for p in run.path.iterdir()) == ["last.pt", "lock", "spec.json"]


def test_the_lock_is_gone_with_the_process_that_held_it(run: Run) -> None:
    code = (
        "import sys, pathlib, workbench.runs.store as r; "
        "held = r.Run(pathlib.Path(sys.argv[1])).acquire_lock(); print(); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"\n"
        assert run.alive()
        holder.kill()
    assert not run.alive()


def test_asking_whether_it_lives_never_breaks_a_lock(run: Run) -> None:
    """Four readers that ask without pause, where a screen asks a few times a second."""
    run.acquire_lock().close()
    over = threading.Event()
    answers: set[bool] = set()

    def ask() -> None:
        while not over.is_set():
            answers.add(run.alive())

    readers = [threading.Thread(target=ask) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(10):
            lock = run.acquire_lock()
            assert run.alive()
            lock.close()
    finally:
        over.set()
        for reader in readers:
            reader.join()
    assert False in answers


def test_readers_do_not_see_one_another(run: Run) -> None:
    run.acquire_lock().close()
    with ExitStack() as stack:
        for _ in range(3):
            other = os.open(run.lock_file, os.O_RDONLY)
            stack.callback(os.close, other)
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert not run.alive()


def test_of_many_claims_at_once_one_wins(run: Run) -> None:
    gate, won, lost = threading.Barrier(8), list[Lock](), list[str]()

    def acquire() -> None:
        gate.wait()
        try:
            won.append(run.acquire_lock())
        except RunError as error:
            lost.append(str(error))

    threads = [threading.Thread(target=acquire) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)
    won[0].close()


def test_a_removed_run_is_gone_whole(run: Run, runs_folder: Path, described: RunSpec) -> None:
    other = store.create(runs_folder, described)
    run.best_file.write_bytes(b"weights")
    store.remove(run)
    assert [p.name for p in runs_folder.iterdir()] == [other.id]


def test_a_run_whose_folder_cannot_be_moved_is_said_and_stays(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(RunError) as said:
        store.remove(run)
    assert str(said.value) == f"Run {run.id} could not be deleted: Permission denied."
    assert run.spec_file.exists()
    assert not run.alive()


def test_a_live_run_is_not_removed(run: Run) -> None:
    lock = run.acquire_lock()
    run.best_file.write_bytes(b"weights")
    with pytest.raises(RunError, match="already running"):
        store.remove(run)
    assert run.best_file.read_bytes() == b"weights"
    assert run.alive()
    lock.close()
    assert run.status() == "lost"


@pytest.mark.parametrize("use", [store.remove, launch.start], ids=["remove", "start"])
def test_a_run_that_somebody_removed_meanwhile_is_said_to_be_gone(run: Run, use: object) -> None:
    store.remove(Run(run.path))
    with pytest.raises(RunError, match=rf"^Run {run.id} cannot be used: its folder .* is gone\.$"):
        use(run)  # type: ignore[operator]


def test_a_run_is_never_without_its_lock_while_a_worker_starts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch.sys, "executable", "/bin/false")  # a worker that ends at once
    seen: list[bool] = []
    real = launch.subprocess.Popen

    def started(*args: object, **kwargs: object) -> object:
        seen.append(run.alive())
        return real(["/bin/sleep", "60"], pass_fds=kwargs["pass_fds"])

    monkeypatch.setattr(launch.subprocess, "Popen", started)
    worker = launch.start(run)
    try:
        assert seen == [True]
        assert run.alive()  # the launcher has let go; the worker holds what it was handed
        with pytest.raises(RunError, match="already running"):
            launch.start(run)
    finally:
        worker.kill()
        worker.wait()
    assert not run.alive()


def test_a_worker_that_cannot_be_started_gives_the_run_back(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch.sys, "executable", "/nowhere/python")
    with pytest.raises(RunError, match=r"^No worker could be started on run .*: No such file or directory\.$"):
        launch.start(run)
    assert not run.alive()


def test_a_lock_that_cannot_be_opened_is_not_taken_for_another_workers(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = run.acquire_lock()

    def failing(*_: object, **__: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", failing)
        with pytest.raises(RunError, match=rf"^Run {run.id} cannot be used: Input/output error \(.*/lock\)\.$"):
            run.adopt_lock(handed.descriptor)
    assert run.adopt_lock(os.dup(handed.descriptor)) is not None
    handed.close()


def test_a_descriptor_that_is_none_is_not_adopted(run: Run) -> None:
    run.adopt_lock(999).close()


def test_a_shared_lock_of_another_user_holds_nobody_up(run: Run) -> None:
    run.acquire_lock().close()
    reader = os.open(run.lock_file, os.O_RDONLY)
    fcntl.flock(reader, fcntl.LOCK_SH)
    lock = run.acquire_lock()
    assert run.alive()
    with pytest.raises(RunError, match="already running"):
        run.acquire_lock()
    lock.close()
    os.close(reader)
    assert not run.alive()


def test_a_shared_lock_beside_a_worker_changes_nothing(run: Run) -> None:
    lock = run.acquire_lock()
    with pytest.raises(RunError, match="already running"):
        run.acquire_lock()
    assert os.path.samestat(run.lock_file.stat(), os.fstat(lock.descriptor))
    lock.close()


def test_of_many_claims_beside_a_shared_lock_one_wins(run: Run) -> None:
    run.acquire_lock().close()
    reader = os.open(run.lock_file, os.O_RDONLY)
    fcntl.flock(reader, fcntl.LOCK_SH)
    won: list[Lock] = []

    def acquire() -> None:
        with suppress(RunError):
            won.append(run.acquire_lock())

    threads = [threading.Thread(target=acquire) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.close(reader)
    assert len(won) == 1
    assert os.path.samestat(run.lock_file.stat(), os.fstat(won[0].descriptor))
    won[0].close()
