"""``tasks``, ``cells``, ``doctor``; and every command's help."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import typer.main
from typer.testing import CliRunner

import cells
from tasks.names.settings import Settings
from workbench import __version__
from workbench.cli.app import app


def decoded(result) -> object:
    assert result.returncode == 0, result.stderr
    return msgspec.json.decode(result.stdout)


def test_tasks(workbench) -> None:
    plain = workbench("tasks").stdout
    assert "Tell which of 18 languages a surname comes from" in plain
    assert "--preset class-report: the class report's protocol" in plain
    told = {task["task"]: task for task in decoded(workbench("tasks", "--json"))}
    assert told.keys() >= {"names", "toy"}
    assert told["names"]["metric"] == "accuracy"
    assert told["names"]["presets"].keys() == Settings.presets.keys()


def test_cells(workbench) -> None:
    lines = workbench("cells").stdout.splitlines()
    listed = [line.split() for line in lines if line.startswith("  ")]
    groups = cells.in_groups(cells.available())
    assert [words[0] for words in listed] == [cell for members in groups.values() for cell in members]
    assert [line for line in lines if not line.startswith("  ")] == [
        "Classic, before 2018",
        "Today's, since 2018",
        "Torch's own",
    ]
    assert "  lstm           1997  Long short-term memory. Memory over long sequences; " in "\n".join(lines)
    told = {cell["cell"]: cell for cell in decoded(workbench("cells", "--json"))}
    assert told["lstm"]["title"] == cells.about("lstm").title
    assert {key: told["s-lstm"][key] for key in ("group", "year")} == {"group": "today", "year": 2024}
    assert told["s-lstm"]["purpose"].startswith("revising what was stored")


def test_cells_of_ones_own_are_listed_last(workbench, tmp_path: Path) -> None:
    for name, told in (("own_lstm", ""), ("own_gru", "    year = 2025\n    purpose = 'the tests.'\n")):
        body = f'"""A cell."""\n\nfrom cells.lstm import LSTM\n\n\nclass Own(LSTM):\n    """Own."""\n\n{told}'
        (tmp_path / f"{name}.py").write_text(body)
    end = workbench("cells", WORKBENCH_CELLS=str(tmp_path)).stdout.split("Your own\n")[1]
    assert [line.split() for line in end.splitlines()] == [
        ["own-lstm", "A", "cell"],
        ["own-gru", "2025", "A", "cell.", "The", "tests"],
    ]
    told = {cell["cell"]: cell for cell in decoded(workbench("cells", "--json", WORKBENCH_CELLS=str(tmp_path)))}
    assert (told["own-lstm"]["group"], told["own-lstm"]["year"], told["own-lstm"]["purpose"]) == ("own", None, None)
    closely = workbench("cells", "own-gru", WORKBENCH_CELLS=str(tmp_path)).stdout
    assert closely.startswith("own-gru (2025): A cell\nThe tests.\n")


def test_one_cell_closely(workbench) -> None:
    result = workbench("cells", "lstm", "--input", 10, "--hidden", 4, "--task", "toy")
    assert result.returncode == 0, result.stderr
    assert cells.about("lstm").text.strip() in result.stdout  # equations and source, as in its file
    assert "Parameters with input 10, hidden 4, layers 1: 256" in result.stdout  # 4 · 4 · (10 + 4 + 2)
    assert "The network for toy (159 parameters):\nSequenceClassifier(" in result.stdout  # 4·4·(3+4+2) + 3·(4+1)
    told = decoded(workbench("cells", "bilstm", "--json", "--input", 10, "--hidden", 4, "--task", "names"))
    assert told["parameters"] == 512
    assert told["shapes"]["weight_ih_l0_reverse"] == [16, 10]
    assert told["network"].startswith("Ensemble(")


@pytest.mark.parametrize(
    ("words", "sizes", "parameters"),
    [
        ((), "input 32, hidden 96, layers 1", 564_342),
        (("--preset", "letters"), "input 64, hidden 256, layers 1", 338_002),
        (("--preset", "class-report"), "input 57, hidden 128, layers 1", 98_066),
        (("--layers", 2, "--preset", "class-report"), "input 57, hidden 128, layers 2", 230_162),
    ],
)
def test_a_cells_network_is_the_one_that_the_task_trains(workbench, words, sizes: str, parameters: int) -> None:
    printed = workbench("cells", "lstm", "--task", "names", *words).stdout
    assert f"Parameters with {sizes}: " in printed
    assert f" ({parameters:,} parameters" in printed


def test_doctor(workbench, runs_folder: Path, tmp_path: Path) -> None:
    told = {finding["what"]: finding for finding in decoded(workbench("doctor", "--json", LINES="20", COLUMNS="70"))}
    assert told["workbench"]["found"].startswith(f"{__version__}, Python 3.")
    assert told.keys() >= {
        "torch",
        "threads",
        "memory",
        "device",
        "GPU",
        "kernels",
        "terminal",
        "colours",
        "encoding",
        "logout",
    }
    kernels = told["kernels"]["found"].removeprefix("reference, torch; native: ")
    assert re.match(r"\w+( in float32, \w+ in bfloat16)?, of portable|none, cells run as Python loops: ", kernels)
    assert "70×20" in told["terminal"]["found"]
    assert "one pane at a time" in told["terminal"]["warning"]
    assert told["runs"]["found"].startswith(str(runs_folder))
    assert told["cache"]["found"] == str(tmp_path / "cache")
    assert told["data: names"]["found"] == "not downloaded yet"
    own = told["data: text"]["found"]  # nothing is to be downloaded
    assert own == "your own, named with task.file or task.folder; without it the starter set"
    plain = workbench("doctor", "--data", tmp_path)
    assert plain.returncode == 0, plain.stderr
    assert re.search(r"^data: names +incomplete +\S", plain.stdout, re.M)


def test_version(workbench) -> None:
    assert workbench("--version").stdout == f"{__version__}\n"


def commands(group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


ALL = list(commands(typer.main.get_command(app)))


def test_the_commands_of_the_design_are_there() -> None:
    assert {" ".join(path) for path in ALL} == {
        *(
            "",
            "train",
            "runs",
            "show",
            "watch",
            "stop",
            "resume",
            "rm",
            "eval",
            "predict",
            "poem",
            "write",
            "tasks",
            "cells",
        ),
        *("branch", "inspect", "replay"),
        *(
            "data",
            "data get",
            "data verify",
            "data path",
            "data preview",
            "doctor",
            "clusters",
            "clusters list",
            "clusters check",
            "note",
            "compare",
            "plot",
            "export",
            "report",
        ),
        *("study", "study new", "study run", "study resume", "study show", "study stop", "study list", "study rm"),
        *("lab", "lab list", "lab show", "lab run", "lab report", "race", "serve"),
    }


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_help_has_an_example_and_says_what_it_does(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*path, "--help"])
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    assert "Example: " in words
    example = words.partition("Example: ")[2]
    assert "workbench" in example
    assert not path or path[-1] in example
    usage, _, rest = result.output.partition("\n\n")
    assert usage.strip().startswith("Usage:")
    assert rest.strip()[0].isupper()
    assert example in " ".join(CliRunner().invoke(app, [*path, "-h"]).output.split())
