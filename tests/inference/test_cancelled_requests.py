"""Requests that are cancelled, too long, or hostile: one reply each, and the next request is answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import msgspec
import pytest
from engine.toy_runs import toy, trained
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting import HANG, until

from workbench.engine import trained_run
from workbench.inference import protocol
from workbench.inference.client import Cancelled, Client
from workbench.inference.protocol import Views
from workbench.inference.service import InferenceService
from workbench.interruption import Interrupted, Interruptible, polled
from workbench.runs.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    made = toy(tmp_path_factory.mktemp("runs"), {"train.max_steps": 1})
    trained(made)
    return made


@pytest.fixture(scope="module")
def client(run: Run) -> Iterator[Client]:
    with Client(run) as opened:
        yield opened


def test_a_prediction_that_is_cancelled_ends_and_the_next_one_is_answered(client: Client) -> None:
    ended: list[Exception] = []

    def ask() -> None:
        try:
            client.predict("01" * 45_000)  # 90,000 steps
        except ValueError as error:
            ended.append(error)

    asking = threading.Thread(target=ask)
    before = client._under_way
    asking.start()
    until(lambda: client._under_way != before)
    client.cancel()
    asking.join(HANG)
    assert [type(error) for error in ended] == [Cancelled]
    assert str(ended[0]) == "The request was cancelled."
    assert isinstance(client.predict("012"), Views)


def test_a_megabyte_of_text_is_refused_with_the_limit(client: Client) -> None:
    with pytest.raises(ValueError, match="The text has 1,000,000 characters, and at most 100,000 are read"):
        client.predict("1" * 1_000_000)
    assert client.predict("012").views


def test_a_line_without_an_end_is_refused(client: Client) -> None:
    assert client._child.stdin is not None
    client._child.stdin.write(b"[" * (2 * protocol.LONGEST_LINE + 5) + b"\n")
    client._child.stdin.flush()
    reply = client._receive()
    assert isinstance(reply, protocol.Error)
    assert reply.message == "This line is no request: it is longer than 8,388,608 bytes."
    assert client.predict("012").views


@given(
    st.binary()
    | st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists).map(
        lambda value: msgspec.json.encode(str(value))
    )
)
@settings(max_examples=60, deadline=None)
def test_whatever_a_line_holds_it_is_a_request_or_one_sentence(line: bytes) -> None:
    message = ""
    try:
        protocol.request(line)
    except ValueError as error:
        message = str(error)
    assert "\n" not in message
    assert msgspec.json.encode(protocol.Error(id=protocol.request_id(line), message=""))


@pytest.mark.parametrize(
    "line",
    [b"[" * 200_000, b'{"ask":' * 200_000, b'{"id": 99999999999999999999999, "ask": "x"}', b'{"id": 1e400}', b"\xff"],
)
def test_a_hostile_line_has_a_number_that_can_be_written_back(line: bytes) -> None:
    with pytest.raises(ValueError, match="This line is no request"):
        protocol.request(line)
    msgspec.json.encode(protocol.Error(id=protocol.request_id(line), message=""))


KINDS = ["predict", "explain", "describe", "generate", "examples", "network_summary", "cancel"]


@given(
    kind=st.sampled_from(KINDS),
    text=st.text(max_size=20) | st.integers().map(str),
    number=st.integers(-(2**63), 2**63 - 1),
)
@settings(max_examples=60, deadline=None)
def test_whatever_a_request_says_it_is_answered_without_a_defect(
    run: Run, service: InferenceService, kind: str, text: str, number: int
) -> None:
    asked = {
        "ask": kind,
        "id": number,
        "text": text,
        "start": text,
        "split": "val",
        "true": text,
        "guess": text,
        "spec": {},
    }
    fields = {
        "predict": ["text"],
        "explain": ["text"],
        "generate": ["start"],
        "examples": ["split", "true", "guess"],
        "network_summary": ["spec"],
    }.get(kind, [])
    chosen = {name: asked[name] for name in ("ask", "id", *fields)}
    for reply in service.respond(protocol.request(msgspec.json.encode(chosen)), set()):
        line = protocol.encode(reply)
        assert b"defect" not in line, line


@pytest.fixture(scope="module")
def service(run: Run) -> InferenceService:
    return InferenceService(run, *trained_run.load_trained(run, threads=1, device="cpu"))


def test_a_computation_that_is_ended_before_it_begins_does_not_begin() -> None:
    interruptible = Interruptible()
    interruptible.end(3)
    with interruptible.computing(2):
        pass
    with pytest.raises(Interrupted), interruptible.computing(3):
        pytest.fail("it began")
    with interruptible.computing(3):
        pass
    interruptible.end(4)
    interruptible.renew(4)
    with interruptible.computing(4):
        pass


def test_a_stop_is_heard_within_a_computation_that_asks_nobody() -> None:
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked == 3

    with pytest.raises(Interrupted), polled(should_stop, 0.001):
        threading.Event().wait(HANG)
    assert asked == 3


def test_what_unwinds_after_a_stop_is_not_broken_off() -> None:
    steps = 0

    def compute() -> None:
        nonlocal steps
        try:
            threading.Event().wait(HANG)
        finally:
            for _ in range(20):  # many times the interval
                time.sleep(0.001)
                steps += 1

    with pytest.raises(Interrupted), polled(lambda: True, 0.001):
        compute()
    assert steps == 20
