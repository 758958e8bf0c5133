"""What a task shows of an evaluation: one widget for each view, made from its kind."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tasks.views import Confusion, Series, Table, Text, View
from workbench.render.text import printable
from workbench.runs.events import Sample
from workbench.tui.run.samples import Written, WrittenPane
from workbench.tui.run.series_chart import SeriesChart
from workbench.tui.widgets.confusion_grid import ConfusionGrid
from workbench.tui.widgets.matrix import most_confused
from workbench.tui.widgets.table import Passage, lay_out

Shown = View | Written
_NAME = 18  # cells of a tab's name


class ConfusionPane(Vertical):
    """The grid, and under it the commonest errors in words."""

    def __init__(self, view: Confusion) -> None:
        super().__init__()
        self.grid = ConfusionGrid(view)
        self._errors = Static(markup=False, classes="errors")

    def compose(self) -> ComposeResult:
        yield self.grid
        yield self._errors

    def on_mount(self) -> None:
        self._worst(self.grid._view)

    def show(self, view: Confusion) -> None:
        self.grid.show(view)
        self._worst(view)

    def _worst(self, view: Confusion) -> None:
        errors = [
            f"{printable(true)} as {printable(guess)} {count:,} ({share:.0%})"
            for true, guess, count, share in most_confused(view, 12)
        ]
        said = ", ".join(errors) or "no errors"
        head = f"{printable(view.note)}  " if view.note else ""
        self._errors.update(
            Content.assemble((f"{head}Rows true, columns predicted; errors: ", "$foreground-muted"), said)
        )


class SeriesPane(Vertical):
    """What the curves are of, and the curves."""

    def __init__(self, view: Series) -> None:
        super().__init__()
        self._title = Static(Content.styled(printable(view.title), "$foreground-muted"), markup=False)
        self._chart = SeriesChart(view)

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._chart

    def show(self, view: Series) -> None:
        self._title.update(Content.styled(printable(view.title), "$foreground-muted"))
        self._chart.show(view)


def samples(made: Sequence[Sample]) -> list[Shown]:
    """What the network made so far: its texts together by their titles, of anything else the last of each title."""
    others = {sample.view.title: sample.view for sample in made if not isinstance(sample.view, Text)}
    return [*Written.of(made), *others.values()]


def named(shown: Sequence[Shown], taken: Sequence[str]) -> dict[str, Shown]:
    """A short name for each, unlike one another and unlike those that are ``taken``: the beginning of its title."""
    found: dict[str, Shown] = {}
    for view in shown:
        name = first = _short(printable(view.title))
        number = 2
        while name in found or name in taken:
            name, number = f"{first} {number}", number + 1
        found[name] = view
    return found


def _short(title: str) -> str:
    """As many of the first words as a tab has room for."""
    name = ""
    for word in title.split():
        longer = f"{name} {word}".strip()
        if name and cell_len(longer) > _NAME:
            return name.rstrip(",;:") + " …"
        name = longer
    return name if cell_len(name) <= _NAME + 6 else set_cell_size(name, _NAME) + "…"


def pane(view: Shown) -> Widget:
    """A widget that shows a view."""
    match view:
        case Written():
            return WrittenPane(view)
        case Confusion():
            return ConfusionPane(view)
        case Series():
            return SeriesPane(view)
    return Passage(_passage(view))


def show(widget: Widget, view: Shown) -> bool:
    """Show a newer view in the widget of an older one; whether it is of that kind."""
    match widget, view:
        case WrittenPane(), Written():
            widget.show_written(view)
        case ConfusionPane(), Confusion():
            widget.show(view)
        case SeriesPane(), Series():
            widget.show(view)
        case Passage(), Table() | Text():
            widget.show(_passage(view))
        case _:
            return False
    return True


def _passage(view: View) -> Content:
    """The title, the table or the text, and what is to be known of it."""
    if isinstance(view, Table):
        body = lay_out(view.columns, view.rows)
    else:
        body = Content("\n".join(printable(line) for line in getattr(view, "text", "").split("\n")))
    parts: list[Content | str | tuple[str, str]] = [(f"{printable(view.title)}\n\n", "$foreground-muted"), body]
    return Content.assemble(*parts, *([(f"\n\n{printable(view.note)}", "$foreground-muted")] if view.note else []))
