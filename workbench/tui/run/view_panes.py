"""Panes for a task's views: one widget for each view of an evaluation, and for the samples made while training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rich.cells import cell_len, set_cell_size
from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Mount
from textual.widget import Widget

from tasks.views import Confusion, Series, Table, Text, View
from workbench.render.text import printable
from workbench.runs.events import Sample
from workbench.tui.widgets.confusion_grid import ConfusionGrid
from workbench.tui.widgets.matrix import most_confused
from workbench.tui.widgets.series_chart import SeriesChart
from workbench.tui.widgets.static_text import StaticText
from workbench.tui.widgets.table import Passage, lay_out

_TAB_NAME = 18  # cells of a tab's name
_SAMPLES = 30  # texts of one title that are shown
_ERRORS = 12  # of the commonest that are named under a matrix


class SampleTexts(tuple[Sample, ...]):
    """Samples that are texts of one title, the oldest first."""

    @property
    def title(self) -> str:
        return self[-1].view.title


PaneView = View | SampleTexts


def sample_views(samples: Sequence[Sample]) -> list[PaneView]:
    """Return what is shown of samples: the texts of each title together, of anything else the last of each title."""
    texts = [sample for sample in samples if isinstance(sample.view, Text)]
    titles = dict.fromkeys(sample.view.title for sample in texts)
    by_title = [SampleTexts([sample for sample in texts if sample.view.title == title][-_SAMPLES:]) for title in titles]
    others = {sample.view.title: sample.view for sample in samples if not isinstance(sample.view, Text)}
    return [*by_title, *others.values()]


def pane_names(views: Sequence[PaneView], taken: Sequence[str]) -> dict[str, PaneView]:
    """Return views by the names of their tabs: the beginnings of their titles, numbered where one is taken."""
    named: dict[str, PaneView] = {}
    for view in views:
        name = first = _tab_name(printable(view.title))
        number = 2
        while name in named or name in taken:
            name, number = f"{first} {number}", number + 1
        named[name] = view
    return named


def _tab_name(title: str) -> str:
    """Return as many of a title's first words as a tab has room for."""
    name = ""
    for word in title.split():
        longer = f"{name} {word}".strip()
        if name and cell_len(longer) > _TAB_NAME:
            return name.rstrip(",;:") + " …"
        name = longer
    return name if cell_len(name) <= _TAB_NAME + 6 else set_cell_size(name, _TAB_NAME) + "…"


class ConfusionPane(Vertical):
    """Matrix, and under it the commonest errors in words."""

    def __init__(self, view: Confusion) -> None:
        super().__init__()
        self._view = view
        self.grid = ConfusionGrid(view)
        self._errors = StaticText(classes="errors")

    def compose(self) -> ComposeResult:
        yield self.grid
        yield self._errors

    def show_view(self, view: Confusion) -> None:
        """Show another matrix."""
        self._view = view
        self.grid.show(view)
        self._tell_errors()

    @on(Mount)
    @on(ConfusionGrid.Fitted)
    def _tell_errors(self) -> None:
        view = self._view
        errors = [
            f"{printable(true)} as {printable(guess)} {count:,} ({share:.0%})"
            for true, guess, count, share in most_confused(view, _ERRORS)
        ]
        note = f"{printable(view.note)}  " if view.note else ""
        if self.grid.note:
            note += f"{self.grid.note[0].upper()}{self.grid.note[1:]}.  "
        head = (f"{note}Rows true, columns predicted; errors: ", "$foreground-muted")
        text = Content.assemble(head, ", ".join(errors) or "no errors")
        self._errors.update(text, layout=False)  # its height is the room that the matrix leaves


class SeriesPane(Vertical):
    """Title of a series, and its curves."""

    def __init__(self, view: Series) -> None:
        super().__init__()
        self._title = StaticText(_muted(view.title))
        self._chart = SeriesChart(view)

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._chart

    def show_view(self, view: Series) -> None:
        """Show another series."""
        self._title.update(_muted(view.title))
        self._chart.show(view)


class SamplesPane(Passage):
    """Texts that the network wrote while it learned, each under its step, the newest first."""

    def __init__(self, samples: SampleTexts) -> None:
        super().__init__(_samples_text(samples))

    def show_view(self, samples: SampleTexts) -> None:
        """Show other samples."""
        self.show(_samples_text(samples))


class TextPane(Passage):
    """Title, table or text, and note of a view."""

    def __init__(self, view: View) -> None:
        super().__init__(partial(_passage, view))

    def show_view(self, view: View) -> None:
        """Show another view."""
        self.show(partial(_passage, view))


Pane = SamplesPane | ConfusionPane | SeriesPane | TextPane


def _pane_class(view: PaneView) -> Callable[[Any], Pane]:
    """Return the class of the widgets that show views of this kind."""
    match view:
        case SampleTexts():
            return SamplesPane
        case Confusion():
            return ConfusionPane
        case Series():
            return SeriesPane
    return TextPane


class ViewPanes(Container):
    """Panes by the names of their tabs, of which one is visible: those of the views, then fixed ones.

    Args:
        fixed: names and widgets of the fixed panes.
    """

    def __init__(self, *fixed: tuple[str, Widget], id: str) -> None:
        super().__init__(id=id)
        self._fixed = dict(fixed)
        for pane in self._fixed.values():
            pane.add_class("pane")
        self._panes: dict[str, Pane] = {}
        self._drawn: dict[str, PaneView] = {}  # views that the panes show; a hidden pane's may be an older one
        self.views: dict[str, PaneView] = {}

    def compose(self) -> ComposeResult:
        yield from self._fixed.values()

    @property
    def names(self) -> list[str]:
        return [*self._panes, *self._fixed]

    async def update_views(self, views: dict[str, PaneView]) -> None:
        """Show these views, each in its pane, and remove the panes of others; no view at all changes nothing."""
        for name, view in views.items():
            if self.views.get(name) == view:
                continue
            self.views[name] = view
            old = self._panes.get(name)
            if old is not None and type(old) is _pane_class(view):
                if old.display:
                    self._draw(name)
                continue
            if old is not None:
                await old.remove()
            self._panes[name] = pane = _pane_class(view)(view)
            self._drawn[name] = view
            pane.add_class("pane")
            pane.display = False
            await self.mount(pane)
        if views:
            for name in self._panes.keys() - views.keys():
                self.views.pop(name, None)
                await self._panes[name].remove()
            self._panes = {name: self._panes[name] for name in views}

    def show_only(self, name: str) -> None:
        """Make one pane visible, or none where the name is no pane's."""
        self.display = name in self.names
        for pane_name, pane in self._panes.items():
            if pane_name == name:
                self._draw(name)
            pane.display = pane_name == name
        for pane_name, fixed in self._fixed.items():
            fixed.display = pane_name == name

    def _draw(self, name: str) -> None:
        """Let a pane show its newest view."""
        view = self.views.get(name)
        if view is not None and self._drawn.get(name) is not view:
            self._drawn[name] = view
            self._panes[name].show_view(view)  # type: ignore[arg-type]


def _muted(text: str) -> Content:
    return Content.styled(printable(text), "$foreground-muted")


def _passage(view: View, room: int = 0) -> Content:
    """Return the title, the table or the text, and the note."""
    if isinstance(view, Table):
        body = lay_out(view.columns, view.rows, room=room)
    else:
        body = Content("\n".join(printable(line) for line in getattr(view, "text", "").split("\n")))
    parts: list[Content | str | tuple[str, str]] = [(f"{printable(view.title)}\n\n", "$foreground-muted"), body]
    return Content.assemble(*parts, *([(f"\n\n{printable(view.note)}", "$foreground-muted")] if view.note else []))


def _samples_text(samples: SampleTexts) -> Content:
    parts: list[Content | str | tuple[str, str]] = [(printable(samples.title), "$foreground-muted")]
    for sample in reversed(samples):
        if isinstance(sample.view, Text):
            style = "bold" if sample is samples[-1] else ""
            parts.append((f"\n\nstep {sample.step:,}", "$foreground-muted"))
            parts += [(f"\n  {printable(line)}", style) for line in sample.view.text.split("\n")]
            if sample.view.note:
                parts.append((f"\n  {printable(sample.view.note)}", "$text-warning"))
    return Content.assemble(*parts)
