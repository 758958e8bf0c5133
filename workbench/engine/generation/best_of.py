"""Several texts at once from one network, and which of them is best.

Shapes: B batch, T time, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from collections.abc import Generator as Produces
from typing import Any, NamedTuple

import torch
from torch import Generator, nn

from tasks.base import Guide, Writer
from workbench.config.generation import SEEDS
from workbench.engine.generation.decoding import Token, Written, tokens
from workbench.engine.generation.sampling import Draw

_STRIDE = 0x9E3779B1  # 2³² over the golden ratio: torch's generators look at 32 bits of a seed


class Candidate(NamedTuple):
    """A text as it was written, after its beginning."""

    text: str
    ended: bool  # else the limit was reached, or nothing more could be written as the guide says
    score: float  # see ``score``; −∞ where nothing more could be written


Writing = Produces[tuple[int, Written], None, list[Candidate]]


def seeds(seed: int, count: int) -> list[int]:
    """The seeds of so many candidates: the first one's is the seed itself, the others' are far from its neighbours'."""
    return [(seed + number * _STRIDE) % SEEDS for number in range(count)]


def score(task: Writer, written: Sequence[int], nats: Sequence[float]) -> float:
    """How good a text is held to be: the mean log-probability of what the network wrote, minus the share of its tokens
    that stand in it earlier; those that may come again and again (punctuation) and the end count for the first alone.
    """
    exempt = {*task.repeatable, task.end}
    counted = [code for code in written if code not in exempt]
    repeated = len(counted) - len(set(counted))
    return sum(nats) / max(len(nats), 1) - repeated / max(len(counted), 1)


def best(candidates: Sequence[Candidate]) -> int:
    """The number of the best one; of equals the first."""
    return max(range(len(candidates)), key=lambda number: candidates[number].score)


def write(
    task: Writer,
    model: nn.Module,
    start: str,
    draw: Draw,
    seeds: Sequence[int],
    *,
    guide: Guide | None = None,
    limit: int = 0,
    stopped: Callable[[], bool] | None = None,
) -> Writing:
    """Go on from one beginning, a text for each seed, all in one batch.

    A text that comes to a dead end goes on alone from its last token that is sure; where there is no other way, it is
    over there, and the others go on.

    Args:
        stopped: as in ``generate.generate``.

    Yields:
        each token as it is written, with the number of its text; between two the writing can be left.

    Returns:
        the texts, in the seeds' order.

    Raises:
        ValueError: ``start`` holds a character that the network never saw; not one text can be written as the guide
            says.
    """
    batch = _Batch(task, model, task.prompt(start), draw, seeds, guide, limit, stopped)
    while batch.open and not (stopped and stopped()):
        for row, token in batch.step():
            yield row, token.written(task)
    return batch.candidates()


class _Batch:
    """Texts under way: those that are open are of one length."""

    def __init__(
        self,
        task: Writer,
        model: nn.Module,
        prompt: list[int],
        draw: Draw,
        seeds: Sequence[int],
        guide: Guide | None,
        limit: int,
        stopped: Callable[[], bool] | None,
    ) -> None:
        self.task, self.model, self.draw, self.guide, self.limit = task, model, draw, guide, limit
        self.stopped, self.device = stopped, next(model.parameters()).device
        self.generators = [Generator().manual_seed(seed) for seed in seeds]
        with torch.inference_mode():
            self.texts = task.prepare_prompt(model, prompt, self.generators, temperature=draw.temperature, guide=guide)
        self.begun = len(self.texts[0])
        self.open = list(range(len(self.texts)))
        self.written: list[list[Token]] = [[] for _ in seeds]
        self.shown = [0] * len(self.texts)  # tokens of each that were given out
        self.lost: dict[int, ValueError] = {}  # the texts that cannot be written on, and why
        self.state: Any = None
        self.fresh = torch.tensor(self.texts, device=self.device)  # (B,T), then (B,1)

    def step(self) -> list[tuple[int, Token]]:
        """One more token of every open text → what is sure by now, each with its text's number."""
        sure: list[tuple[int, Token]] = []
        ending = [[self.task.end]] * len(self.texts)
        with torch.inference_mode():
            scores, self.state = self.task.read(self.model, self.fresh, self.state)  # (B,V)
            found, nats, dead = self.draw.tokens(
                self.task,
                scores[self.open],
                [self.texts[row] for row in self.open],
                [self.generators[row] for row in self.open],
                guide=self.guide,
            )
            told = self.draw.told(self.task, scores[self.open])
        left = []
        drawn = map(Token, found.tolist(), nats.tolist(), told)
        for row, token, lost in zip(self.open, drawn, dead, strict=True):
            if lost:
                sure += self._alone(row)
                continue
            self._add(row, token)
            ending[row] = [token.code]
            closed = token.code == self.task.end or 0 < self.limit <= len(self.written[row])
            if closed or self.guide is None or self.guide.is_final(self.texts[row]):
                sure += self._shown(row)
            if not closed:
                left.append(row)
        self.open = left
        self.fresh = torch.tensor(ending, device=self.device)
        return sure

    def candidates(self) -> list[Candidate]:
        task, found = self.task, []
        if len(self.lost) == len(self.texts):
            raise next(iter(self.lost.values()))
        for row, text in enumerate(self.written):
            written, nats = [token.code for token in text], [token.log_probability for token in text]
            worth = -math.inf if row in self.lost else score(task, written, nats)
            found.append(Candidate("".join(map(task.token, written)), written[-1:] == [task.end], worth))
        return found

    def _add(self, row: int, token: Token) -> None:
        self.texts[row].append(token.code)
        self.written[row].append(token)

    def _shown(self, row: int) -> list[tuple[int, Token]]:
        at = self.shown[row]
        self.shown[row] = len(self.written[row])
        return [(row, token) for token in self.written[row][at:]]

    def _alone(self, row: int) -> list[tuple[int, Token]]:
        """The rest of a text, from its last sure token on, written with going back."""
        sure = self.shown[row]
        text = self.texts[row] = self.texts[row][: self.begun + sure]
        del self.written[row][sure:]
        rest = self.limit - sure if self.limit else 0
        own = self.generators[row]
        try:
            for token in tokens(self.task, self.model, list(text), self.draw, own, self.guide, rest, self.stopped):
                self._add(row, token)
        except ValueError as error:
            self.lost[row] = error
        return self._shown(row)
