"""The command that makes a run again describes the same run."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tasks
from workbench.cli.options import assignments
from workbench.config import spec
from workbench.config.fields import Field
from workbench.config.spec import RunSpec, SpecError
from workbench.report.commands import broken, differing, lab_command, train_command
from workbench.studies import labs, plan, store

TASKS = ("toy", "names", "poems", "climate", "reviews")


def described_by(command: str) -> RunSpec:
    """The run that a command line describes, as ``workbench train`` reads it."""
    program, train, task, *words = shlex.split(command)
    assert (program, train, words.pop()) == ("workbench", "train", "--headless")
    options: dict[str, list[str]] = {"--set": [], "--cell": [], "--preset": [""]}
    for flag, value in zip(words[::2], words[1::2], strict=True):
        options[flag].append(value)
    return spec.make(task, options["--cell"][0], assignments(options["--set"]), preset=options["--preset"][-1])


def values(field: Field) -> st.SearchStrategy[Any]:
    """Values that a setting may have."""
    if field.kind == "choice":
        return st.sampled_from(field.choices)
    if field.kind == "bool":
        return st.booleans()
    if field.kind == "int":
        most = 9_999 if field.at_most is None else int(field.at_most)
        return st.integers(int(field.at_least or 0), most)
    if field.kind == "float":
        low, high = field.at_least, field.at_most
        return st.floats(
            min_value=low if low is not None else field.above,
            max_value=high if high is not None else field.below if field.below is not None else 1e6,
            exclude_min=low is None and field.above is not None,
            exclude_max=high is None and field.below is not None,
            allow_nan=False,
        )
    return st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12).map(str.strip)


@st.composite
def specs(draw: st.DrawFn) -> RunSpec:
    task = draw(st.sampled_from(TASKS))
    cell = draw(st.sampled_from(["rnn", "lstm", "torch-gru", "tutorial-rnn"]))
    preset = draw(st.sampled_from(["", *tasks.settings(task).presets]))
    fields = {field.key: field for field in spec.fields(task, cell)}
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), max_size=6, unique=True))
    given_values = {key: draw(values(fields[key])) for key in chosen}
    try:
        return spec.make(task, cell, given_values, preset=preset)
    except SpecError:  # values that do not fit together
        return spec.make(task, cell, preset=preset)


@given(specs())
@settings(max_examples=150, deadline=None)
def test_the_command_describes_the_same_run(described: RunSpec) -> None:
    assert described_by(train_command(described)) == described


@pytest.mark.parametrize("number", [0.1 + 0.2, 1 / 3, 1e-7, 5e-324])
def test_a_number_keeps_its_digits(number: float) -> None:
    described = spec.make("toy", "rnn", {"train.lr": number})
    assert described_by(train_command(described)).train.lr == number


def test_only_what_differs_is_told() -> None:
    assert train_command(spec.make("toy", "rnn", preset="tiny")) == (
        "workbench train toy --cell rnn --preset tiny --headless"
    )
    described = spec.make("toy", "lstm", {"cell.hidden": 9, "cell.bidirectional": True})
    assert differing(described) == {"cell.hidden": 9, "cell.bidirectional": True}
    assert train_command(described).split("--set ")[1:] == ["cell.hidden=9 ", "cell.bidirectional=yes --headless"]


def test_a_run_of_a_cell_or_preset_that_is_gone_still_has_a_command() -> None:
    described = spec.make("toy", "rnn", {"cell.hidden": 9})
    gone = msgspec.structs.replace(described, cell="gone; rm -rf", cell_options={"heads": 3}, preset="$(gone)")
    words = shlex.split(train_command(gone))
    assert words[3:7] == ["--cell", "gone; rm -rf", "--preset", "$(gone)"]
    assert "cell.heads=3" in words
    assert "cell.hidden=9" in words


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=40), min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_a_shell_reads_a_broken_command_as_the_whole_one(words: list[str]) -> None:
    command = broken(shlex.join(words))
    done = subprocess.run(["sh", "-c", f"printf '%s\\0' {command}"], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == words


def test_no_line_is_wider_than_a_page() -> None:
    command = train_command(spec.make("toy", "rnn", {"cell.hidden": 99, "train.lr": 0.2, "train.epochs": 77}))
    assert len(command) > 100
    assert max(map(len, broken(command).splitlines())) <= 90
    assert "\n" not in broken("workbench train toy --headless")


@pytest.mark.parametrize(
    ("quick", "over", "lab", "command"),
    [
        (False, {}, "toy-two-cells", "workbench lab run toy-two-cells"),
        (True, {}, "toy-two-cells", "workbench lab run toy-two-cells --quick"),
        (True, {"cell.hidden": 5}, "toy-two-cells", ""),
        (False, {}, "somebodys", ""),
        (False, {}, "", ""),
    ],
)
def test_a_labs_command_stands_where_it_trains_the_same_runs(
    runs_folder: Path, quick: bool, over: dict[str, int], lab: str, command: str
) -> None:
    written = labs.find("toy-two-cells").plan
    written = plan.quickened(written) if quick else written
    runs = plan.expand(written, over=over)
    runs = [run._replace(described=msgspec.structs.replace(run.described, data="starter")) for run in runs]
    assert lab_command(store.create(runs_folder, "study", written, runs, lab=lab, quick=quick)) == command
