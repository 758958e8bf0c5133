"""``workbench inspect RUN TEXT``, ``--units``, and pictures of an inspection."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import msgspec
import pytest
from engine.toy_runs import toy, trained
from rich.console import Console
from sentences import says

import tasks
from workbench.cli import inspect_text
from workbench.cli.inspect_text import Wanted
from workbench.config.spec import SpecError
from workbench.render.inspection import overview
from workbench.runs.inspections import Contributions, Grid, InspectedCell, Inspection, StepAnswer
from workbench.runs.run import Run


def test_a_row_a_step_with_gates_answer_and_contributions(workbench, stopped: Run) -> None:
    result = workbench("inspect", stopped.id, "0", "1", "2")  # several words are one text
    assert says(result, 2, "'0 1 2' is not a row of digits")
    result = workbench("inspect", stopped.id, "0121")
    assert result.returncode == 0, result.stderr
    heads = r"^ step +symbol +answer so far +p +i +f +g +o +\|c\| +grad × input +occlusion"
    assert re.search(heads, result.stdout, re.M)
    share, figure = r"(\d+\.\d)%", r"(-?\d\.\d\d)"
    row = rf"^ +(\d) +(\d) +\S+(?: \S+)? +{share} +{figure} +{figure} +{figure} +{figure} +{figure} +[+-]"
    rows = re.findall(row, result.stdout, re.M)
    assert [row[:2] for row in rows] == [("1", "0"), ("2", "1"), ("3", "2"), ("4", "1")]
    assert re.search(r"Contributions are to log p\(.+\) at the end. .* correlate by [+-]\d\.\d\d\.", result.stdout)


def test_json_and_csv_hold_every_number(workbench, stopped: Run, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    result = workbench("inspect", stopped.id, "0121", "--json", "--csv", file)
    assert result.returncode == 0, result.stderr
    (told,) = json.loads(result.stdout)
    assert (told["run"], told["cell"], told["at"], told["symbols"]) == (stopped.id, "lstm", "best", list("0121"))
    cell = told["cells"][0]
    assert set(cell) == {"layer", "direction", "gates", "states", "kept", "written", "keep_gate"}
    assert len(cell["gates"]["f"]) == 4
    with file.open(encoding="utf-8", newline="") as rows:
        table = list(csv.DictReader(rows))
    units = len(cell["gates"]["f"][0])
    assert len(table) == 4 * (8 * units + 3 + 2)  # gates, states, kept and written; three classes; two contributions
    third = [row for row in table if (row["step"], row["quantity"], row["unit"]) == ("3", "gate f", "1")]
    assert float(third[0]["value"]) == pytest.approx(cell["gates"]["f"][2][1])
    last = {row["quantity"]: float(row["value"]) for row in table if row["step"] == "4" and not row["unit"]}
    assert last["occlusion"] == pytest.approx(told["contributions"]["occlusion"][3])
    assert sum(value for name, value in last.items() if name.startswith("probability")) == pytest.approx(1, abs=1e-5)


def test_a_row_has_its_right_answer_and_stands_beside_another_run(workbench, stopped: Run, finished: Run) -> None:
    result = workbench("inspect", stopped.id, "--row", 1, "--beside", finished.id)
    assert result.returncode == 0, result.stderr
    assert "p right" in result.stdout
    assert f"{stopped.id} (best) beside {finished.id} (best)" in result.stdout
    assert re.search(r"lstm \(best\) +keeps +contribution +rnn \(best\) +keeps", result.stdout)


def test_other_weights_of_the_run_stand_beside_its_best(workbench, finished: Run) -> None:
    told = json.loads(workbench("inspect", finished.id, "01", "--beside", f"{finished.id}@last", "--json").stdout)
    assert [one["at"] for one in told] == ["best", "last"]
    assert says(workbench("inspect", finished.id, "01", "--at", "3"), 1, "keeps no weights of step 3: there are")


def test_a_unit_is_followed(workbench, stopped: Run) -> None:
    result = workbench("inspect", stopped.id, "0121", "--unit", 2, "--part", "h")
    assert result.returncode == 0, result.stderr
    assert f"{stopped.id}: unit 2 (0 to " in result.stdout
    assert re.search(
        r"^ step +symbol +gate i +gate f +gate g +gate o +state h +state c +kept +written +h", result.stdout, re.M
    )


def test_units_are_listed_with_their_control(workbench, stopped: Run) -> None:
    result = workbench("inspect", stopped.id, "--units", "--examples", 20)
    assert result.returncode == 0, result.stderr
    assert re.search(r"^ trait +layer +part +unit +correlation +shuffled +places", result.stdout, re.M)
    assert "over 20 rows of the test split" in result.stdout
    told = json.loads(workbench("inspect", stopped.id, "--units", "--examples", 20, "--json").stdout)
    assert {unit["trait"] for unit in told["units"]} == {"zero"}
    assert told["rows"] == 20


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Say what to look at: a text"),
        (("ab",), "'ab' is not a row of digits"),
        (("01", "--row", "1"), "Give a text or --row 1, not both."),
        (("--row", "100000"), "rows: give a number from 1 to"),
        (("01", "--target", "nine"), "does not answer 'nine': name one of"),
        (("01", "--layer", "2"), "--layer 2: this network has 1."),
        (("01", "--unit", "999"), "--unit 999: lstm's units count from 0 to "),
        (("01", "--unit", "1", "--part", "z"), "--part z: lstm's state has h and c."),
        (("01", "--twin"), "lstm has no twin that shows more"),
        (("01", "--units"), "--units reads rows of the data: leave '01' out."),
        (("--units", "--gradients"), "Give --gradients or --units, not both."),
        (("01", "--part", "h"), "--part h goes with --unit N: name the unit."),
        (("01", "--examples", "9"), "--examples goes with --gradients or --units: leave it out."),
        (("--gradients", "--csv", "all.csv"), "--csv does not go with --gradients: leave it out."),
        (("--gradients", "--split", "val"), "--split does not go with --gradients: leave it out."),
        (("--units", "--row", "1"), "--row does not go with --units: leave it out."),
        (("01", "--csv", "/dev/null"), "--csv /dev/null: the name must end in .csv."),
        (("01", "--csv", "nowhere/at/all.csv"), "could not be written: No such file or directory."),
        (("0" * 100_001,), "The text has 100,001 characters"),
    ],
)
def test_what_cannot_be_inspected_is_a_sentence(workbench, stopped: Run, words: tuple[str, ...], sentence: str) -> None:
    assert says(workbench("inspect", stopped.id, *words), 2, sentence)


def test_a_task_without_readings_is_a_sentence(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = toy(runs_folder)
    trained(run)
    monkeypatch.delattr(tasks.load("toy"), "reading_of_row")
    with pytest.raises(SpecError, match=r"Networks of this task cannot be inspected"):
        inspect_text.find_units(run, "best", "test", 10, 5, "", json=True)


def test_of_several_layers_networks_side_by_side_show_the_same_one(
    runs_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = toy(runs_folder, {"cell.layers": 2}, cell="lstm")
    trained(run)
    kept = {}
    for layer in (0, 1, 2):
        inspect_text.inspect_text([(run, "best"), (run, "last")], Wanted("0121", layer=layer), "", None, json=False)
        rows = capsys.readouterr().out.partition(" beside ")[2].splitlines()
        kept[layer] = [row for row in rows if re.match(r" +\d", row)]
    assert len(kept[1]) == 4
    assert kept[0] == kept[2] != kept[1]


def test_a_csv_file_has_no_formula_and_stays_as_it_was_where_the_disk_fails(tmp_path: Path) -> None:
    grid = Grid(1, 1, b"\0" * 4)
    cell = InspectedCell(layer=0, direction=0, states={"h": grid})
    found = Inspection(run="r", cell="rnn", at="best", symbols=["=1+1"], cells=[cell], answers=[])
    path = tmp_path / "all.csv"
    inspect_text._write_csv(path, [found])
    assert path.read_text().splitlines()[1] == "r,best,1,'=1+1,1,forward,state h,0,0.0"
    torn = msgspec.structs.replace(found, symbols=["a", "b"])  # more steps than numbers
    with pytest.raises(IndexError):
        inspect_text._write_csv(
            path,
            [
                msgspec.structs.replace(
                    torn, contributions=Contributions(target="", gradient_input=[1.0], occlusion=[1.0])
                )
            ],
        )
    assert "=1+1" in path.read_text()
    assert [entry.name for entry in tmp_path.iterdir()] == ["all.csv"]


def test_pictures_of_gates_states_and_contributions(workbench, stopped: Run, finished: Run, tmp_path: Path) -> None:
    for kind in ("gates", "states"):
        done = workbench("plot", stopped.id, "--what", kind, "--text", "0121", "-o", tmp_path / f"{kind}.svg")
        assert done.returncode == 0, done.stderr
    gates, states = ((tmp_path / f"{kind}.svg").read_text() for kind in ("gates", "states"))
    assert gates.count("<image") == states.count("<image") == 4 + 4  # a heat map and its color bar each
    done = workbench("plot", stopped.id, finished.id, "--what", "contributions", "--row", 1, "-o", tmp_path / "c.png")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--what", "gates"), "--what gates draws one text: give it with --text TEXT, or a row of the data with"),
        (("--text", "01"), "--text, --row, --at, --layer and --twin are of --what gates, states or contributions."),
        (("--what", "gates", "--text", "ab"), "'ab' is not a row of digits"),
    ],
)
def test_what_cannot_be_drawn_is_a_sentence(workbench, stopped: Run, words: tuple[str, ...], sentence: str) -> None:
    assert says(workbench("plot", stopped.id, *words), 2, sentence)


def test_a_cell_without_gates_has_no_picture_of_them(workbench, finished: Run) -> None:
    assert says(workbench("plot", finished.id, "--what", "gates", "--text", "01"), 1, "rnn shows no gates.")


def test_the_head_names_a_kept_step_and_counts_layers_not_directions() -> None:
    cells = [
        InspectedCell(layer=0, direction=direction, states={"h": Grid(1, 1, b"\0" * 4)}, memory="h")
        for direction in (0, 1)
    ]
    told = Contributions(target="one", gradient_input=[0.1], occlusion=[0.1], together=1, correlation=None)
    found = Inspection(
        run="r",
        cell="bilstm",
        at="1300",
        symbols=["a"],
        cells=cells,
        answers=[StepAnswer([("one", 1.0)])],
        contributions=told,
    )
    with (console := Console(width=100)).capture() as printed:
        console.print(overview(found))
    assert "r, bilstm, weights of step 1,300: layer 1 of 1" in printed.get()
    assert "at the end.\n" in printed.get().replace(" \n", "\n")
    assert "correlate" not in printed.get()
