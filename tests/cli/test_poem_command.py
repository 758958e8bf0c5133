"""``poem``: a trained writer, through the real command line."""

from __future__ import annotations

import os

import msgspec
import pytest
from engine.toy_runs import copied, toy, trained
from sentences import says
from typer.testing import CliRunner

from tasks.scribe.task import CIRCLE
from workbench.cli.app import app
from workbench.config import spec
from workbench.runs import store
from workbench.runs.run import Run
from workbench.runs.store import NoSuchRun


@pytest.fixture(scope="session")
def _scribe(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = store.create(tmp_path_factory.mktemp("scribe"), spec.make("scribe", "gru", {"train.epochs": 4}))
    trained(run)
    return run


@pytest.fixture
def scribe(_scribe: Run, runs_folder) -> Run:
    return copied(_scribe, runs_folder, "scribe-gru-finished")


def objects(stdout: str) -> list[dict]:
    return [msgspec.json.decode(line) for line in stdout.splitlines()]


def test_a_seed_writes_the_same_poem_again(workbench, scribe: Run) -> None:
    first = workbench("poem", scribe.id, "--start", "月", "--seed", 1)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("月")
    assert set(first.stdout.strip()) <= set(CIRCLE)
    assert workbench("poem", scribe.id, "--start", "月", "--seed", 1).stdout == first.stdout


def test_json_is_one_object_a_poem_and_seeds_count_up(workbench, scribe: Run) -> None:
    result = workbench("poem", "--start", "光", "--seed", 7, "--count", 3, "--temperature", 1.5, "--json")
    assert result.returncode == 0, result.stderr
    told = objects(result.stdout)
    assert [one["seed"] for one in told] == [7, 8, 9]
    for one in told:
        assert one["run"] == scribe.id
        assert one["text"] == "光" + "".join(c["text"] for c in one["characters"])
        assert len(one["characters"]) <= 200
        assert all(c["nll"] >= 0 for c in one["characters"])
        assert one["nll"] > 0
    again = objects(workbench("poem", "--start", "光", "--seed", 8, "--temperature", 1.5, "--json").stdout)
    assert again == told[1:2]


def test_a_beginning_a_line_and_the_rest_goes_on_after_a_bad_one(workbench, scribe: Run) -> None:
    result = workbench("poem", "--json", input="月\n\n[bold]x\n 心 \n")
    assert says(result, 1, "").startswith("The network never saw b:")
    told = objects(result.stdout)
    assert [one["start"] for one in told] == ["月", "[bold]x", "心"]
    assert told[1].keys() == {"start", "error"}
    assert told[2]["text"].startswith("心")


def test_without_a_beginning_the_network_begins(workbench, scribe: Run) -> None:
    (told,) = objects(workbench("poem", "--json", "--length", 2, "--seed", 4).stdout)
    assert told["start"] == ""
    assert 0 < len(told["text"]) <= 2
    assert told["ended"] is False


def test_on_a_terminal_it_is_streamed(terminal, scribe: Run) -> None:
    screen = terminal("poem", "--seed", 2, "--temperature", 0, "--start", "明光")
    screen.expect("明光照")
    assert screen.ended() == 0


def test_poems_stand_apart(workbench, scribe: Run) -> None:
    assert workbench("poem", "--start", "月", "--count", 2, "--seed", 1).stdout.count("\n\n月") == 1


def test_the_newest_finished_writer_is_asked(workbench, scribe: Run, finished: Run, runs_folder) -> None:
    older = copied(scribe, runs_folder, "scribe-gru-older")
    unfinished = copied(scribe, runs_folder, "scribe-gru-newest")
    unfinished.events_file.write_bytes(b"")
    (runs_folder / "broken").mkdir()
    (runs_folder / "broken" / "spec.json").write_text("{")
    for age, run in enumerate((finished, unfinished, scribe, older)):
        os.utime(run.spec_file, (2_000_000_000 - age,) * 2)
    (told,) = objects(workbench("poem", "--json").stdout)
    assert told["run"] == scribe.id


def test_a_run_that_is_not_finished_is_asked_where_there_is_no_other(workbench, scribe: Run) -> None:
    scribe.events_file.write_bytes(b"")
    assert workbench("poem", "--start", "月").stdout.startswith("月")


def test_what_cannot_be_is_one_sentence(workbench, scribe: Run, finished: Run, runs_folder) -> None:
    assert says(workbench("poem", "nothing"), 2, "There is no run 'nothing'")
    sentence = says(workbench("poem", finished.id), 1, "")
    assert sentence == f"Run {finished.id} learned toy, which does not write: `workbench predict` asks it."
    assert "never saw x" in says(workbench("poem", scribe.id, "--start", "x"), 1, "")
    assert "temperature" in says(workbench("poem", scribe.id, "--temperature", -1), 2, "")
    fresh = store.create(runs_folder, spec.make("scribe", "gru"))
    assert "never reached its first step" in says(workbench("poem", fresh.id), 1, "")


@pytest.mark.parametrize("words", [["--form", "七绝", "--start", "月"], ["--acrostic", "月明"], ["--tones", "-n", 2]])
def test_a_constraint_that_the_network_does_not_offer_is_one_sentence(workbench, scribe: Run, words) -> None:
    name = words[0].removeprefix("--")
    sentence = says(workbench("poem", scribe.id, *words), 2, "")
    assert sentence == f"This network writes freely: it knows no {name}."


def test_where_no_model_came_along_the_next_action_is_named(nothing_came_along, runs_folder) -> None:
    toy(runs_folder)
    asked = CliRunner().invoke(app, ["poem", "--start", "月"])
    assert isinstance(asked.exception, NoSuchRun)
    assert "`workbench train poems --headless` trains one" in str(asked.exception)


def test_the_prompt_on_a_terminal_writes_and_leaves(terminal, scribe: Run, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    screen = terminal("poem", "--seed", 1)
    screen.expect(f"{scribe.id} writes, ")
    screen.expect("诗")
    screen.type("月\r")
    screen.expect("seed 1")
    screen.type("/temp 0.5\r")
    screen.expect("temp 0.5 · top-p 0.9 · seed 2")
    screen.type("/form 七绝\r")
    screen.expect("This network writes freely: it knows no form.")
    screen.type("/quit\r")
    assert screen.ended() == 0
    assert "Traceback" not in screen.read()
    assert "/form 七绝" in (tmp_path / "state/workbench/poem-history").read_text(encoding="utf-8")
