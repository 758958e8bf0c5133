"""Commands on studies: tables in every form, wrong usage, damaged and strangers' studies, hostile names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hostile_run import HOSTILE, obeyed
from sentences import says
from study_processes import NEW, SHORT, lives, study_of

from workbench.cli import study_training


def test_from_new_to_removed(workbench: Callable, runs_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = workbench(*NEW, *SHORT, "--cells", "rnn,gru", "--seeds", 2)
    assert (made.returncode, made.stdout) == (0, "grid\n")
    assert made.stderr == "Study grid has 4 runs: `workbench study run grid` trains them.\n"
    told = msgspec.json.decode(workbench("study", "list", "--json").stdout)
    assert [(one["study"], one["state"], one["runs"], one["states"]) for one in told] == [
        ("grid", "new", 4, {"waiting": 4})
    ]
    ran = workbench("study", "run", "grid", "--jobs", 2)
    assert ran.returncode == 0, ran.stderr
    study = study_of(runs_folder)
    tests = [member.summary.test["accuracy"] for member in study.members()]
    mean, deviation = sum(tests[:2]) / 2, abs(tests[0] - tests[1]) / 2**0.5
    lines = ran.stdout.splitlines()
    assert lines[0] == "grid: test accuracy"
    assert lines[1].split() == ["cell", "test", "accuracy"]
    assert lines[2].split()[:4] == ["rnn", f"{mean:.4f}", "±", f"{deviation:.4f}"]
    assert lines[3].split()[0] == "gru"
    assert lines[4].endswith(": test accuracy above that of the others, paired bootstrap")
    assert lines[5].split()[:4] == ["setting", "difference", "95", "%"]
    assert lines[6].split()[-1] == "64"
    done = [line for line in ran.stderr.splitlines() if ": finished, test accuracy 0." in line]
    assert len(done) == 4, ran.stderr
    assert done[-1].startswith("  4 of 4 done  grid-0")
    study_training._tell_changes(study.members(), {1: "finished"}, search=False)
    assert capsys.readouterr().err.count(": finished, test accuracy 0.") == 3  # also where none was seen to begin
    assert lives(study) == [[0]] * 4

    again = workbench("study", "run", "grid")
    assert (again.returncode, again.stdout) == (0, ran.stdout)
    assert again.stderr == "Nothing of study grid is left to train.\n"
    assert lives(study) == [[0]] * 4
    listed = workbench("study", "list").stdout.splitlines()
    assert [line.split()[:6] for line in listed[1:]] == [["grid", "finished", "toy", "4", "of", "4"]]
    one_run = msgspec.json.decode(workbench("runs", "--json").stdout)[-1]
    assert one_run["run"].startswith("grid-0")

    refused = workbench("study", "rm", "grid", input="n\n")
    assert refused.returncode == 130
    assert "Delete study grid with its 4 runs, their weights and figures?" in refused.stderr
    removed = workbench("study", "rm", "grid", "--yes")
    assert removed.stderr == "Study grid is deleted, and 4 runs with it.\n"
    assert list((runs_folder / "studies").iterdir()) == []
    assert [path.name for path in runs_folder.iterdir()] == ["studies"]


def test_the_table_in_every_form(workbench: Callable) -> None:
    workbench(*NEW, "--cells", "rnn,gru", "--set", "train.max_steps=1")
    assert workbench("study", "run", "grid").returncode == 0
    for form, beginning in (
        ("markdown", "| cell | test accuracy |\n| --- | ---: |\n| rnn | "),
        ("latex", "\\begin{tabular}{lr}\n"),
        ("csv", "cell,test accuracy\nrnn,"),
        ("json", '{"study":"grid","state":"finished"'),
    ):
        shown = workbench("study", "show", "grid", "--format", form)
        assert shown.returncode == 0, shown.stderr
        assert shown.stdout.startswith(beginning)
    assert shown.stdout == workbench("study", "show", "gri", "--json").stdout
    told = msgspec.json.decode(shown.stdout)
    assert [one["runs"] for one in told["table"]] == [1, 1]
    assert told["differences"][0]["rows"] == 64


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("new", "grid"), "Missing argument 'TASK|FILE'"),
        (("new", "grid", "tou"), "There is no task 'tou': did you mean 'toy'?"),
        (
            ("new", "a/b", "toy"),
            "A study cannot be called 'a/b': use letters a to z, digits, dots, dashes and underscores",
        ),
        (("new", "last", "toy"), "A study cannot be called 'last'"),
        (("new", "x\x1b[2J", "toy"), "A study cannot be called "),
        (("new", "grid", "toy", "--cells", "rnn,lstn"), "There is no cell 'lstn': did you mean 'lstm'?"),
        (("new", "grid", "toy", "--cells", "rnn,"), "There is no cell ''"),
        (
            ("new", "grid", "toy", "--cells", "rnn,rnn"),
            "Two runs of this plan are the same (rnn): give each value once.",
        ),
        (("new", "grid", "toy", "--grid", "cell.layers"), "--grid cell.layers has no value: write --grid KEY=VALUE."),
        (("new", "grid", "toy", "--grid", "cell.layers="), "cell.layers cannot be empty: it must be a whole number"),
        (("new", "grid", "toy", "--grid", "cell.layer=1,2"), "There is no setting 'cell.layer': did you mean"),
        (("new", "grid", "toy", "--grid", "cell.layers=1,x"), "cell.layers cannot be x: it must be a whole number"),
        (("new", "grid", "toy", "--grid", "layers=1", "--grid", "layers=2"), "--grid names a setting twice"),
        (
            ("new", "grid", "toy", "--grid", "layers=1", "--grid", "cell.layers=2"),
            "A setting of the grid (layers, cell.",
        ),
        (("new", "grid", "toy", "--grid", "seed=1,2"), "Seeds are no setting of a grid"),
        (("new", "grid", "toy", "--grid", "layers=1,2", "--set", "layers=3"), "cell.layers has 2 values in this plan"),
        (("new", "grid", "toy", "--seeds", "0"), "Invalid value for '--seeds'"),
        (("new", "grid", "toy", "--seeds", "20000"), "This plan has 20,000 runs, more than a study holds (10,000)"),
        (("new", "grid", "toy", "--preset", "tinny"), "There is no preset 'tinny': did you mean 'tiny'?"),
        (("new", "grid", "plan.toml"), "plan.toml cannot be read: No such file or directory."),
        (("new", "grid", "plan.toml", "--seeds", "2"), "A plan in a file says cells, grid, preset and seeds itself"),
        (("run", "grid", "--only", "filed"), "--only filed: did you mean 'failed'?"),
        (("run", "grid", "--jobs", "-1"), "Invalid value for '--jobs'"),
        (("run", "grid", "--per-gpu", "0"), "Invalid value for '--per-gpu'"),
        (("run", "grid"), "There are no studies in "),
        (("show", "last"), "There are no studies in "),
        (("stop", "grid"), "There are no studies in "),
        (("rm", "grid", "--yes"), "There are no studies in "),
        (("show", "grid", "--format", "docx"), "--format docx: choose one of table, markdown, latex, csv, json."),
        (("shw", "grid"), "No such command 'shw'"),
    ],
)
def test_wrong_usage_of_studies(workbench: Callable, runs_folder: Path, words: tuple[str, ...], sentence: str) -> None:
    result = workbench("study", *words)
    assert says(result, 2, sentence).startswith(sentence)
    assert result.stdout == ""
    assert not runs_folder.exists()


def test_a_study_of_one_run_is_told_of_in_the_singular(workbench: Callable) -> None:
    assert (
        workbench("study", "new", "one", "toy").stderr == "Study one has 1 run: `workbench study run one` trains it.\n"
    )


def test_wrong_usage_of_a_study_that_is_there(workbench: Callable) -> None:
    workbench(*NEW, "--cells", "rnn,gru")
    for words, code, sentence in (
        (("show", "gird"), 2, "There is no study 'gird': did you mean 'grid'?"),
        (("show", "grid", "--rows", "cel"), 2, "The study has no setting 'cel': did you mean 'cell'?"),
        (("run", "grid", "--space", "train.lr=1e-3,1e-2"), 2, "--space is of a search: give --search optuna too."),
        (("run", "grid", "--trials", 3), 2, "--trials is of a search: give --search optuna too."),
        (("show", "grid", "--cols", "x.y"), 2, "The study has no setting 'x.y': choose one of cell."),
        (("show", "grid", "--metric", "acc"), 2, "There is no metric 'acc'"),
        (("new", "grid", "toy"), 1, "There is a study grid already: `workbench study run grid` goes on with it."),
        (("stop", "grid"), 1, "Study grid is not running."),
    ):
        result = workbench("study", *words)
        assert says(result, code, sentence).startswith(sentence)
        assert result.stdout == ""


@pytest.mark.parametrize(
    "words", [("new", "b", "toy"), ("run", "grid"), ("resume", "grid"), ("stop", "grid"), ("rm", "grid", "--yes")]
)
def test_readonly_only_shows(workbench: Callable, runs_folder: Path, words: tuple[str, ...]) -> None:
    workbench(*NEW)
    result = workbench("--readonly", "study", *words)
    sentence = f"--readonly only shows: `workbench study {words[0]}` without it acts."
    assert says(result, 2, sentence) == sentence
    assert [path.name for path in (runs_folder / "studies").iterdir()] == ["grid"]
    assert workbench("--readonly", "study", "show", "grid").returncode == 0
    assert says(
        workbench("--readonly", "lab", "run", "names-rnn-lstm"), 2, "--readonly only shows: `workbench lab run`"
    )


def test_the_name_is_looked_at_before_the_data(workbench: Callable, tmp_path: Path) -> None:
    """A download of minutes is not begun for a study that cannot be kept."""
    workbench(*NEW)
    missing = tmp_path / "no data"
    missing.mkdir()
    taken = workbench("study", "new", "grid", "names", "--data", missing)
    says(taken, 1, "There is a study grid already")
    says(workbench("study", "new", "other", "names", "--data", missing), 1, f"{missing}/names lacks ")


def test_a_damaged_study_is_one_line_of_the_list(workbench: Callable, runs_folder: Path) -> None:
    workbench(*NEW)
    workbench("study", "new", "sound", "toy")
    study = study_of(runs_folder)
    study.study_file.write_bytes(study.study_file.read_bytes()[:-100])
    listed = workbench("study", "list")
    assert listed.returncode == 0
    assert {tuple(line.split()[:2]) for line in listed.stdout.splitlines()[1:]} == {
        ("grid", "unreadable"),
        ("sound", "new"),
    }
    assert listed.stderr.startswith(f"{study.study_file} is damaged or from a newer Workbench: ")
    told = msgspec.json.decode(workbench("study", "list", "--json").stdout)
    assert {one["study"]: one["state"] for one in told} == {"grid": "unreadable", "sound": "new"}
    assert workbench("lab", "list").returncode == 0
    for words in (("show",), ("run",), ("run", "--detach"), ("stop",)):
        says(workbench("study", words[0], "grid", *words[1:]), 1, f"{study.study_file} is damaged or from a newer")
    removed = workbench("study", "rm", "grid", "--yes")
    assert (removed.returncode, removed.stderr) == (0, "Study grid is deleted; its runs stay.\n")
    assert not study.path.exists()


@pytest.mark.parametrize("name", ["study.json", "lock", "queue.log"])
@pytest.mark.parametrize("kind", ["a link", "a named pipe"])
def test_a_strangers_study_holds_nothing_up(
    workbench: Callable, runs_folder: Path, tmp_path: Path, name: str, kind: str
) -> None:
    workbench(*NEW, *SHORT, "--cells", "rnn")
    diary, study = tmp_path / "diary.txt", study_of(runs_folder)
    diary.write_text("Dear diary")
    file = study.path / name
    file.unlink(missing_ok=True)
    file.symlink_to(diary) if kind == "a link" else os.mkfifo(file)
    assert workbench("study", "list").returncode == 0
    says(workbench("study", "run", "grid"), 1, f"Study grid is not opened: {name} is {kind}, not a file of its own.")
    assert not study.run_of(1, 1).path.exists()
    assert workbench("study", "rm", "grid", "--yes").returncode == 0
    assert not study.path.exists()
    assert diary.read_text() == "Dear diary"


def test_hostile_names_are_shown_and_not_obeyed(workbench: Callable, runs_folder: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    evil = "".join(f"\\u{ord(c):04x}" for c in HOSTILE)
    plan.write_text(
        f'task = "toy"\ntitle = "{evil}"\nset = {{ "train.device" = "cpu", "train.max_steps" = 1 }}\n'
        + "".join(f'[[runs]]\nlabel = "{evil}[red]{cell}"\ncells = ["{cell}"]\n' for cell in ("rnn", "gru"))
    )
    outputs = [workbench("study", "new", "grid", plan), workbench("study", "run", "grid")]
    study = study_of(runs_folder)
    raw = study.study_file.read_bytes()
    outputs += [
        workbench("study", "show", "grid", "--format", form) for form in ("table", "markdown", "latex", "csv", "json")
    ]
    outputs += [workbench("study", "list"), workbench("study", "show", "grid", "--rows", HOSTILE.replace("\x00", ""))]
    study.study_file.write_bytes(raw.replace(b'"schema"', evil.encode().join([b'"', b'schema"'])))
    outputs += [workbench("study", "show", "grid"), workbench("study", "list")]
    study.study_file.write_bytes(raw)
    study.path.rename(study.path.with_name(f"evil{HOSTILE}".replace("\x00", "").replace("/", "")))
    outputs += [workbench("study", "list"), workbench("study", "show", "evil"), workbench("study", "show", "nothing")]
    for output in outputs:
        assert obeyed(output.stdout + output.stderr) == set()
        assert "Traceback" not in output.stderr
        assert "defect" not in output.stderr
    assert [output.returncode for output in outputs] == [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 2]
    assert "[red]rnn" in outputs[2].stdout
    log = (runs_folder / "studies").glob("evil*/queue.log")
    assert obeyed(next(log).read_text()) == set()


def test_no_figure_of_a_strangers_run_breaks_a_table(workbench: Callable, runs_folder: Path) -> None:
    """Figures as large as a float can be, none, and of names that no task has."""
    workbench(*NEW, "--seeds", 3, "--cells", "rnn,gru", "--set", "train.max_steps=1")
    study = study_of(runs_folder)
    assert workbench("study", "run", "grid").returncode == 0
    for member in study.members():
        lines = member.run.events_file.read_bytes().splitlines()
        ended = msgspec.json.decode(lines[-1])
        ended["test"] = {"accuracy": 1.7e308, "loss": None, f"{HOSTILE}%s{{0}}": -1.7e308}
        member.run.events_file.write_bytes(b"\n".join([*lines[:-1], msgspec.json.encode(ended), b""]))
    for words in ((), ("--metric", "test.loss"), ("--json",), ("--metric", "val.macro_f1", "--format", "csv")):
        shown = workbench("study", "show", "grid", *words)
        assert shown.returncode == 0, shown.stderr
        assert obeyed(shown.stdout + shown.stderr) == set()
