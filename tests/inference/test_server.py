"""The inference server: JSON lines in, JSON lines out. In a process of its own, as it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from engine.toy_runs import toy, trained
from forker import Forker
from waiting import HANG

from tasks.scribe.task import CIRCLE
from tasks.views import Table, Text
from workbench.config import spec
from workbench.engine import trained_run
from workbench.inference.client import Client
from workbench.inference.protocol import Begun, Character, End, Generate
from workbench.inference.service import InferenceService
from workbench.runs import store
from workbench.runs.folder import RunError
from workbench.runs.run import Run


@pytest.fixture(scope="module")
def scribe(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = store.create(tmp_path_factory.mktemp("scribe"), spec.make("scribe", "gru", {"train.epochs": 4}))
    trained(run)
    return run


@pytest.fixture(scope="module")
def client(scribe: Run) -> Iterator[Client]:
    with Client(scribe) as opened:
        yield opened


def told(forker: Forker, run: Run, lines: bytes) -> list[dict[str, Any]]:
    """What the child writes to these lines, until they end."""
    text = lines.decode(errors="surrogateescape")
    words, function = [str(run.path)], "workbench.inference.server:main"
    done = forker.run(words, run.path, dict(os.environ), text, HANG, function)
    assert "Traceback" not in done.stderr
    return [{"code": done.returncode}, *map(msgspec.json.decode, done.stdout.splitlines())]


def text(replies: list[Begun | Character | End]) -> str:
    return "".join(reply.text for reply in replies if isinstance(reply, Character))


def test_every_line_is_answered_in_its_order_and_a_bad_one_ends_nothing(forker: Forker, scribe: Run) -> None:
    code, ready, *replies = told(
        forker,
        scribe,
        b'{"ask": "predict", "id": 1, "text": "\xe6\x9c\x88"}\n'
        b"what is this?\n"
        b"\xff\xfe\n"
        b"\n"
        b'{"ask": "predict", "id": 7}\n'
        b'{"ask": "dance", "id": 8}\n'
        b'{"ask": "generate", "id": 9, "temperature": -1}\n'
        b'{"ask": "generate", "id": 10, "start": "x"}\n'
        b'{"ask": "predict", "id": 11, "text": "x"}\n'
        b'{"ask": "describe", "id": 12}\n',
    )
    assert code == {"code": 0}
    assert ready == {"reply": "ready", "id": 0, "run": scribe.id, "writes": True}
    assert [(reply["reply"], reply["id"]) for reply in replies] == [
        ("views", 1),
        *[("error", 0)] * 2,
        *[("error", number) for number in (7, 8, 9, 10, 11)],
        ("network", 12),
    ]
    for reply in replies[1:-1]:
        assert reply["message"].endswith(".")
        assert "\n" not in reply["message"]
    assert "never saw x" in replies[6]["message"]
    assert replies[-1]["structure"].startswith("Scribe(")
    assert replies[-1]["parameters"] > 100


def test_a_generation_is_a_line_a_character_and_an_end(forker: Forker, scribe: Run) -> None:
    _, _, *replies = told(
        forker, scribe, '{"ask": "generate", "id": 3, "start": "光", "seed": 5, "length": 4}\n'.encode()
    )
    assert {reply["id"] for reply in replies} == {3}
    begun, *characters = replies[:-1]
    assert (begun["reply"], begun["text"]) == ("begun", "光")
    assert [reply["reply"] for reply in characters] == ["character"] * len(characters)
    assert all(reply["text"] in CIRCLE and reply["log_probability"] <= 0 for reply in characters)
    assert (replies[-1]["reply"], replies[-1]["reason"]) in (("end", "limit"), ("end", "ended"))


def test_the_client_generates_alike_for_alike_seeds(client: Client) -> None:
    first = list(client.generate(Generate(start="月", seed=3)))
    assert isinstance(first[-1], End)
    assert text(first) == text(list(client.generate(Generate(start="月", seed=3))))
    assert client.writes


def test_a_generation_can_be_cancelled_and_the_child_goes_on(client: Client) -> None:
    got: list[Begun | Character | End] = []
    for reply in client.generate(Generate(temperature=100.0, length=100_000, seed=1)):
        got.append(reply)
        if len(got) == 1:
            client.cancel()
    assert isinstance(got[-1], End)
    assert got[-1].reason in ("cancelled", "ended")  # it may have come to its end before it heard
    assert isinstance(client.predict("月").views[0], Text)


def test_cancel_ends_what_is_under_way_and_what_waits(scribe: Run) -> None:
    service = InferenceService(scribe, *trained_run.load_trained(scribe, threads=1))
    cancelled = {2}
    under_way = service.respond(Generate(id=1, seed=4), cancelled)
    assert next(under_way) == Begun(id=1, text="")
    assert isinstance(next(under_way), Character)
    cancelled.add(1)
    assert list(under_way) == [End(id=1, reason="cancelled")]
    _, end = service.respond(Generate(id=2), cancelled)
    assert end == End(id=2, reason="cancelled")


def test_candidates_come_side_by_side_and_the_best_is_named(scribe: Run) -> None:
    service = InferenceService(scribe, *trained_run.load_trained(scribe, threads=1))
    asked = Generate(id=1, start="光", seed=5, temperature=2.0, best_of=3, length=30)
    begun, *characters, end = service.respond(asked, set())
    assert begun == Begun(id=1, text="光")
    assert {reply.candidate for reply in characters if isinstance(reply, Character)} == {0, 1, 2}
    alone = [*service.respond(msgspec.structs.replace(asked, best_of=1), set())]
    first = [reply for reply in characters if isinstance(reply, Character) and not reply.candidate]
    assert text(alone) == text(first)
    assert isinstance(end, End)
    assert end.scores[end.best] == max(end.scores)
    assert len(end.scores) == 3
    cancelled: set[int] = set()
    under_way = service.respond(asked, cancelled)
    next(under_way), next(under_way)
    cancelled.add(1)
    assert list(under_way) == [End(id=1, reason="cancelled")]


def test_what_a_writer_cannot_do_is_one_sentence(client: Client) -> None:
    with pytest.raises(ValueError, match="writes freely: it knows no form"):
        list(client.generate(Generate(constraints={"form": "五绝"})))
    with pytest.raises(ValueError, match="nothing to explain"):
        client.explain("月")


def test_leaving_a_generation_early_leaves_nothing_behind(client: Client) -> None:
    tokens = client.generate(Generate(temperature=100.0, length=5_000))
    next(tokens)
    tokens.close()
    assert client.describe().parameters > 100


def test_the_clients_errors_are_sentences(client: Client) -> None:
    with pytest.raises(ValueError, match=r"never saw x: begin with another character\."):
        list(client.generate(Generate(start="x")))
    with pytest.raises(ValueError, match="never saw x"):
        client.predict("x")


def test_a_runs_own_child_summarises_other_networks_too(client: Client, scribe: Run) -> None:
    assert client.network_summary(scribe.spec).parameters == client.describe().parameters
    with pytest.raises(ValueError, match="18 languages"):
        client.network_summary(spec.make("names", "rnn", {"task.head": "identity"}))


def test_a_task_that_does_not_write_says_so(runs_folder: Path) -> None:
    run = toy(runs_folder, {"train.max_steps": 1})
    trained(run)
    with Client(run) as client:
        assert not client.writes
        assert isinstance(client.predict("012").views[0], Table)
        with pytest.raises(ValueError, match="does not write"):
            list(client.generate(Generate()))


def test_a_run_without_weights_cannot_be_asked(forker: Forker, runs_folder: Path) -> None:
    run = toy(runs_folder)
    code, error = told(forker, run, b"")
    assert code == {"code": 1}
    assert error["reply"] == "error"
    assert "never reached its first step" in error["message"]
    with pytest.raises(RunError, match="never reached its first step"):
        Client(run)


def test_a_child_that_is_gone_is_said(scribe: Run) -> None:
    with Client(scribe) as client:
        client._child.send_signal(signal.SIGKILL)
        client._child.wait()
        with pytest.raises(RunError, match="is gone"):
            client.predict("月")


def test_ctrl_c_concerns_whoever_asks(scribe: Run) -> None:
    with Client(scribe) as client:
        os.kill(client._child.pid, signal.SIGINT)
        assert client.describe().parameters > 100


def test_client_and_session_import_no_torch() -> None:
    code = "import sys, workbench.inference.session; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
