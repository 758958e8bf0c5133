"""A run: its folder's files, its description, lock and status. No torch."""

from __future__ import annotations

import os
import shlex
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec

from tasks.shared import files
from tasks.shared.datasets.progress import PROGRESS_MARK
from workbench.config import spec
from workbench.config.spec import RunSpec
from workbench.runs import folder, job, locations, lock
from workbench.runs.events import Failed, Finished, Stopped
from workbench.runs.folder import RunError
from workbench.runs.history import History, read_end
from workbench.runs.job import Job
from workbench.runs.lock import Lock

Status = Literal["queued", "starting", "running", "stopping", "finished", "stopped", "failed", "lost"]
LIVE: tuple[Status, ...] = ("queued", "starting", "running", "stopping")  # a worker has it, or will
ENDED: tuple[Status, ...] = ("finished", "stopped", "failed")  # a lost run may be another machine's, and write on
_LOG_END = 64 * 1024  # bytes of the log in which its last line is looked for
_LOG_PART = 4 << 20  # bytes of the log that are read at once
_LARGEST_SPEC = 16 << 20  # bytes


def _file(name: str) -> cached_property[Path]:
    """Return the path of a run's file, made when it is first asked for: a list holds thousands of runs."""
    return cached_property(lambda run: run.path / name)


class Run:
    """A run's folder; every property is read from it."""

    spec_file = _file("spec.json")
    metadata_file = _file("metadata.json")
    job_file = _file("job.json")
    task_file = _file("task.json")
    tensors_file = _file("task.safetensors")
    network_file = _file("network.txt")
    events_file = _file("events.jsonl")
    lock_file = _file("lock")
    log_file = _file("worker.log")
    best_file = _file("best.safetensors")
    last_file = _file("last.pt")
    start_file = _file("start.pt")  # a branch's, until its first checkpoint: the state that it begins with
    start_weights_file = _file("start.safetensors")  # the same where its parent kept weights alone
    stop_file = _file("STOP")

    def __init__(self, path: Path) -> None:
        self.path = path

    def kept_file(self, step: int) -> Path:
        """Return the file of the whole state after the evaluation at a step (``train.keep``)."""
        return self.path / f"kept-{step}.pt"

    @property
    def kept_steps(self) -> list[int]:
        """Steps whose evaluation's whole state is kept besides best and last, in their order."""
        try:
            names = [folder.KEPT.fullmatch(entry.name) for entry in os.scandir(self.path)]
        except OSError:
            return []
        return sorted(int(name[1]) for name in names if name)

    @cached_property
    def id(self) -> str:
        """Name of the folder; ``pretrained/NAME`` for a pretrained model."""
        return locations.run_id(self.path)

    @property
    def command_name(self) -> str:
        """RUN as it is typed in a command: the id where it is found by that, else the folder's path, quoted."""
        here = self.path.parent == locations.root() or self.path.parent.name == locations.PRETRAINED
        return self.id if here else shlex.quote(str(self.path))

    @cached_property
    def spec(self) -> RunSpec:
        """The run's description.

        Raises:
            RunError: it is missing, damaged or from a newer version; or the folder holds a link.
        """
        try:
            folder.check(self.path)
            return spec.from_json(folder.read(self.spec_file, _LARGEST_SPEC))
        except (FileNotFoundError, NotADirectoryError):
            raise RunError(f"{self.path} is not a run: it holds no spec.json.") from None
        except OSError as error:
            raise RunError(f"Run {self.id} cannot be read: {error.strerror} ({error.filename}).") from None
        except spec.SpecError as error:
            raise RunError(f"Run {self.id}: {error}") from None

    @cached_property
    def created(self) -> float:
        """Time at which its spec was written, in Unix seconds; 0 where there is none."""
        try:
            return self.spec_file.lstat().st_mtime
        except OSError:
            return 0.0

    def status(self, history: History | None = None) -> Status:
        """Derive the status: the lock shows whether a worker lives, the last event how the run ended.

        Args:
            history: the run's latest events, where they were read already.
        """
        if self.alive():
            if self.stop_requested():
                return "stopping"
            history = history or read_end(self.events_file)
            ended_before = history.ended is not None and history.ended.time < lock.taken_at(self.lock_file)
            return "starting" if ended_before or history.empty else "running"
        if history is None or history.ended is None:  # it may have ended after those events were read
            history = read_end(self.events_file)
        if (found := self.job) and found.live and not _over(history, found):
            return self._status_in(found, history)
        match history.ended:
            case Finished():
                return "finished"
            case Stopped():
                return "stopped"
            case Failed():
                return "failed"
        if found and not found.reason and history.time < found.submitted:
            return "stopped"  # taken from the cluster before it began
        return "finished" if self.path.parent.name == locations.PRETRAINED else "lost"

    def _status_in(self, found: Job, history: History) -> Status:
        """Return the status of a run that a cluster's job has, whose lock is not held, or is held out of sight."""
        if found.state == "queued":
            return "queued"
        if self.stop_requested():
            return "stopping"
        if history.ended is not None:  # in this life its job ends or is requeued; in an earlier one it begins anew
            return "stopping" if found.started and history.ended.time >= found.started else "starting"
        return "running" if history.time >= (found.started or found.submitted) else "starting"

    @property
    def job(self) -> Job | None:
        """The cluster's job that has or had it, as its scheduler said last; ``None`` of a run of this machine."""
        return job.read(self.job_file)

    def alive(self) -> bool:
        """Return whether a worker holds the lock.

        Raises:
            RunError: the lock is a link, or no regular file.
            OSError: it cannot be opened.
        """
        return lock.held(self.lock_file)

    def trains(self) -> bool:
        """Return whether a worker holds the lock; false where the folder cannot be read."""
        try:
            return self.alive()
        except (RunError, OSError):
            return False

    def acquire_lock(self, own_job: str = "") -> Lock:
        """Lock the run for a worker, and remove an earlier STOP and temporary files.

        Args:
            own_job: id of the cluster's job that this process is part of; empty: of none.

        Raises:
            RunError: a worker or a cluster's job has it, its folder is gone or cannot be written, or it came with the
                program.
        """
        self.refuse_shipped()
        try:
            folder.check(self.path)
            held = lock.acquire(self.lock_file)
        except FileNotFoundError:
            raise RunError(f"Run {self.id} cannot be used: its folder {self.path} is gone.") from None
        except OSError as error:
            raise RunError(f"Run {self.id} cannot be used: {error.strerror} ({self.lock_file}).") from None
        except lock.Held:
            raise RunError(
                f"Run {self.id} is already running: watch it with `workbench watch {self.command_name}`."
            ) from None
        if (found := self.job) and found.live and found.id != own_job and not _over(read_end(self.events_file), found):
            held.close()
            raise RunError(
                f"Run {self.id} is {'waiting' if found.state == 'queued' else 'training'} as {found.place}: "
                f"`workbench stop {self.command_name}` ends that."
            )
        try:
            os.utime(held.descriptor)  # an end that was written before now is an earlier worker's
            self.stop_file.unlink(missing_ok=True)
        except OSError as error:
            held.close()
            what = "its STOP file cannot be removed" if error.filename else "its lock cannot be written"
            raise RunError(f"Run {self.id} cannot be used: {what}: {error.strerror} ({self.stop_file}).") from None
        files.clear_temporary(self.path)
        return held

    def refuse_shipped(self) -> None:
        """Refuse to change a model of the program's own.

        Raises:
            RunError: it is one.
        """
        if self.path.parent == locations.shipped():
            raise RunError(f"{self.id} came with the program: it can be asked, not changed.")

    def adopt_lock(self, descriptor: int) -> Lock:
        """Take over the lock that the launcher handed on; take it anew where it is another one.

        Raises:
            RunError: another worker has the run, or its lock cannot be opened.
        """
        try:
            held = lock.adopt(self.lock_file, descriptor)
        except OSError as error:
            raise RunError(f"Run {self.id} cannot be used: {error.strerror} ({self.lock_file}).") from None
        return held or self.acquire_lock()

    def stop_requested(self) -> bool:
        """Return whether the worker was asked to save a checkpoint and end."""
        return folder.holds(self.stop_file)

    def request_stop(self) -> None:
        """Request that the worker saves a checkpoint and ends.

        Raises:
            RunError: it is not running, or the request cannot be written.
        """
        try:
            if not self.alive() and ((status := self.status()) not in LIVE or status == "queued"):
                raise RunError(f"Run {self.id} is not running: it is {status}.")
            folder.open_regular(self.stop_file, "ab").close()
        except OSError as error:
            raise RunError(f"Run {self.id} cannot be asked to stop: {error.strerror} ({self.stop_file}).") from None

    def progress_lines(self, offset: int = 0) -> tuple[list[str], int]:
        """Read the progress messages that the worker has logged.

        Args:
            offset: byte of the log at which to begin.

        Returns:
            the lines, each with its ``PROGRESS_MARK``; the offset for the next call.
        """
        try:
            with folder.open_regular(self.log_file) as log:
                log.seek(offset)
                new = log.read(_LOG_PART)
        except FileNotFoundError:
            return [], 0
        whole = new[: new.rfind(b"\n") + 1] if len(new) < _LOG_PART or b"\n" in new else new
        lines = whole.decode(errors="replace").splitlines()
        return [line for line in lines if line.startswith(PROGRESS_MARK)], offset + len(whole)

    def log_size(self) -> int:
        """Return the bytes that workers have logged: the offset of what the next one logs."""
        try:
            return folder.status(self.log_file).st_size
        except FileNotFoundError:
            return 0

    def last_log_line(self) -> str:
        """Return the last line that the worker printed; empty where it printed none."""
        try:
            lines = self._end_of_log().decode(errors="replace").split("\n")
        except FileNotFoundError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def network(self) -> str:
        """Return the printout of the network and its parameters; empty before the first start, and in older runs."""
        try:
            return folder.read(self.network_file).decode(errors="replace")
        except FileNotFoundError:
            return ""

    def _end_of_log(self) -> bytes:
        with folder.open_regular(self.log_file) as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LOG_END))
            return log.read()


def _over(history: History, found: Job) -> bool:
    """Return whether a run's events say that it came to its end in a job."""
    ended = history.ended
    return isinstance(ended, Finished | Failed) and ended.time >= found.submitted


def task_state(run: Run) -> dict[str, object]:
    """Read the task's state (vocabulary, labels) that the run saved before its first step.

    Raises:
        RunError: it is not there yet, or damaged.
    """
    try:
        return msgspec.json.decode(folder.read(run.task_file), type=dict[str, object])
    except FileNotFoundError:
        raise RunError(f"Run {run.id} has no task.json yet: it never reached its first step.") from None
    except OSError as error:
        raise RunError(f"{run.task_file} cannot be read: {error.strerror}.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RunError(f"{run.task_file} is damaged: the run cannot be asked.") from None
