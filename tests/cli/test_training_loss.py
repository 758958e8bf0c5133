"""The training loss on an evaluation's line."""

from __future__ import annotations

from workbench.cli.progress import train_loss
from workbench.runs.events import Best, Eval, Step
from workbench.runs.history import History


def _step(step: int, loss: float | None) -> Step:
    return Step(time=0, step=step, epoch=0, loss=loss, grad_norm=1, lr=1, examples_per_s=1, eta_s=1, memory_mb=1)


def _eval(step: int) -> Eval:
    return Eval(time=0, step=step, epoch=0, metrics={}, best=Best(step=step, metric="accuracy", value=1))


def test_it_is_the_mean_of_the_steps_since_the_evaluation_before() -> None:
    history = History()
    assert train_loss(history) is None
    history.extend([_step(8, 4.0), _step(10, 2.0), _eval(10)])
    assert train_loss(history) == (8 * 4.0 + 2 * 2.0) / 10
    history.extend([_step(19, 1.0), _step(20, None), _step(21, 11.0), _eval(21)])
    assert train_loss(history) == (9 * 1.0 + 1 * 11.0) / 10
