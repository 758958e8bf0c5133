"""Tone patterns of regulated verse (近体诗): the line types, and the schemes in which they follow each other. No torch.

A line of five characters is of one of four types, 平 level and 仄 oblique; a line of seven puts two characters of the
other tone than its type's first before it::

    仄仄平平仄    仄仄仄平平    平平平仄仄    平平仄仄平

*一三五不论*: the first, third and (of seven) fifth characters may be of either tone, but for two taboos: 孤平, a level
rhyme line (平平仄仄平) with no level neighbours but one, and 三平, three level characters at a line's end.
*Substitute* (本句自救): 平平仄平仄 stands for 平平平仄仄, its third and fourth tones exchanged, the first one level.
*对*: within a couplet the second characters (and with them the others) are of opposite tones.
*粘*: a couplet's first line has the second character's tone of the line before it.
Even lines end level, for they rhyme; odd ones oblique, but the first may rhyme too and ends level then.
A start of either type, rhyming at once or not, makes four schemes.

Source: Wang Li, 诗词格律, Zhonghua 1977, chapter 2, sections 2 to 4; the substitute: section 4, 拗救.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from tasks.poems import forms
from tasks.poems.prosody import Tone

LEVEL, OBLIQUE, EITHER = "平", "仄", "中"
SIZES = {form: size for size, form in forms.KINDS.items()}  # lines, characters of a line

_SUBSTITUTE = "平平仄平仄"
# a type's name → its patterns: a line fits it where it fits one of them
_PATTERNS = {
    "仄仄平平仄": ("中仄中平仄",),
    "仄仄仄平平": ("中仄仄平平",),
    "平平平仄仄": ("中平中仄仄", _SUBSTITUTE),
    "平平仄仄平": ("平平中仄平", "中平平仄平"),
}
_ANSWERS = {  # 对: the even line to an odd one
    "仄仄平平仄": "平平仄仄平",
    "仄仄仄平平": "平平仄仄平",
    "平平平仄仄": "仄仄仄平平",
    "平平仄仄平": "仄仄仄平平",
}
_FOLLOWS = {"平平仄仄平": "平平平仄仄", "仄仄仄平平": "仄仄平平仄"}  # 粘: the odd line to an even one

Scheme = tuple[str, ...]  # a type a line


@cache
def schemes(lines: int) -> tuple[Scheme, ...]:
    """The four schemes of a poem of so many lines."""
    all_schemes = []
    for first in _PATTERNS:
        scheme = [first]
        while len(scheme) < lines:
            scheme.append((_ANSWERS if len(scheme) % 2 else _FOLLOWS)[scheme[-1]])
        all_schemes.append(tuple(scheme))
    return tuple(all_schemes)


@cache
def patterns(kind: str, width: int) -> tuple[str, ...]:
    """Patterns of a line type for lines of 5 or 7 characters: 平, 仄, or 中 for either."""
    return tuple((EITHER + _before(kind)) * (width == 7) + pattern for pattern in _PATTERNS[kind])


def is_substitute(pattern: str) -> bool:
    """Tell whether a pattern, of 5 or 7 characters, is the substitute's."""
    return pattern.endswith(_SUBSTITUTE)


def tones(kind: str, width: int) -> str:
    """Tones of a line type in lines of 5 or 7 characters: 仄仄平平仄, 平平仄仄平平仄."""
    return _before(kind) * 2 * (width == 7) + kind


def _before(kind: str) -> str:
    """The tone that a line of seven characters begins with."""
    return OBLIQUE if kind[0] == LEVEL else LEVEL


def rhymes(scheme: Scheme) -> list[int]:
    """The lines of a scheme that rhyme, counted from 0."""
    return [line for line, kind in enumerate(scheme) if kind[-1] == LEVEL]


def fits(tone: Tone, required: str) -> bool:
    """Tell whether a tone fits 平, 仄 or 中 of a pattern; a free or unknown one fits any."""
    return tone not in ({LEVEL: Tone.OBLIQUE, OBLIQUE: Tone.LEVEL}.get(required),)


def misfits(tones: Sequence[Tone], pattern: str) -> list[int]:
    """The places of a line, or of its beginning, at which its tones do not fit a pattern."""
    return [place for place, (tone, wanted) in enumerate(zip(tones, pattern, strict=False)) if not fits(tone, wanted)]


def nearest(tones: Sequence[Tone], kind: str, width: int) -> tuple[str, list[int]]:
    """The pattern of a line type that a line, or its beginning, breaks at the fewest places, and these places."""
    return min(((pattern, misfits(tones, pattern)) for pattern in patterns(kind, width)), key=lambda pair: len(pair[1]))
