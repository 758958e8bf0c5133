"""Tang poems: the network, its loss, its metrics and what it writes.

Shapes: B batch, T time, O output size, V vocabulary, P positions that are scored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import torch
from torch import Generator, Tensor, nn

from tasks import base
from tasks.base import Baselines, DataError, Evaluation, Guide, Metrics, RecurrentNetwork, Split, Value
from tasks.poems import artifacts, baselines, checker, cleaning, explanation, forms, prosody
from tasks.poems import data as poems
from tasks.poems.data import SPECIALS, PoemData
from tasks.poems.guide import PoemGuide
from tasks.poems.lexicon import Lexicon
from tasks.poems.model import PoemNetwork, losses, start_at
from tasks.poems.settings import Settings
from tasks.poems.transcription import spelled
from tasks.shared.datasets.cache import kept_baseline
from tasks.shared.sequences.batching import by_length
from tasks.shared.sequences.sampling import choose
from tasks.shared.text.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from tasks.views import Table, Text, View

_HEADER = 2  # tokens before a poem's first character: the start, the form
_LARGEST = 700  # nats whose exponential is still a number
_SAMPLES = 64  # poems written at each evaluation to see how many are well formed


class Task(base.Writer):
    """A language model of Tang poetry."""

    part_names: ClassVar[Mapping[str, str]] = {
        "beside": "beside it",
        "place": "place in the line",
        "line": "line's number",
        "skip": "past the recurrence",
    }
    settings: Settings

    def __init__(self, settings: Settings, state: Mapping[str, Any]) -> None:
        super().__init__(settings, state)
        if "prosody" not in state:
            raise DataError("This run learned poems before they had a form, as an older Workbench did: train anew.")
        self.vocabulary = Vocabulary(state["vocabulary"], SPECIALS)
        marks = self.vocabulary.encode([*SPECIALS, *cleaning.PUNCTUATION])
        self._hanzi = torch.ones(len(self.vocabulary), dtype=torch.bool)
        self._hanzi[marks] = False
        self._hanzi[self.vocabulary.number(UNKNOWN)] = True  # it stands for a rare character
        self._forms = self.vocabulary.encode(forms.FORMS)
        self._is_form = torch.zeros(len(self.vocabulary), dtype=torch.bool)
        self._is_form[self._forms] = True

    @classmethod
    def load(cls, settings: Settings, folder: Path) -> PoemData:
        return poems.load(settings, folder)

    @classmethod
    def load_cached(cls, settings: Settings, state: Mapping[str, Any]) -> PoemData:
        return poems.load_cached(state["cache"])

    def build(self, make_recurrent: Callable[[int], RecurrentNetwork]) -> nn.Module:
        embedding = nn.Embedding(len(self.vocabulary), self.settings.embedding)
        recurrent = make_recurrent(self.settings.embedding)
        network = PoemNetwork(
            embedding,
            recurrent,
            classes=torch.from_numpy(self.lexicon.classes),
            breaks=self.vocabulary.encode(cleaning.PUNCTUATION),
            tied=self.settings.tied,
            dropout=self.settings.dropout,
        )
        if self.settings.init == "glorot":
            nn.init.xavier_uniform_(network.head.weight)
        else:
            start_at(network.head, torch.tensor(self.state["train_counts"]))
        return network

    def batches(self, data: PoemData, split: Split, size: int, generator: Generator | None) -> Sequence[Tensor]:
        rows = data.rows[split]
        return by_length(rows, data.poems.lengths[rows], size, generator)

    def loss(self, model: nn.Module, data: PoemData, rows: Tensor) -> Tensor:
        outputs, targets = self._guesses(model, data, rows)
        return losses(_network(model), outputs, targets).mean()

    def evaluate(self, model: nn.Module, data: PoemData, split: Split, batch_size: int) -> Evaluation:
        """``loss`` and ``nll`` in nats per token, punctuation and end counted; over characters only; perplexity;
        ``well_formed``: the share of 64 poems written from nothing (temperature 1, a fixed seed) that end and that
        ``forms.is_well_formed`` accepts."""
        total = torch.zeros(4, dtype=torch.float64)  # nats and tokens, nats and characters
        for rows in self.batches(data, split, batch_size, None):
            outputs, targets = self._guesses(model, data, rows)
            nats = losses(_network(model), outputs, targets).double().cpu()  # (P,)
            hanzi = self._hanzi[targets.cpu()]
            total += torch.stack([nats.sum(), torch.tensor(len(nats)), nats[hanzi].sum(), hanzi.sum()])
        nll, nll_hanzi = float(total[0] / total[1]), float(total[2] / total[3])
        generator = torch.Generator().manual_seed(0)
        written = self._write(model, [[self.vocabulary.number(START)]] * _SAMPLES, generator, temperature=1.0)
        metrics: Metrics = {
            "loss": nll,
            "nll": nll,
            "nll_hanzi": nll_hanzi,
            "perplexity": math.exp(nll) if nll < _LARGEST else math.inf,
            "well_formed": sum(ended and forms.is_well_formed(poem) for poem, ended in written) / _SAMPLES,
        }
        return Evaluation(metrics=metrics, views=[self._beside_the_truth(model, data, split)])

    def predict(self, model: nn.Module, text: str) -> list[View]:
        codes, poem = self._go_on(model, self.prompt(text))
        found: list[View] = [Text(title=text.strip() or "a poem", text=forms.shown(poem))]
        if len(codes) > _HEADER:
            given = torch.tensor([codes], device=next(model.parameters()).device)  # (1,T)
            outputs, _ = model(given[:, :-1])
            nats = losses(_network(model), outputs[0], given[0, 1:]).tolist()
            rows = [[self.vocabulary[code], value] for code, value in zip(codes[1:], nats, strict=True)]
            mean = sum(nats) / len(nats)
            found.append(
                Table(
                    title="surprise",
                    columns=["character", "nats"],
                    rows=[*rows, ["mean", mean]],
                    note="−ln p after all before",
                )
            )
        return found

    def sample(self, model: nn.Module) -> View:
        """A poem from the fixed prompt and seed of the settings, written by a generator of its own."""
        settings = self.settings
        try:
            codes, note = self.prompt(settings.prompt), ""
        except ValueError as error:  # the data may be anyone's: then it begins freely
            codes, note = self.prompt(""), str(error)
        _, poem = self._go_on(model, codes)
        return Text(title=f"a poem, seed {settings.sample_seed}", text=forms.shown(poem), note=note)

    def baseline(self, data: PoemData, *, cached_only: bool = False) -> Baselines:
        def compute() -> Baselines:
            never = self.vocabulary.encode((PAD, START))
            return baselines.measure(data.poems, data.rows, never, self._hanzi.numpy())

        return kept_baseline(f"{data.state['cache']}-baseline-1", compute, cached_only=cached_only)

    @property
    def end(self) -> int:
        return self.vocabulary.number(END)

    @property
    def repeatable(self) -> Sequence[int]:
        return self.vocabulary.encode(cleaning.PUNCTUATION)

    @property
    def never_sampled(self) -> Sequence[int]:
        return self.vocabulary.encode((PAD, UNKNOWN, START))

    def prompt(self, text: str, form: str = "") -> list[int]:
        """A beginning as tokens; the poem's form, one of ``forms.FORMS``, stands after the start where it is given.

        Raises:
            ValueError: it holds a character that the network never saw; one sentence says which.
        """
        plain, _ = spelled(text, self.vocabulary, simplify=self._simplify)
        return self.vocabulary.encode([START, *([form] if form else []), *plain])

    def notes(self, start: str) -> Sequence[str]:
        return spelled(start, self.vocabulary, simplify=self._simplify)[1]

    def guide(self, start: str, constraints: Mapping[str, Value]) -> PoemGuide | None:
        """See ``constraints.PoemConstraints``."""
        if not constraints:
            return None
        return artifacts.plan(self.lexicon, start, constraints, artifacts.known(self.tensors), simplify=self._simplify)

    def checks(self, text: str) -> Mapping[str, Any]:
        """See ``checker.Checked``."""
        found: dict[str, Any] = msgspec.to_builtins(checker.check(text, self.lexicon.book))
        return found

    def explain(self, model: nn.Module, text: str) -> list[View]:
        return explanation.explain(self, _network(model), text)

    def artifacts(self, data: PoemData) -> Mapping[str, Tensor]:
        return artifacts.artifacts(data, self.lexicon)

    @cached_property
    def lexicon(self) -> Lexicon:
        return Lexicon(self.vocabulary, prosody.Prosody(self.state["prosody"]))

    @property
    def _simplify(self) -> bool:
        return self.settings.script == "simplified"

    def prepare_prompt(
        self,
        model: nn.Module,
        codes: list[int],
        generators: Sequence[Generator],
        *,
        temperature: float = 1.0,
        guide: Guide | None = None,
    ) -> list[list[int]]:
        """A prompt with its poem's form: where it is open, drawn from what the beginning leaves probable."""
        if codes[1:2] and codes[1] in self._forms:
            return [[*codes] for _ in generators]
        open_ = [[codes[0], form, *codes[1:]] for form in self._forms]
        given = torch.tensor(open_, device=next(model.parameters()).device)  # (forms,T)
        outputs, _ = model(given[:, :-1])
        nats = losses(_network(model), outputs.flatten(0, 1), given[:, 1:].flatten()).view(len(open_), -1)
        scores = -nats.sum(1)[None]  # (1,forms)
        if guide is not None:
            able = guide.allowed(codes[:1])[self._forms].to(scores.device)
            scores = scores.masked_fill(~able, -torch.inf)
        every = scores.expand(len(generators), -1)
        drawn, _ = choose(every, temperature=temperature, generator=generators)
        return [[*open_[number]] for number in drawn.tolist()]

    def token(self, code: int) -> str:
        return "" if code < len(SPECIALS) else self.vocabulary[code]

    def read(self, model: nn.Module, codes: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        outputs, after = model(codes, None, state, return_state=True)  # (B,T,E)
        scores = _network(model).scores(outputs[:, -1])
        opens = codes[:, -1:] == self.vocabulary.number(START)  # (B,1): there, and nowhere else, a form comes next
        return scores.masked_fill(opens != self._is_form.to(scores.device), -torch.inf), after

    def _guesses(self, model: nn.Module, data: PoemData, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The outputs (P,O) at every position of the rows' poems and what comes next there (P,); no padding."""
        codes, lengths = data.poems.padded(rows)  # (B,T+1)
        lengths = lengths - 1
        outputs, _ = model(codes[:, :-1], lengths)  # (B,T,W)
        there = (torch.arange(codes.shape[1] - 1) < lengths[:, None]).flatten().nonzero()[:, 0].to(codes.device)  # (P,)
        return outputs.flatten(0, 1)[there], codes[:, 1:].flatten()[there]

    def _go_on(self, model: nn.Module, codes: list[int]) -> tuple[list[int], str]:
        """A prompt made ready, and the poem that goes on from it: temperature and seed of the settings."""
        temperature, generator = self.settings.temperature, torch.Generator().manual_seed(self.settings.sample_seed)
        (ready,) = self.prepare_prompt(model, codes, [generator], temperature=temperature)
        ((poem, _),) = self._write(model, [ready], generator, temperature=temperature)
        return ready, poem

    def _write(
        self, model: nn.Module, prompts: Sequence[Sequence[int]], generator: Generator, *, temperature: float
    ) -> list[tuple[str, bool]]:
        """Go on from prompts of one length, all at once → each poem as text, and whether it came to its end.

        The engine's generator does more (guides, repetition, a seed a text); a task, which does not know the engine,
        writes its samples by this one.
        """
        device = next(model.parameters()).device
        steps = [torch.tensor(prompts, device=device)]  # (B,T), then (B,1) each
        state: Any = None
        open_ = torch.ones(len(prompts), dtype=torch.bool, device=device)
        for _ in range(cleaning.LONGEST + 3 - len(prompts[0])):
            scores, state = self.read(model, steps[-1], state)
            tokens, _ = choose(scores, temperature=temperature, generator=generator, never_sampled=self.never_sampled)
            steps.append(torch.where(open_, tokens, self.end)[:, None])
            open_ &= tokens != self.end
            if not open_.any():
                break
        rows = torch.cat(steps, 1).tolist()
        return [("".join(map(self.token, row)), not left) for row, left in zip(rows, open_.tolist(), strict=True)]

    def _beside_the_truth(self, model: nn.Module, data: PoemData, split: Split) -> View:
        """A held-out poem line by line, and what the network would have written at each place of it."""
        outputs, targets = self._guesses(model, data, data.rows[split][:1])
        scores = _network(model).scores(outputs)  # (P,V)
        guesses = scores.index_fill(1, torch.tensor(self.never_sampled, device=scores.device), -torch.inf).argmax(
            1
        )  # (P,)
        truth, guessed = (
            "".join(self.token(code) or "※" for code in codes[1:]) for codes in (targets.tolist(), guesses.tolist())
        )
        form, likeliest = (self.vocabulary[int(codes[0])] for codes in (targets, guesses))
        rows: list[list[str | int | float | None]] = []
        at = 0
        for line in forms.lines(truth[:-1]):
            rows.append([line, guessed[at : at + len(line)]])
            at += len(line)
        right = int((guesses == targets).sum())
        return Table(
            title=f"a held-out poem ({form})",
            columns=["truth", "most probable"],
            rows=rows,
            note=f"{right} of {len(targets)} guessed right, the form ({likeliest}) counted; ※ end, unknown",
        )


def _network(model: nn.Module) -> PoemNetwork:
    assert isinstance(model, PoemNetwork)
    return model
