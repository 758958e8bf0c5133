"""The list of lines under heads."""

from __future__ import annotations

from textual.app import App, ComposeResult

from workbench.tui.widgets.listing import Column, Listing, Row

HEADS = [Column("", 0), Column("name", 1), Column("count", 2, right=True), Column("note", 3)]


def lines(*names: str) -> list[Row]:
    return [Row(name, ((" ", ""), (name, ""), (str(len(name)), "bold"), ("热水器 [red]", ""))) for name in names]


class Window(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.heads: list[int] = []

    def compose(self) -> ComposeResult:
        yield Listing()

    def on_mount(self) -> None:
        self.query_one(Listing).focus()

    def on_listing_opened(self) -> None:
        self.opened.append(self.query_one(Listing).chosen)

    def on_listing_head_clicked(self, event: Listing.HeadClicked) -> None:
        self.heads.append(event.index)

    @property
    def text(self) -> list[str]:
        strips = self.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


NAMES = [f"run {number:03}" for number in range(100)]


async def test_keys_move_the_choice_and_keep_it_in_sight() -> None:
    app = Window()
    async with app.run_test(size=(40, 11)) as pilot:
        listing = app.query_one(Listing)
        listing.show(HEADS, lines(*NAMES))
        await pilot.pause()
        for keys, expected in (
            (["down", "down", "up"], 1),
            (["pagedown"], 10),
            (["end"], 99),
            (["down"], 99),
            (["pageup", "up"], 89),
            (["home", "up"], 0),
        ):
            await pilot.press(*keys)
            await pilot.pause()
            assert listing.chosen == NAMES[expected]
            assert any(NAMES[expected] in line for line in app.text)
            assert "name" in app.text[0]
        await pilot.press("enter")
        assert app.opened == [NAMES[0]]


async def test_a_column_that_is_too_wide_leaves_its_room_to_narrow_ones_after_it() -> None:
    app = Window()
    async with app.run_test(size=(24, 6)) as pilot:
        listing = app.query_one(Listing)
        listing.show(HEADS, lines("a name of more than 24 characters"))
        await pilot.pause()
        assert app.text[0].split() == ["count", "note"]
        listing.show(HEADS, lines("short"))
        await pilot.pause()
        assert app.text[0].split() == ["name", "count"]


async def test_the_chosen_line_stays_chosen_wherever_it_goes() -> None:
    app = Window()
    async with app.run_test(size=(40, 11)) as pilot:
        listing = app.query_one(Listing)
        listing.show(HEADS, lines(*NAMES))
        await pilot.press("down", "down")
        listing.show(HEADS, lines(*reversed(NAMES)))
        await pilot.pause()
        assert listing.chosen == NAMES[2]
        assert any(NAMES[2] in line for line in app.text)
        listing.show(HEADS, lines(*NAMES[3:6]))  # it is gone: the line that is nearest
        await pilot.pause()
        assert listing.chosen == NAMES[5]
        listing.show(HEADS, [])
        await pilot.press("down", "enter")
        assert (listing.chosen, app.opened) == ("", [])


async def test_columns_line_up_and_give_way_in_their_order() -> None:
    app = Window()
    async with app.run_test(size=(40, 11)) as pilot:
        listing = app.query_one(Listing)
        listing.show(HEADS, lines("中文名字", "a"))
        await pilot.pause()
        assert app.text[0].split() == ["name", "count", "note"]
        assert app.text[1] == "   中文名字      4  热水器 [red]"
        assert app.text[2] == "   a             1  热水器 [red]"
        await pilot.resize_terminal(20, 11)
        await pilot.pause()
        assert app.text[0].split() == ["name", "count"]
        await pilot.resize_terminal(14, 11)
        await pilot.pause()
        assert app.text[0].split() == ["name"]


async def test_a_click_chooses_another_opens_and_heads_answer() -> None:
    app = Window()
    async with app.run_test(size=(40, 11)) as pilot:
        listing = app.query_one(Listing)
        listing.show(HEADS, lines(*NAMES))
        await pilot.pause()
        await pilot.click(Listing, offset=(5, 3))
        assert (listing.chosen, app.opened) == (NAMES[2], [])
        await pilot.click(Listing, offset=(5, 3))
        assert app.opened == [NAMES[2]]
        await pilot.click(Listing, offset=(4, 0))
        await pilot.click(Listing, offset=(13, 0))
        assert app.heads == [1, 2]


async def test_only_what_changed_is_drawn_again(monkeypatch) -> None:
    app = Window()
    async with app.run_test(size=(40, 11)) as pilot:
        listing = app.query_one(Listing)
        for _ in range(2):  # the scroll bar takes its room after the first time
            listing.show(HEADS, lines(*NAMES))
            await pilot.pause()
        drawn: list[int] = []
        monkeypatch.setattr(listing, "refresh_lines", lambda y, count=1: drawn.append(y))
        monkeypatch.setattr(listing, "refresh", lambda *_, **__: drawn.append(-1))
        changed = lines(*NAMES)
        changed[4] = Row(NAMES[4], ((" ", ""), (NAMES[4], ""), ("8", ""), ("热水器 [red]", "")))
        listing.show(HEADS, changed)
        assert drawn == [5]
