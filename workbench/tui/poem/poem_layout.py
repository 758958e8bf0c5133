"""Layout of a text: its characters in rows of cells, and under each its label, such as a tone."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tasks.poems import forms
from tasks.views import Annotation
from workbench.render.text import printable
from workbench.tui.poem.poem_text import PoemText

RHYME, MISFIT = "韵", "!"
_SENTENCE_ENDS = f"{forms.SENTENCE_ENDS}\n"
_LINE_ENDS = f"，{_SENTENCE_ENDS}"
LEGEND = f"○ level ● oblique ◎ either {RHYME} rhyme {MISFIT} misfit"


def render_text(poem: PoemText, width: int, *, marks: bool, cursor: int | None = None) -> Content:
    """Render a text in rows of ``width`` cells.

    Args:
        marks: show labels under the characters, linked characters and faults.
        cursor: the number of the highlighted character.
    """
    annotation = poem.annotation if marks else Annotation()
    lines = []
    for row in rows([position.text for position in poem.positions], width):
        shown = [number for number in row if poem.positions[number].text != "\n"]
        lines.append(Content.assemble(*(_character(poem, number, cursor, annotation) for number in shown)))
        if annotation.labels and shown:
            lines.append(_labels(poem, shown, annotation))
    return Content("\n").join(lines)


def _character(poem: PoemText, number: int, cursor: int | None, annotation: Annotation) -> tuple[str, str]:
    position = poem.positions[number]
    styles = ["bold"] * (position.written is None)
    if number in annotation.faults:
        styles.append("$text-error")
    elif number in annotation.linked:
        styles.append("$text-accent underline")
    if number == cursor:
        styles.append("reverse")
    return printable(position.text), " ".join(styles)


def _labels(poem: PoemText, row: Sequence[int], annotation: Annotation) -> Content:
    """Labels of a row, as wide as its characters; a linked one is marked under the punctuation after it."""
    parts: list[tuple[str, str]] = []
    for number in row:
        character = printable(poem.positions[number].text)
        width = cell_len(character)
        label = annotation.labels[number] if number < len(annotation.labels) else ""
        if number - 1 in annotation.linked and not label and width == cell_len(RHYME):
            parts.append((RHYME, "$text-accent"))
        else:
            mark = label + MISFIT * (number in annotation.faults)
            style = "$text-error" if number in annotation.faults else "$foreground-muted"
            parts.append((set_cell_size(mark, width), style))
    return Content.assemble(*parts)


def rows(characters: Sequence[str], width: int) -> list[list[int]]:
    """Lay out a text's characters, by number, in rows: a line a row, or a sentence where two lines fit in one.

    A line wider than ``width`` continues in the next row.
    """
    segments: list[list[int]] = [[]]
    for number, character in enumerate(characters):
        segments[-1].append(number)
        if character in _LINE_ENDS:
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
