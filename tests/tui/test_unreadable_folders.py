"""Runs, and folders of runs, that cannot be read: a sentence on every screen."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.runs.folder import RunError
from workbench.runs.run import Run

SENTENCE = "Run evil is not opened: lock is a link."


@pytest.fixture
def linked(worker, monkeypatch) -> Run:
    """A run that refuses to be opened from now on, by whatever property it is read."""
    run: Run = worker().start().train(10, 60).run

    def refuse(one: Run) -> bool:
        if one.path == run.path:
            raise RunError(SENTENCE)
        return False

    monkeypatch.setattr(Run, "alive", refuse)
    return run


@pytest.mark.parametrize("keys", [("2",), ("4",), ("3",), ("1",)])
@pytest.mark.parametrize("kind", ["file", "forbidden"])
async def test_a_folder_of_runs_that_is_none_is_told(screen, folder: Path, keys, kind: str, monkeypatch) -> None:
    if kind == "file":
        folder.write_text("")
    else:
        folder.mkdir()

        def refusing(look: Callable[..., Any]) -> Callable[..., Any]:
            def refuse(path: Any = ".") -> Any:
                if not isinstance(path, int) and Path(path) == folder:
                    raise PermissionError(13, os.strerror(13), str(folder))
                return look(path)

            return refuse

        monkeypatch.setattr(os, "scandir", refusing(os.scandir))
        monkeypatch.setattr(os, "listdir", refusing(os.listdir))
    async with screen.open() as pilot:
        await screen.until(pilot, "names with lstm")
        await pilot.press(*keys)
        if keys[0] in "24":
            await screen.until(pilot, "The runs in")  # a long path breaks the rest of the sentence
        await pilot.pause(0.1)
        assert pilot.app.return_code is None


async def test_a_run_that_is_not_opened_is_one_bad_line(screen, worker, linked: Run) -> None:
    other = worker("gru").start().train(10, 60)
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "unreadable", "gru", "2 runs")
        await pilot.press("end")
        await screen.until(pilot, SENTENCE)
        await pilot.press("enter")
        await pilot.pause(0.2)
        assert pilot.app.place == "runs"
    assert other.run.path != linked.path


async def test_asked_for_by_name_its_sentence_stands_over_the_list(screen, linked: Run) -> None:
    async with screen.open(linked) as pilot:
        await screen.until(pilot, SENTENCE, "unreadable")


async def test_a_page_that_is_open_says_it(screen, worker, monkeypatch) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        monkeypatch.setattr(Run, "alive", lambda _: (_ for _ in ()).throw(RunError(SENTENCE)))
        await screen.until(pilot, SENTENCE)
        await pilot.press("2")
        await screen.until(pilot, "unreadable")
