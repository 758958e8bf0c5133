"""State of the Confusion screen's matrix: which one is shown, in what form, against which reference. No widget."""

from __future__ import annotations

from tasks.views import Confusion, TableValue
from workbench.render.format import percent
from workbench.render.text import printable
from workbench.tui.confusion.evaluations import EvaluationPoint, OtherRun, Reference, ShownMatrix, make_reference
from workbench.tui.widgets import matrix
from workbench.tui.widgets.matrix import ORDERS, Displays, Order

_ERRORS = 40  # of the commonest that are listed


class MatrixView:
    """Shown matrix, its form (counts or shares, order of classes), and the reference it is compared with."""

    def __init__(self) -> None:
        self.shown: ShownMatrix | None = None
        self.shares = False
        self.order: Order = ORDERS[0]
        self._reference: ShownMatrix | OtherRun | None = None

    @property
    def reference(self) -> Reference | None:
        """The matrix that the difference is shown to; ``None`` while the reference itself is shown."""
        shown, reference = self.shown, self._reference
        if shown is None or reference is None:
            return None
        if isinstance(reference, OtherRun):
            return reference.reference_for(shown)
        if reference.is_of(shown.point):
            return None
        return make_reference(shown, reference.point.short, reference.view, tested=reference.point.tested)

    def toggle_reference(self) -> None:
        """Make the shown matrix the reference, or drop the reference."""
        self._reference = None if self._reference else self.shown

    def compare_with(self, other: OtherRun) -> None:
        """Make another run the reference."""
        self._reference = other

    def next_order(self) -> None:
        """Switch to the next order of the classes."""
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]

    def displays(self, view: Confusion) -> Displays:
        """Return the ways to draw the matrix, or its difference to the reference."""
        classes, reference = matrix.class_order(view.counts, self.order), self.reference
        if reference is None:
            return matrix.matrix_displays(view, classes, shares=self.shares)
        shares = self.shares or reference.other_rows
        return matrix.matrix_displays(view, classes, shares=shares, reference=reference.view)

    def caption(self, colors: tuple[str, str], other_figures: str = "") -> str:
        """Return the sentence about figures, order and colors.

        Args:
            colors: the names of those of right and wrong; empty where there are none.
            other_figures: those that are drawn, where there is no room for those that were asked for.
        """
        right, wrong = colors
        reference = self.reference
        if reference is None:
            figures = "percent of the row" if self.shares else "counts"
            if other_figures:
                figures = f"{figures} ({other_figures})" if self.shares else other_figures
            same = "; this is the reference: [ and ] show what changed" if self._reference else ""
            legend = f": {right} right, {wrong} wrong" if right else ""
            return f"{figures}, {self.order}{same}. Rows true, columns predicted{legend}."
        points = self.shares or reference.other_rows
        unit = "% points" + " (the rows are others)" * reference.other_rows if points else other_figures or "counts"
        legend = f"; {right} better, {wrong} worse" if right and not reference.other_rows else ""
        return f"difference to {reference.name}: {unit}, {self.order}{legend}."

    def cell_text(self, view: Confusion, true: int, guess: int) -> tuple[str, str]:
        """Return a cell in words, and the difference to the reference; empty where there is none."""
        text = matrix.cell_description(view, true, guess)
        reference = self.reference
        if reference is None:
            return text, ""
        difference = matrix.difference_description(view, reference.view, true, guess, other_rows=reference.other_rows)
        return text, f"; {reference.name}: {difference}"


def error_rows(view: Confusion) -> list[list[TableValue]]:
    """Return the rows of the table of the commonest errors: true class, predicted class, count, share."""
    return [
        [printable(true), printable(guess), count, percent(share)]
        for true, guess, count, share in matrix.most_confused(view, _ERRORS)
    ]


def examples_caption(point: EvaluationPoint, best_step: int, *, finished: bool) -> str:
    """Return the sentence that tells which weights the examples are judged by, and whether the matrix is theirs.

    Args:
        point: of the shown matrix.
        best_step: of the best weights, which judge the examples.
        finished: the examples are test rows.
    """
    by = f"By the best weights (step {best_step:,})"
    if point.best and point.tested == finished:
        return f"{by}."
    if point.best:
        return f"{by}, of the test rows: the matrix is of the validation rows."
    return f"{by}: the matrix is of another evaluation, its counts may differ."
