"""Follow a run on a terminal or a pipe: its progress, then its result."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

from tasks.base import PlainError
from workbench.cli import results
from workbench.cli.progress import BarDisplay, Display, LineDisplay
from workbench.cli.stop_signals import StopSignals
from workbench.executors import jobs
from workbench.render.console import wide_console
from workbench.render.streams import narrate, print_json
from workbench.render.terminal_gone import end_with_terminal
from workbench.runs.folder import RunError, holds
from workbench.runs.history import History
from workbench.runs.journal import Tail
from workbench.runs.run import LIVE, Run, Status

_POLL_SECONDS = 0.2


def follow(
    run: Run, signals: StopSignals, *, json: bool, worker: subprocess.Popen[bytes] | None = None, owned: bool = False
) -> int:
    """Show a run's progress until it ends; then its result.

    Args:
        signals: end the watching; where this process started the training, they stop it, or a person on a
            terminal chooses.
        json: the last line of stdout is one object.
        worker: the child that trains, where this process started it (``train``; not ``watch``).
        owned: this process started the training, here or on a cluster.

    Returns:
        the exit code: 0 finished, stopped on request or detached; 1 failed, lost or gone; 130 interrupted.
    """
    history, tail = History(), Tail(run.events_file)
    terminal = sys.stderr.isatty()
    if terminal:
        end_with_terminal([sys.stderr.fileno()])
    display: Display = BarDisplay(run) if terminal else LineDisplay(run)
    status: Status = "starting"
    lived = owned or run.alive()
    begun = owned or _has_begun(run)
    told = ""
    offset = run.log_size() if begun else 0  # past the reports of an earlier life
    with display:
        while True:
            if received := signals.take():
                if not owned:
                    return 130
                choice = "stop"
                if received == signal.SIGINT and terminal and sys.stdin.isatty():
                    display.pause()
                    choice = _ask(signals)
                if choice == "detach":
                    narrate(f"Run {run.id} goes on in the background: `workbench watch {run.command_name}` shows it.")
                    if json:
                        print_json({"run": run.id, "status": run.status()})
                    return 0
                display.resume()
                if choice == "stop":
                    _stop(run, worker)
            if not run.path.is_dir():
                break
            jobs.refresh([run])
            status = run.status()
            if (waits := _waiting(run, status)) and waits != told:
                display.print_line(waits)
            told = waits or told
            reports, offset = run.progress_lines(offset)
            for line in reports:
                display.print_line(line)
            new, restarted = tail.read()
            if restarted:
                history.clear()
            for event in new:
                history.add(event)
                display.show(event, history)
            history.drop_shown()
            if status not in LIVE and not tail.behind:
                break
            if worker:
                worker.poll()
            time.sleep(_POLL_SECONDS)
    # while a folder is being deleted, its lock may be the first to go
    if not run.path.is_dir() or (lived and status == "lost" and not holds(run.lock_file)):
        narrate(f"workbench: The folder of run {run.id} is gone: {run.path} was moved or deleted while it trained.")
        return 1
    if worker and worker.wait() and status != "failed":
        status = "lost"  # it ended before its first event: the events are an earlier life's
    if json:
        print_json(results.to_json(run, status, history))
    elif status in ("finished", "stopped"):
        results.print_ending(run, status, history, wide_console())
    if status in ("finished", "stopped"):
        return 0
    narrate(f"workbench: {results.why(run, status, history)}")
    return 1


def _has_begun(run: Run) -> bool:
    """Return whether a worker has written an event."""
    try:
        return run.events_file.lstat().st_size > 0
    except FileNotFoundError:
        return False


def _waiting(run: Run, status: Status) -> str:
    """Return a line on a run that waits for a cluster; empty of any other."""
    job = run.job if status == "queued" else None
    return f"{job.place} waits{f': {job.reason}' * bool(job.reason)}." if job else ""


def _stop(run: Run, worker: subprocess.Popen[bytes] | None) -> None:
    narrate("Stopping: the run saves a checkpoint and ends.")
    if worker is None:
        try:
            jobs.request_stop(run)
        except RunError:  # it has ended meanwhile
            pass
        except PlainError as error:  # its cluster does not answer
            narrate(f"workbench: {error}")
    elif worker.poll() is None:
        worker.terminate()  # it needs no file, which a full disk could refuse


def _ask(signals: StopSignals) -> str:
    print("\nThe training is running. What now?", file=sys.stderr)
    print("  s  stop it and keep a checkpoint", file=sys.stderr)
    print("  d  detach: it goes on in the background", file=sys.stderr)
    print("  c  cancel: keep watching", file=sys.stderr)
    while True:
        print("s, d or c? ", end="", file=sys.stderr, flush=True)
        while not select.select([sys.stdin], [], [], _POLL_SECONDS)[0]:
            if signals.take():
                return "detach"
        answer = os.read(sys.stdin.fileno(), 1024).decode(errors="replace")  # a line: it is a terminal
        if not answer:
            return "detach"
        for choice in ("stop", "detach", "cancel"):
            if answer.strip().lower() in (choice, choice[0]):
                return choice
