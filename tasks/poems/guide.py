"""Which token may stand at each place of a poem, given what stands before it: constraints that hold by construction.

A poem's *shapes* are the ways in which it may still come out: a form, so many lines of one width and, where tones are
asked for, a scheme of line types; with each, the rhyme groups that its rhymes so far share. What was written rules
shapes out; a token may be written where it fits one that is left. The shapes given must have been chosen so that
nothing written in keeping with one can leave it no way out (``rules`` does); then there are no dead ends between
lines. Where no character may stand twice in a line, the last one that could end it in rhyme is kept for its end, so
that there are none within lines either, but where no known line may be written: there a plan is not ``settled`` before
a line's end, and whoever writes goes back.

A line that is to rhyme ends in a character of one level group alone (``Lexicon.plain_rhymes``) where there is one left.

Shapes of tensors: V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tasks.poems import cleaning, forms, tone_patterns
from tasks.poems.lexicon import Lexicon, Mask
from tasks.poems.line_filter import LineFilter

if TYPE_CHECKING:
    from torch import Tensor

Line = tuple[int, ...]  # the characters' numbers, without the mark


class Shape(NamedTuple):
    """A way in which a poem may come out."""

    form: str
    lines: int
    width: int
    scheme: tone_patterns.Scheme = ()  # a line type a line; empty: any tones
    rhymed: bool = False

    @property
    def rhymes(self) -> Sequence[int]:
        """Its lines that must rhyme, counted from 0."""
        if self.scheme:
            return tone_patterns.rhymes(self.scheme)
        return range(1, self.lines, 2) if self.rhymed else ()

    def patterns(self, line: int) -> Sequence[str]:
        """What tones a line may have: 平, 仄 or 中 a place."""
        return (
            tone_patterns.patterns(self.scheme[line], self.width)
            if self.scheme
            else [tone_patterns.EITHER * self.width]
        )


Standing = tuple[Shape, frozenset[int]]  # a shape that is left, and the rhyme groups that it may rhyme on


class PoemGuide:
    """A guide for whoever writes: see ``tasks.base.Guide``.

    Args:
        standing: the shapes that the poem may have.
        loose: it may also be of free form, lines of any length.
        heads: the characters that the first lines begin with.
        known: lines that may not be written.
        distinct: no character may stand twice in a line.
        notes: what a person should be told, a sentence each.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        standing: Sequence[Standing],
        *,
        loose: bool = False,
        heads: Sequence[int] = (),
        known: LineFilter | None = None,
        distinct: bool = False,
        notes: Sequence[str] = (),
    ) -> None:
        self.lexicon, self.notes = lexicon, notes
        self._standing, self._loose, self._heads, self._known, self._distinct = standing, loose, heads, known, distinct
        self._left: dict[tuple[int, tuple[Line, ...]], list[Standing]] = {}
        self._members: dict[frozenset[int], Mask] = {}

    @property
    def forms(self) -> list[str]:
        """The forms that the poem may have."""
        return list(dict.fromkeys([*(shape.form for shape, _ in self._standing), *[forms.FREE] * self._loose]))

    def begun(self, written: Sequence[int]) -> PoemGuide:
        """The same plan with the forms alone that can go on from a beginning; it may be left with none."""
        start, numbers = self.lexicon.start, self.lexicon.forms
        able = [form for form in self.forms if self.mask([start, numbers[form], *written]).any()]
        return PoemGuide(
            self.lexicon,
            [one for one in self._standing if one[0].form in able],
            loose=self._loose and forms.FREE in able,
            heads=self._heads,
            known=self._known,
            distinct=self._distinct,
            notes=self.notes,
        )

    def allowed(self, codes: Sequence[int]) -> Tensor:
        """(V,) bool: the tokens that may come next after ``codes``: the start, the form, then what was written."""
        import torch

        return torch.from_numpy(self.mask(codes))

    def is_final(self, codes: Sequence[int]) -> bool:
        """Whether what stands in ``codes`` never has to be taken back."""
        return not self._known or codes[-1] in (*self._marks, self.lexicon.end)

    def mask(self, codes: Sequence[int]) -> Mask:
        lexicon = self.lexicon
        if len(codes) == 1:
            return lexicon.only(lexicon.forms[form] for form in self.forms)
        lines = [tuple(line) for mark, line in groupby(codes[2:], self._marks.__contains__) if not mark]
        open_ = bool(lines) and codes[-1] not in self._marks
        done, line = (tuple(lines[:-1]), lines[-1]) if open_ else (tuple(lines), ())
        if self._loose and codes[1] == lexicon.forms[forms.FREE]:
            return self._anything(codes[2:], line)
        found = np.zeros(len(lexicon.vocabulary), np.bool_)
        for shape, groups in self.left(codes[1], done):
            found |= self._next(shape, groups, done, line)
        return found

    def left(self, form: int, done: tuple[Line, ...]) -> list[Standing]:
        """The shapes of a form that are left after some whole lines."""
        if not done:
            return [one for one in self._standing if self.lexicon.forms[one[0].form] == form]
        key = form, done
        if key not in self._left:
            pairs = (self._kept(one, done) for one in self.left(form, done[:-1]))
            self._left[key] = [pair for pair in pairs if pair]
        return self._left[key]

    def endings(self, one: Standing, done: tuple[Line, ...], line: Line) -> Mask:
        """The characters that a line, begun after some whole ones, may end in, were it for the rhyme alone."""
        (shape, groups), lexicon = one, self.lexicon
        if len(done) not in shape.rhymes:
            return lexicon.characters
        if groups not in self._members:
            self._members[groups] = np.asarray(lexicon.members[list(groups)].any(0))
        found = self._members[groups].copy()
        found[[done[other][-1] for other in shape.rhymes if other < len(done)]] = False
        if self._distinct:
            found[list(line)] = False
        return found

    @cached_property
    def _marks(self) -> tuple[int, int]:
        return self.lexicon.comma, self.lexicon.stop

    def _kept(self, one: Standing, done: tuple[Line, ...]) -> Standing | None:
        """A shape after one more line, the last of ``done``; none where that line rules it out."""
        (shape, groups), line, number = one, done[-1], len(done) - 1
        if len(line) != shape.width or number >= shape.lines or not self._patterns(shape, number, line):
            return None
        if number in shape.rhymes:
            groups &= self.lexicon.groups[line[-1]]
            if not groups:
                return None
        return shape, groups

    def _patterns(self, shape: Shape, number: int, line: Line) -> list[str]:
        """The patterns of a shape's line that its beginning fits."""
        if not shape.scheme:
            return list(shape.patterns(number))
        tones = [self.lexicon.tones[code] for code in line]
        return [pattern for pattern in shape.patterns(number) if not tone_patterns.misfits(tones, pattern)]

    def _next(self, shape: Shape, groups: frozenset[int], done: tuple[Line, ...], line: Line) -> Mask:
        """What may follow in one shape."""
        lexicon, number, place = self.lexicon, len(done), len(line)
        if number == shape.lines:
            return lexicon.only([] if line else [lexicon.end])  # else it went on in a longer shape
        if place == shape.width:
            mark = lexicon.stop if number % 2 == 1 or number == shape.lines - 1 else lexicon.comma
            # else it is the beginning of a longer line
            whole = self._kept((shape, groups), (*done, line)) and not self._knows(line)
            return lexicon.only([mark] if whole else [])
        mask = np.zeros(len(lexicon.vocabulary), np.bool_)
        if place > shape.width:
            return mask
        for pattern in self._patterns(shape, number, line):
            mask |= lexicon.fitting[pattern[place]] if shape.scheme else lexicon.characters
        if place == 0 and number < len(self._heads):
            mask &= lexicon.only([self._heads[number]])
        last, rhymes = place == shape.width - 1, number in shape.rhymes
        if rhymes and (last or self._distinct):
            ends = self.endings((shape, groups), done, line)
            left = np.count_nonzero(ends)
            mask &= ends if last or not left else ~ends if left == 1 else True
        if self._distinct:
            mask[list(line)] = False
        if last and self._known:
            candidates = mask.nonzero()[0]
            mask[candidates[self._known.completes(line, candidates)]] = False
        plain = mask & lexicon.plain_rhymes if last and rhymes else mask
        return plain if plain.any() else mask

    def _anything(self, written: Sequence[int], line: Line) -> Mask:
        """What may follow in a free form of any lines: it ends after a 。, of 80 characters at most."""
        lexicon, room = self.lexicon, cleaning.LONGEST - len(written)
        if line:
            mask = lexicon.characters.copy() if room > 1 else lexicon.only([])
            mask[list(self._marks)] = (room > 2, True)
            if self._knows(line):
                mask[list(self._marks)] = False
            if self._distinct:
                mask[list(line)] = False
            return mask
        ended = bool(written) and written[-1] == lexicon.stop
        mask = lexicon.characters.copy() if room > 1 else lexicon.only([])
        mask[lexicon.end] = ended and forms.form(lexicon.text(written)) == forms.FREE
        return mask

    def _knows(self, line: Line) -> bool:
        return self._known is not None and bool(self._known.knows(np.array([line]))[0])
