"""Make the pictures of the README from real runs: ``python docs/make_pictures.py --data DIR``.

A run of names with an LSTM is trained where ``--runs DIR`` does not hold one. The picture of a study is drawn where
``--studies DIR`` names a folder of runs that holds one, that of the memory pane where ``--memory DIR`` holds runs of
adding by lstm and rnn. The screens are opened without a terminal, each frame is written to ``docs/pictures`` as SVG.
Every character stands at the place of its own cell, so that columns stay aligned in whichever font a viewer has.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.color import ColorType
from rich.style import Style
from rich.terminal_theme import MONOKAI, TerminalTheme
from textual.pilot import Pilot
from textual.strip import Strip

from workbench.runs.store import Run, find
from workbench.tui.app import WorkbenchApp

PICTURES = Path(__file__).with_name("pictures")
SIZE = (120, 36)  # columns, rows
CELL = (8, 16)  # pixels
FONT = "font:13.3px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Noto Sans Mono CJK SC',monospace"
PATIENCE = 120.0  # seconds


class Span(NamedTuple):
    """Text of one style, from a column of a row on."""

    column: int
    text: str
    style: Style


def spans(strip: Strip) -> Iterable[Span]:
    """The styled pieces of a row with their columns."""
    column = 0
    for text, style, control in strip:
        if not control:
            yield Span(column, text, style or Style())
            column += cell_len(text)


def hexadecimal(color: Any, theme: TerminalTheme, *, foreground: bool) -> str:
    """A Rich colour as ``#rrggbb``; the theme's default where there is none."""
    if color is None or color.type is ColorType.DEFAULT:
        triplet = theme.foreground_color if foreground else theme.background_color
        return triplet.hex
    return str(color.get_truecolor(theme, foreground=foreground).hex)


def svg(rows: list[Strip], title: str) -> str:
    """A screen as SVG: a rectangle for each stretch of background, a text element for each row and style."""
    theme = MONOKAI
    wide, high = CELL
    width, height = SIZE[0] * wide, len(rows) * high
    ground: dict[str, list[str]] = {}
    texts: dict[str, list[str]] = {}
    for row, strip in enumerate(rows):
        for column, text, style in spans(strip):
            front, back = style.color, style.bgcolor
            if style.reverse:
                front, back = back, front
            fill = hexadecimal(back, theme, foreground=False)
            box = f"M{column * wide} {row * high}h{cell_len(text) * wide}v{high}h-{cell_len(text) * wide}z"
            ground.setdefault(fill, []).append(box)
            if text.strip():
                look = f'fill="{hexadecimal(front, theme, foreground=True)}"' + ' font-weight="700"' * bool(style.bold)
                texts.setdefault(look, []).append(_text(Span(column, text, style), row))
    paths = "".join(f'<path fill="{fill}" d="{"".join(boxes)}"/>' for fill, boxes in ground.items())
    groups = "".join(f"<g {look}>{''.join(lines)}</g>" for look, lines in texts.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}" style="{escape(FONT)}" shape-rendering="crispEdges">'
        f'<title>{escape(title)}</title>{paths}<g xml:space="preserve">{groups}</g></svg>\n'
    )


def _text(span: Span, row: int) -> str:
    """A text element; blanks are left out, every other character has an x of its own."""
    places, shown = [], ""
    column = span.column
    for character in span.text:
        if not character.isspace():
            places.append(str(column * CELL[0]))
            shown += character
        column += cell_len(character)
    return f'<text x="{" ".join(places)}" y="{row * CELL[1] + 12}">{escape(shown)}</text>'


async def until(pilot: Pilot[object], *words: str) -> list[Strip]:
    """Wait until every word stands on the screen, and return its rows.

    Raises:
        TimeoutError: one of them did not appear.
    """
    end = time.monotonic() + PATIENCE
    while True:
        rows = pilot.app.screen._compositor.render_strips()
        text = "\n".join(row.text for row in rows)
        missing = [word for word in words if word not in text]
        if not missing:
            return rows
        if time.monotonic() > end:
            raise TimeoutError(f"{missing} did not appear in:\n{text}")
        await pilot.pause(0.05)


def write(name: str, title: str, rows: list[Strip]) -> None:
    path = PICTURES / f"{name}.svg"
    path.write_text(svg(rows, title), encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


async def screens(run: Run, folder: Path) -> None:
    """The Run screen and the confusion matrix of a finished run, then a poem half written."""
    app = WorkbenchApp(folder, None, run)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "finished", "validation accuracy", "per language")
        await pilot.pause(1.0)  # the charts are drawn anew once the size is known
        write("run", "The Run screen: curves, confusion matrix, baselines", await until(pilot, "finished"))
        await pilot.press("f")
        await until(pilot, "commonest errors")
        await pilot.pause(0.5)
        write("confusion", "A confusion matrix of 18 languages", await until(pilot, "commonest errors"))
    app = WorkbenchApp(folder)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("4")
        await until(pilot, "poems-lstm")
        await _poem(pilot)


async def studies(folder: Path) -> None:
    """The newest study of a folder, with its table."""
    app = WorkbenchApp(folder)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5")
        await until(pilot, "paired bootstrap")
        await pilot.pause(0.5)
        title = "The Studies screen: runs, their table, differences from the best setting"
        write("studies", title, await until(pilot, "paired bootstrap"))


async def memory(folder: Path) -> None:
    """The memory pane of the newest run of adding with an LSTM, beside the newest with an RNN."""
    app = WorkbenchApp(folder, None, find("adding-lstm", folder))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "finished")
        await pilot.press("v")
        await until(pilot, "steps before the end", "half-life")
        await pilot.pause(1.0)
        title = "The memory pane: the gradient through time of an LSTM and of an RNN"
        write("memory", title, await until(pilot, "steps before the end", "half-life"))


async def inspected(run: Run, folder: Path) -> None:
    """The forget gate over a name."""
    app = WorkbenchApp(folder, None, run)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "finished")
        await pilot.press("i")
        await until(pilot, "blue open", "correlate")
        await pilot.press("slash", *["backspace"] * 40, *"Dostoevsky", "enter")
        await until(pilot, "step 10 of 10", "correlate")
        await pilot.press("g")
        title = "The Inspect screen: a gate, letter by letter"
        write("inspect", title, await until(pilot, "gate f", "correlate"))


async def _poem(pilot: Pilot[object]) -> None:
    """Ask for three regulated poems of seven characters a line at once, and look while they are written."""
    await until(pilot, "candidates")
    rows = {"form": ["right", "right"], "tones": ["right"], "candidates": ["right", "right"]}
    for name, keys in rows.items():
        await _focus(pilot, name)
        await pilot.press(*keys)
    await pilot.press("w")
    write("poem", "A poem as it is written, with its tones", await until(pilot, "。"))


async def _focus(pilot: Pilot[object], setting: str) -> None:
    """Move through the form with Tab until the row of a setting is the focused one."""
    for _ in range(40):
        await pilot.press("tab")
        focused = pilot.app.screen.focused
        if focused and focused.parent and setting in str(getattr(focused.parent, "title", "")):
            return
    raise TimeoutError(f"The form has no row {setting!r}.")


def trained(runs: Path, data: Path) -> Run:
    """The newest names run of a folder; one is trained where there is none."""
    if not any(runs.glob("names-lstm-*")):
        command = ["train", "names", "--cell", "lstm", "--headless", "--runs", str(runs), "--data", str(data)]
        subprocess.run([Path(sys.executable).with_name("workbench"), *command], check=True)
    return find("names", runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of datasets")
    parser.add_argument("--runs", type=Path, help="folder of runs; else a temporary one")
    parser.add_argument("--studies", type=Path, help="folder of runs with a study of finished runs")
    parser.add_argument("--memory", type=Path, help="folder of runs with adding by lstm and rnn")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        runs = (given.runs or Path(own)).absolute()
        PICTURES.mkdir(exist_ok=True)
        os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}  # the dark theme, whatever terminal this is
        if given.studies:
            asyncio.run(studies(given.studies.absolute()))
        if given.memory:
            asyncio.run(memory(given.memory.absolute()))
        run = trained(runs, given.data)
        asyncio.run(inspected(run, runs))
        asyncio.run(screens(run, runs))


if __name__ == "__main__":
    main()
