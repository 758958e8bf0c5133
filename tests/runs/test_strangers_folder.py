"""A run's folder that came from elsewhere: no link in it is followed, nothing but regular files is opened."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from event_makers import started

from tasks.shared import files
from workbench.config.spec import RunSpec
from workbench.runs import folder, launch, store
from workbench.runs.events import decode, decode_all, encode
from workbench.runs.folder import RunError
from workbench.runs.history import LatestEvents, read_end, read_history
from workbench.runs.journal import Journal, Tail
from workbench.runs.lock import Lock
from workbench.runs.run import Run, task_state
from workbench.runs.summary import UNREADABLE, read_summary

FILES = ("reserve", "events.jsonl", "worker.log", "task.json", "task.safetensors", "lock", "STOP", "spec.json")
FILES += ("best.safetensors", "last.pt", "kept-12.pt", "start.pt", "network.txt")


def link(path: Path, diary: Path) -> str:
    path.symlink_to(diary)
    return "a link"


def dangling_link(path: Path, _: Path) -> str:
    path.symlink_to(path.parent.parent / "made by the program")
    return "a link"


def named_pipe(path: Path, _: Path) -> str:
    os.mkfifo(path)
    return "a named pipe"


def unix_socket(path: Path, _: Path) -> str:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's address is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)
    os.chdir(here)
    return "a socket"


@pytest.fixture
def diary(tmp_path: Path) -> Iterator[Path]:
    """A file of the user's, which stays as it is."""
    path = tmp_path / "diary.txt"
    path.write_bytes(b"Dear diary\n" * 5000)
    before = path.read_bytes()
    yield path
    assert path.read_bytes() == before


def subfolder(path: Path, _: Path) -> str:
    path.mkdir()
    return "a folder"


@pytest.mark.parametrize("make", [link, dangling_link, named_pipe, unix_socket, subfolder])
@pytest.mark.parametrize("name", FILES)
def test_a_run_with_anything_but_files_in_it_is_not_opened(
    run: Run, name: str, make: Callable[[Path, Path], str], diary: Path
) -> None:
    (run.path / name).unlink(missing_ok=True)
    said = f"Run {run.id} is not opened: {name} is {make(run.path / name, diary)}, not a file of its own."
    for use in (launch.start, Run.acquire_lock, lambda run: run.spec):
        with pytest.raises(RunError) as caught:
            use(Run(run.path))
        assert str(caught.value) == said
    found = read_summary(Run(run.path))
    assert (found.status, found.message) == (UNREADABLE, said)
    assert not (run.path.parent / "made by the program").exists()
    store.remove(Run(run.path))
    assert not run.path.exists()


@pytest.mark.parametrize("make", [link, named_pipe])
def test_every_file_is_opened_with_care_even_if_it_is_exchanged_later(
    run: Run, make: Callable[[Path, Path], str], diary: Path
) -> None:
    """Each reader and writer is held by itself, not only by the look at the folder before."""
    for name in FILES:
        (run.path / name).unlink(missing_ok=True)
        make(run.path / name, diary)
    uses: list[Callable[[], object]] = [
        run.alive,
        run.status,
        run.last_log_line,
        run.progress_lines,
        run.network,
        Tail(run.events_file).read,
        LatestEvents(run.events_file).read,
        lambda: read_end(run.events_file),
        lambda: read_history(run.events_file),
        lambda: Journal(run.events_file),
        lambda: task_state(run),
        lambda: folder.open_regular(run.stop_file, "ab"),
    ]
    for use in uses:
        with pytest.raises(RunError, match="is not opened"):
            use()
    assert run.stop_requested()


def test_the_reserve_is_a_new_file(run: Run, diary: Path) -> None:
    (run.path / "reserve").symlink_to(diary)
    journal = Journal(run.events_file)
    assert (run.path / "reserve").stat().st_size == 32 * 1024
    assert not (run.path / "reserve").is_symlink()
    journal.close()
    os.link(diary, run.path / "reserve")  # another name of the same file
    Journal(run.events_file).close()


def test_a_temporary_file_that_is_a_link_is_not_written_through(run: Run, diary: Path) -> None:
    (run.path / f".task.json.{os.getpid()}.tmp").symlink_to(diary)
    files.write(run.task_file, b"{}")
    assert run.task_file.read_bytes() == b"{}"


def test_a_linked_run_is_opened_and_its_removal_removes_the_link(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "scratch" / "run"
    place.parent.mkdir()
    shutil.move(run.path, place)
    run.path.symlink_to(place)
    assert Run(run.path).spec.task == "toy"
    assert store.remove(Run(run.path)) == str(place)
    assert not run.path.is_symlink()
    assert (place / "spec.json").is_file()


@pytest.mark.parametrize("name", ["events.jsonl", "task.json", "spec.json"])
def test_a_deep_json_is_the_trouble_of_one_run(run: Run, runs_folder: Path, described: RunSpec, name: str) -> None:
    other = store.create(runs_folder, described)
    nested = b'{"event":"step","x":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"
    (run.path / name).write_bytes(nested)
    found = {one.id: read_summary(one) for one in store.listing(runs_folder)}
    assert found[other.id].status == "lost"
    expected = {"events.jsonl": "lost", "task.json": "lost", "spec.json": UNREADABLE}
    assert found[run.id].status == expected[name]
    if name == "task.json":
        with pytest.raises(RunError, match=r"task\.json is damaged"):
            task_state(run)


def test_a_deep_line_among_events_is_left_out() -> None:
    nested = b'{"event":"step","x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    event = started()
    assert decode(nested) is None
    assert decode_all(encode(event) + nested + b"\n" + encode(event)) == [event, event]


def test_a_long_line_without_an_end_is_read_back_in_one_pass(run: Run) -> None:
    """32 MiB: joined at every chunk it would be copied 2,000 times."""
    event = started()
    with run.events_file.open("wb") as file:
        file.write(encode(event))
        for _ in range(32):
            file.write(b"x" * (1 << 20))
    assert LatestEvents(run.events_file).read().started == event
    assert read_history(run.events_file).started == event
    assert read_end(run.events_file).started == event


@pytest.mark.parametrize("content", [b"", encode(started())])
def test_a_hole_of_a_terabyte_is_not_read(run: Run, content: bytes) -> None:
    """A file without content on the disk: whatever reads it whole takes the machine's memory, or for ever."""
    for name in ("events.jsonl", "task.json", "network.txt", "worker.log"):
        (run.path / name).write_bytes(content)
        os.truncate(run.path / name, 1 << 40)
    said = rf"^Run {run.id} is not opened: events\.jsonl has a line of more than 64 MiB\.$"
    uses: list[Callable[[Path], object]] = [read_history, read_end]
    uses += [lambda path: LatestEvents(path).read(), lambda path: list(Tail(path).read_all())]
    for use in uses:
        with pytest.raises(RunError, match=said):
            use(run.events_file)
    assert read_summary(run).status == UNREADABLE
    with pytest.raises(RunError, match=r"task\.json holds 1,099,512 MB, more than any such file of a run \(268 MB\)"):
        task_state(run)
    with pytest.raises(RunError, match=r"network\.txt holds 1,099,512 MB"):
        run.network()
    lines, offset = run.progress_lines()
    assert (lines, run.progress_lines(offset)[0]) == ([], [])
    assert run.progress_lines(offset)[1] > offset
    assert run.log_size() == 1 << 40
    os.truncate(run.spec_file, 1 << 40)
    with pytest.raises(RunError, match=r"spec\.json holds 1,099,512 MB"):
        Run(run.path).spec  # noqa: B018


@pytest.mark.parametrize("name", ["events.jsonl", "lock", "worker.log", "STOP"])
def test_nothing_is_written_through_a_hard_link(run: Run, diary: Path, name: str) -> None:
    os.link(diary, run.path / name)
    with pytest.raises(RunError, match=rf"{name} is a hard link, and a file elsewhere would be written too"):
        folder.open_regular(run.path / name, "ab")


def test_what_an_editor_leaves_beside_a_file_hinders_nobody(run: Run) -> None:
    (run.path / ".#spec.json").symlink_to("me@host.1:2")
    assert Run(run.path).spec.task == "toy"


def test_a_live_run_is_not_removed_for_a_link_in_it(run: Run) -> None:
    lock = run.acquire_lock()
    (run.path / "notes.txt").symlink_to("nowhere")
    with pytest.raises(RunError, match=f"Run {run.id} is running: stop it first"):
        store.remove(run)
    assert run.spec_file.exists()
    lock.close()
    store.remove(run)
    assert not run.path.exists()


def test_new_files_follow_the_umask(run: Run) -> None:
    before = os.umask(0o077)
    try:
        held: Lock = run.acquire_lock()
        Journal(run.events_file).close()
        folder.open_regular(run.log_file, "ab").close()
    finally:
        os.umask(before)
    held.close()
    for file in (run.lock_file, run.events_file, run.log_file):
        assert oct(file.stat().st_mode & 0o777) == "0o600", file
