"""Follow a run on a terminal or a pipe: its progress, then its result."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from workbench.cli import results
from workbench.cli.progress import BarDisplay, Display, LineDisplay
from workbench.render.console import wide_console
from workbench.render.streams import narrate, print_json
from workbench.runs.history import History
from workbench.runs.journal import Tail
from workbench.runs.store import LIVE, Run, Status

_POLL_SECONDS = 0.2


class _StopRequested(Exception):
    """SIGTERM, or Ctrl-C where no person can choose between stopping and detaching."""


def follow(run: Run, *, json: bool, worker: subprocess.Popen[bytes] | None = None, owner: bool = False) -> int:
    """Show a run's progress until it ends; then its result.

    Args:
        json: the last line of stdout is one object.
        worker: the child that trains, where this process started it.
        owner: Ctrl-C may stop the training (``train``), not only the watching (``watch``).

    Returns:
        the exit code: 0 finished, stopped on request or detached; 1 failed or lost.
    """
    history, tail = History(), Tail(run.events_file)
    terminal = sys.stderr.isatty()
    display: Display = BarDisplay(run) if terminal else LineDisplay(run)
    status: Status = "starting"
    begun = owner or (run.events_file.exists() and run.events_file.stat().st_size > 0)
    offset = run.progress_lines()[1] if begun else 0  # past the reports of an earlier life
    with _signals(can_ask=terminal and sys.stdin.isatty(), owner=owner), display:
        while True:
            try:
                status = run.status()
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
                if status not in LIVE:
                    break
                if worker:
                    worker.poll()
                time.sleep(_POLL_SECONDS)
            except KeyboardInterrupt:
                if not owner:
                    return 130
                display.pause()
                choice = _ask()
                if choice != "detach":
                    display.resume()
                if choice == "stop":
                    _stop(run)
                elif choice == "detach":
                    narrate(f"Run {run.id} goes on in the background: `workbench watch {run.command_name}` shows it.")
                    if json:
                        print_json({"run": run.id, "status": run.status()})
                    return 0
            except _StopRequested:
                if not owner:
                    return 130
                _stop(run)
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


def _stop(run: Run) -> None:
    narrate("Stopping: the run saves a checkpoint and ends.")
    run.stop_file.touch()


def _ask() -> str:
    print("\nThe training is running. What now?", file=sys.stderr)
    print("  s  stop it and keep a checkpoint", file=sys.stderr)
    print("  d  detach: it goes on in the background", file=sys.stderr)
    print("  c  cancel: keep watching", file=sys.stderr)
    while True:
        print("s, d or c? ", end="", file=sys.stderr, flush=True)
        try:
            answer = sys.stdin.readline()
        except (KeyboardInterrupt, _StopRequested):
            return "detach"
        if not answer:
            return "detach"
        for choice in ("stop", "detach", "cancel"):
            if answer.strip().lower() in (choice, choice[0]):
                return choice


@contextmanager
def _signals(*, can_ask: bool, owner: bool) -> Iterator[None]:
    """Turn SIGTERM, and SIGINT where no person can choose, into a stop with a checkpoint; restore the handlers."""

    def request_stop(_: int, __: FrameType | None) -> None:
        raise _StopRequested

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, request_stop)}
    # set even where a parent shell started this in its background, with SIGINT ignored
    interrupt = signal.default_int_handler if can_ask or not owner else request_stop
    before[signal.SIGINT] = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        for number_, handler in before.items():
            signal.signal(number_, handler)
