"""A model's characters by what rules ask of them: marks, tones, rhymes. No torch.

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
    """What is known of each token.

    Args:
        vocabulary: its specials hold the start, the end and the forms.
    """

    def __init__(self, vocabulary: Vocabulary, book: Prosody) -> None:
        self.vocabulary, self.book = vocabulary, book
        self.start, self.end = vocabulary.encode((START, END))
        self.comma, self.stop = vocabulary.encode(PUNCTUATION)
        self.forms = {form: vocabulary.number(form) for form in forms.FORMS}
        self.characters = np.ones(len(vocabulary), np.bool_)
        self.characters[[*range(len(vocabulary.specials)), self.comma, self.stop]] = False

    def only(self, tokens: Iterable[int]) -> Mask:
        """These tokens."""
        mask = np.zeros(len(self.vocabulary), np.bool_)
        mask[list(tokens)] = True
        return mask

    def text(self, codes: Iterable[int]) -> str:
        return "".join(self.vocabulary.decode(codes))

    @cached_property
    def classes(self) -> NDArray[np.bool_]:
        """(V,C) each token's rhyme groups and tone: see ``Prosody.classes``."""
        return self.book.classes(self.vocabulary.tokens)

    @cached_property
    def tones(self) -> list[Tone]:
        """Each token's tone; a mark's is unknown."""
        numbers = self.classes[:, len(GROUPS) :] @ np.array([Tone.LEVEL, Tone.OBLIQUE, Tone.FREE])
        return [Tone(number) for number in numbers.tolist()]

    @cached_property
    def fitting(self) -> Mapping[str, Mask]:
        """The characters that may stand where a pattern wants 平, 仄 or 中."""
        level, oblique = (self.classes[:, len(GROUPS) + kind - 1] for kind in (Tone.LEVEL, Tone.OBLIQUE))
        return {
            tone_patterns.LEVEL: self.characters & ~oblique,
            tone_patterns.OBLIQUE: self.characters & ~level,
            tone_patterns.EITHER: self.characters,
        }

    @cached_property
    def groups(self) -> list[frozenset[int]]:
        """Each token's rhyme groups."""
        return [frozenset(self.book.groups(token)) for token in self.vocabulary.tokens]

    @property
    def members(self) -> NDArray[np.bool_]:
        """(G,V) which characters each rhyme group holds."""
        return self.classes[:, : len(GROUPS)].T

    @cached_property
    def plain_rhymes(self) -> Mask:
        """The characters of one level group at most: those of more stand in some by a reading that few would think of,
        平 beside 天. The book does not say which."""
        return np.asarray(self.classes[:, : len(LEVEL_GROUPS)].sum(1) < 2)
