"""Runs marked, deleted, exported, copied."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from workbench.tui.color import letter_color
from workbench.tui.runs.marked_runs import MarkedRuns

pytestmark = pytest.mark.usefixtures("bare_lab")


async def test_a_mark_is_a_letter_that_stays_with_its_run(screen, worker) -> None:
    made = [worker(cell).start().train(10, 60) for cell in ("lstm", "gru", "rnn")]
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, *(one.run.id for one in made))
        await pilot.press("m", "down", "m")
        await screen.until(pilot, "2 marked")
        page = screen.app.screen
        marked = [record.run.id for record in page.marked]
        await pilot.press("s", "up", "up")  # another order
        lines = {run: next(line for line in screen.text.splitlines() if run in line) for run in marked}
        assert [lines[run].strip()[0] for run in marked] == ["A", "B"]
        await pilot.press("M")
        await screen.until(pilot, "3 marked")
        await pilot.press("M")
        await screen.until(pilot, "3 runs")
        assert "marked" not in screen.text


async def test_a_filter_hides_a_mark_and_says_so(screen, worker) -> None:
    worker().start().train(10, 60)
    worker("gru").start()
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "2 runs")
        await pilot.press("M", "slash", "g", "r", "u")
        await screen.until(pilot, "1 of 2 runs", "2 marked (1 not shown)")


async def test_deleting_names_what_is_lost_and_asks(screen, worker) -> None:
    one = worker().start().train(10, 200).finish()
    other = worker("gru").start().train(10, 60).stop(60)
    (one.run.path / "last.pt").write_bytes(b"x" * 2_000_000)
    async with screen.open() as pilot:
        await pilot.press("2", "end")
        await screen.until(pilot, one.run.id, other.run.id)
        page = screen.app.screen
        while page.chosen.run.id != one.run.id:
            await pilot.press("up")
        await pilot.press("d")
        await screen.until(pilot, f"Delete {one.run.id}?", "10.0 epochs", "best accuracy 0.79", "2.0 MB", "for good")
        await pilot.press("enter")  # Keep is what Enter chooses at first
        await pilot.pause(0.1)
        assert one.run.path.is_dir()
        await pilot.press("delete")
        await screen.until(pilot, f"Delete {one.run.id}?")
        await pilot.press("d")
        await screen.until(pilot, f"Deleted {one.run.id}: 2.0 MB are free.", "1 run ")
        assert not one.run.path.exists()
        assert other.run.path.is_dir()


async def test_the_marked_runs_are_deleted_together_and_a_live_one_never(screen, worker) -> None:
    ended = [worker(cell).start().train(10, 60).stop(60) for cell in ("lstm", "gru")]
    live = worker("rnn").start().train(10, 60)
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "3 runs")
        await pilot.press("M", "ctrl+n")
        await screen.until(pilot, "1 of these 3 runs are training", "stop them first")
        assert all(one.run.path.is_dir() for one in (*ended, live))
        page = screen.app.screen
        while page.chosen.run.id != live.run.id:
            await pilot.press("down")
        await pilot.press("m", "d")
        await screen.until(pilot, "Delete 2 runs?", *(one.run.id for one in ended))
        await pilot.press("d")
        await screen.until(pilot, "Deleted 2 runs", "1 run ")
        assert live.run.path.is_dir()
        assert not any(one.run.path.exists() for one in ended)
        await pilot.press("d")
        await screen.until(pilot, "is training: stop it first")


async def test_runs_are_exported_to_a_new_file_in_the_current_folder(
    screen, worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    one, two = worker().start().train(10, 60), worker("gru").start()
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, one.run.id, two.run.id)
        await pilot.press("e")
        await screen.until(pilot, "Write what is shown, 2 runs, to a new file in")
        await pilot.press("t")
        await screen.until(pilot, "Written to")  # the file's path may be broken into lines anywhere
        (table,) = here.glob("workbench-runs-*.csv")
        assert table.read_text().count("\nnames-") == 2
        await pilot.press("home", "m", "f12")
        await screen.until(pilot, "Write the marked, 1 run, to a new file in")
        await pilot.press("j")
        await screen.until(pilot, "Written to")
        (told,) = here.glob("workbench-runs-*.json")
        assert [run["run"] for run in json.loads(told.read_text())] == [screen.app.screen.marked[0].run.id]
        await pilot.press("e", "escape")
        await pilot.pause(0.1)
        assert len(list(here.iterdir())) == 2
        shutil.rmtree(here)
        await pilot.press("e")
        await screen.until(pilot, "Nothing could be written to")


async def test_a_runs_id_is_copied(screen, worker) -> None:
    one = worker().start()
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, one.run.id)
        await pilot.press("y")
        await screen.until(pilot, f"{one.run.id} is copied")
        assert screen.app.clipboard == one.run.id


def test_a_run_keeps_its_letter_and_colour_while_it_is_marked() -> None:
    marks = MarkedRuns()
    marks.add(["a", "b", "c"])
    marks.remove(["b"])
    assert [marks.letter(run) for run in "abc"] == ["A", "", "C"]
    marks.add(["d", "b"])
    assert [marks.letter(run) for run in "adcb"] == ["A", "B", "C", "D"]
    assert list(marks) == ["a", "c", "d", "b"]
    assert [letter_color(letter) for letter in "AB"] == ["primary", "accent"]
    marks.add(map(str, range(30)))
    assert marks.letter("29") == "+"
    assert letter_color("+") == "foreground"
