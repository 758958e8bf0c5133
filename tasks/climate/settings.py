"""The settings of the climate task. No torch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from tasks import base
from tasks.base import LOSS, Metric, Preset, Value

FEATURES = ("hour", "T (degC)", "H2OC (mmol/mol)", "rho (g/m**3)", "sh (g/kg)", "Tpot (K)", "VPmax (mbar)")
JENA = "jena_climate_2009_2016.csv"
PATTERNS = (JENA, f"{JENA}.zip", "mpi_roof*.csv", "mpi_roof*.zip")  # the first that matches any file is read


class Settings(base.Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the climate task (``--set task.NAME=VALUE``)."""

    title: ClassVar[str] = "climate: two days of temperature from five"
    about: ClassVar[str] = "Forecast the next 48 hours of temperature from five days of a weather station's readings."
    metric: ClassVar[str] = "rmse_c"
    metrics: ClassVar[Mapping[str, Metric]] = {
        "loss": LOSS,
        "mse_norm": Metric(heading="MSE norm.", higher_is_better=False),
        "mse_c2": Metric(heading="MSE", digits=2, unit="°C²", higher_is_better=False),
        "mae_c": Metric(heading="MAE", digits=3, unit="°C", higher_is_better=False),
        "rmse_c": Metric(heading="RMSE", digits=3, unit="°C", higher_is_better=False),
    }
    files: ClassVar[Sequence[str]] = ("|".join(PATTERNS),)
    data_settings: ClassVar[Sequence[str]] = ("csv", "target", "history", "horizon", "folds", "fold")
    paths: ClassVar[Sequence[str]] = ("csv",)
    guessed: ClassVar[Sequence[str]] = (
        *("time_column", "target", "features"),
        *("history", "horizon", "stride", "patch_length"),
    )
    training_settings: ClassVar[Sequence[str]] = ("dropout", "mirror", "loss")
    defaults: ClassVar[Mapping[str, Value]] = {
        "task.pooling": "last-mean",
        "cell.hidden": 16,
        "train.batch_size": 64,
        "train.epochs": 6,
        "train.lr": 4e-3,
        "train.weight_decay": 0.1,
        "train.schedule": "one-cycle",
        # A short file's validation days are too few to choose an epoch by (the station's 133 days leave 20 of them):
        # it is measured at the end only, after a length that was chosen by blocked cross-validation.
        "train.eval_every": 1_000,
        # of the station's 2,065 windows: all of them would cost 14 % of an epoch where each epoch is evaluated
        "train.eval_train": 500,
    }
    presets: ClassVar[Mapping[str, Preset]] = {
        "class-report": Preset(
            help="the class report's protocol: all 720 steps unpatched, seven scaled features, a plain head, MSE, "
            "hidden 64, one layer, AdamW 1e-3, batches of 64",
            values={
                "task.patch": "none",
                "task.inputs": "scaled",
                "task.mirror": False,
                "task.residual": "none",
                "task.pooling": "last",
                "task.dropout": 0.0,
                "task.loss": "mse",
                "cell.hidden": 64,
                "cell.layers": 1,
                "train.optimizer": "adamw",
                "train.lr": 1e-3,
                "train.weight_decay": 0.01,
                "train.schedule": "constant",
                "train.batch_size": 64,
                "train.epochs": 10,
                "train.eval_every": 0,
            },
        ),
        "strong": Preset(
            help="the defaults, reading both ways",
            values={"cell.bidirectional": True},
        ),
        "with-ridge": Preset(
            help="preset strong, its forecast averaged with ridge regression's",
            values={"cell.bidirectional": True, "task.beside": "ridge"},
        ),
        "plain": Preset(
            help="hourly means of the scaled features, and a head without a baseline forecast beneath it",
            values={
                "task.inputs": "scaled",
                "task.mirror": False,
                "task.residual": "none",
                "task.pooling": "last",
                "cell.hidden": 64,
                "train.lr": 2e-3,
                "train.epochs": 12,
                "train.eval_every": 0,
            },
        ),
    }

    history: Annotated[int, Meta(ge=2, le=100_000, description="readings that are read")] = 720
    horizon: Annotated[int, Meta(ge=1, le=10_000, description="readings that are forecast")] = 288
    stride: Annotated[int, Meta(ge=1, le=10_000, description="readings from one window to the next")] = 6
    patch: Annotated[
        Literal["mean", "segments", "none"],
        Meta(description="what one step reads: the mean of a patch, its readings side by side, or a single reading"),
    ] = "mean"
    patch_length: Annotated[int, Meta(ge=1, le=10_000, description="readings in a patch")] = 6
    inputs: Annotated[
        Literal["anomaly", "scaled"],
        Meta(description="readings as they differ from the window's daily shape round its last day's mean, or scaled"),
    ] = "anomaly"
    mirror: Annotated[
        bool, Meta(description="in training, turn anomalies and their correction upside down in half of the windows")
    ] = True
    residual: Annotated[
        Literal["day-shape", "same-time-yesterday", "last-value", "ridge", "none"],
        Meta(description="the baseline forecast that the head corrects, from a correction of zero on"),
    ] = "day-shape"
    beside: Annotated[
        Literal["none", "ridge"],
        Meta(description="a baseline forecast that the network's is averaged with, except in training"),
    ] = "none"
    pooling: Annotated[
        Literal["last", "last-mean"],
        Meta(description="what the head sees of the outputs: each direction's last, or their mean beside it"),
    ] = "last"
    head: Annotated[
        Literal["direct", "segments"],
        Meta(description="all values in one layer, or segment by segment with shared weights"),
    ] = "direct"
    segment: Annotated[int, Meta(ge=1, le=10_000, description="values in a segment of the head")] = 24
    dropout: Annotated[float, Meta(ge=0, lt=1, description="dropout before the head, in training")] = 0.3
    loss: Annotated[Literal["mse", "mae", "huber"], Meta(description="training loss, on scaled values")] = "mse"
    features: Annotated[
        str, Meta(description="columns that are read, separated by commas; hour and year are made from the time")
    ] = ",".join(FEATURES)
    target: Annotated[str, Meta(min_length=1, description="the column that is forecast")] = "T (degC)"
    csv: Annotated[str, Meta(description="a CSV file of your own instead of the station's; empty: the station's")] = ""
    time_column: Annotated[
        str,
        Meta(
            description="the column that holds the time, or a date's and a time's, or those of its parts: Date,Time; "
            "year,month,day,hour; empty: none, the rows are task.step apart"
        ),
    ] = "Date Time"
    date_format: Annotated[
        str, Meta(description="how the time is written, as in strptime; empty: the usual forms (ISO 8601, …)")
    ] = ""
    missing: Annotated[
        str, Meta(description="further marks of a missing reading, separated by commas: -200,-999; empty cells, NA, …")
    ] = ""
    decimal: Annotated[
        Literal["auto", "point", "comma"],
        Meta(description="the mark before decimals; auto: a comma where it does not separate the cells"),
    ] = "auto"
    step: Annotated[
        int, Meta(ge=0, le=86_400, description="seconds between readings, which are averaged; 0: as most are apart")
    ] = 0
    longest_gap: Annotated[int, Meta(ge=0, le=10_000, description="missing readings in a row that are bridged")] = 6
    folds: Annotated[
        int, Meta(ge=0, le=50, description="test blocks of blocked cross-validation over the file; 0: the usual split")
    ] = 0
    fold: Annotated[int, Meta(ge=0, le=50, description="the test block of this run, from 1 to task.folds")] = 0
    window: Annotated[
        int, Meta(ge=-1, le=10**9, description="the window whose forecast is drawn, by its number; -1: the middle one")
    ] = -1

    @classmethod
    def guess(cls, given: Mapping[str, Any]) -> Mapping[str, Value]:
        if not given.get("csv"):
            return {}
        from tasks.climate import guesses  # the command line does without until a file is named

        usual = cls()
        station = {"time_column": usual.time_column, "target": usual.target, "features": usual.features}
        return guesses.guess(given, station)

    @property
    def columns(self) -> tuple[str, ...]:
        """The features, in their order."""
        return tuple(filter(None, (name.strip() for name in self.features.split(","))))

    @property
    def is_the_station(self) -> bool:
        """The readings are the station's: its own files, or one of the user's with its times and its temperature."""
        usual = type(self)()
        return not self.csv or (self.time_column, self.target) == (usual.time_column, usual.target)

    @property
    def uses_ridge(self) -> bool:
        """The network holds a linear forecast, which is fitted before it is trained."""
        return "ridge" in (self.residual, self.beside)

    @property
    def own_data(self) -> str:
        return self.csv

    @property
    def subject(self) -> str:
        return f"{self.target} of {PurePath(self.csv).name}" if self.csv else self.title

    @property
    def unit(self) -> str:
        """The target's unit, from the end of its name (``T (degC)`` is in °C); its name where it has none.

        Capitals next to a name are no unit, but a part of it: ``CO(GT)``.
        """
        named = re.search(r"(?!(?<=\S)[(\[][A-Z]{2,}[)\]])[(\[]([^()\[\]]+)[)\]]\s*$", self.target)
        return named[1].strip().replace("degC", "°C") if named else self.target

    def present_metric(self, name: str) -> Metric:
        metric = self.describe_metric(name)
        if metric.unit == "°C":
            return msgspec.structs.replace(metric, unit=self.unit)
        if metric.unit == "°C²":
            simple = re.fullmatch(r"[^\W\d]+|°\w", self.unit)
            return msgspec.structs.replace(metric, unit=f"{self.unit}²" if simple else f"({self.unit})²")
        return metric

    def remarks(self) -> Sequence[str]:
        usual = type(self)()
        idle = {
            "patch_length": (self.patch == "none", "a step reads a single reading (task.patch)"),
            "segment": (self.head == "direct", "one layer gives all values (task.head)"),
        }
        return [
            f"task.{name}={getattr(self, name)} does nothing: {reason}."
            for name, (without_effect, reason) in idle.items()
            if without_effect and getattr(self, name) != getattr(usual, name)
        ]

    def check(self) -> None:
        if not self.columns:
            raise ValueError("task.features names no column: give one at least, or several separated by commas.")
        if self.date_format and "%" not in self.date_format:
            raise ValueError(
                f"task.date_format={self.date_format} is no form of a time: write it as in strptime, %d/%m/%Y %H:%M:%S."
            )
        if not self.time_column and not self.step:
            raise ValueError(
                "task.time_column is empty, as where a file holds no times: set task.step to the seconds between its "
                "rows, 3600 for instance, or name the column."
            )
        if self.step and 86_400 % self.step:
            raise ValueError(f"task.step={self.step} seconds make no whole day: give 600 or 3600, for instance.")
        if self.folds == 1:
            raise ValueError("task.folds=1 is no cross-validation: give 2 folds or more, or 0 for the usual split.")
        if self.fold > self.folds:
            given = f"there are {self.folds}" if self.folds else "set task.folds too, to 5 for instance"
            raise ValueError(f"task.fold={self.fold} is no fold of task.folds={self.folds}: {given}.")
        if self.folds and not self.fold:
            raise ValueError(
                f"task.folds={self.folds} needs task.fold, from 1 to {self.folds}: a run tests on one fold."
            )
        if self.patch != "none" and self.history % self.patch_length:
            raise ValueError(
                f"task.history={self.history} is no whole number of patches of {self.patch_length}: "
                "choose task.patch_length so that it is."
            )
        if self.head == "segments" and self.horizon % self.segment:
            raise ValueError(
                f"task.horizon={self.horizon} is no whole number of segments of {self.segment}: "
                "choose task.segment so that it is."
            )
        if self.inputs != "anomaly" and self.mirror:
            raise ValueError("task.mirror turns anomalies upside down: set task.mirror=false with task.inputs=scaled.")
        if self.inputs == "anomaly" and self.residual == "none":
            raise ValueError(
                "task.inputs=anomaly hides how warm it is, which a head on its own must know: "
                "set task.inputs=scaled, or another task.residual."
            )
