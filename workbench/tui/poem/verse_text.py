"""A text drawn: its characters in rows, and under each its tone."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from tasks.poems.prosody import Tone
from workbench.render.text import printable
from workbench.tui.poem.verse import Verse, rows

TONES = {Tone.LEVEL: "○", Tone.OBLIQUE: "●", Tone.FREE: "◎"}
RHYME, MISFIT = "韵", "!"
LEGEND = f"○ level ● oblique ◎ either {RHYME} rhyme {MISFIT} misfit"


def inked(verse: Verse, width: int, *, marks: bool, cursor: int | None = None) -> Content:
    """A text in rows of ``width`` cells.

    Args:
        marks: tones under the characters, rhymes told apart.
        cursor: the number of the character that stands out.
    """
    marks = marks and bool(verse.book)
    rhymes, misfits = (verse.rhymes, verse.misfits) if marks else (set(), set())
    lines = []
    for row in rows([place.text for place in verse.places], width):
        shown = [number for number in row if verse.places[number].text != "\n"]
        lines.append(Content.assemble(*(_character(verse, number, cursor, rhymes, misfits) for number in shown)))
        if marks and shown:
            lines.append(_tones(verse, shown, rhymes, misfits))
    return Content("\n").join(lines)


def _character(
    verse: Verse, number: int, cursor: int | None, rhymes: set[int], misfits: set[int]
) -> str | tuple[str, str]:
    place = verse.places[number]
    styles = ["bold"] * (place.written is None)
    if number in misfits:
        styles.append("$text-error")
    elif number in rhymes:
        styles.append("$text-accent underline")
    if number == cursor:
        styles.append("reverse")
    return printable(place.text), " ".join(styles)


def _tones(verse: Verse, row: Sequence[int], rhymes: set[int], misfits: set[int]) -> Content:
    """The marks of a row, as wide as its characters; after a rhyme, under the mark that ends its line, a word."""
    assert verse.book is not None
    parts: list[tuple[str, str]] = []
    for number in row:
        character = printable(verse.places[number].text)
        width = cell_len(character)
        tone = TONES.get(verse.book.tone(character), "")
        if number - 1 in rhymes and not tone and width == cell_len(RHYME):
            parts.append((RHYME, "$text-accent"))
        else:
            mark = tone + MISFIT * (number in misfits)
            style = "$text-error" if number in misfits else "$foreground-muted"
            parts.append((f"{mark:{width}}"[:width], style))
    return Content.assemble(*parts)
