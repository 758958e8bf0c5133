"""The inference session: when it opens a child, keeps it, opens another, and lets go of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import HANG, until

from workbench.inference import session as sessions
from workbench.inference.session import InferenceSession
from workbench.runs.folder import RunError
from workbench.runs.run import Run


class Child:
    """Stands for the client: answers while it is open, and waits where a test holds it."""

    made: list[Child] = []  # noqa: RUF012
    refuses = False
    opens = threading.Event()

    def __init__(self, run: Run | None) -> None:
        if self.refuses:
            raise RunError("It cannot be opened.")
        self.run, self.ended, self.closed = run, threading.Event(), threading.Event()
        Child.made.append(self)
        assert self.opens.wait(HANG)

    def wait_for_the_end(self) -> None:
        assert self.ended.wait(HANG)
        raise RunError("It is gone.")

    def end(self) -> None:
        self.ended.set()

    def close(self) -> None:
        self.closed.set()


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Child]]:
    monkeypatch.setattr(sessions, "Client", Child)
    monkeypatch.setattr(Child, "refuses", False)
    Child.made.clear()
    Child.opens.set()
    yield Child.made
    Child.opens.set()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "best.safetensors").write_bytes(b"old")
    return Run(tmp_path)


def used(session: InferenceSession, run: Run | None) -> object:
    with session.request(run) as client:
        return client


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[str]]:
    """A request on a thread, and the sentence that it ended with."""
    errors: list[str] = []

    def body() -> None:
        try:
            work()
        except RunError as error:
            errors.append(str(error))

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    return thread, errors


def test_no_child_is_opened_before_the_first_request_and_one_serves_them_all(run: Run, made: list[Child]) -> None:
    session = InferenceSession()
    assert made == []
    assert used(session, run) is used(session, run) is made[0]
    assert [child.run for child in made] == [run]


def test_replaced_weights_and_another_run_open_another_child(run: Run, made: list[Child], tmp_path: Path) -> None:
    session = InferenceSession()
    used(session, run)
    run.best_file.rename(run.best_file.with_suffix(".old"))
    run.best_file.write_bytes(b"newer")
    used(session, run)
    used(session, Run(tmp_path / "other"))
    used(session, None)
    assert [child.closed.is_set() for child in made] == [True, True, True, False]


def test_a_child_that_is_gone_is_replaced_and_one_that_refuses_a_request_is_kept(made: list[Child]) -> None:
    session = InferenceSession()
    with pytest.raises(ValueError, match="no such class"), session.request():
        raise ValueError("There is no such class.")
    used(session, None)
    with pytest.raises(RunError, match="is gone"), session.request():
        raise RunError("It is gone.")
    used(session, None)
    assert [child.closed.is_set() for child in made] == [True, False]


def test_a_child_that_cannot_be_opened_is_tried_again(monkeypatch: pytest.MonkeyPatch, made: list[Child]) -> None:
    session = InferenceSession()
    monkeypatch.setattr(Child, "refuses", True)
    with pytest.raises(RunError, match="cannot be opened"):
        used(session, None)
    monkeypatch.setattr(Child, "refuses", False)
    assert used(session, None) is made[0]


def test_closing_ends_the_request_under_way_and_a_later_one_opens_another(made: list[Child]) -> None:
    session = InferenceSession()

    def ask() -> None:
        with session.request() as client:
            assert isinstance(client, Child)
            client.wait_for_the_end()

    thread, errors = in_thread(ask)
    until(lambda: session._client is not None)
    session.close()
    thread.join(5)
    assert errors == ["It is gone."]
    assert made[0].closed.wait(HANG)
    assert used(session, None) is made[-1]
    assert not made[-1].closed.is_set()


def test_closing_while_the_child_opens_waits_for_nothing_and_leaves_no_child(made: list[Child]) -> None:
    session = InferenceSession()
    Child.opens.clear()
    thread, errors = in_thread(lambda: used(session, None))
    until(lambda: made)
    session.close()
    assert not made[0].closed.is_set()
    Child.opens.set()
    thread.join(5)
    assert errors == ["The inference session was closed: ask again."]
    assert made[0].closed.wait(HANG)
