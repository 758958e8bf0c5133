"""Confusion matrix printed by Rich: digits on the color of their share of the row. No torch."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.style import Style
from rich.text import Text

from tasks.views import Confusion
from workbench.render.text import printable

_LABEL = 11  # cells of a label at most
_GREEN, _RED = (34, 139, 84), (190, 60, 80)


class PrintedConfusion:
    """Matrix as a Rich renderable, one line a row: true classes down, predicted classes across."""

    def __init__(self, view: Confusion) -> None:
        self._view = view

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        view = self._view
        labels = [printable(label) for label in view.labels]
        digits = max((len(str(count)) for row in view.counts for count in row), default=1)
        label_width = min(_LABEL, max(map(cell_len, labels), default=0))
        roomy = label_width + 1 + len(labels) * max(3, digits + 1) <= options.max_width
        width = max(3, digits + (roomy or digits > 3))
        shown = max(1, min(len(labels), (options.max_width - label_width - 1) // width))
        heads = "".join(" " * (width - cell_len(head)) + head for head in abbreviations(labels)[:shown])
        yield _line(" " * (label_width + 1) + heads, "dim")
        for k, (label, row) in enumerate(zip(labels, view.counts, strict=True)):
            line = _line(set_cell_size(label, label_width) + " ")
            total = sum(row) or 1
            for j, count in enumerate(row[:shown]):
                text = f"{count:>{width}}" if count or k == j else " " * (width - 1) + "·"
                line.append(text, _style(count / total, k == j) if count else "dim")
            yield line
        if shown < len(labels):
            yield _line(f"{len(labels) - shown} of {len(labels)} columns have no room here: --json holds all.", "dim")


def _line(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="crop")


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
