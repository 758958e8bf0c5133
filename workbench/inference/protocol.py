"""What is asked of ``workbench.inference.server`` and what it answers: one JSON object a line, both ways. No torch.

A request carries a number of the asker's choice, and every reply to it carries the same. Requests are answered in
their order; ``cancel`` alone overtakes: it ends the generation (or the search for examples) of that number, whether
it is under way or waiting.

    → {"ask": "generate", "id": 1, "start": "月", "seed": 1, "constraints": {"form": "五绝", "rhyme": "天"}}
    ← {"reply": "begun", "id": 1, "text": "月"}
    ← {"reply": "character", "id": 1, "text": "明", "log_probability": -2.31}
    ← …
    ← {"reply": "end", "id": 1, "reason": "ended"}
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tasks.base import Value
from tasks.views import View
from workbench.config.defaults import REPETITION, SEEDS, TEMPERATURE, TOP_P

SKETCH = "--sketch"  # in place of a run's folder: a child without one
LIMIT = 1000  # characters of a generation that names no limit of its own


class _Request(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", forbid_unknown_fields=True):
    id: int = 0


class Predict(_Request, frozen=True, kw_only=True, tag="predict"):
    """What does the network say to this text? Answered by ``Views``."""

    text: str


class Generate(_Request, frozen=True, kw_only=True, tag="generate"):
    """Go on from a beginning. Answered by ``Begun``, a ``Character`` for each, then ``End``.

    With several candidates their characters come in turns, each with its candidate's number.
    """

    start: Annotated[str, Meta(description="empty: it begins freely")] = ""
    temperature: Annotated[float, Meta(ge=0, le=1000, description="low: surer; 0: best")] = TEMPERATURE
    top_k: Annotated[int, Meta(ge=0, description="of the N best; 0: all")] = 0
    top_p: Annotated[float, Meta(gt=0, le=1, description="low: surer; 1: all")] = TOP_P
    seed: Annotated[int, Meta(ge=0, lt=SEEDS, description="of the draws")] = 0
    limit: Annotated[int, Meta(ge=1, le=100_000)] = LIMIT
    repetition: Annotated[float, Meta(ge=0, le=100, description="nats a character costs again; 0: none")] = REPETITION
    constraints: dict[
        str, Value
    ] = {}  # what holds by construction; for poems, the fields of ``tasks.poems.constraints.PoemConstraints``
    candidates: Annotated[int, Meta(ge=1, le=64, description="written at once; the best by score is named")] = 1
    choices: Annotated[int, Meta(ge=0, le=20, description="likeliest characters told with each one; 0: none")] = 0


class Explain(_Request, frozen=True, kw_only=True, tag="explain"):
    """What can be said of a text, character by character and by rule? Answered by ``Views``."""

    text: str


class Describe(_Request, frozen=True, kw_only=True, tag="describe"):
    """What is the network made of? Answered by ``Network``."""


class Examples(_Request, frozen=True, kw_only=True, tag="examples"):
    """Which rows of a split are of the class ``true`` and taken for ``guess``?

    Answered by a ``Judged`` now and then while the network is asked about that class's rows, then ``Listed``.
    """

    split: Literal["val", "test"]
    true: str
    guess: str
    most: Annotated[int, Meta(ge=1, le=10_000)] = 200


class Cancel(_Request, frozen=True, kw_only=True, tag="cancel"):
    """End what answers the request of this number: it is answered by that one's ``End``, and by nothing of its own."""


class Sketch(_Request, frozen=True, kw_only=True, tag="sketch"):
    """What would the network of a run that is not made yet consist of? Answered by ``Sketched``."""

    spec: msgspec.Raw  # a RunSpec
    data: str = ""  # the data folder that the user named; empty: none


Request = Predict | Generate | Explain | Describe | Examples | Cancel | Sketch


class _Reply(msgspec.Struct, frozen=True, kw_only=True, tag_field="reply"):
    id: int = 0


class Ready(_Reply, frozen=True, kw_only=True, tag="ready"):
    """The checkpoint is read: the first line that a child writes, where it is not an error."""

    run: str  # empty where it was started without one
    writes: bool  # whether ``Generate`` can be asked


class Views(_Reply, frozen=True, kw_only=True, tag="views"):
    views: list[View]


class Begun(_Reply, frozen=True, kw_only=True, tag="begun"):
    """What was asked can be written: the first line of an answer to ``Generate``, where it is no error."""

    text: str  # the beginning as the network reads it
    notes: list[str] = []  # what a person should be told of what was asked, a sentence each


class Character(_Reply, frozen=True, kw_only=True, tag="character"):
    text: str
    log_probability: float  # nats, as the network gives it
    candidate: int = 0  # whose it is, where several are written at once
    choices: list[tuple[str, float]] = []  # where asked for: the likeliest, empty for the end, and their probabilities


class End(_Reply, frozen=True, kw_only=True, tag="end"):
    """It is over: the network ended its text, the limit is reached, or it was cancelled."""

    reason: Literal["ended", "limit", "cancelled"]
    log_probability: float | None = None  # of the end, where the network ended the one text
    scores: list[float | None] = []  # several candidates': ``engine.candidates.score``; none: it was given up
    best: int = 0  # the candidate of the highest one


class Judged(_Reply, frozen=True, kw_only=True, tag="judged"):
    """How many rows of the class the network has been asked about."""

    done: int
    total: int


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A row's text, and the probabilities that the network gives its class and the one that it takes it for."""

    text: str
    true: float
    guess: float


class Listed(_Reply, frozen=True, kw_only=True, tag="listed"):
    """The examples: the surest mistakes first, the least sure right ones first."""

    total: int  # how many there are, listed or not
    examples: list[Example]


class Network(_Reply, frozen=True, kw_only=True, tag="network"):
    structure: str
    parameters: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a network, as a person names it."""

    name: str  # embedding, layer 1 forward, pooling, classifier
    about: str = ""  # what it does, in a few words
    weights: dict[str, list[int]] = {}  # its tensors' shapes
    parameters: int = 0  # those that an earlier part holds already are counted there


class Sketched(_Reply, frozen=True, kw_only=True, tag="sketched"):
    parameters: int
    parts: list[Part]
    note: str = ""  # what the figures rest on, where that is not the run's own data


class Error(_Reply, frozen=True, kw_only=True, tag="error"):
    """A request cannot be answered, one sentence says why; ``id`` 0 where the line was no request at all."""

    message: str


Reply = Ready | Views | Begun | Character | End | Judged | Listed | Network | Sketched | Error

_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_replies: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)


def encode(message: Request | Reply) -> bytes:
    """A message as its line, the line's end included."""
    return msgspec.json.encode(message) + b"\n"


def request(line: bytes) -> Request:
    """Raises: ValueError: the line is no request; one sentence says what is wrong with it."""
    try:
        return _requests.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"This line is no request: {str(error).splitlines()[0].rstrip('.')}.") from None


def reply(line: bytes) -> Reply:
    """Raises: ValueError: the line is no reply."""
    try:
        return _replies.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"This line is no reply: {error}.") from None


def asked_by(line: bytes) -> int:
    """The number on a line that is no request, as far as it can be read; else 0."""
    try:
        number = msgspec.json.decode(line)["id"]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        return 0
    return number if isinstance(number, int) else 0
