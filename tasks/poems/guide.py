"""Guided generation of poems: the tokens that may stand at each place, so that constraints hold by construction.

A poem's *shapes* are the ways in which it may still come out: a form, so many lines of one width and, where tones are
constrained, a scheme of line types; with each, the rhyme groups that its rhymes so far share. The lines written so far
rule shapes out; a token is allowed where it fits one that remains. The shapes given must have been chosen so that
nothing written in keeping with one can leave it no way out (``guide_building`` does); then there are no dead ends
between lines. Where no character may stand twice in a line, the last one that could end it in rhyme is kept for its
end, so that there are none within lines either, but where no known line may be written: there a text is not final
before a line's end, and the decoder backtracks.

A line that is to rhyme ends in a character of one level group alone (``Lexicon.unambiguous_rhymes``) where there is
one left, and never in one that ended a rhyming line or the first one before it (重韵).

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
from tasks.writer import Guide

if TYPE_CHECKING:
    from torch import Tensor

LineCodes = tuple[int, ...]  # the numbers of a line's characters, without the mark


class Shape(NamedTuple):
    """A way in which a poem may come out."""

    form: str
    lines: int
    width: int
    scheme: tone_patterns.Scheme = ()  # a line type a line; empty: any tones
    rhymed: bool = False

    @property
    def rhymes(self) -> Sequence[int]:
        """The lines that must rhyme, counted from 0."""
        if self.scheme:
            return tone_patterns.rhymes(self.scheme)
        return range(1, self.lines, 2) if self.rhymed else ()

    def patterns(self, line: int) -> Sequence[str]:
        """The tone patterns that a line may have: 平, 仄 or 中 a place."""
        return (
            tone_patterns.patterns(self.scheme[line], self.width)
            if self.scheme
            else [tone_patterns.EITHER * self.width]
        )


class Option(NamedTuple):
    """A shape that remains, and the rhyme groups that it may rhyme on."""

    shape: Shape
    groups: frozenset[int]


class PoemGuide(Guide):
    """A guide for poems.

    Args:
        options: the shapes that the poem may have.
        allow_free: it may also be of free form, lines of any length.
        line_starts: the characters that the first lines begin with.
        known_lines: lines that may not be written.
        distinct: no character may stand twice in a line.
        whole: the constraints hold in a whole poem alone: a limit may not cut it.
        notes: how the constraints were read, a sentence each.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        options: Sequence[Option],
        *,
        allow_free: bool = False,
        line_starts: Sequence[int] = (),
        known_lines: LineFilter | None = None,
        distinct: bool = False,
        whole: bool = False,
        notes: Sequence[str] = (),
    ) -> None:
        self.lexicon, self.notes = lexicon, notes
        self._options, self._allow_free, self._line_starts = options, allow_free, line_starts
        self._known_lines, self._distinct, self._whole = known_lines, distinct, whole
        self._remaining: dict[tuple[int, tuple[LineCodes, ...]], list[Option]] = {}
        self._members: dict[frozenset[int], Mask] = {}

    @property
    def forms(self) -> list[str]:
        """The forms that the poem may have."""
        return list(dict.fromkeys([*(shape.form for shape, _ in self._options), *[forms.FREE] * self._allow_free]))

    def after_start(self, written: Sequence[int]) -> PoemGuide:
        """The same guide with the forms alone that can continue a beginning; none may remain."""
        start, numbers = self.lexicon.start, self.lexicon.forms
        possible = [form for form in self.forms if self.mask([start, numbers[form], *written]).any()]
        return PoemGuide(
            self.lexicon,
            [option for option in self._options if option.shape.form in possible],
            allow_free=self._allow_free and forms.FREE in possible,
            line_starts=self._line_starts,
            known_lines=self._known_lines,
            distinct=self._distinct,
            whole=self._whole,
            notes=self.notes,
        )

    def allowed(self, codes: Sequence[int]) -> Tensor:
        """(V,) bool: the tokens that may come next after ``codes``: the start, the form, then the poem so far."""
        import torch

        return torch.from_numpy(self.mask(codes))

    def is_final(self, codes: Sequence[int]) -> bool:
        return not self._known_lines or codes[-1] in (*self._marks, self.lexicon.end)

    def check_length(self, start: str, length: int) -> None:
        """Refuse a length that would cut the longest poem that the guide allows."""
        sizes = [tone_patterns.SIZES.get(form) for form in self.forms]
        longest = max(size[0] * (size[1] + 1) if size else cleaning.LONGEST for size in sizes)
        needed = longest - len(start)
        if self._whole and length < needed:
            what = f"A {self.forms[0]} has" if len(sizes) == 1 and sizes[0] else "A poem as it is asked for may have"
            raise ValueError(
                f"{what} {needed} characters{' after this beginning' * bool(start)}, marks counted: a length of "
                f"{length} would cut it, so allow {needed} or more."
            )

    def mask(self, codes: Sequence[int]) -> Mask:
        """``allowed`` as a NumPy array."""
        lexicon = self.lexicon
        if len(codes) == 1:
            return lexicon.mask_of(lexicon.forms[form] for form in self.forms)
        lines = [tuple(line) for is_mark, line in groupby(codes[2:], self._marks.__contains__) if not is_mark]
        unfinished = bool(lines) and codes[-1] not in self._marks
        done, line = (tuple(lines[:-1]), lines[-1]) if unfinished else (tuple(lines), ())
        if self._allow_free and codes[1] == lexicon.forms[forms.FREE]:
            return self._allowed_in_free_form(codes[2:], line)
        mask = np.zeros(len(lexicon.vocabulary), np.bool_)
        for option in self.remaining(codes[1], done):
            mask |= self._allowed_in_shape(option, done, line)
        return mask

    def remaining(self, form: int, done: tuple[LineCodes, ...]) -> list[Option]:
        """The shapes of a form that remain after some whole lines."""
        if not done:
            return [option for option in self._options if self.lexicon.forms[option.shape.form] == form]
        key = form, done
        if key not in self._remaining:
            narrowed = (self._after_line(option, done) for option in self.remaining(form, done[:-1]))
            self._remaining[key] = [option for option in narrowed if option]
        return self._remaining[key]

    def line_endings(self, option: Option, done: tuple[LineCodes, ...], line: LineCodes) -> Mask:
        """The characters that may end a line, begun after some whole ones, as far as the rhyme is concerned."""
        (shape, groups), lexicon = option, self.lexicon
        if len(done) not in shape.rhymes:
            return lexicon.characters
        if groups not in self._members:
            self._members[groups] = np.asarray(lexicon.members[list(groups)].any(0))
        endings = self._members[groups].copy()
        endings[self.used_endings(shape, done)] = False
        if self._distinct:
            endings[list(line)] = False
        return endings

    @staticmethod
    def used_endings(shape: Shape, done: tuple[LineCodes, ...]) -> list[int]:
        """The characters on which no later line may rhyme (重韵): those rhymed on, and the first line's last one."""
        return [line[-1] for number, line in enumerate(done) if not number or number in shape.rhymes]

    @cached_property
    def _marks(self) -> tuple[int, int]:
        return self.lexicon.comma, self.lexicon.stop

    def _after_line(self, option: Option, done: tuple[LineCodes, ...]) -> Option | None:
        """A shape after one more line, the last of ``done``; none where that line rules it out."""
        (shape, groups), line, number = option, done[-1], len(done) - 1
        if len(line) != shape.width or number >= shape.lines or not self._patterns(shape, number, line):
            return None
        if number in shape.rhymes:
            groups &= self.lexicon.groups[line[-1]]
            if not groups or line[-1] in self.used_endings(shape, done[:-1]):
                return None
        return Option(shape, groups)

    def _patterns(self, shape: Shape, number: int, line: LineCodes) -> list[str]:
        """The patterns of a shape's line that its beginning fits."""
        if not shape.scheme:
            return list(shape.patterns(number))
        tones = [self.lexicon.tones[code] for code in line]
        return [pattern for pattern in shape.patterns(number) if not tone_patterns.misfits(tones, pattern)]

    def _allowed_in_shape(self, option: Option, done: tuple[LineCodes, ...], line: LineCodes) -> Mask:
        """The tokens that may come next in one shape."""
        shape, lexicon, number, place = option.shape, self.lexicon, len(done), len(line)
        if number == shape.lines:
            return lexicon.mask_of([] if line else [lexicon.end])  # with a line, it goes on in a longer shape
        if place == shape.width:
            mark = lexicon.stop if number % 2 == 1 or number == shape.lines - 1 else lexicon.comma
            # otherwise it is the beginning of a longer line
            is_whole = self._after_line(option, (*done, line)) and not self._is_known(line)
            return lexicon.mask_of([mark] if is_whole else [])
        mask = np.zeros(len(lexicon.vocabulary), np.bool_)
        if place > shape.width:
            return mask
        for pattern in self._patterns(shape, number, line):
            mask |= lexicon.by_tone[pattern[place]] if shape.scheme else lexicon.characters
        if place == 0 and number < len(self._line_starts):
            mask &= lexicon.mask_of([self._line_starts[number]])
        last, rhymes = place == shape.width - 1, number in shape.rhymes
        if rhymes and (last or self._distinct):
            endings = self.line_endings(option, done, line)
            count = np.count_nonzero(endings)
            mask &= endings if last or not count else ~endings if count == 1 else True
        if self._distinct:
            mask[list(line)] = False
        if last and self._known_lines:
            candidates = mask.nonzero()[0]
            mask[candidates[self._known_lines.completes(line, candidates)]] = False
        unambiguous = mask & lexicon.unambiguous_rhymes if last and rhymes else mask
        return unambiguous if unambiguous.any() else mask

    def _allowed_in_free_form(self, written: Sequence[int], line: LineCodes) -> Mask:
        """The tokens that may come next in a free form of any lines: it ends after a 。, of 80 characters at most."""
        lexicon, room = self.lexicon, cleaning.LONGEST - len(written)
        mask = lexicon.characters.copy() if room > 1 else lexicon.mask_of([])
        if line:
            mask[list(self._marks)] = (room > 2, True)
            if self._is_known(line):
                mask[list(self._marks)] = False
            if self._distinct:
                mask[list(line)] = False
            return mask
        ended = bool(written) and written[-1] == lexicon.stop
        mask[lexicon.end] = ended and forms.form(lexicon.text(written)) == forms.FREE
        return mask

    def _is_known(self, line: LineCodes) -> bool:
        return self._known_lines is not None and bool(self._known_lines.contains(np.array([line]))[0])
