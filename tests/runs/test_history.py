"""The history of a run that was resumed, and the end of its events."""

from __future__ import annotations

import tempfile
from pathlib import Path

import event_makers as make
import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from tasks.views import Text
from workbench.runs import history as histories
from workbench.runs.events import Event, Finished, Started, Step, encode
from workbench.runs.history import History, read_end, read_history

LIVES = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=5)


def life(number: int, from_step: int, length: int, *, stops: bool) -> tuple[list[Event], int]:
    """Events of a worker from ``from_step`` on, and the step of its last checkpoint. Its number is the loss."""
    events: list[Event] = [make.started(from_step)]
    saved = from_step
    for at in range(from_step + 1, from_step + length + 1):
        events.append(make.step(at, loss=number))
        if at % 2 == 0:
            events += [make.evaluation(at, number), make.sample(at)]
        if at % 5 == 0:
            events.append(make.alarm(at, f"life {number}"))
        if at % 3 == 0:
            saved = at
            events.append(make.checkpoint(at))
    if stops:
        saved = from_step + length
        events += [make.checkpoint(saved), make.stopped(saved)]
    return events, saved


@budget(deadline=None, max_examples=200)
@given(LIVES)
def test_events_after_the_resumed_checkpoint_are_dropped(lives: list[tuple[int, bool]]) -> None:
    history, saved, made_by = History(), 0, dict[int, int]()
    for number, (length, stops) in enumerate(lives):
        made_by = {at: of for at, of in made_by.items() if at <= saved}
        made_by |= dict.fromkeys(range(saved + 1, saved + length + 1), number)
        last = saved + length
        events, saved = life(number, saved, length, stops=stops)
        history.extend(events)
    assert [(e.step, e.loss) for e in history.steps] == sorted(made_by.items())
    evals = [(at, of) for at, of in sorted(made_by.items()) if at % 2 == 0]
    assert [(e.step, e.metrics["accuracy"]) for e in history.evals] == evals
    assert [e.step for e in history.samples] == [at for at, _ in evals]
    assert [(e.step, e.message) for e in history.alarms] == [
        (at, f"life {of}") for at, of in sorted(made_by.items()) if at % 5 == 0
    ]
    assert history.step == last
    assert (history.ended is not None) == lives[-1][1]
    assert (history.checkpoint.step if history.checkpoint else 0) == saved


@pytest.mark.parametrize("end", [make.finished(4), make.stopped(4), make.failed(4)])
def test_a_life_that_goes_on_is_not_ended(end: Event) -> None:
    history = History()
    history.extend([make.started(), make.step(4), end])
    assert history.ended == end
    history.add(make.started(4))
    assert history.ended is None
    assert history.step == 4


def test_a_life_from_the_start_forgets_all_figures() -> None:
    history = History()
    history.extend([make.started(), make.step(4), make.evaluation(4), make.alarm(4), make.sample(4)])
    history.add(make.started(0))
    assert (history.steps, history.evals, history.alarms, history.samples) == ([], [], [], [])
    assert history.step == 0


def test_a_checkpoint_after_where_a_life_began_no_longer_counts() -> None:
    history = History()
    history.extend([make.started(), make.step(4), make.checkpoint(4), make.started(0)])
    assert history.checkpoint is None
    assert history.step == 0


def test_clear_is_a_new_history() -> None:
    history = History()
    history.extend([make.started(), make.step(1), make.evaluation(1), make.checkpoint(1), make.finished(1)])
    assert isinstance(history.started, Started)
    assert isinstance(history.ended, Finished)
    assert isinstance(history.steps[0], Step)
    history.clear()
    assert vars(history) == vars(History())


def test_of_two_evaluations_at_a_step_the_later_one_counts() -> None:
    history = History()
    first, again = make.evaluation(12, 0.25), make.evaluation(12, 0.5)
    for event in (make.started(12), first, make.probe(12), make.started(12), again, make.probe(12)):
        history.add(event)
    assert history.evals == [again]
    assert [event.step for event in history.probes] == [12]


def test_the_best_is_the_last_evaluations_and_at_the_end_the_finished_ones() -> None:
    history = History()
    assert history.best is None
    history.extend([make.started(), make.evaluation(1, 0.5), make.evaluation(2, 0.6)])
    assert history.best == history.evals[-1].best
    history.add(make.finished(3))
    assert history.ended is not None
    assert history.best == make.finished(3).best


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


@budget(deadline=None, max_examples=10)
@given(st.integers(0, 600), st.booleans())
def test_the_last_event_of_a_long_file_is_found_without_reading_it_all(shift: int, ended: bool) -> None:
    """For every position of the chunk's beginning within a line."""
    events: list[Event] = [make.started(), make.alarm(0, "." * shift)]
    for k in range(1, 1000):
        events += [make.step(k), *([make.evaluation(k), make.checkpoint(k)] if k % 100 == 0 else [])]
    events += [make.finished(999)] if ended else []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        path.write_bytes(b"".join(map(encode, events)))
        assert path.stat().st_size > histories._CHUNK + 10_000
        end, whole = read_end(path), read_history(path)
    assert len(end.steps) + len(end.evals) == (not ended)
    assert (end.ended, end.step, end.empty) == (whole.ended, whole.step, whole.empty)


@pytest.mark.parametrize("content", [None, b"", b"torn", b"\n\n{}\n"])
def test_the_end_of_no_file_is_an_empty_history(path: Path, content: bytes | None) -> None:
    if content is not None:
        path.write_bytes(content)
    assert vars(read_end(path)) == vars(History())
    assert read_end(path).empty


def test_a_last_event_longer_than_a_chunk_is_still_found(path: Path) -> None:
    long = make.finished(2, views=[Text(title="all the poems", text="x" * (4 * histories._CHUNK))])
    path.write_bytes(b"".join(map(encode, [make.started(), make.step(1), long])) + b"torn")
    assert read_end(path).ended == long


def test_a_follower_keeps_what_it_still_needs() -> None:
    history = History()
    for number in range(1, 101):
        history.add(make.step(number))
        if number % 10 == 0:
            shown = [Text(title="a", text="b")]
            history.add(msgspec.structs.replace(make.evaluation(number), views=shown))
    history.drop_shown()
    assert [event.step for event in history.steps] == list(range(91, 101))
    assert history.step == 100
    assert len(history.evals) == 10
    assert [event.step for event in history.evals if event.views] == [100]
    history.clear()
    history.drop_shown()
    assert history.empty
