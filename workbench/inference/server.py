"""The answerer: ``python -P -m workbench.inference.server RUN_DIR`` answers questions to that run's best weights.

With ``--sketch`` in place of a run it tells what networks that nobody trained yet would consist of.

It reads requests from stdin and writes replies to stdout, as ``workbench.inference.protocol`` says, until stdin ends.
It computes on one CPU thread: whatever trains beside it keeps its own.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.base import PlainError
from workbench.inference.protocol import (
    SKETCH,
    Cancel,
    Describe,
    End,
    Error,
    Example,
    Examples,
    Explain,
    Generate,
    Judged,
    Listed,
    Network,
    Predict,
    Ready,
    Reply,
    Request,
    Sketch,
    Views,
    encode,
    request,
    request_id,
)
from workbench.runs.store import Run

if TYPE_CHECKING:
    from torch import nn

    from tasks.base import Task, Writer
    from workbench.inference import examples


def main() -> int:
    """Answer until stdin ends; 0: done (also: nobody reads any more), 1: the run cannot be asked."""
    if len(sys.argv) != 2:
        print("usage: python -P -m workbench.inference.server RUN_DIR | --sketch", file=sys.stderr)
        return 2
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C concerns whoever asks; it closes stdin when it leaves
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no reply
    try:
        return _serve(None if sys.argv[1] == SKETCH else Run(Path(sys.argv[1]).absolute()), out)
    except BrokenPipeError:
        return 0


def _serve(run: Run | None, out: int) -> int:
    from workbench.engine import devices, trained_run

    def say(reply: Reply) -> None:
        line = encode(reply)
        while line:
            line = line[os.write(out, line) :]

    answers: _Answers | _Sketches
    if run is None:
        os.nice(5)  # a figure on a screen is worth less than whatever trains
        devices.prepare(1)
        answers = _Sketches()
    else:
        try:
            answers = _Answers(run, *trained_run.open_run(run, threads=1, device="cpu"))
        except PlainError as error:
            say(Error(message=str(error)))
            return 1
    say(Ready(run=run.id if run else "", writes=answers.writes))
    lines = _Lines()
    for asked in lines:
        for reply in [asked] if isinstance(asked, Error) else answers.to(asked, lines.cancelled):
            say(reply)
    return 0


class _Lines:
    """The requests on stdin, read on a thread of its own, so that ``cancel`` is heard while something is written."""

    def __init__(self) -> None:
        self.cancelled: set[int] = set()
        self._waiting: queue.SimpleQueue[Request | Error | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def __iter__(self) -> Iterator[Request | Error]:
        return iter(self._waiting.get, None)

    def _read(self) -> None:
        for line in sys.stdin.buffer:
            if not line.strip():
                continue
            try:
                asked = request(line)
            except ValueError as error:
                self._waiting.put(Error(id=request_id(line), message=str(error)))
                continue
            if isinstance(asked, Cancel):
                self.cancelled.add(asked.id)
            else:
                if isinstance(asked, Generate | Examples):
                    self.cancelled.discard(asked.id)  # a number may be used again
                self._waiting.put(asked)
        self._waiting.put(None)


class _Answers:
    """A task and its network, asked."""

    def __init__(self, run: Run, task: Task, model: nn.Module) -> None:
        from tasks.base import Writer

        self._run, self._task, self._model = run, task, model
        self._writer = task if isinstance(task, Writer) else None

    @property
    def writes(self) -> bool:
        return self._writer is not None

    def to(self, asked: Request, cancelled: set[int]) -> Iterator[Reply]:
        """The replies to a request; an error is one of them."""

        try:
            match asked:
                case Predict():
                    yield self._predict(asked)
                case Generate():
                    yield from self._generate(asked, cancelled)
                case Explain():
                    yield self._explain(asked)
                case Examples():
                    yield from self._list(asked, cancelled)
                case Describe():
                    yield self._describe(asked)
                case Sketch():
                    yield _sketched(asked)
        except (ValueError, PlainError) as error:
            yield Error(id=asked.id, message=str(error))
        except BrokenPipeError:
            raise
        except Exception as error:
            from workbench.config.environment import defect

            yield Error(id=asked.id, message=defect(error))

    def _predict(self, asked: Predict) -> Reply:
        import torch

        with torch.inference_mode():
            return Views(id=asked.id, views=self._task.predict(self._model, asked.text))

    def _explain(self, asked: Explain) -> Reply:
        import torch

        with torch.inference_mode():
            return Views(id=asked.id, views=self._writing.explain(self._model, asked.text))

    @property
    def _writing(self) -> Writer:
        """Raises: ValueError: this network does not write."""
        if self._writer is None:
            raise ValueError("This network does not write: ask it to predict.")
        return self._writer

    def _generate(self, asked: Generate, cancelled: set[int]) -> Iterator[Reply]:
        from workbench.inference import streaming

        return streaming.replies(self._writing, self._model, asked, lambda: asked.id in cancelled)

    @cached_property
    def _examples(self) -> examples.Examples:
        from workbench.inference import examples

        return examples.Examples(self._run, self._task, self._model)

    def _list(self, asked: Examples, cancelled: set[int]) -> Iterator[Reply]:
        judging = self._examples.judge(asked.split, asked.true)
        while asked.id not in cancelled:
            step = next(judging, None)
            if step is None:
                total, found = self._examples.found(asked.split, asked.true, asked.guess, asked.most)
                listed = [Example(text=row.text, true=row.true, guess=row.guess) for row in found]
                yield Listed(id=asked.id, total=total, examples=listed)
                return
            yield Judged(id=asked.id, done=step[0], total=step[1])
        yield End(id=asked.id, reason="cancelled")

    def _describe(self, asked: Describe) -> Reply:
        from workbench.engine import network

        return Network(id=asked.id, structure=str(self._model), parameters=network.parameter_count(self._model))


class _Sketches:
    """No run to ask: only networks that are not made yet are told of."""

    writes = False

    def to(self, asked: Request, cancelled: set[int]) -> Iterator[Reply]:
        if isinstance(asked, Sketch):
            yield _sketched(asked)
        else:
            yield Error(id=asked.id, message="This answerer was started without a run: ask it to sketch a network.")


def _sketched(asked: Sketch) -> Reply:
    from workbench.config.environment import defect
    from workbench.inference.network_summary import sketch

    try:
        return sketch(asked)
    except PlainError as error:
        return Error(id=asked.id, message=str(error))
    except Exception as error:
        return Error(id=asked.id, message=defect(error))


if __name__ == "__main__":
    sys.exit(main())
