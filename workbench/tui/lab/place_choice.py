"""Choice of the place where the Lab's run trains: hidden where no cluster is described."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Select, Static

from tasks.base import PlainError
from workbench.tui.services.threads import run_in_thread

if TYPE_CHECKING:
    from workbench.executors.clusters import Named


class PlaceChoice(Horizontal):
    """This machine or one of the clusters that are described; the choice stays as long as the Lab."""

    def __init__(self) -> None:
        super().__init__(id="place")
        self._clusters: list[Named] = []
        self._told = ""  # what was last said to be wrong with a description

    def compose(self) -> ComposeResult:
        from workbench.executors.clusters import LOCAL

        yield Static("on", classes="name")
        yield Select[str]([(LOCAL, LOCAL)], allow_blank=False, compact=True, id="on")

    def on_mount(self) -> None:
        self.display = False
        self.look()

    @property
    def cluster(self) -> Named | None:
        """The cluster that is chosen; ``None``: this machine."""
        chosen = self.query_one(Select).value
        return next((named for named in self._clusters if named.name == chosen), None)

    @work(exclusive=True, group="places")
    async def look(self) -> None:
        """Offer the clusters that are described now."""
        from workbench.executors import clusters

        try:
            described = await run_in_thread(clusters.described)
        except PlainError as error:
            if str(error) != self._told:
                self._told = str(error)
                self.app.notify(str(error), severity="warning", markup=False)
            return
        if described == self._clusters:
            return
        self._clusters = described
        select = self.query_one(Select)
        chosen = select.value
        names = [clusters.LOCAL, *(named.name for named in described)]
        select.set_options((name, name) for name in names)
        select.value = chosen if chosen in names else clusters.LOCAL
        self.display = bool(described)
