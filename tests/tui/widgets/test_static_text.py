"""Texts whose changes lay the screen out anew only where they need another room."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.content import Content

from workbench.tui.widgets.static_text import StaticText


class Texts(App[None]):
    CSS = "#narrow { width: auto; }"

    def compose(self) -> ComposeResult:
        yield StaticText("one line", id="wide")
        yield StaticText("one line", id="narrow")


@pytest.mark.parametrize(
    ("place", "text", "size", "laid_out"),
    [
        ("wide", "another line", (40, 1), False),
        ("wide", "[red]two[/]\nlines", (40, 2), True),
        ("wide", "水" * 30, (40, 2), True),  # 60 cells
        ("narrow", "ONE LINE", (8, 1), False),
        ("narrow", "one longer line", (15, 1), True),
    ],
)
async def test_a_text_has_the_room_that_it_needs(place, text, size, laid_out) -> None:
    app = Texts()
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        widget, layouts = app.query_one(f"#{place}", StaticText), []
        app.screen.screen_layout_refresh_signal.subscribe(app, lambda _: layouts.append(1))
        widget.update(text)
        await pilot.pause()
        assert widget.visual.plain == text  # no markup
        assert (widget.size.width, widget.size.height) == size
        assert bool(layouts) == laid_out


async def test_a_text_that_wraps_is_laid_out_although_it_is_as_wide_as_before() -> None:
    app = Texts()
    async with app.run_test(size=(10, 10)) as pilot:
        widget = app.query_one("#wide", StaticText)
        widget.update("aaaaaaa bbbbbbb ccccccc")
        await pilot.pause()
        assert widget.size.height == 3
        widget.update("aa bb cc dd ee ff gg hh")
        await pilot.pause()
        assert widget.size.height == 3
        widget.update("aaaaaa bbbbbb ccccc ddd")
        await pilot.pause()
        assert widget.size.height == 3
        widget.update("aa")
        await pilot.pause()
        assert widget.size.height == 1


async def test_the_same_text_is_not_drawn_again() -> None:
    app = Texts()
    async with app.run_test() as pilot:
        await pilot.pause()
        widget, drawn = app.query_one("#wide", StaticText), []
        widget.render = lambda: drawn.append(1) or Content("")  # type: ignore[method-assign]
        widget.update("one line")
        await pilot.pause()
        assert drawn == []
        widget.update("another")
        await pilot.pause()
        assert drawn != []
