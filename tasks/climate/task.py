"""Two days of temperature from five: the loss, the metrics, the baselines and the answers.

Shapes: B windows, P readings of history, F features, H readings of the horizon.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
import torch
from msgspec import Meta
from numpy.typing import NDArray
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from tasks import base
from tasks.base import Baselines, CacheName, DataError, Evaluation, Reading, RecurrentNetwork, Split, State
from tasks.climate import baseline_metrics, baselines, folds, forecast_view, preview
from tasks.climate import data as climate
from tasks.climate.baseline_metrics import Regression
from tasks.climate.calendar import is_calendar
from tasks.climate.data import ClimateData
from tasks.climate.inputs import input_size
from tasks.climate.linear import linear_map
from tasks.climate.metrics import ForecastErrors, by_horizon
from tasks.climate.model import Forecaster
from tasks.climate.resampling import RegularSeries
from tasks.climate.settings import Settings
from tasks.climate.wording import format_span, format_time
from tasks.preview import Preview
from tasks.shared.datasets import cache
from tasks.shared.datasets.cache import kept_baseline
from tasks.shared.sequences.batching import shuffled
from tasks.shared.text.visible import shortened
from tasks.views import Table, TableValue, View

_LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
}
_HOUR = 3_600  # s
_BASELINE_VERSION = 2  # of the methods: a change makes every cached figure an old one


class Window(NamedTuple):
    """Some windows, scaled."""

    features: Tensor  # (B,P,F)
    past: Tensor  # (B,P)
    future: Tensor  # (B,H)


class ClimateState(msgspec.Struct):
    """Fields of the task's state."""

    step: Annotated[int, Meta(ge=1, le=86_400)]  # s
    day: Annotated[int, Meta(ge=1, le=86_400)]  # readings
    mean: Annotated[list[float], Meta(min_length=1)]
    spread: Annotated[list[float], Meta(min_length=1)]
    cache: CacheName = ""


class Task(base.Task[Settings, ClimateData]):
    """Forecast of the next two days of temperature."""

    state_form = ClimateState
    has_windows = True

    def __init__(self, settings: Settings, state: State) -> None:
        super().__init__(settings, state)
        self.step, self.day = int(state["step"]), int(state["day"])
        self.mean, self.spread = float(state["mean"][-1]), float(state["spread"][-1])  # of the target
        self.hourly = max(1, _HOUR // self.step)  # readings in an hour
        self.unit = settings.unit
        self._fitted: Regression | None = None

    @property
    def protocol(self) -> str:
        return folds.describe(self.settings)

    @classmethod
    def load(cls, settings: Settings, folder: Path) -> ClimateData:
        return climate.load(settings, folder)

    @classmethod
    def preview(cls, settings: Settings, folder: Path) -> Preview:
        return preview.preview(settings, folder)

    @classmethod
    def load_cached(cls, settings: Settings, state: State) -> ClimateData:
        return climate.load_cached(settings, state["cache"])

    def build(self, make_recurrent: Callable[[int], RecurrentNetwork]) -> nn.Module:
        calendar = [is_calendar(name) for name in self.settings.columns]
        return Forecaster(self.settings, make_recurrent(input_size(self.settings)), calendar, self.day, self.hourly)

    def initialise(self, model: nn.Module, data: ClimateData) -> None:
        if isinstance(model, Forecaster) and model.linear is not None:
            key = self._key("climate ridge", data)
            model.linear.take(cache.tensors(f"climate-ridge-{key}", lambda: self._linear_map(data))[0])

    def _linear_map(self, data: ClimateData) -> cache.Encoding:
        found = linear_map(self._regression(data).ridge)
        return {name: each.float().cpu().contiguous() for name, each in found.items()}, {}

    def _regression(self, data: ClimateData) -> Regression:
        """Return the ridge regression of these data: a run that begins needs it twice, for network and baselines."""
        if self._fitted is None or self._fitted.data is not data:
            self._fitted = Regression(self.settings, data, self.hourly)
        return self._fitted

    def batches(self, data: ClimateData, split: Split, size: int, generator: Generator | None) -> Sequence[Tensor]:
        return shuffled(data.rows[split], size, generator)

    def loss(self, model: nn.Module, data: ClimateData, rows: Tensor) -> Tensor:
        window = self.windows(data, rows)
        return _LOSSES[self.settings.loss](model(window.features, window.past).float(), window.future)

    def evaluate(self, model: nn.Module, data: ClimateData, split: Split, batch_size: int) -> Evaluation:
        device = data.target.device
        errors = {name: ForecastErrors(self.settings.horizon, device) for name in ("network", *baselines.FORECASTS)}
        loss = 0.0
        for rows in self.batches(data, split, batch_size, None):
            window = self.windows(data, rows)
            predicted = model(window.features, window.past).float()
            loss += float(_LOSSES[self.settings.loss](predicted, window.future)) * len(rows)
            errors["network"].add((predicted - window.future) * self.spread)
            for name, repeat in baselines.FORECASTS.items():
                errors[name].add((repeat(window.past, self.settings.horizon, self.day) - window.future) * self.spread)
        size = data.size(split)
        number = min(self.settings.window if self.settings.window >= 0 else size // 2, size - 1)
        kept = forecast_view.spread_windows(number, size, self._span) if split == "test" else []
        return Evaluation(
            metrics={"loss": loss / size, **errors["network"].metrics(self.spread)},
            views=[by_horizon(errors, self.step, self.unit), *self._charts(model, data, split, [number])],
            kept=list(self._charts(model, data, split, kept)) if kept else [],
        )

    def predict(self, model: nn.Module, text: str) -> list[View]:
        path, found, given = self._read(text)
        past, history = self._scaled(model, given)
        predicted = self._degrees(model(history, past)[0])
        end = found.start + (len(found.values) - 1) * self.step
        shown = forecast_view.forecast(
            f"forecast from {format_time(end)} on",
            self._degrees(past[0]),
            predicted,
            None,
            step=self.step,
            day=self.day,
            unit=self.unit,
        )
        places = range(self.hourly - 1, self.settings.horizon, self.hourly)
        rows: list[list[TableValue]] = [
            [format_time(end + (at + 1) * self.step), round(float(predicted[at]), 2)] for at in places
        ]
        used = f"The forecast reads the last {len(given):,} of {len(found.values):,} readings."
        notes = [*found.notes, *([used] if len(given) < len(found.values) else [])]
        return [
            shown,
            Table(title=path.name, note=" ".join(notes), columns=["time", f"forecast, {self.unit}"], rows=rows),
        ]

    def baseline(self, data: ClimateData, *, cached_only: bool = False) -> Baselines:
        return kept_baseline(
            f"climate-baseline-{self._key('climate baseline', data)}",
            lambda: baseline_metrics.measure(self._regression(data)),
            cached_only=cached_only,
        )

    def _key(self, what: str, data: ClimateData) -> str:
        """Return a hash of all that a baseline depends on."""
        chosen = self.settings
        windows = (chosen.history, chosen.horizon, chosen.stride, chosen.folds, chosen.fold)
        inputs = (chosen.inputs, chosen.residual, chosen.patch, chosen.patch_length)
        return cache.key(what, _BASELINE_VERSION, data.state["cache"], windows, inputs)

    def reading(self, model: nn.Module, text: str) -> Reading:
        """The end of a CSV file, given by its path, as a forecast reads it."""
        _, found, given = self._read(text)
        past, history = self._scaled(model, given)
        return self._reading(model, history, past, found.start + (len(found.values) - 1) * self.step)

    def reading_of_row(self, model: nn.Module, data: ClimateData, row: int) -> Reading:
        history, past = data.history(torch.tensor([row]), self.settings.history)
        return self._reading(model, history, past, self.state["start"] + (row + self.settings.history - 1) * self.step)

    def _reading(self, model: nn.Module, history: Tensor, past: Tensor, end: int) -> Reading:
        """Return the reading of one window, (1,P,F) and (1,P), whose last reading is at ``end`` (Unix seconds)."""
        assert isinstance(model, Forecaster)
        steps = model.steps(history)  # (1,S,I)
        count = steps.shape[1]
        span = self.settings.history // count * self.step  # s of a step
        means = history[0].reshape(count, -1, history.shape[-1]).mean(1)  # (S,F)
        columns = [f"column {name}" for name in self.settings.columns]
        return Reading(
            symbols=[format_time(end - (count - 1 - at) * span) for at in range(count)],
            inputs=steps,
            readout=lambda _, outputs, lengths: self._degrees(
                model.completed(history, past, model.readout(outputs, lengths))
            ),
            answers=[format_time(end + (at + 1) * self.step) for at in range(self.settings.horizon)],
            unit=self.unit,
            traits=dict(zip(columns, means.T.tolist(), strict=True)),
        )

    def windows(self, data: ClimateData, rows: Tensor) -> Window:
        """The windows that begin at ``rows`` (B,)."""
        length = self.settings.history
        return Window(*data.history(rows, length), data.future(rows, length, self.settings.horizon))

    @property
    def _span(self) -> int:
        """Readings that a chart of a window shows."""
        return -(-(forecast_view.back(self.settings.history, self.step) + self.settings.horizon) // self.hourly)

    def _charts(self, model: nn.Module, data: ClimateData, split: Split, numbers: Sequence[int]) -> Iterator[View]:
        """Yield the charts of some windows of a split, given by their numbers in it."""
        rows = data.rows[split]
        window = self.windows(data, rows[list(numbers)])
        predicted = model(window.features, window.past)  # (B,H)
        for place, number in enumerate(numbers):
            end = self.state["start"] + (int(rows[number]) + self.settings.history - 1) * self.step
            shown = forecast_view.forecast(
                f"forecast from {format_time(end)} on ({split} window {number} of {len(rows)})",
                self._degrees(window.past[place]),
                self._degrees(predicted[place]),
                self._degrees(window.future[place]),
                step=self.step,
                day=self.day,
                unit=self.unit,
                thin=self.hourly,
            )
            yield msgspec.structs.replace(shown, split=split, place=number)

    def _read(self, text: str) -> tuple[Path, RegularSeries, NDArray[np.float64]]:
        """Return the file of a path, all its readings, and those (P,F+1) that a forecast needs.

        Raises:
            ValueError: it is no such file, or does not end with so many readings at this network's step.
        """
        path = Path(os.path.expanduser(text.strip()))  # noqa: PTH111 (a Path's raises where there is no such home)
        if not text.strip() or not os.path.isfile(path):  # noqa: PTH113 (a Path's raises on names too long)
            raise ValueError(
                f"{shortened(text)!r} is no file: give the path of a CSV file that ends with at least "
                f"{self.settings.history} readings."
            )
        try:
            _, found = climate.read_regular(self.settings, [path])
        except DataError as error:
            raise ValueError(str(error)) from None
        given = found.values[-self.settings.history :]
        if found.step != self.step:
            raise ValueError(
                f"{path} has a reading every {format_span(found.step)}; this network knows one every "
                f"{format_span(self.step)}."
            )
        if len(given) < self.settings.history:
            raise ValueError(f"{path} holds {len(given):,} readings: {self.settings.history:,} are needed.")
        if np.isnan(given).any():
            raise ValueError(
                f"{path} has a long gap in its last {self.settings.history:,} readings: give a file without."
            )
        return path, found, given

    def _scaled(self, model: nn.Module, given: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
        """Return readings (P,F+1), the target last, as the network takes them: past (1,P), history (1,P,F)."""
        scaled = (given - np.array(self.state["mean"])) / np.array(self.state["spread"])
        history = torch.from_numpy(scaled).float().to(next(model.parameters()).device)[None]
        return history[..., -1], history[..., :-1]

    def _degrees(self, scaled: Tensor) -> Tensor:
        return scaled.float() * self.spread + self.mean
