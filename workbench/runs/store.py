"""The run store: create, list, find and remove runs; lock one, derive its status, stop it. No torch."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import time
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec

from tasks.base import PlainError
from tasks.shared import files
from tasks.shared.datasets.progress import PROGRESS_MARK
from workbench.config import spec
from workbench.config.spec import RunSpec
from workbench.runs.events import Failed, Finished, Stopped
from workbench.runs.history import History, read_end

Status = Literal["starting", "running", "stopping", "finished", "stopped", "failed", "lost"]
LIVE: tuple[Status, ...] = ("starting", "running", "stopping")
PRETRAINED = "pretrained"


class RunError(PlainError):
    """A run cannot be found or used in this way. The message is one plain sentence."""


class NoSuchRun(RunError):
    """A name that was typed is that of no run, or of several."""


class Run:
    """A run's folder; every property is read from it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spec_file = path / "spec.json"
        self.task_file = path / "task.json"
        self.tensors_file = path / "task.safetensors"
        self.network_file = path / "network.txt"
        self.events_file = path / "events.jsonl"
        self.lock_file = path / "lock"
        self.log_file = path / "worker.log"
        self.best_file = path / "best.safetensors"
        self.last_file = path / "last.pt"
        self.stop_file = path / "STOP"

    @cached_property
    def id(self) -> str:
        """Name of the folder; ``pretrained/NAME`` for a pretrained model."""
        return f"{PRETRAINED}/{self.path.name}" if self.path.parent.name == PRETRAINED else self.path.name

    @property
    def command_name(self) -> str:
        """RUN as it is typed in a command: the id where it is found by that, else the folder's path, quoted."""
        here = self.path.parent == root() or self.path.parent.name == PRETRAINED
        return self.id if here else shlex.quote(str(self.path))

    @cached_property
    def spec(self) -> RunSpec:
        """The run's description.

        Raises:
            RunError: it is missing, damaged or from a newer version.
        """
        try:
            return spec.from_json(self.spec_file.read_bytes())
        except FileNotFoundError:
            raise RunError(f"{self.path} is not a run: it holds no spec.json.") from None
        except spec.SpecError as error:
            raise RunError(f"Run {self.id}: {error}") from None

    @cached_property
    def created(self) -> float:
        """Time at which its spec was written, in Unix seconds; 0 where there is none."""
        try:
            return self.spec_file.stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def status(self, history: History | None = None) -> Status:
        """Derive the status: the lock shows whether a worker lives, the last event how the run ended.

        Args:
            history: the run's latest events, where they were read already.
        """
        if self.alive():
            if self.stop_file.exists():
                return "stopping"
            history = history or read_end(self.events_file)
            ended_before = history.ended is not None and history.ended.time < self.lock_file.stat().st_mtime
            return "starting" if ended_before or history.empty else "running"
        if history is None or history.ended is None:  # it may have ended after those events were read
            history = read_end(self.events_file)
        match history.ended:
            case Finished():
                return "finished"
            case Stopped():
                return "stopped"
            case Failed():
                return "failed"
        return "finished" if self.path.parent.name == PRETRAINED else "lost"

    def alive(self) -> bool:
        """Return whether a worker holds the lock."""
        try:
            descriptor = os.open(self.lock_file, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def acquire_lock(self) -> int:
        """Lock the run for a worker, and remove an earlier STOP and temporary files.

        Returns:
            the lock's file descriptor; the lock is held until every copy of it is closed.

        Raises:
            RunError: a worker has it, its folder is gone or cannot be written, or it came with the program.
        """
        if self.path.parent == shipped():
            raise RunError(f"{self.id} came with the program: it can be asked, not changed.")
        try:
            descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise RunError(f"Run {self.id} cannot be used: {error.strerror} ({self.lock_file}).") from None
        for _ in range(20):  # ``alive`` in another process holds the lock for an instant
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.01)
        else:
            os.close(descriptor)
            raise RunError(f"Run {self.id} is already running: watch it with `workbench watch {self.command_name}`.")
        os.utime(descriptor)  # an end that was written before now is an earlier worker's
        self.stop_file.unlink(missing_ok=True)
        files.clear_temporary(self.path)
        return descriptor

    def request_stop(self) -> None:
        """Request that the worker saves a checkpoint and ends.

        Raises:
            RunError: it is not running.
        """
        if not self.alive():
            raise RunError(f"Run {self.id} is not running: it is {self.status()}.")
        self.stop_file.touch()

    def progress_lines(self, offset: int = 0) -> tuple[list[str], int]:
        """Read the progress messages that the worker has logged.

        Args:
            offset: byte of the log at which to begin.

        Returns:
            the lines, each with its ``PROGRESS_MARK``; the offset for the next call.
        """
        try:
            with self.log_file.open("rb") as log:
                log.seek(offset)
                new = log.read()
        except FileNotFoundError:
            return [], 0
        whole = new[: new.rfind(b"\n") + 1]
        lines = whole.decode(errors="replace").splitlines()
        return [line for line in lines if line.startswith(PROGRESS_MARK)], offset + len(whole)

    def last_log_line(self) -> str:
        """Return the last line that the worker printed; empty where it printed none."""
        try:
            lines = self.log_file.read_text(errors="replace").split("\n")
        except FileNotFoundError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def network(self) -> str:
        """Return the printout of the network and its parameters; empty before the first start, and in older runs."""
        try:
            return self.network_file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""


def root(option: Path | None = None) -> Path:
    """Return the folder of the runs: ``--runs``, else ``WORKBENCH_RUNS``, else ``./checkpoints``."""
    return (option or Path(os.environ.get("WORKBENCH_RUNS") or "checkpoints")).absolute()


def create(folder: Path, described: RunSpec) -> Run:
    """Create a new run's folder with its ``spec.json``, whole or not at all, under an id of its own.

    Raises:
        RunError: the folder cannot be written.
    """
    fresh = folder / f".new-{os.getpid()}-{time.monotonic_ns()}"
    try:
        fresh.mkdir(parents=True)
        files.write(fresh / "spec.json", described.to_json())
        first = f"{described.task}-{described.cell}-{time.strftime('%Y%m%d-%H%M%S')}"
        for attempt in range(1, 1000):
            path = folder / (first if attempt == 1 else f"{first}-{attempt}")
            with suppress(OSError):  # taken: a folder that holds something is never replaced
                fresh.rename(path)
                files.sync_folder(folder)
                return Run(path)
        raise RunError(f"No free name for a run like {first} in {folder}.")
    except OSError as error:
        raise RunError(f"Runs cannot be kept in {folder}: {error.strerror}. Name another folder with --runs.") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def listing(folder: Path) -> list[Run]:
    """Return the runs of a folder, the newest first."""
    if not folder.is_dir():
        return []
    runs = [Run(p) for p in folder.iterdir() if not p.name.startswith(".") and (p / "spec.json").is_file()]
    return sorted(runs, key=lambda run: (run.created, run.id), reverse=True)


def pretrained(folder: Path) -> list[Run]:
    """Return the pretrained models: a folder's own and those of the program; of the same name the folder's own."""
    every = [run for place in (folder / PRETRAINED, shipped()) for run in listing(place)]
    return sorted({run.id: run for run in reversed(every)}.values(), key=lambda run: run.id)


def shipped() -> Path:
    """Return the folder of the program's own models: in the installed package, else in the checkout."""
    package = Path(__file__).parents[1]
    return package / PRETRAINED if (package / PRETRAINED).is_dir() else package.parent / "checkpoints" / PRETRAINED


def find(name: str, folder: Path) -> Run:
    """Find a run by its id, a unique prefix, ``last``, ``pretrained/NAME`` or its folder's path.

    Raises:
        NoSuchRun: there is none, or several.
    """
    if not name:
        raise NoSuchRun("No run is named: give its id, the beginning of one, or `last`.")
    if name.startswith(f"{PRETRAINED}/"):
        every = pretrained(folder)
        if matching := [run for run in every if run.id == name]:
            return matching[0]
        known = ", ".join(run.id for run in every)
        raise NoSuchRun(f"There is no model {name}: {f'there are {known}' if known else 'none is here'}.")
    if os.sep in name or name in (".", ".."):
        if (Path(name) / "spec.json").is_file():
            return Run(Path(name).absolute())
        raise NoSuchRun(f"{name} is not a run's folder: it holds no spec.json.")
    every = listing(folder)
    if not every:
        models = ", ".join(run.id for run in pretrained(folder))
        or_model = f", or ask a model that came along: {models}" if models and name != "last" else ""
        raise NoSuchRun(f"There are no runs in {folder}: start one with `workbench train names --cell lstm`{or_model}.")
    if name == "last":
        return every[0]
    matching = [run for run in every if run.id == name] or [run for run in every if run.id.startswith(name)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        some = ", ".join(run.id for run in matching[:4]) + (" …" if len(matching) > 4 else "")
        raise NoSuchRun(f"{name!r} is the beginning of {len(matching)} runs: {some}. Type more of it.")
    raise NoSuchRun(f"There is no run {name!r} in {folder}: `workbench runs` lists them.")


def remove(run: Run) -> None:
    """Delete a run's folder with all of its files.

    Raises:
        RunError: it is running.
    """
    descriptor = run.acquire_lock()
    try:
        gone = run.path.with_name(f".gone-{os.getpid()}-{run.path.name}")
        run.path.rename(gone)
        shutil.rmtree(gone)
    except OSError as error:
        raise RunError(f"Run {run.id} could not be deleted: {error.strerror}.") from None
    finally:
        os.close(descriptor)


def task_state(run: Run) -> dict[str, object]:
    """Read the task's state (vocabulary, labels) that the run saved before its first step.

    Raises:
        RunError: it is not there yet, or damaged.
    """
    try:
        return msgspec.json.decode(run.task_file.read_bytes(), type=dict[str, object])
    except FileNotFoundError:
        raise RunError(f"Run {run.id} has no task.json yet: it never reached its first step.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise RunError(f"{run.task_file} is damaged: the run cannot be asked.") from None
