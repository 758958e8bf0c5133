"""A confusion matrix as it is shown: in counts or shares, ordered, alone or beside an earlier one. Plain data.

Shapes: C classes, by their number in the matrix unless it says places: where a class stands in the order shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import copysign, sqrt
from typing import Literal, NamedTuple, get_args

from tasks.views import Confusion
from workbench.render.confusion_grid import abbreviations
from workbench.render.text import printable

Order = Literal["as given", "by error", "by neighbours"]
ORDERS: tuple[Order, ...] = get_args(Order)
Counts = Sequence[Sequence[int]]


class Face(NamedTuple):
    """What a grid draws, row by row and column by column as they stand."""

    places: list[int]  # the class at each place
    labels: list[str]
    short: list[str]  # two letters each, the same in every order
    texts: list[list[str]]
    under: list[list[str]]  # for cells of two lines
    strengths: list[list[float]]  # -1 to 1: wrong or worse below 0, right or better above, 0: no colour


class Pair(NamedTuple):
    """A cell: how often examples of a class were taken for one, of how many of that class."""

    taken: int
    total: int

    @property
    def share(self) -> float:
        return self.taken / self.total if self.total else 0.0


def pair(view: Confusion, true: int, guess: int) -> Pair:
    return Pair(view.counts[true][guess], sum(view.counts[true]))


def same_rows(view: Confusion, than: Confusion) -> bool:
    """Whether two matrices have as many examples of each class, so that their counts can be compared."""
    return [*map(sum, view.counts)] == [*map(sum, than.counts)]


def face(view: Confusion, places: Sequence[int], *, shares: bool, than: Confusion | None = None) -> Face:
    """The matrix in an order.

    Args:
        shares: percent of the row instead of counts; differences are percent points then.
        than: show the difference to this one, which has the same labels; with other rows only shares compare.
    """
    labels = [printable(label) for label in view.labels]
    short = abbreviations(labels)
    cells = [[(pair(view, i, j), pair(than, i, j) if than else None, i == j) for j in places] for i in places]
    written = [[_written(now, then, right=right, shares=shares) for now, then, right in row] for row in cells]
    return Face(
        places=[*places],
        labels=[labels[number] for number in places],
        short=[short[number] for number in places],
        texts=[[text for text, _ in row] for row in written],
        under=[[under for _, under in row] for row in written],
        strengths=[[_strength(now, then, right=right) for now, then, right in row] for row in cells],
    )


def percent(share: float) -> str:
    """A share in three cells: ``44``, ``<1``, ``>99``, ``100``."""
    if 0 < share <= 0.005:
        return "<1"
    return ">99" if 0.995 <= share < 1 else f"{share:.0%}"[:-1]


def _written(now: Pair, then: Pair | None, *, right: bool, shares: bool) -> tuple[str, str]:
    """A cell's text, and its second line."""
    nothing = "0" if right else ""
    figure = f"{now.taken:,}" if now.taken >= 10_000 else str(now.taken)
    share = f"{percent(now.share)} %"
    if then is None:
        if not now.taken:
            return nothing, ""
        return (percent(now.share), figure) if shares else (figure, share)
    present = f"({share if shares else figure})"
    if now.share == then.share:
        return nothing, present if now.taken else ""
    return points(now.share - then.share) if shares else f"{now.taken - then.taken:+d}", present


def points(difference: float) -> str:
    """A difference of two shares in percent points, with its sign."""
    written = f"{difference * 100:+.0f}"
    return "0" if written in ("+0", "-0") else written


def _strength(now: Pair, then: Pair | None, *, right: bool) -> float:
    """How strongly a cell is coloured: by its share of the row; the root of an error or a difference, often small."""
    if then is None:
        return now.share if right else -sqrt(now.share)
    difference = now.share - then.share
    return copysign(sqrt(abs(difference)), difference if right else -difference) if difference else 0.0


def order(counts: Counts, how: Order) -> list[int]:
    """The classes in an order.

    ``by error``: those with the largest share of errors first, those without examples last. ``by neighbours``: the two
    that are taken for one another most beside one another, then the next two, as far as both still have a free side.
    """
    every = range(len(counts))
    match how:
        case "by error":
            right = [row[number] / sum(row) if sum(row) else 2.0 for number, row in enumerate(counts)]
            return sorted(every, key=lambda number: right[number])
        case "by neighbours":
            return [number for chain in _chains(counts) for number in chain]
    return [*every]


def _chains(counts: Counts) -> list[list[int]]:
    """Classes strung together by the shares that are taken for one another, the strongest link first."""
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


def said(view: Confusion, true: int, guess: int) -> str:
    """A cell in words: ``true Korean taken for Chinese: 4 of 9, 44 %``."""
    label, other = printable(view.labels[true]), printable(view.labels[guess])
    what = f"true {label} named rightly" if true == guess else f"true {label} taken for {other}"
    return f"{what}: {_figures(pair(view, true, guess), label)}"


def said_of_difference(view: Confusion, than: Confusion, true: int, guess: int, *, others: bool = False) -> str:
    """How a cell differs from the one of an earlier matrix: ``6 of 9, 67 %, then: -2, better``.

    Args:
        others: the two are of different rows, of which neither is better for it.
    """
    now, then = pair(view, true, guess), pair(than, true, guess)
    figures = _figures(then, printable(view.labels[true]))
    change = now.share - then.share
    if not change:
        return f"{figures}: no change"
    by = f"{points(change)} points" if others else f"{now.taken - then.taken:+d}"
    if others:
        return f"{figures}: {by}, of other rows"
    return f"{figures}: {by}, {'better' if (change > 0) == (true == guess) else 'worse'}"


def _figures(cell: Pair, label: str) -> str:
    if not cell.total:
        return f"no {label} among these rows"
    return f"{cell.taken:,} of {cell.total:,}, {percent(cell.share)} %"


def most_confused(view: Confusion, most: int) -> list[tuple[str, str, int, float]]:
    """The commonest errors: true class, what it was taken for, how often, and the share of its row."""
    errors = [
        (true, guess, count, count / sum(row))
        for true, row in zip(view.labels, view.counts, strict=False)
        for guess, count in zip(view.labels, row, strict=False)
        if count and true != guess
    ]
    return sorted(errors, key=lambda error: -error[2])[:most]
