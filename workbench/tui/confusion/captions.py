"""The sentences beside a confusion matrix: how it is shown, and whose answers its examples are."""

from __future__ import annotations

from workbench.tui.confusion.evaluations import Stop, Than


def how(than: Than | None, colours: tuple[str, str], order: str, *, shares: bool, kept: bool) -> str:
    """What the figures and colours of a matrix mean.

    Args:
        than: what the difference to is shown.
        colours: what those of right and wrong are called; empty where there are none.
        order: of the labels.
        shares: percent instead of counts.
        kept: a reference is kept, and where ``than`` is none, it is what is shown itself.
    """
    right, wrong = colours
    if than is None:
        figures = "percent of the row" if shares else "counts"
        same = "; this is the reference: [ and ] show what changed" if kept else ""
        legend = f": {right} right, {wrong} wrong" if right else ""
        return f"{figures}, {order}{same}. Rows true, columns predicted{legend}."
    unit = "% points" + " (the rows are others)" * than.others if shares or than.others else "counts"
    legend = f"; {right} better, {wrong} worse" if right and not than.others else ""
    return f"difference to {than.name}: {unit}, {order}{legend}."


def origin(stop: Stop, best: int, *, finished: bool) -> str:
    """Whose answers the examples are, and how that fits the matrix that is shown.

    Args:
        best: the step of the best weights.
        finished: the examples are test rows.
    """
    whose = f"By the best weights (step {best:,})"
    if stop.best and stop.tested == finished:
        return f"{whose}."
    if stop.best:
        return f"{whose}, of the test rows: the matrix is of the validation rows."
    return f"{whose}: the matrix is of another evaluation, its counts may differ."
