"""Index of the evaluations in a run's events: each is read from the file when it is needed. No torch."""

from __future__ import annotations

import re
from pathlib import Path

from workbench.runs.events import Eval, decode
from workbench.runs.folder import open_regular
from workbench.runs.journal import LONGEST

_BLOCK = 4 << 20
# the beginning of a line; within a text the quotation marks would be escaped
_EVALUATION = re.compile(rb'\{"event":"eval",[^\n]{0,80}?"step":(\d+)')


class EvaluationIndex:
    """Offsets of the evaluations in ``events.jsonl``; of a step that was evaluated twice, the later one counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offsets: dict[int, int] = {}
        self._read_to = 0

    def evaluation(self, step: int) -> Eval | None:
        """Read the evaluation at a step; ``None`` where the file holds it no longer.

        Raises:
            RunError, OSError: the file cannot be read.
        """
        self._update()
        with open_regular(self._path) as file:
            file.seek(self._offsets.get(step, 0))
            event = decode(file.readline())
        return event if isinstance(event, Eval) and event.step == step else None

    def _update(self) -> None:
        """Index the evaluations that were written since the last call."""
        with open_regular(self._path) as file:
            offset = file.seek(self._read_to)
            while block := file.read(_BLOCK) + file.readline(LONGEST):
                lines = block[: block.rfind(b"\n") + 1]
                self._offsets |= {int(match[1]): offset + match.start() for match in _EVALUATION.finditer(lines)}
                self._read_to = offset = offset + len(lines)
                if len(lines) < len(block):  # a line that is not whole yet
                    break
