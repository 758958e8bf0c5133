"""``workbench inspect``: the gradient through time of trained networks, measured anew."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from sentences import says

from workbench.runs.history import read_history
from workbench.runs.run import Run


def test_json_holds_every_number_and_those_that_the_training_measured(workbench, finished: Run) -> None:
    result = workbench("inspect", finished.id, "--gradients", "--json")
    assert result.returncode == 0, result.stderr
    (told,) = json.loads(result.stdout)
    history = read_history(finished.events_file)
    step = history.best.step
    measured = next(probe for probe in history.probes if probe.step == step)
    assert (told["run"], told["cell"], told["at"], told["step"]) == (finished.id, "rnn", "best", step)
    assert told["distances"] == measured.distances
    assert told["curves"][0]["norms"] == pytest.approx(measured.cells[0].norms["h"], rel=1e-3)
    assert told["curves"][0]["bound"][0] == pytest.approx(told["curves"][0]["norms"][0])
    assert told["cells"][0]["spectral_norm"] == pytest.approx(measured.cells[0].spectral_norm, rel=1e-4)


def test_tables_chart_and_paragraph_of_two_runs(workbench, finished: Run, stopped: Run) -> None:
    result = workbench("inspect", finished.id, stopped.id, "--gradients", "--examples", 8)
    assert result.returncode == 0, result.stderr
    text = result.stdout
    assert f"toy with rnn, best weights, step {read_history(finished.events_file).best.step}, 8 validation" in text
    assert re.search(r"^run +norm at distance +0 +1 +5 +\d+ +reach", text, re.M)
    assert re.search(r"^lstm +layer 1, c +\d", text, re.M)
    assert re.search(r"^lstm +layer 1 +f +0\.\d{3} +\S+ % +\S+ % +\d+\.\d steps", text, re.M)
    assert re.search(r"^rnn +layer 1 +\d\.\d{3} +\d\.\d{3}", text, re.M)
    assert "steps before the end" in text
    assert "before the end the gradient of rnn is" in text
    assert "Pascanu et al. 2013" in text
    assert result.stderr.count("Measuring the gradient of") == 2


def test_the_last_checkpoint(workbench, finished: Run) -> None:
    told = json.loads(workbench("inspect", finished.id, "--gradients", "--at", "last", "--json").stdout)
    assert told[0]["step"] == read_history(finished.events_file).step
    finished.last_file.unlink()
    result = workbench("inspect", finished.id, "--gradients", "--at", "last")
    assert says(result, 1, "does not keep its last weights: there are best")


def test_wrong_usage(workbench, finished: Run) -> None:
    assert says(workbench("inspect", finished.id), 2, "Say what to look at")
    assert says(
        workbench("inspect", finished.id, "--gradients", "--at", "first"),
        1,
        "has no weights called 'first': there are best",
    )
    assert says(workbench("inspect", finished.id, "--gradients", "--examples", "0"), 2, "--examples")
    assert says(workbench("inspect", "nothing", "--gradients"), 2, "There is no run 'nothing'")


def test_a_run_without_weights_is_a_sentence(workbench, finished: Run) -> None:
    finished.best_file.unlink()
    assert says(workbench("inspect", finished.id, "--gradients"), 1, "the run has no weights to answer with yet")


def test_show_and_the_end_of_a_training_tell_how_far_the_gradient_reaches(workbench, finished: Run) -> None:
    assert re.search(r"^memory +the gradient reaches \d+ of \d+ steps back", workbench("show", "last").stdout, re.M)
    result = workbench("watch", finished.id, "--headless")
    assert re.search(r"^memory: the gradient reaches \d+ of \d+ steps back", result.stdout, re.M)


def test_a_picture_of_the_gradient(workbench, finished: Run, tmp_path) -> None:
    done = workbench("plot", "last", "--what", "gradients", "-o", tmp_path / "a.svg", "--json")
    assert done.returncode == 0, done.stderr
    assert msgspec.json.decode(done.stdout)["runs"] == [finished.id]
