"""What a run showed at its earlier evaluations: read from its file when it is asked for, not kept."""

from __future__ import annotations

import re
from pathlib import Path

from workbench.runs.events import Eval, decode

_BLOCK = 4 << 20
# how a line begins; within a text the quotation marks would be escaped
_EVALUATION = re.compile(rb'\{"event":"eval",[^\n]{0,80}?"step":(\d+)')


class Past:
    """Where each evaluation stands in ``events.jsonl``; of a step that two lives evaluated, the later one counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[int, int] = {}
        self._offset = 0

    def evaluation(self, step: int) -> Eval | None:
        """The evaluation at a step, whole; ``None`` where the file holds it no longer.

        Raises:
            OSError: the file cannot be read.
        """
        self._find()
        with self._path.open("rb") as file:
            file.seek(self._places.get(step, 0))
            found = decode(file.readline())
        return found if isinstance(found, Eval) and found.step == step else None

    def _find(self) -> None:
        """Note the places of the evaluations that were written since the last call."""
        with self._path.open("rb") as file:
            offset = file.seek(self._offset)
            while block := file.read(_BLOCK) + file.readline():
                whole = block[: block.rfind(b"\n") + 1]
                self._places |= {int(at[1]): offset + at.start() for at in _EVALUATION.finditer(whole)}
                self._offset = offset = offset + len(whole)
                if len(whole) < len(block):  # a line that is not whole yet
                    break
