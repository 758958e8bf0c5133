"""Layout of a poem: its characters in rows of cells, and under each its tone."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from tasks.poems import forms
from tasks.poems.prosody import Tone
from workbench.render.text import printable
from workbench.tui.poem.poem_text import LINE_ENDS, PoemText

TONES = {Tone.LEVEL: "○", Tone.OBLIQUE: "●", Tone.FREE: "◎"}
RHYME, MISFIT = "韵", "!"
_SENTENCE_ENDS = f"{forms.SENTENCE_ENDS}\n"
LEGEND = f"○ level ● oblique ◎ either {RHYME} rhyme {MISFIT} misfit"


def render_text(poem: PoemText, width: int, *, marks: bool, cursor: int | None = None) -> Content:
    """Render a poem in rows of ``width`` cells.

    Args:
        marks: show tones under the characters, and rhymes.
        cursor: the number of the highlighted character.
    """
    marks = marks and bool(poem.prosody)
    rhymes, misfits = (poem.rhymes, poem.misfits) if marks else (set(), set())
    lines = []
    for row in rows([position.text for position in poem.positions], width):
        shown = [number for number in row if poem.positions[number].text != "\n"]
        lines.append(Content.assemble(*(_character(poem, number, cursor, rhymes, misfits) for number in shown)))
        if marks and shown:
            lines.append(_tones(poem, shown, rhymes, misfits))
    return Content("\n").join(lines)


def _character(
    poem: PoemText, number: int, cursor: int | None, rhymes: set[int], misfits: set[int]
) -> str | tuple[str, str]:
    position = poem.positions[number]
    styles = ["bold"] * (position.written is None)
    if number in misfits:
        styles.append("$text-error")
    elif number in rhymes:
        styles.append("$text-accent underline")
    if number == cursor:
        styles.append("reverse")
    return printable(position.text), " ".join(styles)


def _tones(poem: PoemText, row: Sequence[int], rhymes: set[int], misfits: set[int]) -> Content:
    """Marks of a row, as wide as its characters; a rhyme is marked under the punctuation after it."""
    assert poem.prosody is not None
    parts: list[tuple[str, str]] = []
    for number in row:
        character = printable(poem.positions[number].text)
        width = cell_len(character)
        tone = TONES.get(poem.prosody.tone(character), "")
        if number - 1 in rhymes and not tone and width == cell_len(RHYME):
            parts.append((RHYME, "$text-accent"))
        else:
            mark = tone + MISFIT * (number in misfits)
            style = "$text-error" if number in misfits else "$foreground-muted"
            parts.append((f"{mark:{width}}"[:width], style))
    return Content.assemble(*parts)


def rows(characters: Sequence[str], width: int) -> list[list[int]]:
    """Lay out a text's characters, by number, in rows: a line a row, or a sentence where two lines fit in one.

    A line wider than ``width`` continues in the next row.
    """
    segments: list[list[int]] = [[]]
    for number, character in enumerate(characters):
        segments[-1].append(number)
        if character in LINE_ENDS:
            segments.append([])
    widths = [sum(_width(characters[number]) for number in segment) for segment in segments]
    room = width if 2 * max(widths) <= width else 0
    laid: list[list[int]] = [[]]
    used = 0
    for segment, wide in zip(segments, widths, strict=True):
        ended = bool(laid[-1]) and characters[laid[-1][-1]] in _SENTENCE_ENDS
        if laid[-1] and segment and (ended or used + wide > room):
            laid.append([])
            used = 0
        for number in segment:
            if laid[-1] and used + _width(characters[number]) > max(width, 1):
                laid.append([])
                used = 0
            laid[-1].append(number)
            used += _width(characters[number])
    return laid


def _width(character: str) -> int:
    return cell_len(character) if character.isprintable() else character != "\n"
