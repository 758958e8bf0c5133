"""Confusion matrix prepared for display: counts or shares, in an order, alone or as a difference. No widget.

C classes are named by their index in the matrix, positions by their index in the displayed order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import copysign, sqrt
from typing import Literal, NamedTuple, get_args

from tasks.views import Confusion
from workbench.render.confusion_grid import abbreviations
from workbench.render.format import percent
from workbench.render.text import printable

Order = Literal["as given", "by error", "by neighbours"]
ORDERS: tuple[Order, ...] = get_args(Order)
Counts = Sequence[Sequence[int]]  # (C, C): true class, predicted class
NO_ROOM, UP_TO_99 = "{}, as the counts have no room", "99: 99 and more"


class MatrixDisplay(NamedTuple):
    """Texts and color strengths of a drawn matrix, row by row and column by column in the displayed order."""

    classes: list[int]  # the class at each position
    labels: list[str]
    short: list[str]  # two letters each, the same in every order
    texts: list[list[str]]
    second_lines: list[list[str]]  # shown in cells of two lines
    strengths: list[list[float]]  # -1 to 1: wrong or worse below 0, right or better above, 0: no color
    unit: str = ""  # of the texts; empty: counts
    note: str = ""  # why they are not the texts that were asked for


Displays = Sequence[Callable[[], MatrixDisplay]]  # ways to draw a matrix, each made when it is first asked for


class CellCounts(NamedTuple):
    """Examples of a true class that were predicted as one class, and all examples of the true class."""

    examples: int
    total: int

    @property
    def share(self) -> float:
        return self.examples / self.total if self.total else 0.0


def cell_counts(view: Confusion, true: int, guess: int) -> CellCounts:
    """Return the counts of a cell."""
    return _row_counts(view, true)[guess]


def _row_counts(view: Confusion, true: int) -> list[CellCounts]:
    """Return the counts of a row's cells."""
    total = sum(view.counts[true])
    return [CellCounts(examples, total) for examples in view.counts[true]]


def same_rows(view: Confusion, reference: Confusion) -> bool:
    """Return whether two matrices have as many examples of each class, so that their counts compare."""
    return [*map(sum, view.counts)] == [*map(sum, reference.counts)]


def matrix_displays(
    view: Confusion, classes: Sequence[int], *, shares: bool, reference: Confusion | None = None
) -> Displays:
    """Return the ways to draw a matrix: as asked for, then with shorter and shorter texts, each with a note.

    Args: as those of ``matrix_display``.
    """

    def way(note: str = "", *, shares: bool, digits: int = 3) -> Callable[[], MatrixDisplay]:
        def make() -> MatrixDisplay:
            display = matrix_display(view, classes, shares=shares, reference=reference, digits=digits)
            return display._replace(note=note)

        return cache(make)

    if reference is not None:
        return [way(shares=True)] if shares else [way(shares=False), way(NO_ROOM.format("% points"), shares=True)]
    if shares:
        return [way(shares=True), way(UP_TO_99, shares=True, digits=2)]
    no_room = NO_ROOM.format("percent of the row")
    return [way(shares=False), way(no_room, shares=True), way(f"{no_room}; {UP_TO_99}", shares=True, digits=2)]


def matrix_display(
    view: Confusion,
    classes: Sequence[int],
    *,
    shares: bool,
    reference: Confusion | None = None,
    digits: int = 3,
) -> MatrixDisplay:
    """Return a matrix as it is drawn.

    Args:
        classes: all of them, in the order of rows and columns.
        shares: percent of the row instead of counts; differences are percent points then.
        reference: a matrix with the same labels; the difference to it is drawn. With other rows only shares compare.
        digits: of a share; with two, 99 stands for 99 and more.
    """
    labels = [printable(label) for label in view.labels]
    short = abbreviations(labels)
    rows = [_row_counts(view, i) for i in range(len(labels))]
    others = [_row_counts(reference, i) for i in range(len(labels))] if reference else None
    cells = [[(rows[i][j], others[i][j] if others else None, i == j) for j in classes] for i in classes]
    texts = [
        [_cell_texts(now, then, right=right, shares=shares, digits=digits) for now, then, right in row] for row in cells
    ]
    return MatrixDisplay(
        classes=[*classes],
        labels=[labels[number] for number in classes],
        short=[short[number] for number in classes],
        texts=[[text for text, _ in row] for row in texts],
        second_lines=[[second for _, second in row] for row in texts],
        strengths=[[_strength(now, then, right=right) for now, then, right in row] for row in cells],
        unit=("% points" if reference else "% of row") if shares else "",
    )


def percent_points(difference: float) -> str:
    """Return a difference of two shares in percent points, with its sign."""
    text = f"{difference * 100:+.0f}"
    return "0" if text in ("+0", "-0") else text


def _cell_texts(now: CellCounts, then: CellCounts | None, *, right: bool, shares: bool, digits: int) -> tuple[str, str]:
    """Return a cell's text and its second line."""
    nothing = "0" if right else ""
    count = f"{now.examples:,}" if now.examples >= 10_000 else str(now.examples)
    share = f"{percent(now.share)} %"
    if then is None:
        if not now.examples:
            return nothing, ""
        return (percent(now.share, digits), count) if shares else (count, share)
    present = f"({share if shares else count})"
    if now.share == then.share:
        return nothing, present if now.examples else ""
    return percent_points(now.share - then.share) if shares else f"{now.examples - then.examples:+d}", present


def _strength(now: CellCounts, then: CellCounts | None, *, right: bool) -> float:
    """Return a cell's color strength: its share of the row; the root of an error or a difference, often small."""
    if then is None:
        return now.share if right else -sqrt(now.share)
    difference = now.share - then.share
    return copysign(sqrt(abs(difference)), difference if right else -difference) if difference else 0.0


def class_order(counts: Counts, order: Order) -> list[int]:
    """Return the classes in an order.

    ``by error``: the largest share of errors first, classes without examples last. ``by neighbours``: the two classes
    that are confused most stand side by side, then the next two, as far as both still have a free side.
    """
    every = range(len(counts))
    match order:
        case "by error":
            right = [row[number] / sum(row) if sum(row) else 2.0 for number, row in enumerate(counts)]
            return sorted(every, key=lambda number: right[number])
        case "by neighbours":
            return [number for chain in _chains(counts) for number in chain]
    return [*every]


def _chains(counts: Counts) -> list[list[int]]:
    """Return chains of classes, linked greedily by the shares confused with one another, the strongest link first."""
    totals = [sum(row) or 1 for row in counts]
    links = [(counts[a][b] / totals[a] + counts[b][a] / totals[b], a, b) for a in range(len(counts)) for b in range(a)]
    chain_of = {number: [number] for number in range(len(counts))}
    for weight, a, b in sorted(links, key=lambda link: (-link[0], link[2], link[1])):
        first, second = chain_of[a], chain_of[b]
        if not weight or first is second or a not in (first[0], first[-1]) or b not in (second[0], second[-1]):
            continue
        first = first if first[-1] == a else first[::-1]
        second = second if second[0] == b else second[::-1]
        joined = [*first, *second]
        chain_of |= dict.fromkeys(joined, joined)
    forward = (chain if chain[0] <= chain[-1] else chain[::-1] for chain in chain_of.values())
    chains = {min(chain): chain for chain in forward}  # each once
    return sorted(chains.values(), key=lambda chain: (-len(chain), min(chain)))


def cell_description(view: Confusion, true: int, guess: int) -> str:
    """Return a cell in words: ``true Korean taken for Chinese: 4 of 9, 44 %``."""
    label, other = printable(view.labels[true]), printable(view.labels[guess])
    cell = f"true {label} named rightly" if true == guess else f"true {label} taken for {other}"
    return f"{cell}: {_counts_text(cell_counts(view, true, guess), label)}"


def difference_description(
    view: Confusion, reference: Confusion, true: int, guess: int, *, other_rows: bool = False
) -> str:
    """Return a cell of the reference and the difference to it in words: ``6 of 9, 67 %: -2, better``.

    Args:
        other_rows: the two are of different rows, so that neither is better or worse.
    """
    now, then = cell_counts(view, true, guess), cell_counts(reference, true, guess)
    figures = _counts_text(then, printable(view.labels[true]))
    change = now.share - then.share
    if not change:
        return f"{figures}: no change"
    if other_rows:
        return f"{figures}: {percent_points(change)} points, of other rows"
    return f"{figures}: {now.examples - then.examples:+d}, {'better' if (change > 0) == (true == guess) else 'worse'}"


def _counts_text(cell: CellCounts, label: str) -> str:
    if not cell.total:
        return f"no {label} among these rows"
    return f"{cell.examples:,} of {cell.total:,}, {percent(cell.share)} %"


def most_confused(view: Confusion, most: int) -> list[tuple[str, str, int, float]]:
    """Return the commonest errors: true class, predicted class, count, and share of the true class."""
    errors = [
        (true, guess, count, count / sum(row))
        for true, row in zip(view.labels, view.counts, strict=False)
        for guess, count in zip(view.labels, row, strict=False)
        if count and true != guess
    ]
    return sorted(errors, key=lambda error: -error[2])[:most]
