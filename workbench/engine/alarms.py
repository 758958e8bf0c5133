"""Alarms of a training that goes wrong: one plain sentence for each cause, raised once. No torch."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from tasks.base import Metrics, Settings
from workbench.render.format import number
from workbench.render.metrics import formatted, heading, with_heading
from workbench.runs.events import Alarm, Best, Probe
from workbench.runs.probes import OPEN, REACH, SHUT, furthest

ENOUGH_STEPS = 50  # of gradients that are exactly zero, before a parameter counts as dead
_WINDOW = 50  # reports whose gradient norms are remembered
_ENOUGH = 20  # of them, before one can be an outlier
_FAR = 10.0  # times the median, or the clip: an explosion
_NEAR = 3.0  # times the same: ordinary
_FEW_EPOCHS, _EARLY = 2.0, 0.5  # epochs, and share of all steps, in which a network may be worse than baselines
_EVALUATIONS, _LONG = 5, 0.2  # evaluations, and share of all steps, without a better evaluation
_LONG_SEQUENCE = 10  # steps back, below which a short reach is no loss
_STANDS = 0.9  # share of a gate's values beyond an edge, from which it stands open or shut
_NAMES = 6  # parameters that a sentence names


class Alarms:
    """Checks figures of a training and returns sentences for what is newly wrong.

    Args:
        raised: causes that were raised and have not passed, kept up to date: they are not raised again until then,
            nor by a resumed run that is given them.
    """

    def __init__(self, raised: list[str] | None = None) -> None:
        self.raised = [] if raised is None else raised
        self._norms: deque[float] = deque(maxlen=_WINDOW)
        self._calm = 0  # reports in a row with an ordinary gradient
        self._skipped = self._told_skipped = 0  # steps of this process

    def check_gradient(self, norm: float | None, clip: float, lr: float) -> list[str]:
        """Check a report's gradient norm.

        Args:
            norm: the largest since the last report, before clipping; ``None``: not finite.
            clip: largest norm after clipping; 0: it is not clipped.
        """
        if norm is None or not math.isfinite(norm):
            return []
        typical = median(self._norms) if self._norms else norm
        ordinary = max(typical, clip)
        exploded = len(self._norms) >= _ENOUGH and norm > _FAR * ordinary
        self._calm = self._calm + 1 if norm <= _NEAR * ordinary else 0
        self._norms.append(norm)
        clipped = f"it was clipped to {clip:g}" if clip else "it is not clipped (train.clip=1 would)"
        sentence = (
            f"The gradient exploded: its norm was {number(norm, 2)}, {norm / max(typical, 1e-12):,.0f} times its usual "
            f"{number(typical, 2)}; {clipped}. If it goes on, start again with a lower --lr (it is {lr:g})."
        )
        return self._raise("gradient", sentence, exploded, passed=self._calm >= _ENOUGH)

    def check_skipped(self, skipped: int) -> list[str]:
        """Tell of the steps that were skipped since the last call: of the first, and each time that they doubled."""
        self._skipped += skipped
        if self._skipped < 2 * self._told_skipped:
            return []
        self._told_skipped = self._skipped
        return [
            f"{self._skipped:,} step{'s' * (self._skipped != 1)} so far had a loss past float16's range: skipped, "
            "with the scale of the gradient lowered. If it goes on, train with train.precision=bf16 or fp32."
        ]

    def check_parameters(self, missing: Sequence[str], zero: Sequence[str]) -> list[str]:
        """Check for parameters that are never trained.

        Args:
            missing: dotted names of those that had no gradient in the first step.
            zero: dotted names of those whose gradient was exactly zero in each of the first steps.
        """
        it = "it" if len(missing) == 1 else "them"
        unused = f"the loss does not depend on {it}. Use {it} in the forward pass, or remove {it}."
        stopped = (
            f"it was exactly zero in each of the first {ENOUGH_STEPS} steps. Look for a factor of zero or a saturated "
            "activation on the way to the loss."
        )
        return [
            *self._raise("missing gradient", f"{_no_gradient(missing)}: {unused}", bool(missing), passed=False),
            *self._raise("zero gradient", f"{_no_gradient(zero)}: {stopped}", bool(zero), passed=False),
        ]

    def check_evaluation(
        self,
        metrics: Metrics,
        settings: Settings | type[Settings],
        baselines: Mapping[str, Metrics],
        best: Best,
        *,
        epoch: float,
        step: int,
        total: int,
        since_best: int,
    ) -> list[str]:
        """Check a validation.

        Args:
            settings: the task's, for its main metric and the direction in which that is better.
            baselines: metrics of the baselines on the same rows, by their names.
            total: number of steps of the whole training.
            since_best: number of evaluations since the best one.
        """
        early = epoch < _FEW_EPOCHS and step <= _EARLY * total
        figure = with_heading(best.metric, best.value, settings)
        sentence = (
            f"No better evaluation in {since_best}: the best was {figure} at step {best.step:,}. "
            "Its weights are kept; stopping now loses nothing."
        )
        long = since_best >= _EVALUATIONS and step - best.step >= _LONG * total and step < total  # else it is over
        return [
            *self._not_a_number(metrics, settings),
            *self._below_baselines(metrics, settings, baselines, early=early, second_half=step > _EARLY * total),
            *self._raise("standstill", sentence, long, passed=since_best == 0),
        ]

    def check_probe(self, probe: Probe) -> list[str]:
        """Check the gradient through time, and the gates that were measured with it."""
        longest, far = probe.distances[-1], furthest(probe.cells, probe.distances)
        short = longest >= _LONG_SEQUENCE and far < longest / 2
        sentence = (
            f"The gradient reaches no further than {far} step{'s' * (far != 1)} back, in sequences of up to "
            f"{longest + 1}: beyond, it is below {REACH:.1%} of that at the last step. What stands earlier is hardly "
            f"learned from; {_remedy(probe)}."
        )
        sentences = self._raise("reach", sentence, short, passed=not short)
        for cell in probe.cells:
            for name, gate in cell.gates.items():
                for way, share, edge in (("shut", gate.shut, f"below {SHUT}"), ("open", gate.open, f"above {OPEN}")):
                    stands = share >= _STANDS
                    sentence = f"Gate {name} of {cell.name} stands {way}: {share:.0%} of its values are {edge}."
                    cause = f"{name} {cell.name} {way}"
                    sentences += self._raise(cause, sentence, stands, passed=share < _STANDS / 2)
        return sentences

    def check_probe_error(self, error: Exception) -> list[str]:
        """Tell once that the gradient through time could not be measured."""
        sentence = f"The gradient through time could not be measured ({error}): the traceback is in the log."
        return self._raise("probe", sentence, present=True, passed=False)

    def check_best(
        self, metrics: Metrics, settings: Settings | type[Settings], baselines: Mapping[str, Metrics]
    ) -> list[str]:
        """Check the best evaluation's metrics at the end of the training, when every baseline is measured."""
        return self._below_baselines(metrics, settings, baselines, early=False, second_half=True)

    def _not_a_number(self, metrics: Metrics, settings: Settings | type[Settings]) -> list[str]:
        names = [
            heading(name, settings) for name, value in metrics.items() if value is not None and not math.isfinite(value)
        ]
        sentence = f"The validation's {' and '.join(names)} {'are' if len(names) > 1 else 'is'} not a number."
        return self._raise("validation", sentence, bool(names), passed=not names)

    def _below_baselines(
        self,
        metrics: Metrics,
        settings: Settings | type[Settings],
        baselines: Mapping[str, Metrics],
        *,
        early: bool,
        second_half: bool,
    ) -> list[str]:
        """Check for baselines that are better; only a network worse than all of them is told before the second half."""
        main = settings.metric
        value = metrics.get(main)
        measured = [(method, figure) for method, each in baselines.items() if (figure := each.get(main)) is not None]
        if value is None or not math.isfinite(value) or not measured:
            return []
        sign = 1 if settings.higher_is_better else -1
        better = [pair for pair in measured if sign * pair[1] > sign * value]
        if not better:
            return self._raise("baselines", "", present=False, passed=True)
        method, strongest = max(better, key=lambda pair: sign * pair[1])
        worst = len(better) == len(measured)
        number = "every baseline" if worst else f"{len(better)} of {len(measured)} baselines"
        sentence = (
            f"The validation {heading(main, settings)} ({formatted(main, value, settings)}) is worse than {number}: "
            f"the strongest, {method}, has {formatted(main, strongest, settings)}."
        )
        return self._raise("baselines", sentence, second_half or (worst and not early), passed=False)

    def _raise(self, cause: str, sentence: str, present: bool, *, passed: bool) -> list[str]:
        """Return the sentence where its cause is new."""
        if passed and cause in self.raised:
            self.raised.remove(cause)
        if not present or cause in self.raised:
            return []
        self.raised.append(cause)
        return [sentence]


def _remedy(probe: Probe) -> str:
    """Return what a gradient that reaches too short may need: by the gate that keeps the memory, where there is one."""
    for cell in probe.cells:
        if cell.half_life is not None:
            keep = cell.gates[cell.keep_gate].mean
            return f"gate {cell.keep_gate} of {cell.name} keeps {keep:.0%} of the memory at each step on average"
    return "a cell with a memory (lstm, gru) may reach further"


def _no_gradient(names: Sequence[str]) -> str:
    few = list(names) if len(names) <= _NAMES else [*names[: _NAMES - 1], f"{len(names) - _NAMES + 1} more"]
    listed = " and ".join(filter(None, (", ".join(few[:-1]), *few[-1:])))
    return f"The parameter{'s' * (len(names) != 1)} {listed} get{'s' * (len(names) == 1)} no gradient"


def alarm_events(step: int, sentences: Iterable[str]) -> Iterator[Alarm]:
    """Yield the events of the sentences that were raised at a step."""
    return (Alarm(time=time.time(), step=step, message=sentence) for sentence in sentences)
