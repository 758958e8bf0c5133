"""What a person should know of a training that goes wrong, in plain words, once for each cause. No torch."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from statistics import median

from tasks.base import Metrics, Settings
from workbench.render.format import number
from workbench.render.metrics import formatted, heading, with_heading
from workbench.runs.events import Best

_WINDOW = 50  # reports whose gradient norms are remembered
_ENOUGH = 20  # of them, before one can stand out
_FAR = 10.0  # times the median, or the clip: exploded
_NEAR = 3.0  # times the same: calm again, if so often in a row
_FEW_EPOCHS, _EARLY = 2.0, 0.5  # epochs, and a share of all steps, up to which a network may still know nothing
_EVALUATIONS, _LONG = 5, 0.2  # evaluations without a better one, over so large a share of all steps


class Alarms:
    """Fed with figures, it gives sentences.

    Args:
        named: the causes that were named and have not passed, kept up to date: they are not named again until then,
            nor by a resumed run that is handed them.
    """

    def __init__(self, named: list[str] | None = None) -> None:
        self.named = [] if named is None else named
        self._norms: deque[float] = deque(maxlen=_WINDOW)
        self._calm = 0  # reports in a row with an ordinary gradient

    def reported(self, norm: float | None, clip: float, lr: float) -> list[str]:
        """After a report of the largest gradient norm since the last one, before clipping (0: it is not clipped)."""
        if norm is None or not math.isfinite(norm):
            return []
        usual = median(self._norms) if self._norms else norm
        ordinary = max(usual, clip)
        exploded = len(self._norms) >= _ENOUGH and norm > _FAR * ordinary
        self._calm = self._calm + 1 if norm <= _NEAR * ordinary else 0
        self._norms.append(norm)
        clipped = f"it was clipped to {clip:g}" if clip else "it is not clipped (train.clip=1 would)"
        sentence = (
            f"The gradient exploded: its norm was {number(norm, 2)}, {norm / max(usual, 1e-12):,.0f} times its usual "
            f"{number(usual, 2)}; {clipped}. If it goes on, start again with a lower --lr (it is {lr:g})."
        )
        return self._name("gradient", sentence, exploded, passed=self._calm >= _ENOUGH)

    def evaluated(
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
        """After a validation.

        Args:
            settings: the task's: its main metric, and whether higher is better.
            baselines: the baselines' figures on the same rows, by their names.
            total: all steps that are to be made.
            since_best: evaluations since the best one.
        """
        early = epoch < _FEW_EPOCHS and step <= _EARLY * total
        figure = with_heading(best.metric, best.value, settings)
        sentence = (
            f"No better evaluation in {since_best}: the best was {figure} at step {best.step:,}. "
            "Its weights are kept; stopping now loses nothing."
        )
        long = since_best >= _EVALUATIONS and step - best.step >= _LONG * total
        return [
            *self._not_a_number(metrics, settings),
            *self._below(metrics.get(settings.metric), settings, baselines, early=early),
            *self._name("standstill", sentence, long, passed=since_best == 0),
        ]

    def _not_a_number(self, metrics: Metrics, settings: Settings | type[Settings]) -> list[str]:
        lost = [
            heading(name, settings) for name, value in metrics.items() if value is not None and not math.isfinite(value)
        ]
        sentence = f"The validation's {' and '.join(lost)} {'are' if len(lost) > 1 else 'is'} not a number."
        return self._name("validation", sentence, bool(lost), passed=not lost)

    def _below(
        self, value: float | None, settings: Settings | type[Settings], baselines: Mapping[str, Metrics], *, early: bool
    ) -> list[str]:
        main = settings.metric
        known = [(method, figure) for method, all_ in baselines.items() if (figure := all_.get(main)) is not None]
        if value is None or not math.isfinite(value) or not known:
            return []
        sign = 1 if settings.higher_is_better else -1
        method, weakest = min(known, key=lambda pair: sign * pair[1])
        below = sign * value < sign * weakest
        sentence = (
            f"The validation {heading(main, settings)} ({formatted(main, value, settings)}) is still "
            f"worse than the weakest baseline, {method} "
            f"({formatted(main, weakest, settings)}): the network has learned nothing of use yet."
        )
        return self._name("baselines", sentence, below and not early, passed=not below)

    def _name(self, cause: str, sentence: str, present: bool, *, passed: bool) -> list[str]:
        """The sentence, where its cause is new."""
        if passed and cause in self.named:
            self.named.remove(cause)
        if not present or cause in self.named:
            return []
        self.named.append(cause)
        return [sentence]
