"""The Inspect screen on a real network in a real child."""

from __future__ import annotations

from textual.widgets import Input

from workbench.tui.inspect.inspected_pane import InspectedPane


async def test_a_toys_network_is_inspected_on_its_row_and_on_digits(screen, finished_toy, bare_lab) -> None:
    async with screen.open(finished_toy) as pilot:
        await screen.until(pilot, "finished")
        await pilot.press("i")
        await screen.until(pilot, "has no gates", "test row 1", "right: ", "added to ")
        await pilot.press("slash")
        pilot.app.screen.query_one(Input).value = "2x"
        await screen.until(pilot, "'2x' is not a row of digits")
        pilot.app.screen.query_one(Input).value = "2105"
        await screen.until(pilot, "step 4 of 4  2", "Digits from 3 on are read as smaller ones")
        painter = pilot.app.screen.query_one(InspectedPane).painter
        assert painter is not None
        assert painter.inspection.symbols == ["2", "1", "0", "2"]
        pilot.app.screen.query_one(Input).value = "row 99999999"
        await screen.until(pilot, "rows: give a number from 1 to", "test row 99,999,999")
        pilot.app.screen.query_one(Input).value = "row 2"
        await screen.until(pilot, "test row 2", "right: ")
        await pilot.press("ctrl+s")
        await screen.until(pilot, "zero", "shuffled")
