"""Colours: words stand out from their ground in every theme, and colours stay apart for eyes that lack a cone."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import Theme
from waiting import eventually

from workbench.tui.color import contrast, words_on
from workbench.tui.themes import ANSI_DARK, ANSI_LIGHT, CONTRAST, DARK, LIGHT, NAMES
from workbench.tui.widgets.chart import Chart
from workbench.tui.widgets.status import COLOURS

OURS = (DARK, LIGHT, CONTRAST)
STYLES = Path(__file__).parents[2] / "workbench" / "tui" / "styles"
# Machado, Oliveira and Fernandes (2009): linear RGB as seen without the cones for long, middle and short waves
WITHOUT_A_CONE = {
    "long": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "middle": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "short": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}


def colours(theme: Theme) -> dict[str, Color]:
    """A theme's plain colours, by name."""
    found = {}
    for name, value in theme.to_color_system().generate().items():
        if value.startswith("#"):
            found[name] = Color.parse(value)
    return found


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
def test_words_stand_out_from_their_ground(theme: Theme) -> None:
    known, least = colours(theme), 7 if theme is CONTRAST else 4.5
    grounds = [known[name] for name in ("background", "surface", "panel")]
    for ground in grounds:
        for name in ("foreground", "foreground-muted", *(f"text-{name}" for name in NAMES)):
            assert contrast(ground + known[name], ground) >= least, (name, ground)
        assert contrast(ground + known["foreground"], ground) >= 7
    for name in NAMES:
        assert contrast(known[name], known["background"]) >= 3, f"a curve in {name}"


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
@pytest.mark.parametrize("few", [False, True], ids=["true colours", "256 colours"])
def test_the_word_of_a_state_stands_out_from_its_badge(theme: Theme, few: bool) -> None:
    known = colours(theme)
    for name in set(COLOURS.values()):
        word, ground = known[f"text-{name}"], known[f"{name}-muted"]
        if few:
            word, ground = (_of_256(colour) for colour in (word, ground))
        assert contrast(word, ground) >= (3 if few else 7 if theme is CONTRAST else 4.5), name


def _of_256(colour: Color) -> Color:
    nearest: RichColor = colour.rich_color.downgrade(ColorSystem.EIGHT_BIT)
    return Color(*nearest.get_truecolor())


@pytest.mark.parametrize("theme", [ANSI_DARK, ANSI_LIGHT], ids=lambda theme: theme.name)
def test_among_sixteen_colours_no_badge_has_the_colour_of_its_word(theme: Theme) -> None:
    for name in NAMES:
        assert theme.variables[f"{name}-muted"].startswith("ansi_bright_")
        assert theme.variables[f"on-{name}"] == "ansi_black"


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
@pytest.mark.parametrize("lacking", WITHOUT_A_CONE)
def test_colours_stay_apart_for_eyes_that_lack_a_cone(theme: Theme, lacking: str) -> None:
    known = colours(theme)
    for one, other in combinations(NAMES, 2):
        apart = sum((a - b) ** 2 for a, b in zip(*(_seen(known[name], lacking) for name in (one, other)), strict=True))
        assert apart**0.5 > 14, (one, other)  # in CIE L*a*b*, where 2 can just be told apart


def _seen(colour: Color, lacking: str) -> tuple[float, float, float]:
    """A colour in L*a*b* as eyes without a kind of cone see it."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
    seen = [min(1, max(0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in WITHOUT_A_CONE[lacking]]
    to_xyz = ((0.4339, 0.3762, 0.1899), (0.2126, 0.7152, 0.0722), (0.0177, 0.1095, 0.8728))  # of D65's white
    xyz = [sum(a * b for a, b in zip(row, seen, strict=True)) for row in to_xyz]
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def test_some_words_can_be_read_on_every_ground() -> None:
    for level in range(256):
        ground = Color(level, level, level)
        assert contrast(words_on(ground), ground) > 4.5
    assert contrast(Color(0, 0, 0), Color(255, 255, 255)) == pytest.approx(21)


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
async def test_every_word_on_every_screen_stands_out(screen, worker, theme: Theme) -> None:
    one = worker().start().train(10, 200).finish()
    async with screen.open(one.run) as pilot:
        screen.app.theme = theme.name
        await screen.until(pilot, "finished", "Portuguese", "0.8765")
        for key in ("v", "2", "1"):
            # charts are drawn anew a moment after the theme has changed
            await eventually(pilot, lambda: _stand_out(screen.app), f"every word stands out, before {key}")
            await pilot.press(key)
            await pilot.pause()


async def test_a_chart_drawn_after_a_themes_name_and_before_its_colours_is_drawn_anew(screen, worker) -> None:
    one = worker().start().train(10, 200).finish()
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "finished", "0.8765")
        screen.app.theme = LIGHT.name
        for chart in screen.app.screen.query(Chart):
            chart.render_line(1)  # Textual has the new colours only when it next looks at its messages
        await eventually(pilot, lambda: _stand_out(screen.app), "every word stands out")


def _stand_out(app) -> bool:
    return all(found >= 4.5 for _, found in _drawn(app))


def _drawn(app) -> list[tuple[str, float]]:
    """The words of a screen and how they stand out."""
    found = []
    for strip in app.screen._compositor.render_strips():
        for text, style, _ in strip:
            if style and style.color and style.bgcolor and any(letter.isalnum() for letter in text):
                word, ground = (Color(*colour.get_truecolor()) for colour in (style.color, style.bgcolor))
                found.append((text, contrast(word, ground)))
    assert len(found) > 20
    return found


async def test_the_theme_key_steps_from_dark_to_light_to_high_contrast(screen) -> None:
    async with screen.open() as pilot:
        assert screen.app.theme == DARK.name
        for key, theme in (("t", LIGHT), ("f9", CONTRAST), ("t", DARK)):
            await pilot.press(key)
            assert screen.app.theme == theme.name


async def test_from_a_theme_of_the_palette_the_key_leads_back_to_ours(screen) -> None:
    async with screen.open() as pilot:
        screen.app.theme = "nord"
        await pilot.press("t")
        assert screen.app.theme == DARK.name


@pytest.mark.parametrize("term", ["screen", "linux", "dumb"])
async def test_a_terminal_of_few_colours_keeps_its_own(screen, worker, monkeypatch, term: str) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.delenv("COLORTERM")
    one = worker().start().train(10, 60).train(70, 100)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running", "Portuguese")
        assert screen.app.native_ansi_color
        drawn = [segment for strip in screen.app.screen._compositor.render_strips() for segment in strip]
        used = {colour for _, style, _ in drawn if style for colour in (style.color, style.bgcolor) if colour}
        assert not [colour for colour in used if not (colour.is_default or colour.is_system_defined)]
        badge = next(style for text, style, _ in drawn if text == " running ")
        assert (badge.color.number, badge.bgcolor.number) == (0, 10)  # black on bright green
        await pilot.press("t")
        assert screen.app.theme == ANSI_LIGHT.name
        await screen.until(pilot, "running")


async def test_without_colours_among_sixteen_there_is_none(screen, worker, monkeypatch) -> None:
    monkeypatch.setenv("TERM", "screen")
    monkeypatch.delenv("COLORTERM")
    monkeypatch.setenv("NO_COLOR", "1")
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running", "x train", "+ validation")  # letters tell the curves apart
        for strip in screen.app.screen._compositor.render_strips():
            for segment in strip:
                for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                    assert colour is None or colour.is_default, segment


async def test_the_persons_own_choice_of_a_theme_stands(screen, monkeypatch) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", "textual-dark")
    async with screen.open():
        assert screen.app.theme == "textual-dark"


@pytest.mark.parametrize("sheet", sorted(STYLES.glob("*.tcss")), ids=lambda sheet: sheet.stem)
def test_style_sheets_name_colours_of_the_theme_alone(sheet: Path) -> None:
    rules = [line for line in sheet.read_text().splitlines() if ":" in line]
    for rule in rules:
        for word in rule.replace(";", " ").split():
            assert not (word.startswith("#") and word[1:4].isalnum() and _hexadecimal(word)), rule
            assert not word.startswith(("rgb(", "hsl(")), rule


def _hexadecimal(word: str) -> bool:
    return len(word) in (4, 7, 9) and all(letter in "0123456789abcdefABCDEF" for letter in word[1:])


async def test_the_marked_line_of_a_list_stands_out_among_sixteen_colours(screen, monkeypatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLORTERM")
    async with screen.open() as pilot:
        await screen.until(pilot, "names with lstm", "names → language")
        assert screen.app.theme == ANSI_DARK.name
        strips = screen.app.screen._compositor.render_strips()
        drawn = [segment for strip in strips for segment in strip]
        marked = next(segment for segment in drawn if segment.text.startswith("names  "))
        assert (marked.style.bgcolor.number, marked.style.underline) == (4, True)  # the focus is on it
        other = next(segment for segment in drawn if segment.text.startswith("lstm  "))
        assert other.style.underline
        assert other.style.bgcolor.is_default


async def test_every_style_sheet_is_read_when_another_page_is_shown_and_the_last_word_stays_the_last(screen) -> None:
    async with screen.open() as pilot:
        await screen.until(pilot, "names")
        await pilot.press("2")
        await eventually(pilot, lambda: pilot.app.place == "runs")
        read = [Path(path).stem for path, _ in pilot.app.stylesheet.source if Path(path).parent == STYLES]
        assert sorted(read) == sorted(sheet.stem for sheet in STYLES.glob("*.tcss"))
        assert read[:2] == ["base", "lab"]
        assert read[-2:] == ["over", "ansi"]
