"""A report as plain data: sections of blocks, which a format writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

from workbench.report.words import Language
from workbench.runs.comparison import ResultFigure

Format = Literal["html", "markdown", "latex", "docx"]


class Block:
    """Part of a section; ``kind`` chooses how a template writes it."""

    kind: ClassVar[str]


class Paragraph(Block):
    """A passage of text."""

    kind = "paragraph"

    def __init__(self, text: str, *, strong: bool = False) -> None:
        self.text, self.strong = text, strong


class Facts(Block):
    """Names and values."""

    kind = "facts"

    def __init__(self, rows: Sequence[tuple[str, str]]) -> None:
        self.rows = [row for row in rows if row[1]]


class Grid(Block):
    """A table with heads; the best figures are marked."""

    kind = "grid"

    def __init__(self, heads: Sequence[str], rows: Sequence[Sequence[ResultFigure]], caption: str = "") -> None:
        self.heads, self.rows, self.caption = heads, rows, caption


class Picture(Block):
    """A picture in the files that a format needs, by theme and suffix."""

    kind = "picture"

    def __init__(self, name: str, caption: str, files: dict[tuple[str, str], Path]) -> None:
        self.name, self.caption, self.files = name, caption, files


class Code(Block):
    """Lines as they are: a network's printout, commands, a generated text."""

    kind = "code"

    def __init__(self, text: str, caption: str = "") -> None:
        self.text, self.caption = text, caption


class Equations(Block):
    """Equations in LaTeX, a line each."""

    kind = "equations"

    def __init__(self, lines: Sequence[str], caption: str) -> None:
        self.lines, self.caption = lines, caption


class Points(Block):
    """A list of sentences."""

    kind = "points"

    def __init__(self, sentences: Sequence[str]) -> None:
        self.sentences = sentences


class Section(NamedTuple):
    """A heading and what stands under it; a subsection is one of a run."""

    title: str
    blocks: Sequence[Block]
    level: int = 2


class Document(NamedTuple):
    """A report: its title, and sections in their order."""

    title: str
    language: Language
    remarks: Sequence[str]  # that must be known before anything else
    sections: Sequence[Section]
