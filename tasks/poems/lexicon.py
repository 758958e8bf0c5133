"""A model's vocabulary with the tone and rhyme groups of each character, as boolean masks. No torch.

Shapes: V vocabulary, G rhyme groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tasks.poems import forms, tone_patterns
from tasks.poems.cleaning import PUNCTUATION
from tasks.poems.prosody import GROUPS, LEVEL_GROUPS, Prosody, Tone
from tasks.shared.text.vocabulary import END, START, Vocabulary

Mask = NDArray[np.bool_]  # (V,) which tokens


class Lexicon:
    """Tones, rhyme groups and kinds of the tokens of one vocabulary.

    Args:
        vocabulary: its special tokens hold the start, the end and the forms.
        book: the rhyme book.
    """

    def __init__(self, vocabulary: Vocabulary, book: Prosody) -> None:
        self.vocabulary, self.book = vocabulary, book
        self.start, self.end = vocabulary.encode((START, END))
        self.comma, self.stop = vocabulary.encode(PUNCTUATION)
        self.forms = {form: vocabulary.number(form) for form in forms.FORMS}
        self.characters = np.ones(len(vocabulary), np.bool_)
        self.characters[[*range(len(vocabulary.specials)), self.comma, self.stop]] = False

    def mask_of(self, tokens: Iterable[int]) -> Mask:
        """(V,) true at these tokens alone."""
        mask = np.zeros(len(self.vocabulary), np.bool_)
        mask[list(tokens)] = True
        return mask

    def token(self, code: int) -> str:
        """A token as text; empty for a special one."""
        return "" if code < len(self.vocabulary.specials) else self.vocabulary[code]

    def text(self, codes: Iterable[int]) -> str:
        return "".join(self.vocabulary.decode(codes))

    @cached_property
    def classes(self) -> NDArray[np.bool_]:
        """(V,C) rhyme groups and tone of each token: see ``Prosody.classes``."""
        return self.book.classes(self.vocabulary.tokens)

    @cached_property
    def tones(self) -> list[Tone]:
        """Tone of each token; a mark's is unknown."""
        numbers = self.classes[:, len(GROUPS) :] @ np.array([Tone.LEVEL, Tone.OBLIQUE, Tone.FREE])
        return [Tone(number) for number in numbers.tolist()]

    @cached_property
    def by_tone(self) -> Mapping[str, Mask]:
        """The characters that fit 平, 仄 or 中 of a tone pattern."""
        level, oblique = (self.classes[:, len(GROUPS) + kind - 1] for kind in (Tone.LEVEL, Tone.OBLIQUE))
        return {
            tone_patterns.LEVEL: self.characters & ~oblique,
            tone_patterns.OBLIQUE: self.characters & ~level,
            tone_patterns.EITHER: self.characters,
        }

    @cached_property
    def groups(self) -> list[frozenset[int]]:
        """Rhyme groups of each token."""
        return [frozenset(self.book.groups(token)) for token in self.vocabulary.tokens]

    @property
    def members(self) -> NDArray[np.bool_]:
        """(G,V) the characters of each rhyme group."""
        return self.classes[:, : len(GROUPS)].T

    @cached_property
    def unambiguous_rhymes(self) -> Mask:
        """The characters of one level group at most.

        Those of several stand in some of them by a rare reading, 平 beside 天, and the book does not say in which.
        """
        return np.asarray(self.classes[:, : len(LEVEL_GROUPS)].sum(1) < 2)
