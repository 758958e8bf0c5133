"""Messages in the corner: names and paths stay whole, a key closes them, the help is not covered."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.widgets._toast import Toast

from workbench.tui.runs.screen import RunsScreen
from workbench.tui.widgets.messages import unbroken, wrapped

PATH = (
    "/home/ada/Eigene Daten/experiments-2026/recurrent networks/names-lstm-20261129-012831/"
    "confusion matrix of the test.csv"
)


def test_a_path_that_fits_a_line_stands_on_a_line_of_its_own() -> None:
    path = "/home/ada/runs/names-lstm-20261129-012831.csv"
    assert wrapped(f"Written to {path}.", 48) == f"Written to\n{path}."


@pytest.mark.parametrize("room", [24, 40, 56, 68])
def test_a_longer_path_is_broken_after_its_separators_alone(room: int) -> None:
    lines = wrapped(f"Nothing could be written to {unbroken(PATH)}: No space left on device.", room).split("\n")
    assert max(map(cell_len, lines)) <= room
    if room > 31:  # every name has room
        assert PATH in "".join(lines)
        assert all(line.endswith("/") for line in lines[1:] if line in PATH)
    names = [name for name in PATH.split("/") if len(name) < room]
    assert all(any(name in line for line in lines) for name in names[:2])


def test_of_an_endless_path_the_beginning_and_the_name_are_told() -> None:
    lines = wrapped("In " + "/folder of many".replace(" ", "-") * 60 + "/poems.txt.", 40).split("\n")
    assert len(lines) <= 6
    assert lines[1].startswith("/folder-of-many")
    assert "…" in lines
    assert lines[-1].endswith("/poems.txt.")


@pytest.mark.parametrize("text", ["", " two  spaces ", "one\n\ntwo", "书" * 50])
def test_nothing_of_a_text_is_lost(text: str) -> None:
    lines = wrapped(text, 20)
    assert lines.replace("\n", "") == text.replace("\n", "")


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)], ids=str)
@pytest.mark.parametrize("key", ["escape", "backspace"])
async def test_a_message_leaves_the_footer_free_and_a_key_closes_it(screen, worker, bare_lab, size, key) -> None:
    worker().start().train(10, 60).finish()
    async with screen.open(size=size) as pilot:
        await pilot.press("2")
        await screen.until(pilot, "1 run", "Help")
        pilot.app.notify(f"Written to {unbroken('/home/ada/My runs/names lstm.csv')}.", markup=False)
        text = await screen.until(pilot, "/home/ada/My runs/names lstm.csv.")
        assert "? Help" in text.splitlines()[-1]
        await pilot.press("question_mark")
        await screen.until(pilot, "Keys")
        assert not any(toast.display for toast in pilot.app.screen.query(Toast))
        await pilot.press("escape")
        await pilot.pause()
        if pilot.app.screen.is_modal:
            await pilot.press("escape")
            await pilot.pause()
        pilot.app.notify("Another one.")
        await screen.until(pilot, "Another one.")
        await pilot.press(key)
        await pilot.pause()
        assert not pilot.app.screen.query(Toast)
        assert isinstance(pilot.app.screen, RunsScreen)
