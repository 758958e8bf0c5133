"""A run whose ``spec.json`` was changed by hand is not trained on with other settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from event_makers import started

from workbench.config import spec
from workbench.runs import job, launch, store
from workbench.runs.folder import RunError
from workbench.runs.job import Job
from workbench.runs.journal import Journal
from workbench.runs.run import Run


@pytest.fixture
def trained_before(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run with a checkpoint; its workers do nothing."""
    monkeypatch.setattr(launch.sys, "executable", "/bin/true")
    run = store.create(runs_folder, spec.make("toy", "rnn"))
    journal = Journal(run.events_file)
    journal.append(msgspec.structs.replace(started(), settings=spec.values(run.spec)))
    journal.close()
    run.last_file.write_bytes(b"a checkpoint")
    return Run(run.path)


def edit(run: Run, section: str, **values: Any) -> Run:
    raw = msgspec.json.decode(run.spec_file.read_bytes())
    raw[section] |= values
    run.spec_file.write_bytes(msgspec.json.encode(raw))
    return Run(run.path)


@pytest.mark.parametrize(
    ("section", "values", "said"),
    [
        ("train", {"batch_size": 64}, "train.batch_size=64, but the run was trained with 16"),
        ("train", {"epochs": 9}, "train.epochs=9, but the run was trained with 2"),
        ("train", {"lr": 1.0}, "train.lr=1, but the run was trained with 0.01"),
        ("options", {"hidden": 9}, "cell.hidden=9, but the run was trained with 8"),
        ("settings", {"dropout": 0.5}, "task.dropout=0.5, but the run was trained with 0.2"),
    ],
)
def test_other_settings_than_the_checkpoints_are_refused(
    trained_before: Run, section: str, values: dict[str, Any], said: str
) -> None:
    run = edit(trained_before, section, **values)
    with pytest.raises(RunError) as caught:
        launch.start(run)
    assert str(caught.value) == (f"{run.spec_file} says {said}: write that back, or train anew with `workbench train`.")
    assert not run.alive()


def test_settings_that_do_not_fit_together_are_a_sentence(trained_before: Run) -> None:
    run = edit(trained_before, "train", epochs=0)
    with pytest.raises(RunError) as caught:
        launch.start(run)
    assert str(caught.value) == (
        f"{run.spec_file}: The run would never end: set train.epochs or train.max_steps above 0."
    )


def test_where_and_with_how_many_threads_it_computes_may_change(trained_before: Run) -> None:
    edit(trained_before, "options", kernel="reference")
    run = edit(trained_before, "train", device="cpu", threads=2, checkpoint_seconds=5.0)
    assert launch.start(run).wait(timeout=60) == 0


def test_before_the_first_checkpoint_everything_may_change(trained_before: Run) -> None:
    trained_before.last_file.unlink()
    assert launch.start(edit(trained_before, "train", batch_size=64)).wait(timeout=60) == 0


def test_older_runs_have_no_settings_to_compare_with(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch.sys, "executable", "/bin/true")
    run = store.create(runs_folder, spec.make("toy", "rnn"))
    journal = Journal(run.events_file)
    journal.append(started())
    journal.close()
    run.last_file.write_bytes(b"a checkpoint")
    assert launch.start(edit(run, "train", batch_size=64)).wait(timeout=60) == 0


def test_a_cell_that_is_gone_is_a_sentence(trained_before: Run) -> None:
    poems = spec.make("poems", "lstm").to_json()
    trained_before.spec_file.write_bytes(msgspec.json.encode(msgspec.json.decode(poems) | {"cell": "mycell"}))
    with pytest.raises(RunError, match=r"There is no cell 'mycell'"):
        launch.start(Run(trained_before.path))


def test_a_file_that_was_moved_may_be_named_anew(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch.sys, "executable", "/bin/true")
    run = store.create(runs_folder, spec.make("climate", "rnn", {"task.csv": "/old/river.csv"}))
    journal = Journal(run.events_file)
    journal.append(msgspec.structs.replace(started(), settings=spec.values(run.spec)))
    journal.close()
    run.last_file.write_bytes(b"a checkpoint")
    assert launch.start(edit(run, "settings", csv="/new/river.csv")).wait(timeout=60) == 0


def test_a_start_on_this_machine_ends_what_a_cluster_said_of_it(
    trained_before: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = Job(executor="slurm", cluster="lab", id="12", submitted=1.0, state="ended", reason="Slurm ended job 12.")
    job.write(trained_before.job_file, killed)
    monkeypatch.setattr(launch.sys, "executable", "/bin/true")
    launch.start(trained_before, own_job="12").wait()
    assert trained_before.job == killed
    launch.start(trained_before).wait()
    assert trained_before.job is None
