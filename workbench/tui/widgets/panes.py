"""What a task shows of an evaluation: one widget for each view, made from its kind."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tasks.views import Confusion, Series, Table, Text, View
from workbench.tui.widgets.charts import Chart
from workbench.tui.widgets.confusion import ConfusionGrid, most_confused
from workbench.tui.widgets.curve import Curve
from workbench.tui.widgets.table import Passage, lay_out

_COLOURS = ("primary", "accent", "success", "secondary", "warning", "error")


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
        errors = [f"{true} as {guess} {count:,} ({share:.0%})" for true, guess, count, share in most_confused(view, 12)]
        said = ", ".join(errors) or "no errors"
        head = f"{view.note}  " if view.note else ""
        self._errors.update(
            Content.assemble((f"{head}Rows true, columns predicted; errors: ", "$foreground-muted"), said)
        )


def pane(view: View) -> Widget:
    """A widget that shows a view."""
    match view:
        case Confusion():
            return ConfusionPane(view)
        case Series():
            return Chart(view.x_label, _curves(view))
    return Passage(_passage(view))


def show(widget: Widget, view: View) -> bool:
    """Show a newer view in the widget of an older one; whether it is of that kind."""
    match widget, view:
        case ConfusionPane(), Confusion():
            widget.show(view)
        case Chart(), Series():
            widget.curves = _curves(view)
            widget.changed()
        case Passage(), Table() | Text():
            widget.show(_passage(view))
        case _:
            return False
    return True


def _passage(view: View) -> Content:
    body = lay_out(view.columns, view.rows) if isinstance(view, Table) else Content.assemble(getattr(view, "text", ""))
    return Content.assemble(body, (f"\n\n{view.note}", "$foreground-muted")) if view.note else body


def _curves(view: Series) -> list[Curve]:
    curves = []
    for index, (name, values) in enumerate(view.curves.items()):
        curve = Curve(name, _COLOURS[index % len(_COLOURS)])
        for x, y in zip(view.x, values, strict=False):
            curve.add(x, y)
        curves.append(curve)
    return curves
