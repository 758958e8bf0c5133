"""Precedence of the values of a run: engine default < task default < preset < preset for the cell < given value."""

from __future__ import annotations

import pytest

import tasks
from tasks.base import Preset
from workbench.config import spec
from workbench.config.options import TrainOptions

LAYERS = ("engine", "task", "preset", "by_cell", "given")
OF_LAYER = {"task": 0.02, "preset": 0.03, "by_cell": 0.04, "given": 0.05}
ENGINE = TrainOptions().lr


def described(monkeypatch: pytest.MonkeyPatch, layers: tuple[str, ...], cell: str = "lstm") -> spec.RunSpec:
    """A run of the toy task whose learning rate the named layers set."""
    values = {layer: {"train.lr": OF_LAYER[layer]} if layer in layers else {} for layer in OF_LAYER}
    toy = tasks.settings("toy")
    preset = Preset(help="", values=values["preset"], by_cell={"lstm": values["by_cell"]})
    monkeypatch.setattr(toy, "defaults", values["task"])
    monkeypatch.setattr(toy, "presets", {"p": preset})
    return spec.make("toy", cell, values["given"], preset="p")


@pytest.mark.parametrize("upto", range(len(LAYERS)), ids=LAYERS)
def test_a_later_layer_overrides_every_earlier_one(monkeypatch: pytest.MonkeyPatch, upto: int) -> None:
    expected = {"engine": ENGINE, **OF_LAYER}[LAYERS[upto]]
    assert described(monkeypatch, LAYERS[1 : upto + 1]).train.lr == expected


@pytest.mark.parametrize("layer", LAYERS[1:])
def test_a_layer_alone_is_over_the_engine(monkeypatch: pytest.MonkeyPatch, layer: str) -> None:
    assert described(monkeypatch, (layer,)).train.lr == OF_LAYER[layer]


def test_a_preset_for_one_cell_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    assert described(monkeypatch, LAYERS[1:4], cell="gru").train.lr == OF_LAYER["preset"]


@pytest.mark.parametrize(
    ("values", "least"),
    [
        ({}, 500),
        ({"train.lr": 0.1}, 500),
        ({"epochs": 3}, 0),
        ({"train.epochs": 3, "train.min_steps": 40}, 40),
        ({"train.min_steps": 40, "epochs": 3}, 40),
    ],
)
def test_epochs_that_are_asked_for_are_not_lengthened(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, object], least: int
) -> None:
    monkeypatch.setattr(tasks.settings("toy"), "defaults", {"train.epochs": 2, "train.min_steps": 500})
    monkeypatch.setattr(tasks.settings("toy"), "presets", {"p": Preset(help="", values={"train.epochs": 4})})
    run = spec.make("toy", "lstm", values)
    assert run.train.min_steps == least
    assert spec.make("toy", "lstm", spec.values(run)) == run
    assert spec.make("toy", "lstm", preset="p").train.min_steps == 0


def test_no_preset_without_its_name() -> None:
    assert spec.make("toy", "lstm").train.max_steps == 0
    assert spec.make("toy", "lstm", preset="tiny").train.max_steps == 2
    assert spec.make("toy", "lstm", preset="tiny").preset == "tiny"


@pytest.mark.parametrize("preset", ["tutorial", "class-report"])
@pytest.mark.parametrize("cell", ["tutorial-rnn", "lstm"])
def test_the_published_protocols_give_tutorial_rnn_the_classes_as_its_output(preset: str, cell: str) -> None:
    run = spec.make("names", cell, preset=preset)
    own = cell == "tutorial-rnn"
    assert (run.options.output_size, run.settings.head) == ((18, "identity") if own else (0, "linear"))
    assert (run.train.batch_size, run.train.max_steps, run.options.hidden) == (1, 100_000, 128)


def test_the_class_report_of_the_names_gives_the_linear_recurrence_a_rate_at_which_it_learns() -> None:
    rates = {cell: spec.make("names", cell, preset="class-report").train.lr for cell in ("tutorial-rnn", "lstm")}
    assert rates == {"tutorial-rnn": 0.001, "lstm": 0.01}
    help_text = tasks.settings("names").presets["class-report"].help
    assert all(figure in help_text for figure in ("0.792", "0.61", "0.001"))


def test_every_default_and_preset_of_every_task_can_be_described() -> None:
    for task in tasks.available():
        for preset in ("", *tasks.settings(task).presets):
            assert spec.make(task, "lstm", preset=preset).task == task


def test_changed_is_what_differs_from_the_tasks_defaults() -> None:
    assert spec.changed(spec.make("names", "lstm")) == {}
    given = {"train.lr": "0.5", "hidden": 32, "task.input": "one-hot", "train.epochs": 11}  # 11 is the task's default
    run = spec.make("names", "lstm", given)
    changed = {"cell.hidden": 32, "train.lr": 0.5, "task.input": "one-hot", "train.min_steps": 0}  # epochs are as asked
    assert spec.changed(run) == changed


def test_changed_counts_what_a_preset_set() -> None:
    assert spec.changed(spec.make("toy", "lstm", preset="tiny")) == {"train.max_steps": 2}
