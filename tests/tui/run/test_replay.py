"""A run's events again: the Run screen from its first event to its last, by a clock that the test moves."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from engine.toy_runs import evaluated, only, toy, trained
from waiting import eventually

from workbench.engine import loop
from workbench.runs.events import Checkpoint, Eval, Finished, Started, Step
from workbench.runs.history import read_history
from workbench.runs.journal import Tail
from workbench.runs.run import Run
from workbench.tui.app import WorkbenchApp
from workbench.tui.keys import ACTIONS
from workbench.tui.run.chart_panel import ChartPanel
from workbench.tui.run.replay.player import LONGEST_PAUSE, Player
from workbench.tui.run.replay.screen import ReplayScreen


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def recorded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that was really trained, stopped after its first evaluation, and gone on with."""
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)  # it is asked at every step
    run = toy(folder, {"train.epochs": 3, "train.eval_every": 6, "train.checkpoint_seconds": 10_000.0})
    trained(run, evaluated(run))
    trained(run)
    return run


def events_of(run: Run) -> list:
    return [event for part in Tail(run.events_file).read_all() for event in part]


def timed(run: Run, times: list[float]) -> None:
    """Give the run's events other times."""
    lines = run.events_file.read_text().splitlines(keepends=True)[: len(times)]
    fresh = [re.sub(r'"time":[\d.]+', f'"time":{time}', line, count=1) for line, time in zip(lines, times, strict=True)]
    run.events_file.write_text("".join(fresh))


class Replayed(WorkbenchApp):
    """The application on a replay, by a clock of the test's."""

    def __init__(self, run: Run, clock: Clock, speed: float = 20.0) -> None:
        super().__init__(run.path.parent, None, run, replay=speed)
        self.clock = clock

    async def _open_run(self, run: Run, replay: float = 0.0) -> None:
        screen = ReplayScreen(run, replay, self.clock)
        self._open = screen
        self.install_screen(screen, "replay")
        await self._put(screen)


async def test_at_each_evaluation_the_screen_shows_what_the_events_say(screen, recorded: Run) -> None:
    """The screen's own end-to-end test: each figure comes from the file, through the whole screen."""
    events = events_of(recorded)
    assert len(only(Started, events)) == 2  # it was stopped and gone on with
    screen.app = Replayed(recorded, Clock())
    async with screen.app.run_test(size=(160, 36)) as pilot:
        await screen.until(pilot, "replay of toy with rnn", "replay ×20")
        for number, event in enumerate(events, 1):
            if not isinstance(event, Eval):
                continue
            await pilot.press("right_square_bracket")
            wanted = [
                f"event {number} of {len(events)}",
                "paused",
                f"step {event.step} of 36",
                f"epoch {event.epoch:.1f}",
            ]
            wanted += [f"best accuracy {event.best.value:.4f} at step {event.best.step}"]
            best = next(one.metrics for one in only(Eval, events) if one.step == event.best.step)
            wanted += [f"{best['macro_f1']:.4f}", f"{best['balanced_accuracy']:.4f}", f"{best['loss']:.4f}"]
            text = await screen.until(pilot, *wanted)
            assert "running" in text
            charts = pilot.app.screen.query_one(ChartPanel)
            await eventually(pilot, lambda charts=charts, event=event: charts.validation.ends[1] == event.step)
            assert charts.validation.points[-1] == (event.step, pytest.approx(event.metrics["loss"]))
            counts = next(view for view in event.views if hasattr(view, "counts")).counts
            row = next(line.split("two [red]")[1] for line in text.splitlines() if "│  two [red]" in line)
            assert [int(n) for n in re.findall(r"\d+", row)][:3] == [count for count in counts[2] if count]
        await pilot.press("right_square_bracket")
        end = only(Finished, events)[-1]
        await screen.until(
            pilot, "at its end", "finished", f"{end.test['accuracy']:.4f}", f"event {len(events)} of {len(events)}"
        )
        await pilot.press("left_square_bracket")  # back to the last evaluation
        await screen.until(pilot, "paused", "running", "step 36 of 36")


async def test_events_are_stepped_through_forward_and_back(screen, recorded: Run) -> None:
    events = events_of(recorded)
    screen.app = Replayed(recorded, Clock())
    async with screen.app.run_test(size=(120, 36)) as pilot:
        await screen.until(pilot, "event 1 of", "replay ×20", "playing")
        for number in (2, 3, 4, 5):
            await pilot.press("right_curly_bracket")
            await screen.until(pilot, f"event {number} of {len(events)}", "paused")
        for number in (4, 3, 2, 1, 1):
            await pilot.press("left_curly_bracket")
            await screen.until(pilot, f"event {number} of {len(events)}", "paused")
        await pilot.press("f")
        await screen.until(pilot, "replay ×40")
        await pilot.press("s", "s", "s")
        await screen.until(pilot, "replay ×5")


async def test_it_plays_by_the_clock_and_pauses(screen, recorded: Run) -> None:
    events = events_of(recorded)
    timed(recorded, [100.0 + number for number in range(len(events))])
    lasts = [0, *(not isinstance(event, Started) for event in events[1:])]  # a second, but before a life none
    seconds = list(itertools.accumulate(lasts))

    def due(after: float) -> str:
        return f"event {sum(at < after for at in seconds)} of {len(events)}"

    clock = Clock()
    screen.app = Replayed(recorded, clock, speed=2.0)
    async with screen.app.run_test(size=(120, 36)) as pilot:
        await screen.until(pilot, "event 1 of", "playing")
        clock.now += 1.75
        await screen.until(pilot, due(3.5))
        await pilot.press("space")
        await screen.until(pilot, "paused")
        clock.now += 100
        await pilot.press("f")  # it looks again
        await screen.until(pilot, "replay ×4", due(3.5))
        await pilot.press("space")
        await screen.until(pilot, "playing")
        clock.now += 1.25
        await screen.until(pilot, due(8.5), "playing")
        clock.now += 1000
        await screen.until(pilot, "at its end", "finished", f"event {len(events)} of {len(events)}")
        await pilot.press("space")
        await screen.until(pilot, "event 1 of", "playing")


async def test_nothing_on_it_acts_on_the_worker(screen, worker, recorded: Run) -> None:
    screen.app = Replayed(recorded, Clock())
    async with screen.app.run_test(size=(120, 36)) as pilot:
        text = await screen.until(pilot, "replay of toy with rnn", "Slower")
        assert "Stop" not in text
        assert "Resume" not in text
        await pilot.press("x", "r", "B", "f8", "f5")
        await pilot.pause()
        assert pilot.app.screen.place == "replay"
        assert not [action for action in ACTIONS if action.place == "replay" and action.acts]
        keys = {key for key, bound in pilot.app.screen._bindings.key_to_bindings.items() if bound}
        assert keys.isdisjoint({"x", "r", "B", "n", "p"})
        await pilot.press("2")
        await screen.until(pilot, "newest first")
        assert screen.app.session.owned_runs.live() == []


def test_long_pauses_are_shortened_and_those_between_lives_left_out(recorded: Run) -> None:
    events = events_of(recorded)
    second = next(number for number, event in enumerate(events) if number and isinstance(event, Started))
    times = [100.0, 100.5, 90.0, *(100.0 + 3600 * (number > 3) + number for number in range(3, len(events)))]
    for number in range(second, len(events)):
        times[number] += 1e6
    timed(recorded, times)
    clock = Clock()
    player = Player(recorded, 1.0, clock)
    player.look()
    longest = 0.5 + 10 + LONGEST_PAUSE + (len(events) - 5)  # 13 seconds from the clock that was set back are 10
    assert player.playing.length == pytest.approx(longest - 1, abs=0.01)
    clock.now += 0.6
    assert [type(event) for event in player.look().events] == [type(event) for event in events[1:3]]


def test_the_history_after_each_event_is_that_of_the_file_so_far(recorded: Run, tmp_path: Path) -> None:
    events = events_of(recorded)
    player = Player(recorded, 1.0, Clock())
    player.look()
    for number in [*range(2, len(events) + 1), *range(len(events) - 1, 0, -1)]:
        player.step_event(1 if player.playing.shown < number else -1)
        look = player.look()
        assert player.playing.shown == number
        part = tmp_path / "events.jsonl"
        part.write_bytes(b"".join(recorded.events_file.read_bytes().splitlines(keepends=True)[:number]))
        whole = read_history(part)
        assert (player.history.step, player.history.best, player.history.ended) == (whole.step, whole.best, whole.ended)
        assert [e.step for e in player.history.evals] == [e.step for e in whole.evals]
        assert player.history.evals[-1:] == whole.evals[-1:]
        assert look.status == ("running" if whole.ended is None else type(whole.ended).__name__.lower())
    assert {type(event) for event in events} >= {Started, Step, Eval, Checkpoint, Finished}
