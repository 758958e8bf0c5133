"""Replies to requests: by a run's network, or by network summaries alone. No streams, no process."""

from __future__ import annotations

from collections.abc import Iterator, Set
from functools import cached_property

from torch import nn

from tasks.base import AnyTask, PlainError
from tasks.writer import Writer
from workbench.config.environment import unexpected
from workbench.engine import network, trained_run
from workbench.engine.generation import samples
from workbench.engine.inspected_run import InspectedRun
from workbench.inference import network_summary, streaming
from workbench.inference.examples import ClassifiedRows
from workbench.inference.protocol import (
    Describe,
    End,
    Error,
    Examples,
    Explain,
    FindUnits,
    Generate,
    Inspect,
    Inspected,
    Judged,
    Listed,
    Network,
    NetworkSummaryRequest,
    Predict,
    Reply,
    Request,
    UnitsFound,
    Views,
)
from workbench.runs.checkpoints import BEST
from workbench.runs.inspections import UnitSearch
from workbench.runs.run import Run


class SummaryService:
    """Summarises networks that are not trained yet; it has no network of its own."""

    writes = False  # whether it answers ``Generate``

    def respond(self, request: Request, cancelled: Set[int]) -> Iterator[Reply]:
        """Yield the replies to a request; a request that cannot be answered gets an ``Error``.

        Args:
            cancelled: ids of the requests that were cancelled; it grows while the replies are made.
        """
        try:
            yield from self._replies(request, cancelled)
        except (ValueError, PlainError) as error:
            yield Error(id=request.id, message=str(error))
        except BrokenPipeError:
            raise
        except Exception as error:
            yield Error(id=request.id, message=unexpected(error))

    def _replies(self, request: Request, cancelled: Set[int]) -> Iterator[Reply]:
        if not isinstance(request, NetworkSummaryRequest):
            raise ValueError("This inference server was started without a run: it summarises networks alone.")
        yield _summary(request)


def _summary(request: NetworkSummaryRequest) -> Reply:
    try:
        return network_summary.summarise(request)
    except PlainError:
        raise
    except ValueError as error:  # no sentence for a person: a cell's or a task's own
        return Error(id=request.id, message=unexpected(error))


class InferenceService(SummaryService):
    """Answers with a run's task and its network.

    Args:
        at: the weights' name, as ``trained_run.load_trained`` takes it.
    """

    def __init__(self, run: Run, task: AnyTask, model: nn.Module, at: str = BEST) -> None:
        self._run, self._task, self._model = run, task, model
        self._inspected = InspectedRun(run, task, model, at)
        self.writes = isinstance(task, Writer)

    def _replies(self, request: Request, cancelled: Set[int]) -> Iterator[Reply]:
        match request:
            case Predict():
                with trained_run.inference(self._run, self._model):
                    views = samples.predict(self._task, self._model, request.text)
                yield Views(id=request.id, views=views)
            case Explain():
                samples.check_length(self._task, request.text)
                with trained_run.inference(self._run, self._model):
                    views = self._writer.explain(self._model, request.text)
                yield Views(id=request.id, views=views)
            case Generate():
                yield from streaming.replies(self._writer, self._model, request, lambda: request.id in cancelled)
            case Examples():
                yield from self._examples(request, cancelled)
            case Inspect():
                found = self._inspected.inspect(
                    request.text,
                    row=request.row,
                    split=request.split,
                    place=request.place,
                    target=request.target,
                    contributions=request.contributions,
                    twin=request.twin,
                )
                yield Inspected(id=request.id, inspection=found)
            case FindUnits():
                yield from self._find_units(request, cancelled)
            case Describe():
                parameters = network.parameter_count(self._model)
                yield Network(id=request.id, structure=str(self._model), parameters=parameters)
            case _:
                yield from super()._replies(request, cancelled)

    @property
    def _writer(self) -> Writer:
        """Raises: ValueError: this network does not write."""
        if not isinstance(self._task, Writer):
            raise ValueError("This network does not write: ask it to predict.")
        return self._task

    @cached_property
    def _classified(self) -> ClassifiedRows:
        return ClassifiedRows(self._run, self._task, self._model, lambda: self._inspected.data)

    def _find_units(self, request: FindUnits, cancelled: Set[int]) -> Iterator[Reply]:
        for step in self._inspected.find_units(request.split, rows=request.rows, most=request.most):
            if request.id in cancelled:
                yield End(id=request.id, reason="cancelled")
                return
            if isinstance(step, UnitSearch):
                yield UnitsFound(id=request.id, found=step)
            else:
                yield Judged(id=request.id, done=step[0], total=step[1])

    def _examples(self, request: Examples, cancelled: Set[int]) -> Iterator[Reply]:
        steps = self._classified.classify(request.split, request.true)
        while request.id not in cancelled:
            step = next(steps, None)
            if step is None:
                total, examples = self._classified.select(request.split, request.true, request.guess, request.most)
                yield Listed(id=request.id, total=total, examples=examples)
                return
            yield Judged(id=request.id, done=step[0], total=step[1])
        yield End(id=request.id, reason="cancelled")
