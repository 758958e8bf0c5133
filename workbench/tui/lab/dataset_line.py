"""State of the chosen task's dataset on this machine, and its download."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.filesize import decimal
from textual import work
from textual.content import Content

import tasks
from tasks.base import DataError, Settings
from workbench.render.text import printable
from workbench.tui.lab.text_lines import StatusLine
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.progress import bar

if TYPE_CHECKING:
    from tasks.shared.datasets.locations import DatasetStatus, Source
    from tasks.shared.datasets.registry import Dataset

T = TypeVar("T")
Piece = str | tuple[str, str] | Content


class DownloadStopped(Exception):
    """The user ended a download."""


class Download:
    """A download under way. Its bytes are counted on the thread that downloads."""

    def __init__(self, size: int | None) -> None:
        self.size = size
        self.received = 0
        self.stopped = False
        self.over = asyncio.Event()

    def arrived(self, count: int) -> None:
        """Count bytes that arrived.

        Raises:
            DownloadStopped: the user ended it.
        """
        if self.stopped:
            raise DownloadStopped
        self.received += count


class DatasetLine(StatusLine):
    """One line: full and its folder, starter only, missing, or the progress of a download.

    Args:
        data: the data folder that the user named.
    """

    EVERY = 0.2  # seconds between two looks at a download

    def __init__(self, id: str, data: Path | None) -> None:
        super().__init__("data", id)
        self._data = data
        self._task_name = ""
        self._settings: Settings | None = None
        self._standing: DatasetStatus | None = None
        self._downloads: dict[str, Download] = {}
        self._failures: dict[str, str] = {}

    def on_mount(self) -> None:
        self._clock = self.set_interval(self.EVERY, self._draw, pause=True)

    def on_unmount(self) -> None:
        for download in self._downloads.values():
            download.stopped = True

    def show(self, task: str, settings: Settings) -> None:
        """Show the state of a task's data, which may be a file of the user's own that its settings name."""
        before = (self._task_name, self._settings.own_data if self._settings else "")
        self._task_name, self._settings = task, settings
        if (task, settings.own_data) != before:
            self._standing = None
            self.call_after_refresh(self._look)  # what it imports would hold up the first paint

    @property
    def fetchable(self) -> bool:
        """There is something to download, or a download to stop."""
        if self._task_name in self._downloads:
            return True
        incomplete = self._standing is not None and self._standing.where in ("starter", "absent")
        return incomplete and _registered(self._task_name) is not None

    def fetch_or_stop(self) -> None:
        if not self.fetchable:
            return
        if running := self._downloads.get(self._task_name):
            running.stopped = True
            self._end(self._task_name, running)
        else:
            self._download(self._task_name, self._begin(self._task_name))

    async def locate(self, task: str, settings: Settings, say: Callable[[str], None]) -> Source:
        """Return the source of a run's data; what is missing is downloaded, and its progress shown.

        Raises:
            DataError: the data are not to be had. DownloadStopped: the user ended the download.
        """
        if (running := self._downloads.get(task)) and not settings.own_data:
            await running.over.wait()
            if running.stopped:
                raise DownloadStopped

        download = self._begin(task)

        def report(sentence: str) -> None:
            download.arrived(0)  # raises once the user has stopped it
            say(sentence)

        def find() -> Source:
            from tasks.shared.datasets import locations

            return locations.find_or_download(task, self._data, report, settings=settings, arrived=download.arrived)

        return await self._track(task, download, find)

    @work(group="download")
    async def _download(self, task: str, download: Download) -> None:
        self._failures.pop(task, None)

        def fetch() -> None:
            from tasks.shared.datasets import locations

            locations.download(task, lambda _: None, arrived=download.arrived)

        try:
            await self._track(task, download, fetch)
        except DownloadStopped:
            return
        except DataError as error:
            self._failures[task] = str(error)
        if not self.screen.is_current:
            failure = self._failures.get(task)
            self.app.notify(failure or f"The {task} data is here.", severity="error" if failure else "information")
        self._draw()

    def _begin(self, task: str) -> Download:
        """Show a download from now on, before its first byte: the next key already finds it under way."""
        known = _registered(task)
        download = self._downloads[task] = Download(known.size if known else None)
        self._clock.resume()
        self._draw()
        return download

    async def _track(self, task: str, download: Download, work: Callable[[], T]) -> T:
        """Do ``work`` on a thread while its progress is shown; a stop ends the waiting at once."""
        done = asyncio.ensure_future(run_in_thread(work))
        over = asyncio.ensure_future(download.over.wait())
        try:
            await asyncio.wait((done, over), return_when=asyncio.FIRST_COMPLETED)
            if download.stopped:
                raise DownloadStopped
            return await done
        finally:
            done.cancel()
            over.cancel()
            self._end(task, download)

    def _end(self, task: str, download: Download) -> None:
        download.over.set()
        if self._downloads.get(task) is download:
            del self._downloads[task]
        if not self.is_attached:
            return
        if not self._downloads:
            self._clock.pause()
        self._look()

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        task, settings = self._task_name, self._settings
        if settings is not None:
            standing = await run_in_thread(partial(_standing, task, self._data, settings))
            if self.is_attached:
                self._standing = standing
                self._draw()

    def _draw(self) -> None:
        failed = self._task_name in self._failures or (self._standing is not None and bool(self._standing.problem))
        self.say(*self._text(), explains=failed)
        self.screen.refresh_bindings()

    def _text(self) -> list[Piece]:
        if download := self._downloads.get(self._task_name):
            return _progress(download)
        if failure := self._failures.get(self._task_name):
            return [(printable(failure), "$text-error"), (" · g tries again", "$foreground-muted")]
        if self._standing is None or self._settings is None:
            return [("looking …", "$foreground-muted")]
        if self._settings.own_data and not self._standing.problem:
            return [
                ("your own file", "$text-success"),
                (f", {printable(self._settings.own_data)}", "$foreground-muted"),
            ]
        return _state(self._task_name, self._standing)


def _registered(task: str) -> Dataset | None:
    """Return what is known of a task's download; ``None``: there is none."""
    from tasks.shared.datasets import locations

    return locations.registered(task)


def _standing(task: str, named: Path | None, settings: Settings) -> DatasetStatus:
    from tasks.shared.datasets import locations
    from tasks.shared.datasets.locations import DatasetStatus

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


def _progress(download: Download) -> list[Piece]:
    """Return a download's progress."""
    stop = (" · g stops it", "$foreground-muted")
    if not download.received:
        return [("connecting …", "$text-warning"), stop]
    if not download.size:
        return [(f"downloading: {decimal(download.received)}", "$text-warning"), stop]
    share = min(1.0, download.received / download.size)
    if share == 1.0:
        return [("checking what arrived …", "$text-warning"), stop]
    return [
        ("downloading ", "$text-warning"),
        bar(share, 16, "running"),
        f" {share:.0%} of {decimal(download.size)}",
        stop,
    ]


def _own(task: str) -> Piece:
    """Return the settings that name data of the user's own, for a task that has no others."""
    settings = tasks.settings(task)
    names = " or ".join(settings.own_data_names()) if settings.own_data_only else ""
    return (f" · {names} above names your own" * bool(names), "$foreground-muted")


def _state(task: str, standing: DatasetStatus) -> list[Piece]:
    """Return the data's state and folder, the least important last: a small screen cuts it off."""
    if not tasks.settings(task).files and standing.where != "incomplete":
        return [("none needed", "$text-success")]
    rows = f", {standing.rows:,} rows" if standing.rows else ""
    known = _registered(task)
    size = f", {decimal(known.size)}" if known and known.size else ""
    get = (f" · g downloads all of it{size}", "$foreground-muted") if known else ""
    match standing.where:
        case "incomplete":
            return [(printable(standing.problem), "$text-error")]
        case "absent":
            return [("missing", "$text-error"), get]
        case "starter":
            return [(f"starter only{rows}", "$text-warning"), get or _own(task)]
    checked = f", {standing.found.verdict}" if standing.found else ""
    return [("full", "$text-success"), rows + checked, (f", {printable(str(standing.folder))}", "$foreground-muted")]
