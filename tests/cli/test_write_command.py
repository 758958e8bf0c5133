"""``write``: a network of characters, trained through the real command line, writes on."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from engine.toy_runs import copied, trained
from sentences import says

from workbench.config import spec
from workbench.runs import store, writers
from workbench.runs.run import Run

SAYING = "the quick brown fox jumps over the lazy dog,\n\tand the dog does not mind.\n"
SETTINGS = {
    "cell.hidden": 24,
    "task.length": 20,
    "task.embedding": 8,
    "train.batch_size": 8,
    "train.epochs": 10,
    "train.lr": 0.02,
    "train.threads": 1,
    "train.checkpoint_seconds": 1000.0,
}


@pytest.fixture(scope="session")
def _typist(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("chars")
    (folder / "own.txt").write_text(SAYING * 40, encoding="utf-8")
    run = store.create(folder, spec.make("chars", "gru", {**SETTINGS, "task.file": str(folder / "own.txt")}))
    trained(run)
    return run


@pytest.fixture
def typist(_typist: Run, runs_folder: Path) -> Run:
    return copied(_typist, runs_folder, "chars-gru-finished")


def test_a_text_trains_evaluates_with_samples_and_is_written_on(workbench, tmp_path: Path, runs_folder: Path) -> None:
    (tmp_path / "own.txt").write_bytes((SAYING * 40).replace("\n", "\r\n").encode("utf-16"))
    values = {**SETTINGS, "task.sample_length": 30, "task.file": tmp_path / "own.txt", "train.epochs": 2}
    sets = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    result = workbench("train", "chars", "--cell", "lstm", "--headless", *sets)
    assert result.returncode == 0, result.stderr
    assert "Its encoding is UTF-16 (task.encoding sets another)." in result.stderr
    assert "80 line ends \\r or \\r\\n were made \\n." in result.stderr
    for heading in ("NLL nats/char", "bits/char", "accuracy", "unigram", "Kneser-Ney"):
        assert heading in result.stdout
    (run,) = store.listing(runs_folder)
    events = [msgspec.json.decode(line) for line in run.events_file.read_bytes().splitlines()]
    samples = [event["view"] for event in events if event["event"] == "sample"]
    assert len(samples) == 2
    assert all((one["title"], len(one["text"].expandtabs(1)) >= 30) == ("a text, seed 0", True) for one in samples)
    assert "a text, seed 0" in workbench("show", "last").stdout
    written = workbench("write", "last", "--start", "the ", "--length", 20, "--seed", 1)
    assert written.returncode == 0, written.stderr
    assert written.stdout.startswith("the ")
    assert len(written.stdout) == 4 + 20 + 1


def test_the_network_has_learned_its_text(workbench, typist: Run) -> None:
    result = workbench("write", typist.id, "--start", "the quick ", "--temperature", 0, "--length", 60)
    assert result.stdout == SAYING[:70] + "\n"  # line end, tab and all


def test_a_start_is_taken_as_it_is_typed(workbench, typist: Run) -> None:
    result = workbench("write", typist.id, "--start", "dog,\n\t", "--temperature", 0, "--length", 7)
    assert result.stdout == "dog,\n\tand the\n"


def test_json_is_one_object_a_text_and_seeds_count_up(workbench, typist: Run) -> None:
    words = ("write", typist.id, "--start", "the ", "--length", 12, "--top-k", 5, "--top-p", 1, "--json")
    result = workbench(*words, "--seed", 7, "--count", 2)
    told = [msgspec.json.decode(line) for line in result.stdout.splitlines()]
    assert [one["seed"] for one in told] == [7, 8]
    for one in told:
        assert (one["run"], one["start"], one["top_k"], one["repetition"]) == (typist.id, "the ", 5, 0)
        assert one["text"] == "the " + "".join(c["text"] for c in one["characters"])
        assert (len(one["characters"]), one["ended"]) == (12, False)
    (again,) = [msgspec.json.decode(line) for line in workbench(*words, "--seed", 8).stdout.splitlines()]
    assert again == told[1]
    plain = workbench("write", typist.id, "--length", 12, "--seed", 7, "--count", 2).stdout
    assert len(plain) == 2 * 13 + 1  # a blank line between them


def test_a_character_that_it_never_saw_is_named(workbench, typist: Run) -> None:
    sentence = "The network never saw é ß (or too seldom to know it): leave it out."
    assert says(workbench("write", typist.id, "--start", "thé ß"), 1, "") == sentence


def test_the_poets_command_points_to_it_and_lists_no_such_run(workbench, typist: Run, runs_folder: Path) -> None:
    sentence = f"Run {typist.id} learned chars, which writes no poems: `workbench write {typist.id}` asks it."
    assert says(workbench("poem", typist.id, "--start", "the"), 1, "") == sentence
    assert typist.id not in [run.id for run in writers.listing(runs_folder)]


def test_a_run_that_does_not_write_is_refused(workbench, finished: Run) -> None:
    sentence = f"Run {finished.id} learned toy, which does not write: `workbench predict` asks it."
    assert says(workbench("write", finished.id), 1, "") == sentence


def test_predict_continues_and_inspect_reads(workbench, typist: Run) -> None:
    answer = workbench("predict", typist.id, "the quick", "--json")
    assert answer.returncode == 0, answer.stderr
    (told,) = [msgspec.json.decode(line) for line in answer.stdout.splitlines()]
    assert told["views"][0]["text"].startswith("the quick")
    read = workbench("inspect", typist.id, "the quick")
    assert read.returncode == 0, read.stderr
    assert "␣" in read.stdout
