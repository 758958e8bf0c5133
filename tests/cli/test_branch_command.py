"""``branch`` and ``replay`` on the command line, and what ``show`` and ``runs`` tell of the lineage."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import msgspec
import pytest
from engine.toy_runs import toy, trained
from waiting import until

from workbench.runs import store
from workbench.runs.history import read_history
from workbench.runs.run import Run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = toy(tmp_path_factory.mktemp("kept"), {"train.epochs": 2, "train.eval_every": 6, "train.keep": 3})
    trained(run)
    return run


@pytest.fixture
def kept(made: Run, runs_folder: Path) -> Run:
    """A finished run that keeps steps 6, 18 and 24."""
    shutil.copytree(made.path, runs_folder / "toy-rnn-kept")
    return Run(runs_folder / "toy-rnn-kept")


def branch_in(folder: Path, parent: Run) -> Run:
    return next(run for run in store.listing(folder) if run.path != parent.path)


def test_a_branch_is_trained_and_its_lineage_is_told(workbench, kept: Run, runs_folder: Path) -> None:
    result = workbench(
        *(
            "branch",
            kept.id,
            "--at",
            18,
            "--lr",
            0.002,
            "--epochs",
            3,
            "--headless",
            "--name",
            "slower",
            "--tag",
            "tuned",
        )
    )
    assert result.returncode == 0, result.stderr
    assert f"A branch of {kept.id} at step 18: the weights and adamw's state are its parent's." in result.stderr
    child = branch_in(runs_folder, kept)
    assert f"Run {child.id} finished (all steps done)" in result.stdout
    evals = [event.step for event in read_history(child.events_file).evals]
    assert evals == [18, 24, 30, 36]
    shown = workbench("show", child.id).stdout
    assert f"branch of   {kept.id} at step 18" in shown
    assert "kept steps  18, 24, 36" in shown or "kept steps  18, 30, 36" in shown
    assert f"branches    {child.id} at step 18" in workbench("show", kept.id).stdout
    told = msgspec.json.decode(workbench("show", child.id, "--json").stdout)
    assert told["parent"] == {"run": kept.id, "step": 18, "here": True}
    assert told["spec"]["parent"]["before"] == {"train.lr": 0.01, "train.epochs": 2}
    assert (told["name"], told["tags"]) == ("slower", ["tuned"])
    parent = msgspec.json.decode(workbench("show", kept.id, "--json").stdout)
    assert (parent["parent"], parent["branches"], parent["kept"]) == (
        None,
        [{"run": child.id, "step": 18}],
        [6, 18, 24],
    )
    listed = {run["run"]: run for run in msgspec.json.decode(workbench("runs", "--json").stdout)}
    assert listed[child.id]["parent"] == {"run": kept.id, "step": 18}
    assert listed[kept.id]["parent"] is None
    assert f"{kept.id} at step 18" in workbench("runs", COLUMNS="200").stdout
    exported = workbench("export", kept.id, child.id).stdout.splitlines()
    assert "parent.run,parent.step" in exported[0]

    assert workbench("rm", kept.id, "--yes").returncode == 0
    assert not kept.path.exists()
    assert "(that folder was deleted or moved; this run needs it no longer)" in workbench("show", child.id).stdout
    assert workbench("predict", child.id, "012").returncode == 0
    again = workbench("branch", child.id, "--epochs", 4, "--json")
    assert again.returncode == 0, again.stderr
    assert msgspec.json.decode(again.stdout.splitlines()[-1])["status"] == "finished"


def test_a_branch_in_the_background(workbench, kept: Run, runs_folder: Path) -> None:
    result = workbench("branch", kept.id, "--epochs", 3, "--detach")
    assert result.returncode == 0, result.stderr
    child = Run(runs_folder / result.stdout.strip())
    until(lambda: child.status() == "finished", "the branch ends")
    assert read_history(child.events_file).started.from_step == 24


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--at", "13"), "Run toy-rnn-kept keeps no weights of step 13: there are best, last, 6, 18, 24.", 1),
        (("--set", "cell.hidden=9"), "cell.hidden cannot change in a branch: the network is made by it", 2),
        (("--set", "task.rows=100"), "task.rows cannot change in a branch", 2),
        ((), "Step 24 of run toy-rnn-kept is the last of train.epochs=2: raise --epochs", 2),
        (("--epochs", "3", "--device", "cuda:7"), "cuda:7", 1),
    ],
)
def test_what_cannot_be_branched_is_one_sentence(workbench, kept: Run, runs_folder: Path, words, said, code) -> None:
    result = workbench("branch", kept.id, "--headless", *words)
    assert (result.returncode, result.stdout) == (code, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert [run.id for run in store.listing(runs_folder)] == [kept.id]


def test_readonly_refuses_to_branch(workbench, kept: Run) -> None:
    result = workbench("--readonly", "branch", kept.id)
    assert (result.returncode, result.stderr) == (
        2,
        "workbench: --readonly only shows: `workbench branch` without it acts.\n",
    )


def test_a_pretrained_model_is_trained_on_from_its_weights(workbench, runs_folder: Path) -> None:
    words = ("branch", "pretrained/names-lstm", "--at", "best", "--max-steps", 1922, "--epochs", 0, "--detach")
    result = workbench(*words)
    assert result.returncode == 0, result.stderr
    child = Run(runs_folder / result.stdout.strip())
    assert (child.spec.parent.run, child.spec.parent.step) == ("pretrained/names-lstm", 1921)
    assert child.spec.parent.weights_only
    shown = workbench("show", child.id).stdout
    assert re.search(r"^branch of +pretrained/names-lstm at step 1,921 *$", shown, re.M)


def test_replay_needs_a_terminal_and_events(workbench, kept: Run, runs_folder: Path) -> None:
    result = workbench("replay", kept.id)
    assert (result.returncode, "This is not a terminal" in result.stderr) == (2, True)
    fresh = toy(runs_folder)
    result = workbench("replay", fresh.id)
    assert result.returncode == 2
    assert result.stderr == f"workbench: Run {fresh.id} has no events yet: there is nothing to replay.\n"
    assert "--speed" in workbench("replay", kept.id, "--speed", 0).stderr


def test_replay_opens_the_screen(kept: Run, terminal) -> None:
    one = terminal("replay", kept.id, "--speed", 1000)
    one.expect("replay of toy with rnn")
    one.expect("at its end")
    one.type("q")
    assert one.ended() == 0
