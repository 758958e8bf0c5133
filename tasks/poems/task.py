"""Tang poems: the network, its loss and metrics, and the contract by which the engine samples poems from it.

Shapes: B batch, T time, E embedding, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec
import torch
from msgspec import Meta
from torch import Generator, Tensor, nn

from tasks.base import (
    Baselines,
    CacheName,
    DataError,
    Evaluation,
    Metrics,
    Reading,
    RecurrentNetwork,
    RecurrentState,
    Split,
    State,
    Value,
)
from tasks.poems import artifacts, baselines, checker, cleaning, data, explanation, forms, guide_building, scoring
from tasks.poems.data import SPECIALS, PoemData
from tasks.poems.guide import PoemGuide
from tasks.poems.lexicon import Lexicon
from tasks.poems.model import Network, PoemNetwork
from tasks.poems.prosody import Prosody, Tone
from tasks.poems.settings import Settings
from tasks.poems.transcription import transcribe
from tasks.shared.datasets.cache import kept_baseline
from tasks.shared.sequences.batching import by_length
from tasks.shared.sequences.sampling import choose
from tasks.shared.text.language_model import PlainNetwork, init_bias_to_frequencies
from tasks.shared.text.linear_nll import mean_nll
from tasks.shared.text.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from tasks.views import View
from tasks.writer import GeneratedText, Guide, SampleRequest, Writer

_HEADER = 2  # tokens before a poem's first character: the start, the form
_MOST_TOKENS = cleaning.LONGEST + 3  # of a sampled poem, its header and its end counted
_MEASURED = 64  # poems sampled at each evaluation to see how many are well formed


class PoemState(msgspec.Struct):
    """Fields of the task's state."""

    vocabulary: list[str]
    train_counts: list[Annotated[int, Meta(ge=0)]]
    prosody: list[str] = []
    cache: CacheName = ""

    def __post_init__(self) -> None:
        if len(self.train_counts) != len(SPECIALS) + len(self.vocabulary):
            raise ValueError("There are not as many counts as tokens")


class Task(Writer):
    """A language model of Tang poetry."""

    part_names: ClassVar[Mapping[str, str]] = {
        "beside": "beside it",
        "place": "place in the line",
        "line": "line's number",
        "skip": "past the recurrence",
        "topic": "mean of all so far",
    }
    state_form = PoemState
    settings: Settings

    def __init__(self, settings: Settings, state: State) -> None:
        if "prosody" not in state:
            raise DataError("This run learned poems before they had a form, as an older Workbench did: train anew.")
        super().__init__(settings, state)
        self.vocabulary = Vocabulary(state["vocabulary"], SPECIALS)
        marks = self.vocabulary.encode([*SPECIALS, *cleaning.PUNCTUATION])
        self.hanzi = torch.ones(len(self.vocabulary), dtype=torch.bool)
        self.hanzi[marks] = False
        self.hanzi[self.vocabulary.number(UNKNOWN)] = True  # it stands for a rare character
        self._forms = self.vocabulary.encode(forms.FORMS)
        self._is_form = torch.zeros(len(self.vocabulary), dtype=torch.bool)
        self._is_form[self._forms] = True

    @classmethod
    def load(cls, settings: Settings, folder: Path) -> PoemData:
        return data.load(settings, folder)

    @classmethod
    def load_again(cls, settings: Settings, folder: Path, state: State) -> PoemData:
        return data.load_again(settings, folder, state)

    @classmethod
    def load_cached(cls, settings: Settings, state: State) -> PoemData:
        return data.load_cached(state["cache"])

    def artifacts(self, data: PoemData) -> Mapping[str, Tensor]:
        return artifacts.line_filter_tensors(data, self.lexicon)

    @cached_property
    def lexicon(self) -> Lexicon:
        return Lexicon(self.vocabulary, Prosody(self.state["prosody"]))

    def build(self, make_recurrent: Callable[[int], RecurrentNetwork]) -> nn.Module:
        embedding = nn.Embedding(len(self.vocabulary), self.settings.embedding)
        recurrent = make_recurrent(self.settings.embedding)
        dropouts = {name: getattr(self.settings, name) for name in ("dropout", "recurrent_dropout", "token_dropout")}
        network: Network
        if self.settings.context:
            network = PoemNetwork(
                embedding,
                recurrent,
                classes=torch.from_numpy(self.lexicon.classes),
                breaks=self.vocabulary.encode(cleaning.PUNCTUATION),
                tied=self.settings.tied,
                topic=self.settings.topic,
                **dropouts,
            )
        else:
            network = PlainNetwork(embedding, recurrent, **dropouts)
        if self.settings.init == "glorot":
            nn.init.xavier_uniform_(network.head.weight)
        else:
            init_bias_to_frequencies(network.head, torch.tensor(self.state["train_counts"]))
        return network

    def batches(self, data: PoemData, split: Split, size: int, generator: Generator | None) -> Sequence[Tensor]:
        rows = data.rows[split]
        return by_length(rows, data.poems.lengths[rows], size, generator)

    def loss(self, model: nn.Module, data: PoemData, rows: Tensor) -> Tensor:
        network = _network(model)
        return mean_nll(*scoring.predictions(network, data.poems, rows), *network.score_layer())

    def loss_weight(self, data: PoemData, rows: Tensor) -> Tensor:
        return (data.poems.lengths[rows] - 1).sum()  # tokens that are predicted

    def probe_loss(self, model: nn.Module, data: PoemData, rows: Tensor) -> Tensor:
        """Return the mean NLL of each poem's last token, its end."""
        network = _network(model)
        outputs, targets = scoring.predictions(network, data.poems, rows)
        last = (data.poems.lengths[rows] - 1).cumsum(0) - 1  # (B,) of the P positions
        return scoring.token_nll(network, outputs[last], targets[last]).mean()

    def evaluate(self, model: nn.Module, data: PoemData, split: Split, batch_size: int) -> Evaluation:
        """``scoring.nll_metrics`` and a held-out poem; the engine adds ``well_formed`` (``sample_metrics``)."""
        network, batches = _network(model), self.batches(data, split, batch_size, None)
        row = data.rows[split][:1]
        return Evaluation(
            metrics=scoring.nll_metrics(network, data.poems, batches, self.hanzi),
            views=[scoring.held_out_table(network, data.poems, row, self.lexicon, self.never_sampled)],
        )

    def baseline(self, data: PoemData, *, cached_only: bool = False) -> Baselines:
        def compute() -> Baselines:
            never = self.vocabulary.encode((PAD, START))
            return baselines.measure(data.poems, data.rows, never, self.hanzi.numpy())

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

    def token(self, code: int) -> str:
        return self.lexicon.token(code)

    def prompt(self, text: str, form: str = "") -> list[int]:
        """A beginning as tokens; the poem's form, one of ``forms.FORMS``, stands after the start where it is given.

        Raises:
            ValueError: it is too long, or holds a character that the network never saw; one sentence says which.
        """
        if len(text) > self.settings.longest_text:
            raise ValueError(
                f"The beginning has {len(text):,} characters, and at most {self.settings.longest_text:,} are read: "
                "give a shorter one."
            )
        plain, _ = transcribe(text, self.vocabulary, simplify=self._simplify)
        return self.vocabulary.encode([START, *([form] if form else []), *plain])

    def prepare_prompt(
        self,
        model: nn.Module,
        codes: list[int],
        generators: Sequence[Generator],
        *,
        temperature: float = 1.0,
        guide: Guide | None = None,
    ) -> list[list[int]]:
        """A prompt with its poem's form: where it is open, sampled from what the beginning leaves probable."""
        if codes[1:2] and codes[1] in self._forms:
            return [[*codes] for _ in generators]
        prompts = [[codes[0], form, *codes[1:]] for form in self._forms]
        scores = -scoring.prompt_nll(_network(model), prompts).sum(1)[None]  # (1,forms)
        if guide is not None:
            allowed = guide.allowed(codes[:1])[self._forms].to(scores.device)
            scores = scores.masked_fill(~allowed, -torch.inf)
        chosen, _ = choose(scores.expand(len(generators), -1), temperature=temperature, generator=generators)
        return [[*prompts[number]] for number in chosen.tolist()]

    def read(self, model: nn.Module, codes: Tensor, state: RecurrentState = None) -> tuple[Tensor, RecurrentState]:
        outputs, after = model(codes, None, state, return_state=True)  # (B,T,E)
        scores = _network(model).scores(outputs[:, -1])
        opens = codes[:, -1:] == self.vocabulary.number(START)  # (B,1): there, and nowhere else, a form comes next
        return scores.masked_fill(opens != self._is_form.to(scores.device), -torch.inf), after

    def sample_request(self, start: str | None = None) -> SampleRequest:
        """A poem from ``start``, or from the settings' prompt; temperature and seed are the settings'."""
        settings, note, title = self.settings, "", f"a poem, seed {self.settings.sample_seed}"
        if start is not None:
            title = start.strip() or "a poem"
            codes = self.prompt(start)
            note = " ".join(self.notes(start))
        else:
            start = settings.prompt
            try:
                codes = self.prompt(start)
            except ValueError as error:  # the data may be anyone's: then it begins freely
                start, note = "", str(error)
                codes = self.prompt(start)
        return SampleRequest(
            start=start,
            temperature=settings.temperature,
            seed=settings.sample_seed,
            limit=max(_MOST_TOKENS - 1 - len(codes), 0),  # a form stands before the beginning
            title=title,
            note=note,
        )

    def measurement_request(self) -> SampleRequest:
        """64 poems from nothing, at temperature 1 and a fixed seed."""
        return SampleRequest(temperature=1.0, seed=0, limit=_MOST_TOKENS - 1, count=_MEASURED)

    def sample_metrics(self, texts: Sequence[GeneratedText]) -> Metrics:
        """``well_formed``: the share of poems that end and that ``forms.is_well_formed`` accepts."""
        return {"well_formed": sum(one.ended and forms.is_well_formed(one.text) for one in texts) / len(texts)}

    def predict(self, model: nn.Module, text: str) -> list[View]:
        """The surprise of each character of a beginning, after the form that its continuation has."""
        request = self.sample_request(text)
        generator = Generator().manual_seed(request.seed)
        (codes,) = self.prepare_prompt(model, self.prompt(text), [generator], temperature=request.temperature)
        if len(codes) <= _HEADER:
            return []
        nats = scoring.prompt_nll(_network(model), [codes])[0].tolist()
        return [scoring.surprise_table([self.vocabulary[code] for code in codes[1:]], nats)]

    def reading(self, model: nn.Module, text: str) -> Reading:
        """A poem, or its beginning, after the form that it has (of a beginning: ``free``)."""
        codes = self.prompt(text, forms.form(text))
        if len(codes) == _HEADER:
            raise ValueError("There is no character to read: type a poem or its beginning.")
        return self._reading(model, codes, self.notes(text))

    def reading_of_row(self, model: nn.Module, data: PoemData, row: int) -> Reading:
        [codes] = data.poems.lists(torch.tensor([row]))
        return self._reading(model, codes[:-1], expected=codes[1:])

    def _reading(
        self, model: nn.Module, codes: Sequence[int], notes: Sequence[str] = (), expected: Sequence[int] = ()
    ) -> Reading:
        network, tokens = _network(model), [self.vocabulary[code] for code in codes]
        after = [*(expected or codes[1:]), -1][: len(codes)]
        marks = set(self.vocabulary.encode(cleaning.PUNCTUATION))
        tones = {Tone.LEVEL: 0.0, Tone.OBLIQUE: 1.0}

        def readout(inputs: Tensor, outputs: Tensor, lengths: Tensor) -> Tensor:
            last = torch.arange(len(outputs)), (lengths - 1).to(outputs.device)
            return network.scores(network.readout(inputs.expand(len(outputs), -1, -1)[last], outputs[last]))

        return Reading(
            symbols=tokens,
            inputs=network.features(torch.tensor([[*codes]], device=network.head.weight.device)),
            readout=readout,
            answers=self.vocabulary.tokens,
            expected=[self.vocabulary[code] if code >= 0 else "" for code in after],
            traits={
                "end of a line": [float(code in marks) if code >= 0 else math.nan for code in after],
                "oblique tone": [tones.get(self.lexicon.tones[code], math.nan) for code in codes],
            },
            notes=notes,
        )

    def line_break(self, before: str, character: str) -> str:
        return forms.line_break(before, character)

    def layout(self, text: str) -> str:
        return forms.with_line_breaks(text)

    def guide(self, start: str, constraints: Mapping[str, Value]) -> PoemGuide | None:
        """See ``constraints.PoemConstraints``."""
        if not constraints:
            return None
        parsed = guide_building.parse(start, constraints)
        line_filter = artifacts.line_filter(self.tensors)
        return guide_building.build_guide(parsed, self.lexicon, line_filter, simplify=self._simplify)

    def notes(self, start: str) -> Sequence[str]:
        return transcribe(start, self.vocabulary, simplify=self._simplify)[1]

    def checks(self, text: str) -> Mapping[str, object]:
        """See ``checker.PoemReport``."""
        report: dict[str, object] = msgspec.to_builtins(checker.check(text, self.lexicon.book))
        return report

    def explain(self, model: nn.Module, text: str) -> list[View]:
        """See ``explanation.explain``."""
        poem = "".join(map(self.token, self.prompt(text)))
        if not poem:
            raise ValueError("There is no poem to explain yet: write one first.")
        with torch.inference_mode():
            nats = scoring.prompt_nll(_network(model), [self.prompt(poem, forms.form(poem))])[0]
        probabilities = nats[1:].neg().exp().tolist()  # the first is the form's
        return explanation.explain(poem, probabilities, self.lexicon.book)

    @property
    def _simplify(self) -> bool:
        return self.settings.script == "simplified"


def _network(model: nn.Module) -> Network:
    assert isinstance(model, Network)
    return model
