"""Inference server: ``python -P -m workbench.inference.server RUN_DIR [AT]`` answers requests with that run's weights.

``AT`` names them: ``best``, which is the default, ``last``, or the step of an evaluation that is kept.

With ``--summaries`` in place of a run it summarises networks that are not trained yet.

It reads requests from stdin and writes replies to stdout, as ``workbench.inference.protocol`` says, until stdin ends.
It computes on one CPU thread: a training beside it keeps its own.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import workbench.descriptors  # before any file is opened

# isort: split
import workbench.own_packages  # noqa: F401  ends the process where cells or tasks are another's

# isort: split
from tasks.base import PlainError
from workbench.inference.protocol import (
    LONGEST_LINE,
    SUMMARIES,
    Cancel,
    End,
    Error,
    Examples,
    FindUnits,
    Generate,
    Ready,
    Reply,
    Request,
    encode,
    request,
    request_id,
)
from workbench.interruption import Interrupted, Interruptible
from workbench.runs.checkpoints import BEST
from workbench.runs.run import Run


def main() -> int:
    """Serve until stdin ends; 0: done (also: the reader is gone), 1: the run cannot be opened, 2: wrong usage."""
    if len(sys.argv) not in (2, 3):
        print("usage: python -P -m workbench.inference.server RUN_DIR [AT] | --summaries", file=sys.stderr)
        return 2
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the client's, which closes stdin when it leaves
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no reply
    try:
        run = None if sys.argv[1] == SUMMARIES else Run(Path(sys.argv[1]).absolute())
        return _serve(run, sys.argv[2] if len(sys.argv) > 2 else BEST, out)
    except BrokenPipeError:
        return 0


def _serve(run: Run | None, at: str, out: int) -> int:
    from workbench.engine import devices, trained_run  # torch: not before SIGINT is ignored
    from workbench.inference.service import InferenceService, SummaryService

    def send(reply: Reply) -> None:
        line = encode(reply)
        while line:
            line = line[os.write(out, line) :]

    service = SummaryService()
    if run is None:
        os.nice(5)  # a summary may wait for a training
        devices.configure_process(1)
    else:
        try:
            loaded = trained_run.load_trained(run, threads=1, device="cpu", at=at)
            service = InferenceService(run, *loaded, at)
        except PlainError as error:
            send(Error(message=str(error)))
            return 1
    send(Ready(run=run.id if run else "", writes=service.writes))
    requests = _Requests(interruptible := Interruptible())
    for received in requests:
        if isinstance(received, Error):
            send(received)
        elif isinstance(received, Generate | Examples | FindUnits):
            for reply in service.respond(received, requests.cancelled):
                send(reply)
        else:
            try:
                with interruptible.computing(received.id):
                    replies = [*service.respond(received, requests.cancelled)]
            except Interrupted:
                replies = [End(id=received.id, reason="cancelled")]
            for reply in replies:
                send(reply)
    return 0


class _Requests:
    """The requests on stdin, read on a thread of its own, so that ``cancel`` overtakes those that wait.

    Args:
        interruptible: computations by the requests' numbers; a request that is cancelled ends its own.
    """

    def __init__(self, interruptible: Interruptible) -> None:
        self.cancelled: set[int] = set()
        self._interruptible = interruptible
        self._waiting: queue.SimpleQueue[Request | Error | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def __iter__(self) -> Iterator[Request | Error]:
        return iter(self._waiting.get, None)

    def _read(self) -> None:
        while line := sys.stdin.buffer.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                while not line.endswith(b"\n") and line:
                    line = sys.stdin.buffer.readline(LONGEST_LINE)
                self._waiting.put(Error(message=f"This line is no request: it is longer than {LONGEST_LINE:,} bytes."))
                continue
            if not line.strip():
                continue
            try:
                received = request(line)
            except ValueError as error:
                self._waiting.put(Error(id=request_id(line), message=str(error)))
                continue
            if isinstance(received, Cancel):
                self.cancelled.add(received.id)
                self._interruptible.end(received.id)
            else:
                self.cancelled.discard(received.id)  # an id may be used again
                self._interruptible.renew(received.id)
                self._waiting.put(received)
        self._waiting.put(None)


if __name__ == "__main__":
    sys.exit(main())
