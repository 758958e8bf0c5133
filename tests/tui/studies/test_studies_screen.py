"""The Studies screen: runs as they fill a study's table."""

from __future__ import annotations

import pytest
from fake_studies import begun, planned
from textual.widgets import OptionList
from waiting import eventually

from workbench.runs.folder import RunError
from workbench.studies import queue
from workbench.studies.study import StudyError
from workbench.tui.compare.screen import CompareScreen
from workbench.tui.help.palette import entries
from workbench.tui.run.screen import RunScreen
from workbench.tui.services import reports
from workbench.tui.studies.screen import StudiesScreen
from workbench.tui.widgets.listing import Listing

pytestmark = pytest.mark.usefixtures("bare_lab")


def line(text: str, *words: str) -> str:
    """The first line that holds all of the words."""
    return next(one for one in text.splitlines() if all(word in one for word in words))


@pytest.fixture
def live(folder, worker):
    """A study of four runs: one finished, one training, one failed, one waiting."""
    study = planned(folder)
    workers = [begun(study, 1).start().train(10, 200).finish(accuracy=0.81)]
    workers.append(begun(study, 2).start().train(10, 60).fail(60, "The loss is not finite [red]: lower train.lr."))
    workers.append(begun(study, 3).start().train(10, 60))
    yield study, workers
    for one in workers:
        one.close()


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The studies on which a queue was to be started; none is."""
    found: list[str] = []

    class Process:
        def poll(self) -> None:
            return None

    def start(study, orders) -> Process:
        assert orders == queue.Orders()
        found.append(study.id)
        return Process()

    monkeypatch.setattr(queue, "start", start)
    return found


async def test_an_empty_folder_names_the_commands_that_make_a_study(screen) -> None:
    async with screen.open(size=(80, 24)) as pilot:
        await pilot.press("5")
        await screen.until(pilot, "There are no studies in", "workbench study new", "workbench lab run")
        assert "Start" not in screen.text.splitlines()[-1]
        await pilot.press("s", "x", "o", "c", "m", "w", "l", "e", "v", "enter")
        await pilot.pause(0.1)
        assert isinstance(screen.app.screen, StudiesScreen)


async def test_a_study_that_is_made_meanwhile_appears_and_its_grid_fills(screen, folder) -> None:
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "There are no studies in")
        study = planned(folder)
        text = await screen.until(pilot, "0 of 4 finished", "rnn, layers 1", "lstm, layers 2")
        assert line(text, "grid", "0 of 4").split()[:2] == ["new", "grid"]
        assert sum("waiting" in one and "layers" in one for one in text.splitlines()) >= 4
        one = begun(study, 3).start(total=200).train(10, 60)
        text = await screen.until(pilot, "30%", "1 running")
        assert "━━" in line(text, "running", "lstm, layers 1")
        assert "val 0.6494" in line(text, "running", "lstm, layers 1")
        one.train(70, 200).finish(accuracy=0.8765)
        text = await screen.until(pilot, "1 of 4 finished", "0.8765")
        assert "━" not in line(text, "finished", "lstm, layers 1").partition("│")[2].partition("│")[0]
        assert "0.8765" in line(text, "│ layers 1 ")  # of the table
        one.close()


async def test_every_state_is_a_word_and_the_reason_of_a_failure_is_told(screen, live) -> None:
    async with screen.open() as pilot:
        await pilot.press("5")
        text = await screen.until(pilot, "1 of 4 finished", "1 failed", "1 running", "1 waiting")
        for state, label in [("finished", "rnn, layers 1"), ("failed", "rnn, layers 2"), ("running", "lstm, layers 1")]:
            assert line(text, label).split("│")[1].split()[0] == state
        assert "at 30%" in line(text, "rnn, layers 2")
        assert "3 of 4 runs are not finished" in text
        await pilot.press("down")
        await screen.until(pilot, "The loss is not finite [red]: lower train.lr.", "grid-02")
        await pilot.press("down", "down")
        await screen.until(pilot, "It has not begun.")


async def test_enter_opens_the_run_and_b_comes_back(screen, live) -> None:
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "lstm, layers 1")
        await pilot.press("down", "down", "enter")
        await screen.until(pilot, "step 60 of 200")
        assert isinstance(screen.app.screen, RunScreen)
        assert screen.app.screen.run.id == "grid-03"
        await pilot.press("b")
        await screen.until(pilot, "1 of 4 finished")
        await pilot.press("down", "o")
        await screen.until(pilot, "grid-04 has not begun")


async def test_a_row_of_the_table_is_compared(screen, live) -> None:
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "lstm, layers 1")
        await pilot.press("c")  # the row of the run under the cursor: layers 1, both cells
        await screen.until(pilot, "m Figure", "settings that differ")
        assert isinstance(screen.app.screen, CompareScreen)
        assert [one.run.id for one in screen.app.screen._every] == ["grid-01", "grid-03"]
        await pilot.press("b")
        await screen.until(pilot, "1 of 4 finished")
        screen.app.screen.query_one("#table-list", Listing).focus()
        await pilot.press("enter")
        await screen.until(pilot, "settings that differ")
        assert [one.run.id for one in screen.app.screen._every] == ["grid-01", "grid-03"]
        await pilot.press("b")
        await screen.until(pilot, "1 of 4 finished")
        await pilot.press("down", "enter")  # of layers 2 one run alone has begun
        await screen.until(pilot, "The loss is not finite")
        assert screen.app.screen.run.id == "grid-02"


async def test_figure_rows_and_columns_are_chosen(screen, live) -> None:
    async with screen.open() as pilot:
        await pilot.press("5")
        text = await screen.until(pilot, "test accuracy (1 of 11)")
        assert line(text, "│ layers ").rpartition("│")[0].rpartition("│")[2].split() == ["layers", "rnn", "lstm"]
        await pilot.press("m")
        await screen.until(pilot, "(2 of 11)")
        await pilot.press("m")
        await screen.until(pilot, "test loss (3 of 11)")
        await pilot.press("m")
        text = await screen.until(pilot, "val accuracy (4 of 11)")
        assert "0.6494" in line(text, "│ layers 2 ")
        await pilot.press("l", "l")
        text = await screen.until(pilot, "columns: layers", "layers 1  layers 2")
        assert "0.7908" in line(text, "│ rnn ")
        await pilot.press("l", "w", "w")
        text = await screen.until(pilot, "rows: layers")
        assert line(text, "│ layers ").rpartition("│")[0].rpartition("│")[2].split() == ["layers", "rnn", "lstm"]
        await pilot.press("m", "m", "m", "m")
        text = await screen.until(pilot, "steps (8 of 11)")
        assert "60" in line(text, "│ layers 2 ")
        await pilot.press("m", "m", "m", "m")
        await screen.until(pilot, "test accuracy (1 of 11)")


async def test_rows_alone_say_over_what_the_figures_are_means(screen, folder) -> None:
    study = planned(folder, grid={"cell.layers": [1, 2], "cell.hidden": [32, 64]})
    for number, accuracy in ((1, 0.8), (2, 0.9)):  # rnn, layers 1, hidden 32 and 64
        begun(study, number).start().train(10, 200).finish(accuracy=accuracy)
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "layers 1, hidden 32", "0.8000")
        await pilot.press("w", "w")
        text = await screen.until(pilot, "rows: layers", "Each figure is a mean over hidden too.")
        assert "0.8500 ± 0.0707" in line(text, "│ layers 1 ")


async def test_s_starts_and_x_asks_and_stops(screen, live, asked, monkeypatch) -> None:
    study, workers = live
    workers[2].stop(60)
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "s Start", "1 stopped")
        assert "x Stop" not in screen.text
        await pilot.press("s")
        await screen.until(pilot, "Study grid trains, also when you leave")
        assert asked == ["grid"]
        held = study.acquire_lock()
        try:
            await screen.until(pilot, "x Stop")
            await eventually(pilot, lambda: "s Start" not in screen.text)
            await pilot.press("x")
            await screen.until(pilot, "Stop study grid?")
            assert not study.stop_requested()
            await pilot.press("s")
            await eventually(pilot, study.stop_requested)
            await screen.until(pilot, " stopping ")
        finally:
            held.close()


async def test_r_goes_on_with_a_study_as_it_does_with_a_run(screen, live, asked) -> None:
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "s Start")
        await pilot.press("r")
        await eventually(pilot, lambda: asked == ["grid"])


async def test_a_study_that_cannot_be_started_says_why(screen, live, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise StudyError("No queue could be started on study [red]grid: Cannot allocate memory.")

    monkeypatch.setattr(queue, "start", refuse)
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "s Start")
        await pilot.press("s")
        await screen.until(pilot, "on study [red]grid: Cannot allocate")


async def test_the_report_is_written_by_a_child_and_its_place_is_told(screen, live, monkeypatch, tmp_path) -> None:
    written: list[str] = []

    def write(study) -> object:
        written.append(study.id)
        if len(written) > 1:
            raise RunError("The report cannot be written to [red]/x: Read-only file system.")
        return tmp_path / "r.html"

    monkeypatch.setattr(reports, "write", write)
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "e Report")
        await pilot.press("e")
        await screen.until(pilot, "Written to", "r.html.")
        await pilot.press("f12")
        await screen.until(pilot, "cannot be written to [red]/x")
    assert written == ["grid", "grid"]


async def test_nothing_starts_or_stops_on_a_screen_that_only_shows(screen, live, asked) -> None:
    study, _ = live
    async with screen.open(readonly=True) as pilot:
        await pilot.press("5")
        footer = (await screen.until(pilot, "lstm, layers 1")).splitlines()[-1]
        assert footer.startswith(" read only ")
        assert "Start" not in footer
        assert "Stop" not in footer
        await pilot.press("s", "f5", "r", "x", "f8")
        await pilot.pause(0.1)
        assert isinstance(screen.app.screen, StudiesScreen)
        assert not any(command.title in ("Start", "Stop") for command in entries(screen.app, screen.app.screen))
    assert asked == []
    assert not study.stop_requested()


async def test_of_several_studies_the_chosen_one_is_shown_and_started(screen, live, folder, asked) -> None:
    other = planned(folder, "wide", ["gru"], {"cell.hidden": [32, 64, 128]}, lab="own-lab", quick=True)
    async with screen.open() as pilot:
        await pilot.press("5")
        text = await screen.until(pilot, "0 of 3 finished", "quick lab own-lab")
        assert line(text, " grid ", "1 of 4", "running")
        assert "quick form" in line(text, "0 of 3 finished")
        screen.app.screen._studies_list.focus()
        await pilot.press("down", "s")  # typed at once: it starts what the cursor is on
        await screen.until(pilot, "1 of 4 finished", "lstm, layers 1")
        await eventually(pilot, lambda: asked == ["grid"])
        await pilot.press("enter")
        assert screen.app.screen.focused is screen.app.screen.query_one("#runs-list")
    assert other.id == "wide"


async def test_panes_follow_the_room(screen, live, folder) -> None:
    planned(folder, "wide", ["gru"], {"cell.hidden": [32, 64, 128]})
    async with screen.open(size=(80, 24)) as pilot:
        await pilot.press("5")
        text = await screen.until(pilot, "gru, hidden 32"[5:], "test accuracy")  # the table is below the runs
        assert "study " not in text.splitlines()[4]
        await pilot.press("v")
        await screen.until(pilot, "1 of 4", "kind")
        assert "test accuracy" not in screen.text
        await pilot.press("down", "enter")
        await screen.until(pilot, "lstm, layers 1", "test accuracy")
        await pilot.resize_terminal(60, 20)
        await screen.until(pilot, "lstm, layers 1")
        assert "test accuracy" not in screen.text
        await pilot.press("f6")
        await screen.until(pilot, "test accuracy", "layers 2")
        assert "lstm, layers 1" not in screen.text
        await pilot.press("enter")  # in the table: compares
        await screen.until(pilot, "m Figure")
        await pilot.press("b")
        await pilot.resize_terminal(140, 40)
        await screen.until(pilot, "kind", "lstm, layers 1", "test accuracy")


@pytest.mark.parametrize("size", [(60, 20), (40, 15)], ids=str)
async def test_a_quick_lab_and_every_run_are_told_apart_where_it_is_narrow(screen, folder, size) -> None:
    study = planned(folder, seeds=2, lab="own-lab", quick=True)
    one = begun(study, 5).start().train(10, 60)
    async with screen.open(size=size) as pilot:
        await pilot.press("5")
        text = await screen.until(pilot, "lstm, layers 1, seed 0", "0 of 8", "quick")
        assert ("━──  30%" in text) == (size[0] == 60)
    one.close()


async def test_a_study_that_is_deleted_vanishes(screen, live) -> None:
    import shutil

    study, _ = live
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "lstm, layers 1")
        shutil.rmtree(study.path)
        await screen.until(pilot, "There are no studies in")
        await pilot.press("s", "x", "e")


@pytest.mark.parametrize(("width", "training"), [(40, False), (60, True), (120, True)])
async def test_every_screen_is_named_above_however_narrow_it_is(screen, worker, width: int, *, training: bool) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(size=(width, 20)) as pilot:
        screen.app.session.owned_runs.add(one.run)
        await pilot.press("5")
        await screen.until(pilot, "no studies")
        screen.app._count_live_runs()
        await pilot.pause()
        top = screen.text.splitlines()[0]
        blank = "" if width == 40 else " "
        names = ("1 Lab", "2 Runs", "3 Run", "4 Poem", "5 Studies", "6 Inspect")
        assert [name.replace(" ", blank) in top for name in names] == [True] * len(names)
        assert ("1 training" in top) == training


async def test_the_palette_leads_to_it(screen, live) -> None:
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "grid-03")
        await pilot.press("ctrl+p", *"studies", "enter")
        await screen.until(pilot, "1 of 4 finished")
        await pilot.press("x")
        await screen.until(pilot, "Stop study grid?")
        assert screen.app.screen.query_one(OptionList).option_count == 2
