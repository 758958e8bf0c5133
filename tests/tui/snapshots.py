"""What a screen shows as a small text file: its lines, and below them the styles of their cells.

``WORKBENCH_SNAPSHOTS=update`` writes the files anew; look at what git says has changed. They hold for the version of
Textual that drew them.
"""

from __future__ import annotations

import os
from difflib import unified_diff
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.style import Style

FOLDER = Path(__file__).with_name("snapshots")
UPDATE = os.environ.get("WORKBENCH_SNAPSHOTS") == "update"
VERSION = FOLDER / "textual.txt"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + "".join(map(chr, range(0xC0, 0x180)))
_STYLES = "styles: how many cells of each, row by row"


def drawn(app: Any, *hide: str) -> str:
    """The screen as it is now.

    Args:
        hide: texts that differ from run to run; dots of the same width stand for them.
    """
    strips = app.screen._compositor.render_strips()
    lines = ["".join(segment.text for segment in strip if not segment.control).rstrip() for strip in strips]
    known: dict[str, str] = {}
    rows = []
    for strip in strips:
        cells = [(_style(style), cell_len(text)) for text, style, control in strip if text and not control]
        runs = [(name, sum(width for _, width in run)) for name, run in groupby(cells, lambda cell: cell[0])]
        rows.append(" ".join(f"{width}{known.setdefault(name, _LETTERS[len(known)])}" for name, width in runs))
    legend = [f"{letter} {name}" for name, letter in known.items()]
    whole = "\n".join([*lines, "", _STYLES, *rows, "", *legend, ""])
    for text in hide:
        whole = whole.replace(text, "·" * cell_len(text))
    return whole


def compare(name: str, found: str) -> str:
    """What differs from the stored snapshot, to be read by a person; empty where nothing does."""
    path = FOLDER / f"{name}.txt"
    if UPDATE:
        FOLDER.mkdir(exist_ok=True)
        VERSION.write_text(version("textual") + "\n")
        path.write_text(found)
        return ""
    if not path.exists():
        return f"{name}: there is no snapshot yet: WORKBENCH_SNAPSHOTS=update writes it."
    stored = path.read_text()
    if stored == found:
        return ""
    (text, styles), (new_text, new_styles) = (_halves(one) for one in (stored, found))
    if text != new_text:
        return "\n".join(
            [f"{name}: the text differs", *unified_diff(text, new_text, "stored", "now", n=1, lineterm="")]
        )
    looks = [
        f"  row {row + 1} {text[row].strip()[:60]!r}\n    stored  {was}\n    now     {now}"
        for row, (was, now) in enumerate(zip(_spelled(styles), _spelled(new_styles), strict=False))
        if was != now
    ]
    return "\n".join([f"{name}: the text is the same, {len(looks)} rows look otherwise", *looks[:5]])


def drawn_by_another_textual() -> str:
    """The version that drew the stored snapshots, where it is not the one that is here."""
    stored = VERSION.read_text().strip() if VERSION.exists() else ""
    return "" if UPDATE or stored == version("textual") else stored


def _style(style: Style | None) -> str:
    return str(style) if style else "plain"


def _halves(whole: str) -> tuple[list[str], list[str]]:
    text, _, styles = whole.partition(f"\n{_STYLES}\n")
    return text.split("\n"), styles.split("\n")


def _spelled(styles: list[str]) -> list[str]:
    """The rows' styles with their names in place of letters: a letter may mean another one in the other file."""
    end = styles.index("")
    names = {line[0]: line[2:] for line in styles[end + 1 :] if line}
    return [", ".join(f"{run[:-1]} {names[run[-1]]}" for run in row.split()) for row in styles[:end]]
