"""Messages between an inference client and ``workbench.inference.server``: one JSON object a line. No torch.

A request carries a number that the client chooses, and every reply to it carries the same. Requests are answered in
their order; ``cancel`` alone overtakes: it ends the answer to the request of that number, whether it is under way or
waiting.

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

from tasks.base import Split, Value
from tasks.shared.decoding import decode
from tasks.views import View
from workbench.config.generation import GenerationConfig
from workbench.runs.inspections import Inspection, UnitSearch

LONGEST_LINE = 8 << 20  # bytes of a request
SUMMARIES = "--summaries"  # in place of a run's folder: a server without one


class _Request(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", forbid_unknown_fields=True):
    id: int = 0


class Predict(_Request, frozen=True, kw_only=True, tag="predict"):
    """Request the network's prediction for a text. Answered by ``Views``."""

    text: str


class Generate(
    GenerationConfig, frozen=True, kw_only=True, tag_field="ask", tag="generate", forbid_unknown_fields=True
):
    """Request a text that continues a beginning. Answered by ``Begun``, a ``Character`` for each, then ``End``.

    With several candidates (``best_of``) their characters come in turns, each with its candidate's number.
    """

    id: int = 0
    start: str = ""  # empty: it begins freely
    constraints: dict[str, Value] = msgspec.field(default_factory=dict)  # they hold by construction
    choices: Annotated[int, Meta(ge=0, le=20)] = 0  # likeliest characters reported with each one; 0: none


class Explain(_Request, frozen=True, kw_only=True, tag="explain"):
    """Request an account of a text, character by character and by rule. Answered by ``Views``."""

    text: str


class Describe(_Request, frozen=True, kw_only=True, tag="describe"):
    """Request the network's structure. Answered by ``Network``."""


class Examples(_Request, frozen=True, kw_only=True, tag="examples"):
    """Request the rows of a split that are of the class ``true`` and predicted as ``guess``.

    Answered by a ``Judged`` now and then while that class's rows are predicted, then ``Listed``.
    """

    split: Literal["val", "test"]
    true: str
    guess: str
    most: Annotated[int, Meta(ge=1, le=10_000)] = 200


class Inspect(_Request, frozen=True, kw_only=True, tag="inspect"):
    """Request gates, states, answers and contributions on a sequence. Answered by ``Inspected``.

    The sequence is ``text``, or the row ``row`` of the data, or the one at ``place`` in a split.
    """

    text: str = ""
    row: Annotated[int, Meta(ge=0)] | None = None
    split: Split = "test"
    place: Annotated[int, Meta(ge=0)] | None = None
    target: str = ""  # the answer whose contributions are measured; empty: the likeliest at the end
    contributions: bool = True  # measure them, which takes most of the time
    twin: bool = False  # by the cell's hand-written twin with the same weights, which shows its gates


class FindUnits(_Request, frozen=True, kw_only=True, tag="find_units"):
    """Request the units whose state goes with a trait of the steps, such as a class or the end of a line.

    Answered by a ``Judged`` after each row, then ``UnitsFound``.
    """

    split: Split = "test"
    rows: Annotated[int, Meta(ge=1, le=100_000)] = 500
    most: Annotated[int, Meta(ge=1, le=1_000)] = 5  # units of each trait


class Cancel(_Request, frozen=True, kw_only=True, tag="cancel"):
    """End the answer to the request of this number, which an ``End`` closes; ``cancel`` has no reply of its own."""


class NetworkSummaryRequest(_Request, frozen=True, kw_only=True, tag="network_summary"):
    """Request the parts of the network of a run that is not made yet. Answered by ``NetworkSummary``."""

    spec: msgspec.Raw  # a RunSpec
    data: str = ""  # the data folder that the user named; empty: none


Request = Predict | Generate | Explain | Describe | Examples | Inspect | FindUnits | Cancel | NetworkSummaryRequest


class _Reply(msgspec.Struct, frozen=True, kw_only=True, tag_field="reply"):
    id: int = 0


class Ready(_Reply, frozen=True, kw_only=True, tag="ready"):
    """The checkpoint is read: the first line that a server writes, unless that is an error."""

    run: str  # empty where it was started without one
    writes: bool  # ``Generate`` is answered


class Views(_Reply, frozen=True, kw_only=True, tag="views"):
    """A task's views that answer a request."""

    views: list[View]


class Begun(_Reply, frozen=True, kw_only=True, tag="begun"):
    """The request can be met: the first reply to ``Generate``, unless that is an error."""

    text: str  # the beginning as the network reads it
    notes: list[str] = []  # on the request, to be shown to a person, a sentence each


class Character(_Reply, frozen=True, kw_only=True, tag="character"):
    """One character of a text, with the network's probabilities."""

    text: str
    log_probability: float  # nats, as the network gives it
    candidate: int = 0  # its number, where several are written at once
    choices: list[tuple[str, float]] = []  # the likeliest, empty for the end, with their probabilities


class End(_Reply, frozen=True, kw_only=True, tag="end"):
    """The end of a generation: by the network, at the length allowed, or cancelled; of other requests: cancelled."""

    reason: Literal["ended", "limit", "cancelled"]
    log_probability: float | None = None  # of the end, where the network ended the one text
    scores: list[float | None] = []  # of several candidates, by ``best_of.score``; none: given up
    best: int = 0  # number of the candidate with the highest score


class Judged(_Reply, frozen=True, kw_only=True, tag="judged"):
    """Number of rows that are read so far: of a class, to predict them, or of a split, to search for units."""

    done: int
    total: int


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A row's text, and the probabilities of its class and of the predicted one."""

    text: str
    true: float
    guess: float
    row: int = -1  # its number in the data, by which it can be inspected


class Listed(_Reply, frozen=True, kw_only=True, tag="listed"):
    """The examples: the surest mistakes first, the least sure right ones first."""

    total: int  # number of such rows, listed or not
    examples: list[Example]


class Inspected(_Reply, frozen=True, kw_only=True, tag="inspected"):
    """A sequence, inspected."""

    inspection: Inspection


class UnitsFound(_Reply, frozen=True, kw_only=True, tag="units_found"):
    """The units that go with each trait."""

    found: UnitSearch


class Network(_Reply, frozen=True, kw_only=True, tag="network"):
    """A network's printout and its number of parameters."""

    structure: str
    parameters: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a network under the name that people use for it."""

    name: str  # embedding, layer 1 forward, pooling, classifier
    about: str = ""  # its purpose in a few words
    weights: dict[str, list[int]] = {}  # its tensors' shapes
    parameters: int = 0  # those that an earlier part holds already are counted there


class NetworkSummary(_Reply, frozen=True, kw_only=True, tag="network_summary"):
    """The parts of a network that is not made yet."""

    parameters: int
    parts: list[Part]
    note: str = ""  # source of the figures, where that is not the run's own data


class Error(_Reply, frozen=True, kw_only=True, tag="error"):
    """A request cannot be answered, one sentence says why; ``id`` 0 where the line was not a request at all."""

    message: str


Reply = (
    Ready
    | Views
    | Begun
    | Character
    | End
    | Judged
    | Listed
    | Inspected
    | UnitsFound
    | Network
    | NetworkSummary
    | Error
)

_NUMBERS = 1 << 63  # JSON's larger ones cannot be written back
_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_replies: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)


def encode(message: Request | Reply) -> bytes:
    """Return a message as its line, the line's end included."""
    return msgspec.json.encode(message) + b"\n"


def request(line: bytes) -> Request:
    """Decode a request.

    Raises:
        ValueError: the line is not one; one sentence says what is wrong with it.
    """
    try:
        return _requests.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"This line is no request: {str(error).splitlines()[0].rstrip('.')}.") from None


def reply(line: bytes) -> Reply:
    """Decode a reply.

    Raises:
        ValueError: the line is not one.
    """
    try:
        return _replies.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"This line is no reply: {error}.") from None


def request_id(line: bytes) -> int:
    """Return the number on a line that is not a request, as far as it can be read; else 0."""
    try:
        number = decode(line)["id"]
    except (msgspec.MsgspecError, KeyError, TypeError):
        return 0
    return number if isinstance(number, int) and abs(number) < _NUMBERS else 0
