"""``--ascii``: every screen drawn with ASCII alone, as wide as before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.widgets import Input
from typer.testing import CliRunner

from workbench.cli.app import app as program
from workbench.config.environment import ASCII
from workbench.tui import ascii as drawing
from workbench.tui.ascii import to_ascii
from workbench.tui.widgets.form import Form


@pytest.fixture
def ascii_only(folder, monkeypatch) -> None:
    monkeypatch.setenv(ASCII, "1")


def drawn(text: str) -> set[str]:
    """What is neither ASCII nor a letter that a person reads."""
    return {letter for letter in text if not (letter.isascii() or letter.isalnum())}


@pytest.mark.parametrize("size", [(120, 36), (40, 15)])
async def test_every_screen_is_drawn_with_ascii(ascii_only, screen, worker, size) -> None:
    one = worker().start().train(10, 60).train(70, 100)
    async with screen.open(one.run, size) as pilot:
        await screen.until(pilot, "running")
        for key in ("v", "v", "v", "2", "question_mark", "escape", "1", "ctrl+p", "escape", "q"):
            await pilot.press(key)
            await pilot.pause(0.05)
            assert not drawn(screen.text), key
        assert screen.app.has_class("-ascii")


async def test_curves_have_letters_of_their_own_and_borders_are_there(ascii_only, screen, worker) -> None:
    one = worker().start().train(10, 60).train(70, 200)
    async with screen.open(one.run) as pilot:
        text = await screen.until(pilot, "x train", "+ validation", "- logistic [red]", "中文名字")
        assert text.count("xx") > 3
        assert any(line.startswith("|") for line in text.replace(" ", "").splitlines())
        assert "+-" in text


async def test_a_word_typed_is_not_touched(ascii_only, screen) -> None:
    async with screen.open() as pilot:
        await screen.until(pilot, "Start")
        field = screen.app.screen.query_one(Form).query(Input).first()
        field.focus()
        field.value = "日本é…"
        await screen.until(pilot, "日本é.")
        assert field.value == "日本é…"  # it is drawn otherwise, and is what it was


async def test_without_the_wish_nothing_is_filtered(screen) -> None:
    async with screen.open() as pilot:
        await screen.until(pilot, "╭─ task", "names → language")
        assert not screen.app.has_class("-ascii")


def test_the_option_asks_for_it(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv(ASCII, "")
    from workbench import tui

    seen = []
    monkeypatch.setattr("workbench.cli.app.need_terminal", lambda: None)
    monkeypatch.setattr(tui, "open_screen", lambda *_, **__: seen.append(drawing.ascii_only()) or 0)
    for words, wanted in (([], False), (["--ascii"], True)):
        monkeypatch.setenv(ASCII, "")
        assert CliRunner().invoke(program, words).exit_code == 0
        assert seen.pop() is wanted


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_a_text_keeps_its_width_and_its_letters(text: str) -> None:
    assert cell_len(to_ascii(text)) == cell_len(text)
    assert all(to_ascii(letter) == letter for letter in text if letter.isascii() or letter.isalnum())


def test_boxes_blocks_and_braille_all_become_ascii() -> None:
    every = "".join(map(chr, [*range(0x2500, 0x25A0), *range(0x2800, 0x2900)]))
    assert to_ascii(every).isascii()


@pytest.mark.parametrize(
    ("dots", "looks"),
    [("⠀", " "), ("⠉", "'"), ("⠒", "-"), ("⣀", "_"), ("⡇", "|"), ("⡠", "/"), ("⢄", "\\"), ("⣿", "#"), ("⠤", ".")],
)
def test_braille_dots_keep_their_place(dots: str, looks: str) -> None:
    assert to_ascii(dots) == looks
