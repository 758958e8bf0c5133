"""A text as it is written: its characters with what the network thought of them, and what the rules say of it whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from tasks.poems import annotation, checker
from tasks.poems.checker import PoemReport
from tasks.poems.prosody import Prosody
from workbench.inference.protocol import Character
from workbench.render.format import flowing

_BREAKS = "，。！？\n"
_ENDS = "。！？\n"


class Place(NamedTuple):
    """A character of a text."""

    text: str
    written: Character | None = None  # none: it was given


class Verse:
    """A text under way.

    Args:
        given: what it begins with.
        book: the tones and rhymes of its characters; none: it is no poem.
    """

    def __init__(self, given: str, book: Prosody | None) -> None:
        self.book = book
        self.places = [Place(character) for character in given]
        self.checked: PoemReport | None = None  # once it has ended as a poem

    def add(self, written: Character) -> None:
        self.places += [Place(character, written) for character in written.text]

    def end(self) -> None:
        """The network ended it: rules can be asked of the whole."""
        if self.book is not None and self.raw:
            self.checked = checker.check(self.raw, self.book)

    @property
    def raw(self) -> str:
        """The characters alone, as the network wrote them."""
        return "".join(place.text for place in self.places)

    @property
    def text(self) -> str:
        """As it reads: a sentence a line, nothing that a terminal would obey."""
        raw = self.raw
        return "".join(flowing(character, before) for before, character in zip(["", *raw], raw, strict=False))

    @property
    def misfits(self) -> set[int]:
        """The characters, by number, whose tones are not those of the nearest scheme of regulated verse."""
        return annotation.misfits(self.raw, self.checked) if self.checked else set()

    @property
    def rhymes(self) -> set[int]:
        """The line ends, by number, that rhyme with one another: even lines', and with them the first one's."""
        return annotation.rhyming_ends(self.raw, self.book) if self.book else set()


def rows(characters: Sequence[str], width: int) -> list[list[int]]:
    """The numbers of a text's characters row by row: a line a row, or a sentence where two lines fit beside each other.

    A line wider than ``width`` goes on in a row of its own.
    """
    segments: list[list[int]] = [[]]
    for number, character in enumerate(characters):
        segments[-1].append(number)
        if character in _BREAKS:
            segments.append([])
    widths = [sum(_width(characters[number]) for number in segment) for segment in segments]
    room = width if 2 * max(widths) <= width else 0
    found: list[list[int]] = [[]]
    used = 0
    for segment, wide in zip(segments, widths, strict=True):
        ended = bool(found[-1]) and characters[found[-1][-1]] in _ENDS
        if found[-1] and segment and (ended or used + wide > room):
            found.append([])
            used = 0
        for number in segment:
            if found[-1] and used + _width(characters[number]) > max(width, 1):
                found.append([])
                used = 0
            found[-1].append(number)
            used += _width(characters[number])
    return found


def _width(character: str) -> int:
    return cell_len(character) if character.isprintable() else character != "\n"
