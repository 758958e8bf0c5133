"""Choice of the run that writes where a person names none: the best validation among comparable runs."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from workbench.config import spec
from workbench.runs import store, writers
from workbench.runs.events import Best, Eval, Finished, encode
from workbench.runs.run import Run

pytestmark = pytest.mark.usefixtures("nothing_came_along")


def writer(folder: Path, name: str, nll: float, vocabulary: str = "天月", *, finished: bool = True) -> Run:
    run = store.create(folder, spec.make("scribe", "gru"))
    run = Run(run.path.rename(folder / name))
    best = Best(step=8, metric="nll", value=nll)
    events = [Eval(time=1.0, step=8, epoch=1.0, metrics={"nll": nll}, best=best)]
    if finished:
        end = Finished(
            time=2.0, step=8, epochs=1.0, reason="all steps done", best=best, test={}, wall_s=1.0, examples_per_s=1.0
        )
        events.append(end)  # type: ignore[arg-type]
    run.events_file.write_bytes(b"".join(map(encode, events)))
    run.task_file.write_bytes(msgspec.json.encode({"vocabulary": [*vocabulary]}))
    run.best_file.touch()
    return run


def test_garbage_does_not_replace_a_model_that_writes_better(tmp_path: Path) -> None:
    good = writer(tmp_path / "pretrained", "good", 2.5)
    garbage = writer(tmp_path, "scribe-garbage", 9.5)
    writer(tmp_path, "scribe-unfinished", 0.5, finished=False)
    run, why = writers.preferred(tmp_path)
    assert run.id == good.id
    said = f"validation NLL 2.500, {garbage.id}'s NLL 9.500"
    assert why == f"writes, the best of 2 runs ({said}); another: `workbench poem RUN`."


def test_the_newest_writes_where_figures_cannot_be_compared(tmp_path: Path) -> None:
    writer(tmp_path / "pretrained", "other", 2.5, vocabulary="天月地")
    newest = writer(tmp_path, "scribe-new", 9.5)
    run, why = writers.preferred(tmp_path)
    assert run.id == newest.id
    assert "validation NLL 9.500; not comparable with pretrained/other" in why


def test_a_damaged_neighbour_changes_nothing(tmp_path: Path) -> None:
    only = writer(tmp_path, "scribe-a", 3.0)
    assert writers.preferred(tmp_path).reason == "writes, the only run that can (validation NLL 3.000)."
    damaged = writer(tmp_path / "pretrained", "bad", 1.0)
    damaged.task_file.write_bytes(b"{")
    assert writers.preferred(tmp_path).run.id == only.id
