"""Decoding of several texts in one batch.

Shapes: B batch, T time, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Generator, nn

from tasks.base import RecurrentState
from tasks.shared.sequences.sampling import uniform_numbers
from tasks.writer import Guide, Writer
from workbench.engine.generation.decoding import GeneratedToken, generate_tokens, generated
from workbench.engine.generation.sampling import Sampler


class Batch:
    """Texts that continue prompts of one length; iterate over it to generate them.

    A text that comes to a dead end is continued alone from its last final token; where no way is left, it is given
    up, and the others go on.

    At each step every text takes a number from its generator, those that are over too: so that texts which share one
    generator do not depend on which of them ended before.

    Args:
        prompts: B prepared prompts of one length.
        generators: one for each text, or the same one B times.
        limit: tokens of each text at most; 0: no limit.
        stopped: as in ``decoding.generate``.
    """

    def __init__(
        self,
        task: Writer,
        model: nn.Module,
        prompts: Sequence[Sequence[int]],
        generators: Sequence[Generator],
        sampler: Sampler,
        *,
        guide: Guide | None = None,
        limit: int = 0,
        stopped: Callable[[], bool] | None = None,
    ) -> None:
        self.tokens: list[list[GeneratedToken]] = [[] for _ in prompts]  # of each text, without its prompt
        self.given_up: dict[int, ValueError] = {}  # texts that could not be continued, and why
        self._task, self._model, self._sampler, self._guide = task, model, sampler, guide
        self._limit, self._stopped, self._generators = limit, stopped, generators
        self._device = next(model.parameters()).device
        self._prompt_length = len(prompts[0])
        self._codes = [[*prompt] for prompt in prompts]
        self._open = list(range(len(prompts)))  # texts that are not over; they are of one length
        self._yielded = [0] * len(prompts)  # tokens of each text
        self._state: RecurrentState = None
        self._unread = torch.tensor(self._codes, device=self._device)  # (B,T), then (B,1)

    def __iter__(self) -> Iterator[tuple[int, GeneratedToken]]:
        """Yield each token as soon as it is final, with the number of its text."""
        while self._open and not (self._stopped and self._stopped()):
            yield from self._step()

    def _step(self) -> list[tuple[int, GeneratedToken]]:
        """Sample one more token of every open text; return the tokens that are final by now."""
        task, final = self._task, list[tuple[int, GeneratedToken]]()
        unread = [[task.end or 0]] * len(self._codes)  # of those that are over, whatever it is
        with torch.inference_mode():
            scores, self._state = task.read(self._model, self._unread, self._state)  # (B,V)
            sampled, nats, dead_ends = self._sampler.sample(
                task,
                scores[self._open],
                [self._codes[row] for row in self._open],
                uniform_numbers(self._generators)[self._open],
                guide=self._guide,
            )
            choices = self._sampler.top_choices(task, scores[self._open])
        still_open = []
        for row, code, nat, top, dead_end in zip(
            self._open, sampled.tolist(), nats.tolist(), choices, dead_ends, strict=True
        ):
            if dead_end:
                final += self._continue_alone(row)
                continue
            self._add(row, generated(task, code, nat, top))
            unread[row] = [code]
            over = code == task.end or 0 < self._limit <= len(self.tokens[row])
            if over or self._guide is None or self._guide.is_final(self._codes[row]):
                final += self._release(row)
            if not over:
                still_open.append(row)
        self._open = still_open
        self._unread = torch.tensor(unread, device=self._device)
        return final

    def _add(self, row: int, token: GeneratedToken) -> None:
        self._codes[row].append(token.code)
        self.tokens[row].append(token)

    def _release(self, row: int) -> list[tuple[int, GeneratedToken]]:
        """Return the tokens of a text that were held back."""
        first = self._yielded[row]
        self._yielded[row] = len(self.tokens[row])
        return [(row, token) for token in self.tokens[row][first:]]

    def _continue_alone(self, row: int) -> list[tuple[int, GeneratedToken]]:
        """Return the rest of a text after its last final token, generated with backtracking."""
        final = self._yielded[row]
        codes = self._codes[row] = self._codes[row][: self._prompt_length + final]
        del self.tokens[row][final:]
        limit = self._limit - final if self._limit else 0
        try:
            for token in generate_tokens(
                self._task,
                self._model,
                list(codes),
                self._sampler,
                self._generators[row],
                self._guide,
                limit,
                self._stopped,
            ):
                self._add(row, token)
        except ValueError as error:
            self.given_up[row] = error
        return self._release(row)
