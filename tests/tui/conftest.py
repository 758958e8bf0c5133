"""The screen on run folders written by hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
import shipped
from fake_network import FakeNetwork, with_weights
from fake_worker import FakeWorker
from poem_steps import Bare, staged
from textual.pilot import Pilot
from waiting import HANG

from tasks.names.settings import LANGUAGES
from workbench.runs import launch
from workbench.runs.run import Run
from workbench.tui.app import WorkbenchApp
from workbench.tui.compare.screen import CompareScreen
from workbench.tui.lab.network_line import NetworkSummaryLine
from workbench.tui.run.screen import RunScreen
from workbench.tui.runs.screen import RunsScreen
from workbench.tui.studies.screen import StudiesScreen


@pytest.fixture(autouse=True)
def fixed_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell or task that is added to the repository changes no screen of the tests."""
    shipped.hide_others(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs land; the user's own cache, data folder and terminal are out of sight."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    for name in ("WORKBENCH_DATA", "WORKBENCH_ASCII", "NO_COLOR", "TEXTUAL_THEME", "LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setattr(RunScreen, "EVERY", 0.03)
    monkeypatch.setattr(RunsScreen, "EVERY", 0.05)
    monkeypatch.setattr(CompareScreen, "EVERY", 0.05)
    monkeypatch.setattr(StudiesScreen, "EVERY", 0.05)
    for moment in ("SOON", "SETTLED"):  # no child with torch in it, but where a test asks for one
        monkeypatch.setattr(NetworkSummaryLine, moment, 1e6)
    return tmp_path / "runs"


@pytest.fixture
def bare_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    """The application begins with a screen that costs nothing to paint: its tests are of another one."""
    monkeypatch.setitem(WorkbenchApp.SCREENS, "lab", Bare)


@pytest.fixture
def worker(folder: Path) -> Iterator[Callable[..., FakeWorker]]:
    made: list[FakeWorker] = []

    def make(cell: str = "lstm", **described: Any) -> FakeWorker:
        made.append(FakeWorker(folder, cell, **described))
        return made[-1]

    yield make
    for one in made:
        one.close()


class Screen:
    """The application in a terminal of a given size, and what it shows as text."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.app: WorkbenchApp

    def open(
        self,
        run: Run | None = None,
        size: tuple[int, int] = (120, 36),
        data: Path | None = None,
        *,
        readonly: bool = False,
    ) -> AbstractAsyncContextManager[Pilot[None]]:
        self.app = WorkbenchApp(self._folder, data, run, readonly=readonly)
        return self.app.run_test(size=size, notifications=True)

    @property
    def text(self) -> str:
        """Every line of the screen as a person reads it."""
        return "\n".join("".join(s.text for s in strip) for strip in self.app.screen._compositor.render_strips())

    async def until(self, pilot: Pilot[None], *wanted: str, seconds: float = HANG) -> str:
        """Wait until all of the words stand on the screen."""
        end = time.monotonic() + seconds
        text = self.text
        while missing := [word for word in wanted if word not in text]:
            assert time.monotonic() < end, f"{missing} did not appear in:\n{text}"
            await pilot.pause(0.03)
            text = self.text
        return text


class Process:
    """A worker's process that never ends."""

    def poll(self) -> None:
        return None


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The runs that were started; no worker is."""
    found: list[Run] = []

    def start(run: Run) -> Process:
        found.append(run)
        return Process()

    monkeypatch.setattr(launch, "start", start)
    return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that holds names."""
    folder = tmp_path / "data" / "names"
    folder.mkdir(parents=True)
    for language in LANGUAGES:
        (folder / f"{language}.txt").write_text("Name\n")
    return folder.parent


@pytest.fixture
def screen(folder: Path) -> Screen:
    return Screen(folder)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> FakeNetwork:
    """What networks write on the Poem screen; no child is started."""
    return staged(monkeypatch)


@pytest.fixture
def writer(worker: Callable[..., FakeWorker]) -> FakeWorker:
    """A finished run of the poems."""
    return with_weights(worker(task="poems").start().train(10, 200).finish())


@pytest.fixture(scope="session")
def finished_toy(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the toy that was trained to its end."""
    from engine.toy_runs import toy, trained

    run = toy(tmp_path_factory.mktemp("toys"), {"train.epochs": 1})
    trained(run)
    return run
