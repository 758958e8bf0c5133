"""A vocabulary: tokens and their numbers. No torch.

Shapes: V tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

PAD, UNKNOWN, START, END = "<pad>", "<unk>", "<s>", "</s>"


class Vocabulary:
    """Tokens and their numbers; the specials come first.

    Args:
        tokens: those that are not special, in the order of their numbers.
        specials: ``PAD`` first where there is one, so that padding is number 0.

    Raises:
        ValueError: a token stands there twice.
    """

    def __init__(self, tokens: Sequence[str], specials: Sequence[str] = ()) -> None:
        self.specials = tuple(specials)
        self.tokens = [*specials, *tokens]  # all V of them: plain JSON, what a task's state keeps
        self._numbers = {token: number for number, token in enumerate(self.tokens)}
        if len(self._numbers) != len(self.tokens):
            twice = next(token for number, token in enumerate(self.tokens) if self._numbers[token] != number)
            raise ValueError(f"The token {twice!r} stands in the vocabulary twice.")
        self._unknown = self._numbers[UNKNOWN] if UNKNOWN in self.specials else None

    @classmethod
    def counted(
        cls, counts: Mapping[str, int], specials: Sequence[str] = (), *, at_least: int = 1, most: int = 0
    ) -> Vocabulary:
        """The tokens of ``counts``, most frequent first, ties in the tokens' order.

        Args:
            at_least: occurrences below which a token is left out.
            most: tokens kept besides the specials; 0: all.
        """
        by_frequency = sorted(
            (-count, token) for token, count in counts.items() if count >= at_least and token not in specials
        )
        return cls([token for _, token in by_frequency[: most or None]], specials)

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._numbers

    def __getitem__(self, number: int) -> str:
        return self.tokens[number]

    def number(self, token: str) -> int:
        """A token's number; the unknown's where it is not in the vocabulary.

        Raises:
            KeyError: it is not, and ``UNKNOWN`` is no special of this vocabulary.
        """
        found = self._numbers.get(token, self._unknown)
        if found is None:
            raise KeyError(token)
        return found

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The numbers of ``tokens``; see ``number``."""
        return [self.number(token) for token in tokens]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The tokens of ``numbers``."""
        return [self.tokens[number] for number in numbers]
