"""A text as it is written: characters with the network's probabilities, and the annotations of its task."""

from __future__ import annotations

from typing import NamedTuple

from tasks.poems import forms
from tasks.views import Annotation
from workbench.inference.protocol import Character
from workbench.render.text import printable_lines
from workbench.tui.poem.capabilities import Annotator


class CharacterPosition(NamedTuple):
    """A character of a text."""

    text: str
    written: Character | None = None  # none: it was given


class PoemText:
    """A text, complete or not.

    Args:
        given: its beginning.
        annotate: annotates it as it grows; none: it has no annotations.
    """

    def __init__(self, given: str, annotate: Annotator | None = None) -> None:
        self._annotate = annotate
        self._annotation: Annotation | None = None  # of the present characters
        self._ended = False
        self.positions = [CharacterPosition(character) for character in given]

    def add(self, written: Character) -> None:
        """Append what the network wrote."""
        self.positions += [CharacterPosition(character, written) for character in written.text]
        self._annotation = None

    def end(self) -> None:
        """Mark the text as ended by the network, so that the rules on whole texts apply."""
        self._ended, self._annotation = True, None

    @property
    def annotation(self) -> Annotation:
        """Marks on the characters, and once the text has ended the verdict of the rules."""
        if self._annotation is None:
            self._annotation = self._annotate(self.raw, self._ended) if self._annotate else Annotation()
        return self._annotation

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
