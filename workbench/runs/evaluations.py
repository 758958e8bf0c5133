"""Index of the evaluations and probes in a run's events: each is read from the file when it is needed. No torch."""

from __future__ import annotations

import re
from pathlib import Path

from workbench.runs.events import Eval, Event, Probe, decode
from workbench.runs.folder import open_regular
from workbench.runs.journal import LONGEST

_BLOCK = 4 << 20
# the beginning of a line; within a text the quotation marks would be escaped
_INDEXED = re.compile(rb'\{"event":"(eval|probe)",[^\n]{0,80}?"step":(\d+)')
_EVAL, _PROBE = b"eval", b"probe"


class EvaluationIndex:
    """Offsets of evaluations and probes in ``events.jsonl``; of two at the same step, the later one counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offsets: dict[tuple[bytes, int], int] = {}  # by kind and step
        self._read_to = 0

    def evaluation(self, step: int) -> Eval | None:
        """Read the evaluation at a step; ``None`` where the file holds it no longer.

        Raises:
            RunError, OSError: the file cannot be read.
        """
        event = self._read(_EVAL, step)
        return event if isinstance(event, Eval) and event.step == step else None

    def probe(self, step: int) -> Probe | None:
        """Read the probe at a step; ``None`` where the file holds none, or no longer.

        Raises:
            RunError, OSError: the file cannot be read.
        """
        event = self._read(_PROBE, step)
        return event if isinstance(event, Probe) and event.step == step else None

    def newest_probe(self) -> Probe | None:
        """Read the probe that was written last; ``None`` where there is none.

        Raises:
            RunError, OSError: the file cannot be read.
        """
        self._update()
        offsets = {step: offset for (kind, step), offset in self._offsets.items() if kind == _PROBE}
        return self.probe(max(offsets, key=lambda step: offsets[step])) if offsets else None

    def _read(self, kind: bytes, step: int) -> Event | None:
        self._update()
        with open_regular(self._path) as file:
            file.seek(self._offsets.get((kind, step), 0))
            return decode(file.readline(LONGEST))

    def _update(self) -> None:
        """Index what was written since the last call."""
        with open_regular(self._path) as file:
            offset = file.seek(self._read_to)
            while block := file.read(_BLOCK) + file.readline(LONGEST):
                lines = block[: block.rfind(b"\n") + 1]
                found = {(match[1], int(match[2])): offset + match.start() for match in _INDEXED.finditer(lines)}
                self._offsets |= found
                self._read_to = offset = offset + len(lines)
                if len(lines) < len(block):  # a line that is not whole yet
                    break
