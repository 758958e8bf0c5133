"""The latest events of a run give the figures of its whole history."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO

import event_makers as make
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from test_history import life

from tasks.views import Text
from workbench.runs import history as histories
from workbench.runs.events import Best, Eval, Event, Finished, encode
from workbench.runs.history import History, LatestEvents, read_end, read_history

LIVES = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=4)


def evaluated(step: int, best: int) -> Eval:
    return Eval(
        time=1.0 + step,
        step=step,
        epoch=step / 10,
        metrics={"accuracy": step / 100},
        views=[Text(title="a poem", text="x" * 300)],
        best=Best(step=best, metric="loss", value=0.1),
    )


def figures(history: History) -> tuple[object, ...]:
    """Figures that a list of runs shows."""
    last = history.evals[-1] if history.evals else None
    best = next((e.metrics for e in history.evals if last and e.step == last.best.step), None)
    return (
        type(history.ended),
        history.step,
        history.steps[-1:],
        history.started,
        last and (last.step, last.metrics, last.best),
        best,
    )


@budget(deadline=None, max_examples=60)
@given(LIVES, st.integers(200, 2000), st.integers(0, 12))
def test_whatever_lives_a_run_had_the_figures_are_those_of_the_whole(
    lives: list[tuple[int, bool]], chunk: int, grow: int
) -> None:
    """Also when it grew after the first look."""
    events: list[Event] = []
    saved = 0
    for number, (length, stops) in enumerate(lives):
        told, saved = life(number, saved, length, stops=stops)
        events += told
    lines = list(map(encode, events))
    cut = max(0, len(lines) - grow)
    before, histories._CHUNK = histories._CHUNK, chunk
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "events.jsonl"
            path.write_bytes(b"".join(lines[:cut]) + b"".join(lines[cut : cut + 1])[:9])
            latest = LatestEvents(path)
            latest.read()
            path.write_bytes(b"".join(lines) + b"torn")
            known, whole = latest.read(), read_history(path)
            fresh, end = LatestEvents(path).read(), read_end(path)
    finally:
        histories._CHUNK = before
    for found in (known, fresh):
        assert figures(found)[:3] == figures(whole)[:3]
        assert figures(found)[4:] == figures(whole)[4:]
    assert (fresh.started is None) == (whole.started is None)
    assert fresh.best == whole.best
    assert (end.ended, end.empty) == (whole.ended, whole.empty)


def test_the_best_evaluation_is_found_however_far_back(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    events: list[Event] = [make.started(), make.step(1), evaluated(1, 1), evaluated(2, 2)]
    events += [make.step(k) for k in range(3, 2000)] + [evaluated(2000, 2)]
    events += [make.step(k) for k in range(2001, 4000)]
    path.write_bytes(b"".join(map(encode, events)))
    latest = LatestEvents(path)
    assert figures(latest.read()) == figures(read_history(path))
    assert [(e.step, e.views) for e in latest.history.evals] == [(2, []), (2000, [])]
    with path.open("ab") as file:
        file.write(encode(make.step(4000)) + encode(evaluated(4001, 4001)))
    assert latest.read().evals[-1].metrics == {"accuracy": 40.01}
    assert (latest.history.step, len(latest.history.steps)) == (4001, 1)


def test_a_finished_run_names_its_best_evaluation(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    end = Finished(
        time=1.0,
        step=3,
        epochs=1.0,
        reason="done",
        best=Best(step=1, metric="loss", value=0.1),
        test={"accuracy": 0.9},
        views=[Text(title="long", text="y" * 200_000)],
        wall_s=1.0,
        examples_per_s=1.0,
    )
    path.write_bytes(b"".join(map(encode, [make.started(), evaluated(1, 1), make.step(2), evaluated(3, 1), end])))
    history = LatestEvents(path).read()
    assert isinstance(history.ended, Finished)
    assert (history.ended.test, history.ended.views) == ({"accuracy": 0.9}, [])
    assert [e.step for e in history.evals] == [1, 3]


def test_of_a_run_that_goes_on_only_what_is_new_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []  # readings from the end of the file on back
    latest_of = histories._latest

    def noted(path: Path, file: BinaryIO) -> tuple[list[Event], int]:
        looks.append(1)
        return latest_of(path, file)

    monkeypatch.setattr(histories, "_latest", noted)
    path = tmp_path / "events.jsonl"
    latest = LatestEvents(path)
    assert latest.history.empty

    def read(*events: Event) -> tuple[int, list[int], int]:
        with path.open("ab") as file:
            file.write(b"".join(map(encode, events)))
        found = latest.read()
        return found.step, [e.step for e in found.evals], len(looks)

    assert read(make.started(), make.step(1), evaluated(1, 1)) == (1, [1], 1)
    assert read(make.step(2)) == (2, [1], 1)
    assert read(evaluated(3, 3), evaluated(4, 3), make.step(5)) == (5, [3, 4], 1)
    assert read() == (5, [3, 4], 1)
    assert read(make.started(4), make.step(6)) == (6, [3, 4], 2)  # another life: what it dropped is to be found
    assert read(make.step(7)) == (7, [3, 4], 2)
    path.rename(tmp_path / "old")
    assert read(make.started(), make.step(2)) == (2, [], 3)  # another file


@pytest.mark.parametrize("content", [None, b"", b"torn", b"\n\n{}\n"])
def test_no_events_are_an_empty_history(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "events.jsonl"
    if content is not None:
        path.write_bytes(content)
    latest = LatestEvents(path)
    assert latest.read().empty
    path.write_bytes(encode(make.started()) + encode(make.step(7)))
    assert latest.read().step == 7


def test_views_are_kept_on_request(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(map(encode, [make.started(), evaluated(1, 1), evaluated(2, 2), evaluated(3, 2)])))
    assert LatestEvents(path, keep_views=True).read().evals == [evaluated(2, 2), evaluated(3, 2)]
