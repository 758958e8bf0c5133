"""The runs that a person marked: each has a letter, and with it a colour, as long as it is marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from string import ascii_uppercase

MORE = "+"  # of those for which no letter is left


class Marks:
    """Ids of runs in the order in which they were marked."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def __contains__(self, run: str) -> bool:
        return run in self._letters

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._letters))

    def __len__(self) -> int:
        return len(self._letters)

    def letter(self, run: str) -> str:
        """The run's letter; empty where it is not marked."""
        return self._letters.get(run, "")

    def add(self, runs: Iterable[str]) -> None:
        for run in runs:
            if run not in self._letters:
                taken = set(self._letters.values())
                self._letters[run] = next((letter for letter in ascii_uppercase if letter not in taken), MORE)

    def remove(self, runs: Iterable[str]) -> None:
        for run in runs:
            self._letters.pop(run, None)
