"""Confusion matrix printed by Rich: digits on the color of their share of the row. No torch."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.style import Style
from rich.text import Text

from tasks.views import Confusion
from workbench.render.format import percent
from workbench.render.text import printable

_LABEL, _SHORT_LABEL = 11, 5  # cells of a label at most, and where room is short at least
_GREEN, _RED = (34, 139, 84), (190, 60, 80)


class PrintedConfusion:
    """Matrix as a Rich renderable, one line a row: true classes down, predicted classes across."""

    def __init__(self, view: Confusion) -> None:
        self._view = view

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        view = self._view
        labels = [printable(label) for label in view.labels]
        widest = min(_LABEL, max(map(cell_len, labels), default=0))
        least = min(widest, least_label_width(labels))
        ways = _ways(view)
        fitting = ((t, n) for t, n in ways if least + 1 + len(labels) * _column_width(t) <= options.max_width)
        texts, note = next(fitting, ways[0])
        width = _column_width(texts)
        left = options.max_width - 1 - len(labels) * width
        label_width = min(widest, left if left >= least else widest)
        shown = max(1, min(len(labels), (options.max_width - label_width - 1) // width))
        heads = "".join(" " * (width - cell_len(head)) + head for head in abbreviations(labels)[:shown])
        yield _line(" " * (label_width + 1) + heads, "dim")
        for k, (label, row) in enumerate(zip(labels, view.counts, strict=True)):
            line = _line(set_cell_size(label, label_width) + " ")
            total = sum(row) or 1
            for j, count in enumerate(row[:shown]):
                text = texts[k][j] if count or k == j else "·"
                line.append(text.rjust(width), _style(count / total, k == j) if count else "dim")
            yield line
        if note:
            yield Text(note, "dim")
        if shown < len(labels):
            yield _line(f"{len(labels) - shown} of {len(labels)} columns have no room here: --json holds all.", "dim")


def _ways(view: Confusion) -> list[tuple[list[list[str]], str]]:
    """Return the cells' texts, the longest first, each with a note: counts, then percent of the row."""
    shares = [[count / (sum(row) or 1) for count in row] for row in view.counts]
    note = "Percent of the row, as the counts have no room here: --json holds them"
    return [
        ([[*map(str, row)] for row in view.counts], ""),
        ([[percent(share) for share in row] for row in shares], f"{note}."),
        ([[percent(share, 2) for share in row] for row in shares], f"{note}. 99: 99 and more."),
    ]


def _column_width(texts: list[list[str]]) -> int:
    """Return the width at which texts that stand side by side do not run together."""
    return max(3, 1 + max((len(text) for row in texts for text in row), default=1))


def _line(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="crop")


def least_label_width(labels: list[str]) -> int:
    """Return the fewest cells to which labels can be cut and still differ."""
    widest = max(map(cell_len, labels), default=0)
    widths = range(min(_SHORT_LABEL, widest), widest)
    return next(
        (width for width in widths if len({set_cell_size(one, width) for one in labels}) == len(labels)), widest
    )


def abbreviations(labels: list[str]) -> list[str]:
    """Return two cells for each label, all of them different where possible."""
    taken: set[str] = set()
    short = []
    for number, label in enumerate(labels):
        first = label[:1]
        tries = [first + letter for letter in label[1:] if letter.strip()] if cell_len(first) == 1 else [first]
        tries = [t for t in tries if cell_len(t) <= 2] or [first]
        head = next((t for t in (*tries, f"{number % 100:02}") if t not in taken), tries[0])
        taken.add(head)
        short.append(head)
    return short


def _style(share: float, right: bool) -> Style:
    """Return white digits on a shade between dark grey and full green (right) or red (wrong)."""
    full = _GREEN if right else _RED
    r, g, b = (round(45 + (channel - 45) * (0.2 + 0.8 * share)) for channel in full)
    return Style(color="white", bgcolor=f"rgb({r},{g},{b})", bold=right)
