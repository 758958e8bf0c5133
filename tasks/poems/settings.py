"""The settings of the poems task. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from tasks import base
from tasks.base import LOSS, Metric, Preset, State, Value
from tasks.poems.constraints import PoemConstraints
from tasks.views import Annotation

CORPORA: Mapping[str, str] = {"tang": "poet.tang.*.json", "poems": "poems.txt", "tangshi": "tangshi.txt"}


class Settings(base.Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the poems task (``--set task.NAME=VALUE``)."""

    title: ClassVar[str] = "Tang poems"
    about: ClassVar[str] = "Write Tang poetry: guess each next character of a poem from those before it."
    causal: ClassVar[bool] = True
    writes: ClassVar[bool] = True
    constraints: ClassVar[type[msgspec.Struct] | None] = PoemConstraints
    metric: ClassVar[str] = "nll"
    metrics: ClassVar[Mapping[str, Metric]] = {
        "loss": LOSS,
        "nll": Metric(heading="NLL", digits=3, higher_is_better=False),
        "nll_hanzi": Metric(heading="NLL hanzi", digits=3, higher_is_better=False),
        "perplexity": Metric(heading="perplexity", digits=1, higher_is_better=False, abbreviation="ppl"),
        "well_formed": Metric(heading="well-formed", digits=3, higher_is_better=True),
    }
    example: ClassVar[str] = "月落乌啼霜满天，江枫渔火对愁眠。"
    longest_text: ClassVar[int] = 1_000
    files: ClassVar[Sequence[str]] = ("|".join(CORPORA.values()),)
    data_settings: ClassVar[Sequence[str]] = ("corpus",)
    training_settings: ClassVar[Sequence[str]] = (
        "dropout",
        "recurrent_dropout",
        "token_dropout",
        "prompt",
        "temperature",
        "sample_seed",
    )
    defaults: ClassVar[Mapping[str, Value]] = {
        "cell.hidden": 512,
        "cell.layers": 2,
        "cell.dropout": 0.15,
        "train.batch_size": 32,
        "train.epochs": 5,
        "train.lr": 3e-3,
        "train.weight_decay": 0.01,
        "train.schedule": "one-cycle",
        "train.warmup": 0.08,
        "train.average": 0.998,
    }
    presets: ClassVar[Mapping[str, Preset]] = {
        "class-report": Preset(
            help="the class report's protocol: a plain network (embedding, two layers, a linear layer initialised "
            "uniformly in ±√(6/(in+out))), batch 100, RMSprop; what the network guesses stands beside the truth at "
            "each evaluation. The report names no learning rate; here it is torch's default of 0.01, at which the loss "
            "falls as it printed (6.20, 6.05, 5.82 early in epoch 1; then 6.62 in epoch 29: a unigram model has 6.53)",
            values={
                "cell.hidden": 128,
                "cell.layers": 2,
                "cell.dropout": 0.0,
                "train.batch_size": 100,
                "train.epochs": 10,
                "train.optimizer": "rmsprop",
                "train.lr": 0.01,
                "train.weight_decay": 0.0,
                "train.schedule": "constant",
                "train.average": 0.0,
                "task.embedding": 100,
                "task.context": False,
                "task.tied": False,
                "task.dropout": 0.0,
                "task.init": "glorot",
            },
        ),
        "strong": Preset(
            help="two hours on two cores, for lstm: nine epochs in batches of 64, poems of up to 200 characters learnt "
            "from, and more of the network dropped; pretrained/poems-lstm was trained so",
            values={
                "train.batch_size": 64,
                "train.epochs": 9,
                "train.lr": 4e-3,
                "cell.dropout": 0.3,
                "task.train_longest": 200,
                "task.dropout": 0.3,
            },
        ),
    }

    corpus: Annotated[
        Literal["auto", "tang", "poems", "tangshi"],
        Meta(description="poet.tang.*.json, poems.txt or tangshi.txt; auto: the first of them that is there"),
    ] = "auto"
    script: Annotated[
        Literal["simplified", "original"],
        Meta(description="characters made simplified, or left as they are"),
    ] = "simplified"
    min_count: Annotated[
        int, Meta(ge=1, le=1000, description="characters rarer than this in the training split count as unknown")
    ] = 2
    train_longest: Annotated[
        int,
        Meta(
            ge=80,
            le=1000,
            description="characters of the longest poem that is learnt from; validation and test have poems of up to "
            "80 alone, and the same ones whatever this is",
        ),
    ] = 80
    embedding: Annotated[int, Meta(ge=1, le=4096, description="width of a character's embedding")] = 256
    context: Annotated[
        bool,
        Meta(description="tell the next character's place, line and what stands above it; false: a plain network"),
    ] = True
    topic: Annotated[
        bool, Meta(description="read, beside each character, the mean of the vectors of all characters so far")
    ] = False
    tied: Annotated[bool, Meta(description="score characters by their embedding; false: a linear layer")] = True
    dropout: Annotated[float, Meta(ge=0, lt=1, description="dropout before and after the recurrence, in training")] = (
        0.15
    )
    recurrent_dropout: Annotated[
        float, Meta(ge=0, lt=1, description="share of the weights from state to state dropped, in training")
    ] = 0.0
    token_dropout: Annotated[
        float, Meta(ge=0, lt=1, description="share of tokens whose own vectors are dropped, in training")
    ] = 0.0
    init: Annotated[
        Literal["frequency", "glorot"],
        Meta(description="the scores' bias starts at the characters' log frequency, or the layer at ±√(6/(in+out))"),
    ] = "frequency"
    prompt: Annotated[str, Meta(max_length=80, description="beginning of the poem written at each evaluation")] = "月"
    temperature: Annotated[float, Meta(ge=0, le=100, description="of the poems shown; 0: always the best")] = 0.8
    sample_seed: Annotated[int, Meta(ge=0, lt=2**31, description="seed of the poems that are shown")] = 0
    split_seed: Annotated[int, Meta(ge=0, lt=2**31, description="seed of the 90/5/5 split by poem")] = 0

    @classmethod
    def unavailable_constraints(cls, state: State, artifacts: bool) -> Mapping[str, str]:
        lines = state.get("prosody")  # a group a line
        if lines is None:
            names = [field.name for field in msgspec.structs.fields(PoemConstraints) if field.name != "start"]
            return dict.fromkeys(names, "This network was trained before forms were known: train anew.")
        reasons = {} if lines else dict.fromkeys(("rhyme", "tones"), "This network was trained without the rhyme book.")
        return reasons if artifacts else {**reasons, "novel": "The lines of its training corpus are not at hand."}

    @classmethod
    def annotator(cls, state: State) -> Callable[[str, bool], Annotation]:
        from tasks.poems.annotation import annotate  # NumPy: a list of runs goes without it
        from tasks.poems.prosody import Prosody

        book = Prosody(state.get("prosody") or ())
        return lambda text, ended: annotate(text, book, ended=ended)

    def check(self) -> None:
        if self.tied and self.init == "glorot":
            raise ValueError("task.init=glorot initialises a linear layer of its own: set task.tied=false with it.")
        if self.tied and not self.context:
            raise ValueError("task.context=false has a linear layer of its own: set task.tied=false with it.")

    def remarks(self) -> Sequence[str]:
        if self.topic and not self.context:
            return ["task.topic does nothing: the network is a plain one (task.context)."]
        return ()
