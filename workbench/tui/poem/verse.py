"""A text as it is written: its characters with what the network thought of them, and what the rules say of it whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from tasks.poems import checker, forms
from tasks.poems.checker import Checked
from tasks.poems.prosody import Prosody
from workbench.inference.protocol import Character
from workbench.render.text import printable_lines

_BREAKS = "，。！？\n"
_ENDS = "。！？\n"
_NAMED = 3  # characters that break the tones, by name; the rest are counted


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
        self.checked: Checked | None = None  # once it has ended as a poem

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
        breaks = map(forms.line_break, ["", *raw], raw)
        return printable_lines("".join(before + character for before, character in zip(breaks, raw, strict=False)))

    @property
    def misfits(self) -> set[int]:
        """The characters, by number, whose tones are not those of the nearest scheme of regulated verse."""
        starts = _starts(self.raw)
        return {starts[line] + place for line, place in self.checked.misfits} if self.checked else set()

    @property
    def rhymes(self) -> set[int]:
        """The line ends, by number, that rhyme with one another: even lines', and with them the first one's."""
        if not self.book:
            return set()
        whole = [(start, line) for start, line in zip(_starts(self.raw), forms.lines(self.raw), strict=False)]
        ends = [start + len(line) - 2 for start, line in whole if line[-1] in _BREAKS and len(line) > 1]
        groups = {end: set(self.book.groups(self.places[end].text)) for end in ends}
        counts = Counter(group for end in ends[1::2] for group in groups[end])
        counts.update(group for end in ends[:1] for group in groups[end] if group in counts)
        shared = max(counts, key=counts.__getitem__, default=None)
        found = {end for end in (*ends[:1], *ends[1::2]) if shared in groups[end]}
        return found if len(found) > 1 else set()


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


def judged(found: Checked, raw: str, book: Prosody) -> str:
    """What the rules say of a poem, in a line."""
    lines = forms.bare(raw)
    parts = ["free form" if found.form == forms.FREE else found.form]
    if not book:
        parts.append("rhyme and tones unknown")
    else:
        first = ", the first line too" * found.first_rhymes
        parts.append(f"rhymed on {' '.join(found.rhyme)}{first}" if found.rhymed else "not rhymed")
        if found.scheme:
            parts.append(_regulated(found, lines))
    again = [f"{_twice(lines[line])} twice in line {line + 1}" for line in found.repeated]
    return " · ".join([*parts, *(again or ["no character twice in a line"])])


def _regulated(found: Checked, lines: Sequence[str]) -> str:
    if found.regulated:
        return "regulated"
    wrong = [f"{lines[line][place]} in line {line + 1}" for line, place in found.misfits]
    if not wrong:
        return "tones as regulated, rhymes not"
    more = f" and {len(wrong) - _NAMED} more" * (len(wrong) > _NAMED)
    return f"not regulated: {', '.join(wrong[:_NAMED])}{more}"


def _twice(line: str) -> str:
    return " ".join(character for character, count in Counter(line).items() if count > 1)


def _starts(raw: str) -> list[int]:
    """Where each line begins."""
    starts = [0]
    for line in forms.lines(raw):
        starts.append(starts[-1] + len(line))
    return starts


def _width(character: str) -> int:
    return cell_len(character) if character.isprintable() else character != "\n"
