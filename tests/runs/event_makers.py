"""Events to test with: a few by hand, and strategies that draw any."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tasks.views import Confusion, Series, Table, Text
from workbench.runs.events import (
    SCHEMA,
    Alarm,
    Baseline,
    Best,
    Checkpoint,
    Eval,
    Event,
    Failed,
    Finished,
    Probe,
    Sample,
    Started,
    Step,
    Stopped,
)
from workbench.runs.probes import GateStatistics, ProbedCell


def started(from_step: int = 0) -> Started:
    return Started(
        time=1.0,
        schema=SCHEMA,
        from_step=from_step,
        pid=1,
        host="here",
        device="CPU, 1 thread",
        precision="fp32",
        versions={"torch": "2"},
        parameters=7,
        train_size=100,
        steps_per_epoch=10,
        total_steps=100,
    )


def step(number: int, loss: float | None = 0.5) -> Step:
    return Step(
        time=1.0 + number,
        step=number,
        epoch=number / 10,
        loss=loss,
        grad_norm=1.0,
        lr=0.1,
        examples_per_s=100.0,
        eta_s=5.0,
        memory_mb=100.0,
    )


def evaluation(number: int, accuracy: float | None = 0.5) -> Eval:
    best = Best(step=number, metric="accuracy", value=accuracy)
    return Eval(time=1.0 + number, step=number, epoch=number / 10, metrics={"accuracy": accuracy}, best=best)


def norms(length: int, left: float, first: float = 0.5) -> list[float | None]:
    """Norms of which each is the share ``left`` of that a step later; below 1e-40 they underflow to zero."""
    every = [first * left**distance for distance in range(length)]
    return [norm if norm > 1e-40 else 0.0 for norm in every]


def rnn_cell(length: int = 101, left: float = 0.5, **more: Any) -> ProbedCell:
    """An rnn whose gradient loses the same share at every step."""
    spectrum = {"spectral_radius": 0.9, "spectral_norm": 1.25}
    return ProbedCell(layer=0, direction=0, norms={"h": norms(length, left)}, **spectrum | more)


def lstm_cell(length: int = 101, left: float = 0.98, layer: int = 0, direction: int = 0) -> ProbedCell:
    """An lstm whose gates keep half of the memory on average."""
    gates = {name: GateStatistics(mean=mean, shut=0.02, open=0.25) for name, mean in (("i", 0.4), ("f", 0.5))}
    parts = {"h": norms(length, left, 0.25), "c": norms(length, left)}
    return ProbedCell(layer=layer, direction=direction, norms=parts, gates=gates, keep_gate="f")


def probe(number: int, *cells: ProbedCell, length: int = 101) -> Probe:
    """A probe of sequences of one length; without cells that of an lstm."""
    return Probe(
        time=1.0 + number,
        step=number,
        examples=4,
        distances=[*range(length)],
        counts=[4] * length,
        cells=[*(cells or (lstm_cell(length),))],
    )


def checkpoint(number: int) -> Checkpoint:
    return Checkpoint(time=1.0 + number, step=number)


def alarm(number: int, message: str = "careful") -> Alarm:
    return Alarm(time=1.0 + number, step=number, message=message)


def sample(number: int) -> Sample:
    return Sample(time=1.0 + number, step=number, view=Text(title="a poem", text="line\nline"))


def finished(number: int, views: list[Any] | None = None) -> Finished:
    return Finished(
        time=1.0 + number,
        step=number,
        epochs=number / 10,
        reason="all epochs done",
        best=Best(step=number, metric="accuracy", value=0.5),
        test={"accuracy": 0.5},
        views=views or [],
        wall_s=10.0,
        examples_per_s=100.0,
    )


def stopped(number: int) -> Stopped:
    return Stopped(time=1.0 + number, step=number, epochs=number / 10, wall_s=10.0, examples_per_s=100.0)


def failed(number: int, message: str = "It broke.") -> Failed:
    return Failed(time=1.0 + number, step=number, message=message)


_steps = st.integers(0, 10**9)
_reals = st.floats(allow_nan=False, allow_infinity=False)
_figures = st.none() | st.floats()  # NaN and the infinities among them
_words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_metrics = st.dictionaries(_words, _figures, max_size=3)
_bests = st.builds(Best, step=_steps, metric=_words, value=_figures)
_views = st.one_of(
    st.builds(Text, title=_words, note=_words, text=_words),
    st.builds(
        Table,
        title=_words,
        columns=st.lists(_words, max_size=2),
        rows=st.lists(st.lists(_words | _figures | st.integers(-(2**53), 2**53), max_size=2), max_size=2),
    ),
    st.builds(
        Confusion, title=_words, labels=st.lists(_words, max_size=2), counts=st.lists(st.lists(_steps, max_size=2))
    ),
    st.builds(
        Series,
        title=_words,
        x_label=_words,
        x=st.lists(_reals, max_size=3),
        curves=st.dictionaries(_words, st.lists(_figures, max_size=3), max_size=2),
    ),
)
_lists = st.lists(_views, max_size=2)

ANY: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        Started,
        time=_reals,
        schema=_steps,
        from_step=_steps,
        pid=_steps,
        host=_words,
        device=_words,
        precision=_words,
        versions=st.dictionaries(_words, _words, max_size=2),
        parameters=_steps,
        train_size=_steps,
        steps_per_epoch=_steps,
        total_steps=_steps,
        protocol=_words,
        notes=st.lists(_words, max_size=2),
    ),
    st.builds(Baseline, time=_reals, methods=st.dictionaries(_words, st.dictionaries(_words, _metrics), max_size=2)),
    st.builds(
        Step,
        time=_reals,
        step=_steps,
        epoch=_reals,
        loss=_figures,
        grad_norm=_figures,
        lr=_reals,
        examples_per_s=_figures,
        eta_s=_figures,
        memory_mb=_reals,
    ),
    st.builds(Eval, time=_reals, step=_steps, epoch=_reals, metrics=_metrics, views=_lists, best=_bests),
    st.builds(
        Probe,
        time=_reals,
        step=_steps,
        examples=_steps,
        distances=st.lists(_steps, max_size=3),
        counts=st.lists(_steps, max_size=3),
        cells=st.lists(
            st.builds(
                ProbedCell,
                layer=_steps,
                direction=_steps,
                norms=st.dictionaries(_words, st.lists(_figures, max_size=3), max_size=2),
                gates=st.dictionaries(
                    _words, st.builds(GateStatistics, mean=_reals, shut=_reals, open=_reals), max_size=2
                ),
                keep_gate=_words,
                spectral_radius=_figures,
                spectral_norm=_figures,
            ),
            max_size=2,
        ),
    ),
    st.builds(Sample, time=_reals, step=_steps, view=_views),
    st.builds(Checkpoint, time=_reals, step=_steps),
    st.builds(Alarm, time=_reals, step=_steps, message=_words),
    st.builds(
        Finished,
        time=_reals,
        step=_steps,
        epochs=_reals,
        reason=_words,
        best=_bests,
        test=_metrics,
        views=_lists,
        wall_s=_reals,
        examples_per_s=_reals,
    ),
    st.builds(Stopped, time=_reals, step=_steps, epochs=_reals, wall_s=_reals, examples_per_s=_reals),
    st.builds(Failed, time=_reals, step=_steps, message=_words),
)
