"""Where the chosen task's data stand, and a key that fetches them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from rich.filesize import decimal
from textual import work
from textual.content import Content

import tasks
from tasks.base import DataError, Settings
from tasks.shared.datasets import locations
from tasks.shared.datasets.locations import DatasetStatus, Source
from workbench.render.text import printable
from workbench.tui.lab.status_line import FootLine
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.progress import bar

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp

T = TypeVar("T")
Piece = str | tuple[str, str] | Content


class Stopped(Exception):
    """A person ended a download."""


class Fetch:
    """A download under way. It counts on the thread that downloads."""

    def __init__(self, size: int | None) -> None:
        self.size = size
        self.received = 0
        self.stopped = False
        self.over = asyncio.Event()

    def arrived(self, count: int) -> None:
        """Raises: Stopped: nobody wants it any more."""
        if self.stopped:
            raise Stopped
        self.received += count


class DataLine(FootLine):
    """One line: full and where, starter only, missing, on its way."""

    EVERY = 0.2  # seconds between two looks at a download

    def __init__(self, id: str) -> None:
        super().__init__("data", id)
        self._of = ""
        self._settings: Settings | None = None
        self._standing: DatasetStatus | None = None
        self._fetches: dict[str, Fetch] = {}
        self._failures: dict[str, str] = {}

    def on_mount(self) -> None:
        self._clock = self.set_interval(self.EVERY, self._draw, pause=True)

    def on_unmount(self) -> None:
        for fetch in self._fetches.values():
            fetch.stopped = True

    @property
    def _named(self) -> Path | None:
        return cast("WorkbenchApp", self.app).data

    def show(self, task: str, settings: Settings) -> None:
        """Tell of this task's data, which its settings may say to be a file of the user's own."""
        before = (self._of, self._settings.own_data if self._settings else "")
        self._of, self._settings = task, settings
        if (task, settings.own_data) != before:
            self._standing = None
            self._look()

    @property
    def fetchable(self) -> bool:
        """Whether there is something to fetch, or to stop."""
        if self._of in self._fetches:
            return True
        lacking = self._standing is not None and self._standing.where in ("starter", "absent")
        return lacking and locations.registered(self._of) is not None

    def fetch_or_stop(self) -> None:
        if not self.fetchable:
            return
        if running := self._fetches.get(self._of):
            running.stopped = True
            self._ended(self._of, running)
        else:
            self._fetch(self._of)

    async def locate(self, task: str, settings: Settings, say: Callable[[str], None]) -> Source:
        """Where a run's data stand; they are fetched where they must be, and shown as they come.

        Raises:
            DataError: they cannot be had. Stopped: a person ended the download.
        """
        if (running := self._fetches.get(task)) and not settings.own_data:
            await running.over.wait()
            if running.stopped:
                raise Stopped

        def find(fetch: Fetch) -> Source:
            def tell(sentence: str) -> None:
                fetch.arrived(0)  # whoever stopped it wants to hear no more
                say(sentence)

            return locations.find_or_download(task, self._named, tell, settings=settings, arrived=fetch.arrived)

        return await self._through(task, find)

    @work(group="fetch")
    async def _fetch(self, task: str) -> None:
        self._failures.pop(task, None)

        def download(fetch: Fetch) -> Path:
            return locations.download(task, lambda _: None, arrived=fetch.arrived)

        try:
            await self._through(task, download)
        except Stopped:
            return
        except DataError as error:
            self._failures[task] = str(error)
        if not self.screen.is_current:
            told = self._failures.get(task)
            self.app.notify(told or f"The {task} data is here.", severity="error" if told else "information")
        self._draw()

    async def _through(self, task: str, work: Callable[[Fetch], T]) -> T:
        """Do ``work`` beside the screen while its progress is shown; a stop is at once the end of it here."""
        known = locations.registered(task)
        fetch = self._fetches[task] = Fetch(known.size if known else None)
        self._clock.resume()
        self._draw()
        done = asyncio.ensure_future(run_in_thread(partial(work, fetch)))
        over = asyncio.ensure_future(fetch.over.wait())
        try:
            await asyncio.wait((done, over), return_when=asyncio.FIRST_COMPLETED)
            if fetch.stopped:
                raise Stopped
            return await done
        finally:
            done.cancel()
            over.cancel()
            self._ended(task, fetch)

    def _ended(self, task: str, fetch: Fetch) -> None:
        fetch.over.set()
        if self._fetches.get(task) is fetch:
            del self._fetches[task]
        if not self.is_attached:
            return
        if not self._fetches:
            self._clock.pause()
        self._look()

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        task, settings = self._of, self._settings
        if settings is not None:
            found = await run_in_thread(partial(_standing, task, self._named, settings))
            if self.is_attached:
                self._standing = found
                self._draw()

    def _draw(self) -> None:
        failed = self._of in self._failures or (self._standing is not None and bool(self._standing.problem))
        self.say(*self._told(), explains=failed)
        self.screen.refresh_bindings()

    def _told(self) -> list[Piece]:
        if fetch := self._fetches.get(self._of):
            return _coming(fetch)
        if failure := self._failures.get(self._of):
            return [(printable(failure), "$text-error"), (" · g tries again", "$foreground-muted")]
        if self._standing is None or self._settings is None:
            return [("looking …", "$foreground-muted")]
        if self._settings.own_data and not self._standing.problem:
            return [
                ("your own file", "$text-success"),
                (f", {printable(self._settings.own_data)}", "$foreground-muted"),
            ]
        return _stands(self._of, self._standing)


def _standing(task: str, named: Path | None, settings: Settings) -> DatasetStatus:
    try:
        if not settings.own_data:
            return locations.status(task, named)
        source = locations.find(task, named, settings)
        return DatasetStatus("named folder", source.folder if source else None)
    except DataError as error:
        return DatasetStatus("incomplete", None, str(error))
    except OSError as error:
        return DatasetStatus(
            "incomplete", None, f"The {task} data cannot be read: {error.strerror} ({error.filename})."
        )


def _coming(fetch: Fetch) -> list[Piece]:
    """A download's progress."""
    stop = (" · g stops it", "$foreground-muted")
    if not fetch.received:
        return [("connecting …", "$text-warning"), stop]
    if not fetch.size:
        return [(f"downloading: {decimal(fetch.received)}", "$text-warning"), stop]
    share = min(1.0, fetch.received / fetch.size)
    if share == 1.0:
        return [("checking what arrived …", "$text-warning"), stop]
    return [
        ("downloading ", "$text-warning"),
        bar(share, 16, "running"),
        f" {share:.0%} of {decimal(fetch.size)}",
        stop,
    ]


def _stands(task: str, standing: DatasetStatus) -> list[Piece]:
    """Where the data stand, the least important last: a small screen cuts it off."""
    if not tasks.settings(task).files:
        return [("none needed", "$text-success")]
    rows = f", {standing.rows:,} rows" if standing.rows else ""
    known = locations.registered(task)
    size = f", {decimal(known.size)}" if known and known.size else ""
    get = (f" · g downloads all of it{size}", "$foreground-muted") if known else ""
    match standing.where:
        case "incomplete":
            return [(printable(standing.problem), "$text-error")]
        case "absent":
            return [("missing", "$text-error"), get]
        case "starter":
            return [(f"starter only{rows}", "$text-warning"), get]
    checked = f", {standing.found.verdict}" if standing.found else ""
    return [("full", "$text-success"), rows + checked, (f", {printable(str(standing.folder))}", "$foreground-muted")]
