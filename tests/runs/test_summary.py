"""Summary of a run for lists: what it tells of each way to end, and the same as plain data."""

from __future__ import annotations

import os
import time

import event_makers as make
import msgspec
import pytest

from workbench.config import spec
from workbench.runs import metadata, store
from workbench.runs.events import Best, Event, encode
from workbench.runs.metadata import RunMetadata
from workbench.runs.run import Run
from workbench.runs.summary import UNREADABLE, RunSummary, facts, higher_is_better, read_summary

LIVED: list[Event] = [
    make.started(),
    make.step(10),
    make.evaluation(10, 0.75),
    make.evaluation(11),
    make.step(12, 0.25),
]
LOST = "The worker vanished without an error message. Resume goes on from the last checkpoint."
ABOUT = "toy with lstm"


def summary(run: Run, *events: Event) -> RunSummary:
    run.events_file.write_bytes(b"".join(map(encode, events)))
    return read_summary(run)


def test_before_the_first_event_little_is_known(run: Run) -> None:
    found = summary(run)
    assert found == RunSummary(run, "lost", LOST, {}, {}, spec=run.spec)
    assert (found.progress, found.standing, found.figure, found.metric) == ("–", "–", None, "accuracy")


def test_a_run_that_trains_tells_of_its_newest_step_and_its_best_evaluation(run: Run) -> None:
    lock = run.acquire_lock()
    found = summary(run, *LIVED)
    lock.close()
    assert (found.status, found.message) == ("running", ABOUT)
    assert (found.step, found.total, found.epochs, found.loss, found.eta_s) == (12, 100, 1.2, 0.25, 5.0)
    assert found.best == Best(step=11, metric="accuracy", value=0.5)
    assert (found.val, found.test, found.device, found.notes) == ({"accuracy": 0.5}, {}, "CPU, 1 thread", ())
    assert (found.progress, found.standing, found.figure) == ("12 / 100", "accuracy 0.5000", 0.5)


def test_the_figures_are_those_of_the_best_evaluation_not_of_the_newest(run: Run) -> None:
    best = Best(step=10, metric="accuracy", value=0.75)
    newer = msgspec.structs.replace(make.evaluation(20, 0.25), best=best)
    found = summary(run, make.started(), make.step(20), make.evaluation(10, 0.75), newer)
    assert (found.val, found.best, found.figure, found.epochs) == ({"accuracy": 0.75}, best, 0.75, 2.0)
    by_loss = Best(step=10, metric="loss", value=0.5)
    only = msgspec.structs.replace(make.evaluation(10), best=by_loss, metrics={"loss": 0.5})
    found = summary(run, make.started(), only)
    assert (found.metric, found.figure, found.epochs) == ("loss", 0.5, 1.0)


def test_a_run_that_ends_while_it_is_read_is_summarized_with_its_end(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its events are read, then it ends, then its status is derived."""
    run.events_file.write_bytes(b"".join(map(encode, LIVED)))

    def ends(self: Run) -> bool:
        with run.events_file.open("ab") as file:
            file.write(encode(make.finished(12)))
        monkeypatch.undo()
        return False

    monkeypatch.setattr(Run, "alive", ends)
    found = read_summary(run)
    assert (found.status, found.test) == ("finished", make.finished(12).test)
    assert found.test


def test_the_protocol_comes_before_the_notes(run: Run) -> None:
    told = msgspec.structs.replace(make.started(), protocol="as published", notes=["one", "two"])
    assert summary(run, told).notes == ("as published", "one", "two")


@pytest.mark.parametrize(
    ("end", "status", "message", "test", "epochs", "progress"),
    [
        (make.finished(100), "finished", ABOUT, {"accuracy": 0.5}, 10.0, "100"),
        (make.stopped(15), "stopped", ABOUT, {}, 1.5, "15 / 100"),
        (make.failed(15), "failed", "It broke.", {}, 1.2, "15 / 100"),
        (None, "lost", LOST, {}, 1.2, "12 / 100"),
    ],
    ids=["finished", "stopped", "failed", "lost"],
)
def test_each_end_is_told(
    run: Run, end: Event | None, status: str, message: str, test: dict[str, float], epochs: float, progress: str
) -> None:
    found = summary(run, *LIVED, *filter(None, [end]))
    assert (found.status, found.message, found.test) == (status, message, test)
    assert (found.epochs, found.progress, found.eta_s) == (epochs, progress, None)


def test_a_run_that_failed_and_goes_on_no_longer_says_why_it_failed(run: Run) -> None:
    lock = run.acquire_lock()
    found = summary(run, *LIVED, make.failed(12), make.started(12), make.step(13))
    lock.close()
    assert (found.status, found.message) == ("running", ABOUT)


def test_a_run_that_failed_and_is_claimed_again_no_longer_says_why_it_failed(run: Run) -> None:
    lock = run.acquire_lock()
    found = summary(run, *LIVED, make.failed(12))
    lock.close()
    assert (found.status, found.message) == ("starting", ABOUT)


def test_a_run_is_called_as_people_or_its_study_named_it(run: Run, tmp_path) -> None:
    assert summary(run, *LIVED).label == run.id
    for about, label in ((RunMetadata(name="wide"), "wide"), (RunMetadata(name="wide", study="grid"), "grid: wide")):
        metadata.write(run, about)
        found = summary(run, *LIVED)
        assert (found.metadata, found.label) == (about, label)
    metadata.write(run, RunMetadata(study="grid", note="only a note"))
    assert summary(run, *LIVED).label == run.id
    run.metadata_file.unlink()
    run.metadata_file.symlink_to(tmp_path / "elsewhere")
    assert summary(Run(run.path), *LIVED).status == UNREADABLE


def test_starter_data_is_said(run: Run) -> None:
    described = msgspec.structs.replace(run.spec, data="starter")
    run.spec_file.write_bytes(described.to_json())
    assert summary(Run(run.path), *LIVED, make.stopped(12)).message == f"{ABOUT}, on the small starter data"


def test_what_cannot_be_read_says_why(run: Run) -> None:
    run.spec_file.write_text("{")
    found = summary(Run(run.path), *LIVED)
    assert (found.status, found.spec, found.val, found.test, found.step) == (UNREADABLE, None, {}, {}, 0)
    assert found.message == f"Run {run.id}: spec.json is damaged: it is not a run's description."
    assert (found.task, found.cell, found.standing, found.metric, found.figure) == ("?", "?", "–", "", None)
    assert higher_is_better(found, "accuracy") is None
    run.events_file.unlink()
    run.events_file.mkdir()
    found = read_summary(Run(run.path))
    assert (found.status, found.message) == (
        UNREADABLE,
        f"Run {run.id} is not opened: events.jsonl is a folder, not a file of its own.",
    )
    assert found.run.path == run.path


def test_a_metrics_direction_is_its_tasks(run: Run) -> None:
    found = summary(run, *LIVED)
    directions = [higher_is_better(found, name) for name in ("accuracy", "macro_f1", "loss", "beauty")]
    assert directions == [True, True, False, None]
    climate = found._replace(spec=spec.make("climate", "gru"))
    assert higher_is_better(climate, climate.spec.settings.metric) is False


def test_the_facts_of_a_run_as_plain_data(runs_folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-8")
    time.tzset()
    run = store.create(runs_folder, spec.make("toy", "lstm", {"hidden": 4}, preset="tiny"))
    os.utime(run.spec_file, (1_700_000_000, 1_700_000_000))
    metadata.write(run, RunMetadata(name="wide", tags=("draft",)))
    found = summary(run, *LIVED, make.finished(100))
    told = facts(found)
    settings = told.pop("settings")
    assert told == {
        "run": run.id,
        "status": "finished",
        "task": "toy",
        "cell": "lstm",
        "preset": "tiny",
        "data": run.spec.data,
        "created": "2023-11-15T06:13:20+0800",
        "name": "wide",
        "study": "",
        "tags": ["draft"],
        "note": "",
        "job": None,
        "parent": None,
        "step": 100,
        "steps": 100,
        "epochs": 10.0,
        "best": Best(step=100, metric="accuracy", value=0.5),
        "val": {},
        "test": {"accuracy": 0.5},
    }
    assert settings == {key: spec.value(run.spec, key) for key in spec.keys(run.spec)}
    assert (settings["cell.hidden"], settings["train.max_steps"]) == (4, 2)
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("end", "message"),
    [(make.failed(12), "It broke."), (None, LOST), (make.stopped(12), None), (make.finished(100), None)],
    ids=["failed", "lost", "stopped", "finished"],
)
def test_a_message_is_among_the_facts_where_something_is_amiss(
    run: Run, end: Event | None, message: str | None
) -> None:
    told = facts(summary(run, *LIVED, *filter(None, [end])))
    assert told.get("message") == message
    assert ("message" in told) == (message is not None)
    assert (told["test"] is None) == (message is not None or end == make.stopped(12))


def test_the_facts_of_a_run_that_cannot_be_read(run: Run) -> None:
    run.spec_file.write_text("{")
    told = facts(summary(Run(run.path)))
    assert told == {
        **{"run": run.id, "status": "unreadable", "task": "?", "cell": "?", "preset": "", "data": "", "step": 0},
        **{"created": told["created"], "steps": 0, "epochs": None, "best": None, "val": {}, "test": None},
        **{"name": "", "study": "", "tags": [], "note": "", "job": None, "parent": None},
        **{"settings": {}, "message": f"Run {run.id}: spec.json is damaged: it is not a run's description."},
    }
