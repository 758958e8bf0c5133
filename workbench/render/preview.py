"""Preview of a task's data as lines of text with roles, for print and for the screen. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Literal, NamedTuple

from rich.cells import cell_len, set_cell_size

from tasks.preview import Preview
from workbench.render.text import printable

Role = Literal["", "head", "muted", "bar", "good", "warning"]
MOST_CLASSES = 12
_NAME = 12  # cells of a label, such as ``source``
_GAP = "  "
_NARROWEST = 6  # cells of a column that is cut
_WIDEST_CLASS = 24
_BAR = 24  # cells of the largest class's bar
_LENGTHS = {"shortest": "shortest", "median": "median", "p95": "95 %", "longest": "longest"}


class Span(NamedTuple):
    """A text of one role."""

    text: str
    role: Role = ""


Line = Sequence[Span]


def summary(preview: Preview) -> str:
    """Return the most important in one line: examples, classes, how much was guessed and left out."""
    parts = [", ".join(f"{name} {count:,}" for name, count in preview.splits.items())]
    if preview.counts:
        parts.append(f"{len(preview.counts):,} class{'es' * (len(preview.counts) != 1)}")
    parts += [f"{len(preview.guessed)} guessed"] if preview.guessed else []
    parts += [f"{len(preview.dropped)} left out or changed"] if preview.dropped else []
    return " · ".join(filter(None, parts))


def lines(preview: Preview, room: int) -> list[Line]:
    """Return a preview as lines that fit into ``room`` cells; nothing in them is a character that a terminal obeys."""
    room = max(20, room)
    found: list[Line] = [*_fact("source", preview.source, room)]
    if preview.splits:
        found += _fact("split", " · ".join(f"{name} {count:,}" for name, count in preview.splits.items()), room)
    if preview.lengths:
        told = ", ".join(f"{_LENGTHS.get(name, name)} {_figure(value)}" for name, value in preview.lengths.items())
        found += _fact(preview.length_unit or "length", told, room)
    for label, sentences, role in (
        ("guessed", preview.guessed, "good"),
        ("left out", preview.dropped, "warning"),
        ("note", preview.notes, "muted"),
    ):
        for sentence in sentences:
            found += _fact(label, sentence, room, role)  # type: ignore[arg-type]
    if preview.rows:
        found += [[], *_table(preview.columns, preview.rows, room)]
    if preview.counts:
        found += [[], *_classes(preview.counts, room)]
    return found


def _fact(label: str, text: str, room: int, role: Role = "") -> Iterator[Line]:
    """Yield a label and a text, which is wrapped under its beginning."""
    name = set_cell_size(printable(label), max(_NAME, cell_len(printable(label)) + 1))
    for number, line in enumerate(_wrapped(printable(text), max(10, room - cell_len(name)))):
        yield [Span(" " * cell_len(name) if number else name, role or "muted"), Span(line)]


def _wrapped(text: str, room: int) -> list[str]:
    """Return a text in lines of ``room`` cells, also where it has no blanks or its characters are wide."""
    if cell_len(text) == len(text):
        return wrap(text, room, break_on_hyphens=False) or [""]
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= room:
            line = longer
            continue
        lines += [line] if line else []
        line = ""
        for character in word:
            if cell_len(line + character) > room:
                lines.append(line)
                line = ""
            line += character
    return [*lines, line]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> Iterator[Line]:
    """Yield the first rows under their heads; cells are cut, and columns left out, that have no room."""
    width = max(len(heads), *map(len, rows))
    every = [[printable(cell) for cell in (*row, *[""] * (width - len(row)))] for row in (heads, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*every, strict=True)]
    shown = min(width, max(1, (room + len(_GAP)) // (_NARROWEST + len(_GAP))))
    while shown > 1 and sum(min(_NARROWEST, one) + len(_GAP) for one in widths[:shown]) - len(_GAP) > room:
        shown -= 1
    widths = widths[:shown]
    while sum(widths) + len(_GAP) * (shown - 1) > room and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    head, *body = every
    if any(heads):
        yield [Span(_GAP.join(map(_cut, head[:shown], widths)).rstrip(), "head")]
    for row in body:
        yield [Span(_GAP.join(map(_cut, row[:shown], widths)).rstrip())]
    if width > shown:
        yield [Span(f"and {width - shown:,} more column{'s' * (width - shown != 1)}", "muted")]


def _classes(counts: Mapping[str, int], room: int) -> Iterator[Line]:
    """Yield the largest classes with bars, and the number of the others."""
    whole, largest = sum(counts.values()), max(counts.values())
    yield [Span(f"{len(counts):,} class{'es' * (len(counts) != 1)}", "head")]
    shown = list(counts.items())[:MOST_CLASSES]
    name = min(max(cell_len(printable(label)) for label, _ in shown), _WIDEST_CLASS, max(_NARROWEST, room - 22))
    figure = max(len(f"{count:,}") for _, count in shown)
    bar = max(0, min(_BAR, room - name - figure - 12))
    for label, count in shown:
        long = round(count / largest * bar) if largest else 0
        share = f"{count / whole:.0%}" if whole else ""
        yield [
            Span(f"{_cut(printable(label), name)}{_GAP}"),
            Span("━" * max(long, bool(count and bar)), "bar"),
            Span(" " * (bar - max(long, bool(count and bar)))),
            Span(f"{_GAP}{count:>{figure},}{_GAP}{share:>4}"),
        ]
    if rest := list(counts.values())[MOST_CLASSES:]:
        yield [Span(f"and {len(rest):,} more, {sum(rest):,} examples in all", "muted")]


def _cut(text: str, width: int) -> str:
    """Return a text in exactly ``width`` cells, with ``…`` at the end of what is cut."""
    if cell_len(text) <= width:
        return text + " " * (width - cell_len(text))
    return set_cell_size(set_cell_size(text, max(0, width - 1)).rstrip() + "…", width)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
