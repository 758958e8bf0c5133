"""The Inspect screen with children that are none."""

from __future__ import annotations

from typing import Any

import pytest
from fake_inspection import Children
from fake_network import with_weights
from fake_worker import FakeWorker, confusion
from textual.widgets import Input, OptionList
from waiting import until

from tasks.views import Series
from workbench.inference import session
from workbench.inference.protocol import Inspect
from workbench.tui.confusion.examples import ExamplesPane
from workbench.tui.confusion.screen import ConfusionScreen
from workbench.tui.inspect.screen import InspectScreen
from workbench.tui.inspect.step_grid import StepGrid
from workbench.tui.inspect.units_pane import UnitsPane


@pytest.fixture(autouse=True)
def children(monkeypatch: pytest.MonkeyPatch, bare_lab: None) -> Children:
    made = Children()
    monkeypatch.setattr(session, "Client", made.client)
    monkeypatch.setattr(InspectScreen, "DEBOUNCE", 0.02)
    monkeypatch.setattr(UnitsPane, "EVERY", 0.02)
    return made


@pytest.fixture
def one(worker: Any) -> FakeWorker:
    """A finished run with weights."""
    return with_weights(worker().start().train(10, 200).finish())


async def opened(screen: Any, pilot: Any, *wanted: str) -> InspectScreen:
    await screen.until(pilot, "names with lstm")
    await pilot.press("6")
    await screen.until(pilot, *(wanted or ("gate i, layer 1", "added to one")))
    assert isinstance(pilot.app.screen, InspectScreen)
    return pilot.app.screen


def grids(pilot: Any) -> list[StepGrid]:
    return [*pilot.app.screen.query(StepGrid)]


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)])
async def test_it_opens_on_the_run_and_its_first_test_row(screen, one, children, size) -> None:
    async with screen.open(one.run, size) as pilot:
        inspect = await opened(screen, pilot, "test row 1", "gate i", "step 7 of 7")
        until(lambda: len(children.asked) == 2)
        assert [request.contributions for _, request in children.asked] == [False, True]
        assert children.asked[0][1].place == 0
        assert inspect.query_one(Input).value == "Schmidt"
        for view in ("states", "memory", "answer", "contributions", "units"):
            await pilot.press("v")
            await pilot.pause()
            assert view in ("units",) or grids(pilot)[0].display
        await screen.until(pilot, "u searches the test split")


async def test_the_cursor_reads_each_step_and_units_are_chosen(screen, one) -> None:
    async with screen.open(one.run) as pilot:
        await opened(screen, pilot)
        await pilot.press("home")
        await screen.until(pilot, "step 1 of 7")
        await pilot.press("right", "right")
        await screen.until(pilot, "step 3 of 7  h")
        await pilot.press("end")
        await screen.until(pilot, "step 7 of 7")
        await pilot.press("o", "down", "down")
        await screen.until(pilot, "by number")
        before = grids(pilot)[0].chosen
        await pilot.press("v", "g", "l")
        await screen.until(pilot, "state c, layer 2")
        assert grids(pilot)[0].chosen == before
        await pilot.click(StepGrid, offset=(9, 2))
        await screen.until(pilot, "step 1 of 7")


async def test_a_unit_is_followed_over_the_text_and_let_go(screen, one) -> None:
    async with screen.open(one.run) as pilot:
        inspect = await opened(screen, pilot)
        await pilot.press("v", "enter")
        await screen.until(pilot, "h 3")
        await pilot.press("v", "v")
        await screen.until(pilot, "c 3", "unit 3 of layer 1")
        assert inspect._choice.followed is not None
        await pilot.press("f")
        assert inspect._choice.followed is None


async def test_what_is_typed_is_asked_once_it_stands_still_and_the_screen_goes_on(screen, one, children) -> None:
    async with screen.open(one.run) as pilot:
        inspect = await opened(screen, pilot)
        await pilot.press("slash")
        field = inspect.query_one(Input)
        assert field.has_focus
        children.free.clear()
        field.value = "Li"
        until_asked = [*children.texts]
        while children.texts == until_asked:
            await pilot.pause(0.01)
        field.value = "Liu"  # the answer to Li is not awaited any more
        while "Liu" not in children.texts:
            await pilot.pause(0.01)
        children.free.set()
        await screen.until(pilot, "step 3 of 3  u")
        assert [text for text in children.texts if text] == ["Li", "Liu"]
        assert [request.text for _, request in children.asked if request.contributions and request.text] == ["Liu"]
        await pilot.press("enter")
        assert grids(pilot)[0].has_focus


async def test_keys_that_come_together_make_one_request(screen, one, children, monkeypatch) -> None:
    monkeypatch.setattr(InspectScreen, "DEBOUNCE", 0.3)
    async with screen.open(one.run) as pilot:
        await opened(screen, pilot)
        await pilot.press("slash", "ctrl+u", *"Abel")
        await screen.until(pilot, "step 4 of 4  l")
        assert [text for text in children.texts if text] == ["Abel"]


async def test_rows_follow_one_another(screen, one, children) -> None:
    async with screen.open(one.run) as pilot:
        await opened(screen, pilot)
        await pilot.press("right_square_bracket")
        await screen.until(pilot, "test row 2", "step 6 of 6")
        await pilot.press("left_square_bracket", "left_square_bracket")
        await screen.until(pilot, "test row 1")


async def test_without_the_data_the_tasks_example_is_shown(screen, one, children) -> None:
    children.refuses["row"] = "The data are gone."
    async with screen.open(one.run) as pilot:
        await opened(screen, pilot, "step 11 of 11")
        assert children.asked[-1][1].text == "Schmidhuber"


async def test_bad_input_is_one_sentence(screen, one, children) -> None:
    children.refuses["12"] = "'12' holds no letter [red]: type a name."
    async with screen.open(one.run) as pilot:
        inspect = await opened(screen, pilot)
        field = inspect.query_one(Input)
        for typed, sentence in (
            ("12", "'12' holds no letter [red]: type a name."),
            ("  ", "Type a text, or row 1"),
            ("row 0", "Rows are counted from 1"),
        ):
            field.value = typed
            await screen.until(pilot, sentence)
        field.value = "Bo"
        await screen.until(pilot, "step 2 of 2  o")


async def test_a_network_that_cannot_be_opened_says_why(screen, one, children) -> None:
    children.refuses[""] = "best.safetensors is damaged: train the run again."
    async with screen.open(one.run) as pilot:
        await opened(screen, pilot, "best.safetensors is damaged")


async def test_notes_on_what_is_not_read_stand_under_the_text(screen, one, children) -> None:
    children.more["notes"] = ["2 letters are unknown: \x1b[2J."]
    async with screen.open(one.run) as pilot:
        await opened(screen, pilot, "2 letters are unknown: �[2J.")


async def test_a_cell_that_hides_its_gates_is_shown_by_its_twin(screen, one, children) -> None:
    children.gates = False
    async with screen.open(one.run) as pilot:
        await opened(screen, pilot, "torch-lstm does not show its gates. h shows them")
        await pilot.press("h")
        await screen.until(pilot, "gate i, layer 1")
        assert children.asked[-1][1].twin
        await pilot.press("h")
        await screen.until(pilot, "does not show its gates")


async def test_two_runs_stand_side_by_side_with_one_cursor(screen, one, worker, children) -> None:
    other = with_weights(worker("rnn").start().train(10, 200).finish())
    async with screen.open(one.run) as pilot:
        await opened(screen, pilot)
        await pilot.press("c")
        await screen.until(pilot, "Compare with which network?", "names with rnn")
        await pilot.press("enter")
        until(lambda: len(children.opened) == 2)
        assert children.opened[1] == (other.run.id, "best")
        await screen.until(pilot, other.run.id)
        while len(grids(pilot)) < 2 or not all(grid.symbols for grid in grids(pilot)):
            await pilot.pause(0.02)
        await pilot.press("home", "right")
        await screen.until(pilot, "step 2 of 7")
        assert [grid.cursor for grid in grids(pilot)] == [1, 1]
        await pilot.press("down")
        assert len({grid.chosen for grid in grids(pilot)}) == 1
        await pilot.press("c")
        while len(grids(pilot)) > 1:
            await pilot.pause(0.02)


async def test_other_weights_of_the_run_are_asked(screen, one, children) -> None:
    one.run.last_file.write_bytes(b"weights")
    async with screen.open(one.run) as pilot:
        await opened(screen, pilot)
        await pilot.press("w")
        await screen.until(pilot, "Which weights of")
        await pilot.press("down", "enter")
        while (one.run.id, "last") not in children.opened:
            await pilot.pause(0.02)
        await screen.until(pilot, "lstm, last")


async def test_units_are_searched_followed_and_given_up(screen, one, children) -> None:
    children.found_free.clear()
    async with screen.open(one.run) as pilot:
        await opened(screen, pilot)
        await pilot.press("u")
        await screen.until(pilot, "Reading: 7 of 500 rows")
        await pilot.press("u")
        await screen.until(pilot, "The search was given up")
        while not children.given_up:
            await pilot.pause(0.02)
        children.found_free.set()
        await pilot.press("u")
        await screen.until(pilot, "end of a line [red]", "-0.81", "±0.31", "420")
        await pilot.press("enter")
        await screen.until(pilot, "state c, layer 2", "c 5")
        assert grids(pilot)[0].chosen == 5
        assert children.searches == 2


async def test_a_run_is_chosen_where_none_is_open(screen, one, folder) -> None:
    async with screen.open() as pilot:
        await pilot.press("6")
        await screen.until(pilot, "Inspect which run?", "names with lstm")
        await pilot.press("enter")
        await screen.until(pilot, "gate i, layer 1")


async def test_a_folder_without_weights_is_told(screen, folder, monkeypatch) -> None:
    from workbench.runs import store

    monkeypatch.setattr(store, "pretrained", lambda _: [])
    async with screen.open() as pilot:
        await pilot.press("6")
        await screen.until(pilot, "No run here has weights yet", "No run is chosen.")
        await pilot.press("v", "c", "u", "o", "f", "slash", "h", "w", "plus", "right_square_bracket", "l", "g")


async def test_it_goes_back_to_where_it_was_opened_from(screen, one, children) -> None:
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "names with lstm")
        await pilot.press("i")
        await screen.until(pilot, "gate i, layer 1")
        await pilot.press("b")
        await screen.until(pilot, "Next view")
        assert pilot.app.place == "run"
        await pilot.press("b")
        await pilot.pause()
        assert pilot.app.place == "lab"  # not the Inspect screen again


async def test_a_long_text_scrolls_so_that_the_cursor_is_seen(screen, one, children) -> None:
    async with screen.open(one.run, (80, 24)) as pilot:
        inspect = await opened(screen, pilot, "step 7 of 7")
        inspect.inspect(one.run, Inspect(text=" ".join(f"word{n}" for n in range(3000))))
        await screen.until(pilot, "step 3,000 of 3,000", "word2999")
        await pilot.press("home")
        await screen.until(pilot, "step 1 of 3,000", "word0 word1")
        await pilot.press("pagedown", "plus", "plus", "plus")
        grid = grids(pilot)[0]
        assert grid._first <= grid.cursor < grid._first + grid._columns


async def test_another_screen_ends_the_children(screen, one, children) -> None:
    async with screen.open(one.run) as pilot:
        await opened(screen, pilot)
        await pilot.press("2")
        until(lambda: children.closed == 1)


async def test_every_key_works_while_the_field_has_the_focus(screen, one) -> None:
    async with screen.open(one.run) as pilot:
        inspect = await opened(screen, pilot)
        await pilot.press("slash", "f6")
        await screen.until(pilot, "state h")
        await pilot.press("f5", "ctrl+o")
        await screen.until(pilot, "state c, layer 2")
        assert inspect.query_one(Input).has_focus
        await pilot.press("ctrl+r")
        await screen.until(pilot, "Inspect which run?")
        assert pilot.app.screen.query_one(OptionList).option_count >= 1


async def test_a_forecasts_window_an_example_and_a_poem_lead_to_it(screen, worker, children, monkeypatch) -> None:
    monkeypatch.setattr(ConfusionScreen, "EVERY", 0.03)
    monkeypatch.setattr(ExamplesPane, "EVERY", 0.03)
    window = Series(title="next days", x_label="hours", x=[0.0, 1.0], curves={"t": [1.0, 2.0]}, split="val", place=4)
    one = with_weights(worker().start().train(10, 60, [confusion(), window]))
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "names with lstm", "running", "next days")
        await pilot.press("i")
        await screen.until(pilot, "val row 5")
        assert children.asked[0][1].place == 4
        await pilot.press("b")
        await screen.until(pilot, "Next view")
        await pilot.press("f")
        await screen.until(pilot, "Rows true, columns predicted")
        await pilot.press("enter")
        await screen.until(pilot, "Chou", "Inspect")
        await pilot.press("i")
        await screen.until(pilot, "Inspect which example?", "its class 31 %, predicted 54 %")
        await pilot.press("enter")
        await screen.until(pilot, "row 7 of the data")
        assert children.asked[-1][1].row == 7


async def test_a_poem_leads_to_it(screen, writer, children) -> None:
    async with screen.open() as pilot:
        await pilot.press("4")
        await screen.until(pilot, "beginning", "form")
        await pilot.pause()
        await pilot.press("f5")
        await screen.until(pilot, "明月")
        while not pilot.app.screen.is_possible("inspect", ()):
            await pilot.pause(0.02)
        await pilot.press("ctrl+n")
        await screen.until(pilot, "gate i, layer 1")
        assert children.asked[-1][1].text.startswith("明月光")
