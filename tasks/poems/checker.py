"""Rules of Tang poetry checked on a poem: form, rhyme, tones, repeated characters. No torch.

- *form*: 五绝, 七绝, 五律, 七律 or ``free``, by its lines alone (``forms.form``).
- *rhymed*: the last characters of its even lines stand in one rhyme group of the Pingshui book; a character that the
  book does not hold rhymes with none. The first line may rhyme too. A rhyme takes two lines at least.
- *regulated*: an even number of lines, four at least, all of 5 or all of 7 characters, which follow one of the four
  schemes of ``tone_patterns`` (the four line types, 一三五不论 but neither 孤平 nor 三平, 对 and 粘, and 平平仄平仄 for
  平平平仄仄); every line that rhymes in that scheme ends in one level group. Of other lengths than the four forms' such
  a poem is a 排律. A character with two readings, or that the book does not hold, fits either tone. Allowances beyond
  these (拗救 over two lines, neighbouring rhymes in the first line) are not made.
- *strict*: regulated without the substitute 平平仄平仄.
- *repeated*: lines in which a character stands twice.
- *repeated rhymes* (重韵): lines that rhyme on a character on which an earlier line rhymes. Such a poem still counts as
  rhymed, and as regulated where it is; it is a fault of its own, which regulated verse avoids.

Sources: Wang Li, 诗词格律, Zhonghua 1977; the rhyme book as in ``prosody``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from tasks.poems import forms, tone_patterns
from tasks.poems.prosody import GROUPS, LEVEL_GROUPS, Prosody

_LEVEL = frozenset(range(len(LEVEL_GROUPS)))


class PoemReport(msgspec.Struct, frozen=True, kw_only=True):
    """Results of the rules on a poem; plain data."""

    form: str
    rhymed: bool
    rhyme: str  # the names of the groups that it rhymes on; empty where it does not
    first_rhymes: bool  # the first line's end shares one of them
    regulated: bool
    scheme: list[str]  # the tones of its lines by the nearest scheme; empty where its lines can be of none
    misfits: list[tuple[int, int]]  # line and place of every character whose tone is not that scheme's
    substitutes: list[int]  # the lines that fit that scheme by the substitute 平平仄平仄, counted from 0
    repeated: list[int]  # the lines in which a character stands twice, counted from 0
    repeated_rhymes: list[int]  # the lines that rhyme on a character on which an earlier one does, counted from 0

    @property
    def strict(self) -> bool:
        return self.regulated and not self.substitutes

    @property
    def distinct(self) -> bool:
        return not self.repeated


def check(poem: str, book: Prosody) -> PoemReport:
    """Check one poem by all of the rules."""
    lines = forms.bare(poem)
    ends = [line[-1] for line in lines[1::2] if line]
    shared = shared_groups(book, ends)
    opening = frozenset(book.groups(lines[0][-1])) if lines and lines[0] else frozenset()
    rhymed = bool(shared) and len(ends) + bool(shared & opening) > 1
    level = shared & _LEVEL
    scheme, misfits, substitutes = _scheme(lines, book, level) if forms.is_well_formed(poem) else ((), [], [])
    rhyming = bool(level) and all(level & set(book.groups(lines[line][-1])) for line in tone_patterns.rhymes(scheme))
    regulated = bool(scheme) and not misfits and rhyming
    # read as regulated verse, a character of both tones is level where it rhymes
    rhyme_groups = level if regulated else shared
    first_rhymes = bool(rhyme_groups & opening)
    return PoemReport(
        form=forms.form(poem),
        rhymed=rhymed,
        rhyme="".join(GROUPS[group] for group in sorted(rhyme_groups)) if rhymed else "",
        first_rhymes=first_rhymes,
        regulated=regulated,
        scheme=[tone_patterns.tones(kind, len(line)) for kind, line in zip(scheme, lines, strict=False)],
        misfits=misfits,
        substitutes=substitutes,
        repeated=[number for number, line in enumerate(lines) if len(set(line)) < len(line)],
        repeated_rhymes=_repeated_rhymes(lines, first_rhymes=first_rhymes) if rhymed else [],
    )


def shared_groups(book: Prosody, characters: Iterable[str]) -> frozenset[int]:
    """The rhyme groups that hold every one of some characters; none of no characters."""
    groups = [frozenset(book.groups(character)) for character in characters]
    return frozenset.intersection(*groups) if groups else frozenset()


def level_groups(book: Prosody, characters: Iterable[str]) -> frozenset[int]:
    """The level ones of the shared groups: regulated verse rhymes on these alone."""
    return shared_groups(book, characters) & _LEVEL


def distinct_ngrams(poems: Sequence[str], size: int) -> float:
    """distinct-n: different n-grams of characters over all of them, within lines, in all the poems together."""
    counts = Counter(ngram for poem in poems for ngram in ngrams(poem, size))
    return len(counts) / max(counts.total(), 1)


def ngrams(poem: str, size: int) -> list[str]:
    """Every ``size`` characters that stand side by side in a line."""
    return [line[at : at + size] for line in forms.bare(poem) for at in range(len(line) - size + 1)]


def _repeated_rhymes(lines: Sequence[str], *, first_rhymes: bool) -> list[int]:
    """The lines of a rhymed poem whose end is that of an earlier rhyming line."""
    rhyming = [*[0] * first_rhymes, *(line for line in range(1, len(lines), 2) if lines[line])]
    ends = [lines[line][-1] for line in rhyming]
    return [line for place, line in enumerate(rhyming) if ends[place] in ends[:place]]


def _scheme(
    lines: Sequence[str], book: Prosody, level: frozenset[int]
) -> tuple[tone_patterns.Scheme, list[tuple[int, int]], list[int]]:
    """The scheme that a poem breaks at the fewest places, these places, and the lines that take the substitute.

    Of equals, the one whose lines rhyme; of those, the one with the fewest substitutes; of those, the one whose first
    line rhymes where the poem's does.

    Args:
        level: the level groups that the poem rhymes on.
    """
    tones = [[book.tone(character) for character in line] for line in lines]
    ranked = []
    for scheme in tone_patterns.schemes(len(lines)):
        nearest = [tone_patterns.nearest(line, kind, len(line)) for line, kind in zip(tones, scheme, strict=True)]
        wrong = [(number, place) for number, (_, places) in enumerate(nearest) for place in places]
        substitutes = [number for number, (pattern, _) in enumerate(nearest) if tone_patterns.is_substitute(pattern)]
        rhyming = tone_patterns.rhymes(scheme)
        unrhymed = sum(not level & set(book.groups(lines[number][-1])) for number in rhyming)
        first_left_out = 0 not in rhyming and bool(level & set(book.groups(lines[0][-1])))
        ranked.append(((len(wrong), unrhymed, len(substitutes), first_left_out), scheme, wrong, substitutes))
    _, scheme, wrong, substitutes = min(ranked, key=lambda entry: entry[0])
    return scheme, wrong, substitutes
