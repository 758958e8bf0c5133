"""A poem as it is written: characters with the network's probabilities, rhymes, and the verdict of the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tasks.poems import checker, forms
from tasks.poems.checker import PoemReport
from tasks.poems.prosody import Prosody
from workbench.inference.protocol import Character
from workbench.render.text import printable_lines

LINE_ENDS = "，。！？\n"
_NAMED = 3  # misfits listed by name; the rest are counted


class CharacterPosition(NamedTuple):
    """A character of a text."""

    text: str
    written: Character | None = None  # none: it was given


class PoemText:
    """A text, complete or not.

    Args:
        given: its beginning.
        prosody: tones and rhymes of its characters; none: it is not a poem.
    """

    def __init__(self, given: str, prosody: Prosody | None) -> None:
        self.prosody = prosody
        self.positions = [CharacterPosition(character) for character in given]
        self.checked: PoemReport | None = None  # once it has ended as a poem

    def add(self, written: Character) -> None:
        """Append what the network wrote."""
        self.positions += [CharacterPosition(character, written) for character in written.text]

    def end(self) -> None:
        """Check the complete text against the rules, once the network has ended it."""
        if self.prosody is not None and self.raw:
            self.checked = checker.check(self.raw, self.prosody)

    @property
    def raw(self) -> str:
        """The characters alone, without added line breaks."""
        return "".join(position.text for position in self.positions)

    @property
    def text(self) -> str:
        """The printable text, a sentence a line."""
        raw = self.raw
        breaks = map(forms.line_break, ["", *raw], raw)
        return printable_lines("".join(before + character for before, character in zip(breaks, raw, strict=False)))

    @property
    def misfits(self) -> set[int]:
        """Numbers of the characters whose tones differ from the nearest scheme of regulated verse."""
        starts = _starts(self.raw)
        return {starts[line] + number for line, number in self.checked.misfits} if self.checked else set()

    @property
    def rhymes(self) -> set[int]:
        """Numbers of the rhyming characters: at the ends of the even lines, and of the first one if it rhymes."""
        if not self.prosody:
            return set()
        whole = [(start, line) for start, line in zip(_starts(self.raw), forms.lines(self.raw), strict=False)]
        ends = [start + len(line) - 2 for start, line in whole if line[-1] in LINE_ENDS and len(line) > 1]
        groups = {end: set(self.prosody.groups(self.positions[end].text)) for end in ends}
        counts = Counter(group for end in ends[1::2] for group in groups[end])
        counts.update(group for end in ends[:1] for group in groups[end] if group in counts)
        shared = max(counts, key=counts.__getitem__, default=None)
        rhyming = {end for end in (*ends[:1], *ends[1::2]) if shared in groups[end]}
        return rhyming if len(rhyming) > 1 else set()


def verdict(checked: PoemReport, raw: str, prosody: Prosody) -> str:
    """Describe in a line which rules a poem meets."""
    lines = forms.bare(raw)
    parts = ["free form" if checked.form == forms.FREE else checked.form]
    if not prosody:
        parts.append("rhyme and tones unknown")
    else:
        first = ", the first line too" * checked.first_rhymes
        parts.append(f"rhymed on {' '.join(checked.rhyme)}{first}" if checked.rhymed else "not rhymed")
        if checked.scheme:
            parts.append(_regulated(checked, lines))
    repeated = [f"{_twice(lines[line])} twice in line {line + 1}" for line in checked.repeated]
    return " · ".join([*parts, *(repeated or ["no character twice in a line"])])


def _regulated(checked: PoemReport, lines: Sequence[str]) -> str:
    if checked.regulated:
        return "regulated"
    wrong = [f"{lines[line][number]} in line {line + 1}" for line, number in checked.misfits]
    if not wrong:
        return "tones as regulated, rhymes not"
    more = f" and {len(wrong) - _NAMED} more" * (len(wrong) > _NAMED)
    return f"not regulated: {', '.join(wrong[:_NAMED])}{more}"


def _twice(line: str) -> str:
    return " ".join(character for character, count in Counter(line).items() if count > 1)


def _starts(raw: str) -> list[int]:
    """Numbers of the characters that begin the lines."""
    starts = [0]
    for line in forms.lines(raw):
        starts.append(starts[-1] + len(line))
    return starts
