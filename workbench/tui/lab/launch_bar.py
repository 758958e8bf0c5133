"""Foot of the Lab: data, network and the button that starts the described run."""

from __future__ import annotations

from functools import partial
from subprocess import Popen
from typing import TYPE_CHECKING

import msgspec
from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from tasks.base import PlainError
from workbench.config.spec import RunSpec
from workbench.executors import jobs
from workbench.render.text import printable
from workbench.runs import launch, store
from workbench.runs.run import LIVE, Run
from workbench.tui.lab.dataset_line import DatasetLine, DownloadStopped
from workbench.tui.lab.network_line import NetworkSummaryLine
from workbench.tui.lab.place_choice import PlaceChoice
from workbench.tui.lab.text_lines import StatusLine
from workbench.tui.services.cluster_jobs import ask_clusters
from workbench.tui.services.threads import run_in_thread
from workbench.tui.session import Session
from workbench.tui.widgets.static_text import StaticText

if TYPE_CHECKING:
    from tasks.shared.datasets.locations import Source
    from workbench.executors.clusters import Named


class LaunchBar(Vertical):
    """The data, the network, the button, and the run that it starts or the reason why it cannot."""

    EVERY = 1.0  # seconds between two looks at what trains

    class Started(Message):
        """A run was started."""

        def __init__(self, run: Run, *, stay: bool) -> None:
            super().__init__()
            self.run = run
            self.stay = stay

    def __init__(self, session: Session) -> None:
        super().__init__(id="foot")
        self._session = session
        self.described: RunSpec | None = None  # by the button
        self._words = ""
        self._starting = False
        self._last: Run | None = None  # the last that was started without leaving

    def compose(self) -> ComposeResult:
        yield DatasetLine("data", self._session.data)
        yield NetworkSummaryLine("network", self._session.data)
        with Horizontal(id="start-row"):
            yield Button("Start", variant="primary", id="start", compact=True, action="screen.start")
            yield PlaceChoice()
            yield StaticText(id="verdict")

    def on_mount(self) -> None:
        self.set_interval(self.EVERY, self._count)
        self.run_worker(ask_clusters(self._live_job, readonly=self._session.readonly), group="jobs")

    def _live_job(self) -> list[Run]:
        """Return the run that was started last from here as long as a cluster may have it."""
        last = self._last if self.screen.is_current else None
        return [last] if last and (job := last.job) and job.live else []

    def show(self, described: RunSpec | None, words: str) -> None:
        """Show the run that the button starts; ``None``: none can be started, and the words say why."""
        self.described, self._words = described, words
        self._update()

    def _update(self) -> None:
        style = "$foreground-muted" if self.described else "$text-error"
        shown = (
            ("starting: looking for the data …", "$text-warning") if self._starting else (printable(self._words), style)
        )
        self.query_one("#verdict", Static).update(Content.styled(*shown))

    def start(self, *, stay: bool = False) -> None:
        """Start the described run; where there is none, the reason stands beside the button already."""
        if self.described is None or self._starting:
            self.app.bell()
            return
        self._starting = True
        self._update()
        self._start(self.described, stay, self.query_one(PlaceChoice).cluster)

    @work(exclusive=True, group="start")
    async def _start(self, described: RunSpec, stay: bool, cluster: Named | None) -> None:
        """Find the data, make the run, start its worker or hand it to a cluster: none of it blocks the screen."""
        app = self.app

        def say(sentence: str) -> None:
            app.call_from_thread(app.notify, sentence, markup=False, timeout=12)

        def begin(source: Source) -> tuple[Run, Popen[bytes] | None]:
            folder = str(source.folder) if source.kind == "full" else ""
            run = store.create(
                self._session.runs_folder, msgspec.structs.replace(described, data=source.kind, data_dir=folder)
            )
            if cluster is None:
                return run, launch.start(run)
            jobs.submit(cluster, [run])
            return run, None

        try:
            source = await self.query_one(DatasetLine).locate(described.task, described.settings, say)
            run, worker = await run_in_thread(partial(begin, source))
        except DownloadStopped:
            app.notify("Nothing was started: its data were not waited for.")
        except PlainError as error:
            app.notify(str(error), severity="error", markup=False, timeout=12)
        except OSError as error:
            app.notify(f"The run could not be started: {error}.", severity="error", markup=False, timeout=12)
        else:
            self._session.owned_runs.add(run, worker)
            if stay:
                self._last = run
                await self._count()
            self.post_message(self.Started(run, stay=stay))
        finally:
            self._starting = False
            self._update()

    async def _count(self) -> None:
        """Show the run that was started last from here, and the number of those that train."""
        if self._last is None or not self.screen.is_current:
            return
        live = len(self._session.owned_runs.live())
        count = f"{live} run{'s' * (live != 1)} training"
        if not self.query("#started"):
            await self.mount(StatusLine("started", "started"), before="#start-row")
        self.query_one("#started", StatusLine).say(
            (self._last.id, "bold"), f" {_word(self._last)} · {count} · F3 lists them"
        )


def _word(run: Run) -> str:
    """Return whether a run trains, or waits for a cluster, or has ended."""
    if run.alive():
        return "is training"
    job = run.job
    if job and job.live and run.status() in LIVE:
        return f"waits for {job.cluster}" if job.state == "queued" else f"is with {job.cluster}"
    return "has ended"
