"""The Lab's network: asked of a child beside the screen, a moment after the last change."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_steps import choose, enter, form_ready, put
from waiting import HANG, eventually

from workbench.config.spec import RunSpec
from workbench.inference import session
from workbench.inference.protocol import NetworkSummary, Part
from workbench.runs.folder import RunError
from workbench.tui.lab.network_line import NetworkSummaryLine, Structure, lay_out


class Child:
    """Stands for the child: its parameters are the hidden size times a thousand."""

    made: list[Child] = []  # noqa: RUF012

    def __init__(self, run: None) -> None:
        self.asked: list[RunSpec] = []
        self.named: list[Path | None] = []
        self.closed = threading.Event()
        self.answer: Callable[[RunSpec], NetworkSummary] = example_summary
        Child.made.append(self)

    def network_summary(self, described: RunSpec, data: Path | None) -> NetworkSummary:
        self.asked.append(described)
        self.named.append(data)
        return self.answer(described)

    def end(self) -> None:
        return

    def close(self) -> None:
        self.closed.set()


def example_summary(described: RunSpec) -> NetworkSummary:
    hidden = described.options.hidden
    parts = [
        Part(name="embedding", weights={"weight": [57, 64]}, parameters=3648),
        Part(name="layer 1", about="Long [red]", weights={"weight_hh": [hidden, hidden]}, parameters=hidden),
        Part(name="pooling", about="the last output of each direction"),
    ]
    return NetworkSummary(parameters=hidden * 1000, parts=parts, note="with the starter data's vocabulary")


@pytest.fixture
def child(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Child]]:
    monkeypatch.setattr(session, "Client", Child)
    monkeypatch.setattr(NetworkSummaryLine, "SOON", 0.01)
    monkeypatch.setattr(NetworkSummaryLine, "SETTLED", 0.05)
    Child.made.clear()
    yield Child.made
    assert all(one.closed.wait(HANG) for one in Child.made), "a child outlived the screen"


def line(pilot: Any) -> str:
    return str(pilot.app.screen.query_one(NetworkSummaryLine).content)


async def test_the_network_is_told_part_by_part(screen, child, data) -> None:
    async with screen.open(data=data) as pilot:
        await screen.until(pilot, "96,000 parameters, 384.0 kB, with the starter data's vocabulary")
        text = await screen.until(pilot, "weight (57, 64)", "3,648", "weight_hh (96, 96)", "the last output of each")
        assert "[red]" not in text  # the weights say more
        assert child[0].named == [data]


async def test_the_child_is_asked_once_after_the_last_of_several_changes(screen, child) -> None:
    async with screen.open() as pilot:
        await screen.until(pilot, "96,000 parameters")
        await form_ready(pilot)
        await enter(pilot, "cell.hidden", "48")
        assert "counting …" in line(pilot) or "48,000" in line(pilot)
        await screen.until(pilot, "48,000 parameters")
        assert len(child) == 1
        before = len(child[0].asked)
        await enter(pilot, "train.lr", "0.01")  # no matter of the network, nor is the 0 on the way
        await pilot.pause(0.15)
        assert len(child[0].asked) == before


async def test_what_comes_late_for_older_settings_is_dropped(screen, child) -> None:
    async with screen.open() as pilot:
        await screen.until(pilot, "96,000 parameters")
        await form_ready(pilot)
        held, told = threading.Event(), []

        def slowly(described: RunSpec) -> NetworkSummary:
            assert held.wait(HANG)
            told.append(described.options.hidden)
            return example_summary(described)

        child[0].answer = slowly
        await put(pilot, "cell.hidden", "32")
        await eventually(pilot, lambda: child[0].asked[-1].options.hidden == 32)
        await put(pilot, "cell.hidden", "16")
        await pilot.pause(0.1)
        assert len(child[0].asked) == 2  # one question at a time
        seen: list[str] = []

        def newest() -> bool:
            seen.append(line(pilot))
            return "16,000" in seen[-1]

        held.set()
        await eventually(pilot, newest)
        assert told == [32, 16]
        assert not any("32,000" in words for words in seen)


async def test_what_cannot_be_counted_is_one_sentence_and_the_next_question_is_asked_anew(screen, child) -> None:
    async with screen.open() as pilot:
        await screen.until(pilot, "96,000 parameters")
        await form_ready(pilot)
        await put(pilot, "cell.hidden", "0")
        await screen.until(pilot, "not counted while the settings cannot be used", "weight_hh")
        assert all(part.has_class("-stale") for part in pilot.app.screen.query(Structure))
        await put(pilot, "cell.hidden", "8")
        await screen.until(pilot, "8,000 parameters", "weight_hh")
        for children, error in ((1, ValueError("It cannot be built [red].")), (2, RunError("It is gone: ask again."))):

            def fails(_: RunSpec, error: Exception = error) -> NetworkSummary:
                raise error

            child[0].answer = fails
            await choose(pilot, "cells", "gru")
            await screen.until(pilot, str(error))
            child[0].answer = example_summary
            await choose(pilot, "cells", "rnn")
            await screen.until(pilot, "8,000 parameters")
            assert len(child) == children


async def test_the_child_ends_when_the_lab_is_left_and_comes_back_with_it(screen, child) -> None:
    async with screen.open() as pilot:
        await screen.until(pilot, "96,000 parameters")
        await pilot.press("question_mark", "escape")  # what only lies over the Lab leaves it alone
        await pilot.pause(0.05)
        assert not child[0].closed.is_set()
        await pilot.press("2")
        await screen.until(pilot, "There are no runs")
        assert child[0].closed.wait(HANG)
        await pilot.press("1")
        await choose(pilot, "cells", "gru")
        await eventually(pilot, lambda: len(child) == 2)
        await screen.until(pilot, "96,000 parameters")


async def test_coming_back_while_the_child_still_starts_asks_another(screen, child, monkeypatch) -> None:
    held, slow = threading.Event(), Child.__init__

    def start_slowly(self: Child, run: None) -> None:
        slow(self, run)
        assert held.wait(HANG) or len(Child.made) > 1

    monkeypatch.setattr(Child, "__init__", start_slowly)
    async with screen.open() as pilot:
        await eventually(pilot, lambda: len(child) == 1)
        await pilot.press("2")
        await screen.until(pilot, "There are no runs")
        await pilot.press("1")
        await screen.until(pilot, "counting …")
        held.set()
        await screen.until(pilot, "96,000 parameters")
        assert child[0].closed.wait(HANG)
        assert child[0].asked == []


def test_a_structure_fits_whatever_width_there_is() -> None:
    parts = [
        Part(name="layer 1 forward", weights={"weight_ih": [1024, 64], "weight_hh": [1024, 256]}, parameters=10**9),
        Part(name="a name that is longer than its column", about="what it does " * 9),
    ]
    found = NetworkSummary(parameters=10**9, parts=parts)
    for width in range(24, 121):
        lines = lay_out(found, width).plain.splitlines()
        if width >= 40:
            assert max(map(len, lines)) <= width
        assert lines[0].startswith("layer 1 forward")
        assert lines[0].endswith("1,000,000,000")
        assert any("weight_hh (1024, 256)" in one for one in lines)  # never broken


async def test_the_real_child_tells_of_a_network_on_starter_data(
    screen, forked_servers, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(NetworkSummaryLine, "SOON", 0.01)
    monkeypatch.setattr(NetworkSummaryLine, "SETTLED", 0.05)
    had = "torch" in sys.modules
    async with screen.open() as pilot:
        await screen.until(pilot, "564,342 parameters, 2.3 MB")
        await screen.until(pilot, "weight_ih (384, 32)", "49,920")
        shown = str(pilot.app.screen.query_one(Structure).content)  # the last lines lie below the pane
        assert "classifier" in shown
        assert "2 more of the same form" in shown
    assert had == ("torch" in sys.modules)
    assert capfd.readouterr().err == ""
