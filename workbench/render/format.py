"""Small things said to people the same way everywhere: suggestions, durations, sizes."""

from __future__ import annotations

import difflib
import math
import time
from collections.abc import Sequence

from workbench.render.plugin_errors import located

SENTENCE_ENDS = "。！？"
DEBUG = "WORKBENCH_DEBUG"  # shows tracebacks
ASCII = "WORKBENCH_ASCII"  # draws the screen with ASCII alone


def defect(error: BaseException) -> str:
    """Return the sentence for an unexpected error; one raised in a user's own cell or task names its line."""
    if place := located(error):
        return f"{place}. {DEBUG}=1 shows the traceback."
    first = (str(error) or type(error).__name__).splitlines()[0]
    return f"This is a defect of Workbench ({type(error).__name__}: {first}): {DEBUG}=1 shows the traceback."


def did_you_mean(name: str, options: Sequence[str]) -> str:
    """The end of a sentence about an unknown name: the nearest one, or all that there are."""
    close = [o for o in options if o.rpartition(".")[2] == name.rpartition(".")[2]][:1]  # `task.lr` for `train.lr`
    close = close or difflib.get_close_matches(name, options, n=1, cutoff=0.6)
    if close:
        return f": did you mean {close[0]!r}?"
    if not options:
        return ": there are none."
    return f": choose one of {', '.join(options)}."


def duration(seconds: float | None) -> str:
    """Seconds as a person says them: ``8.2 s``, ``3:07``, ``1:02:45``; ``–`` where unknown."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def flowing(character: str, before: str) -> str:
    """A character as a written text goes on with it: plain, and on a line of its own after a sentence's end.

    Args:
        before: what was written last; empty at the beginning.
    """
    if character == "\n":
        return character
    return "\n" * (before != "" and before in SENTENCE_ENDS) + plain(character)


def plain(text: str, most: int = 0) -> str:
    """A text without control characters, which a terminal would obey; cut to ``most`` characters, if given."""
    shown = text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)
    return shown if not most or len(shown) <= most else shown[: most - 1] + "…"


def age(created: float, now: float | None = None) -> str:
    """How long ago, in the largest unit that fits."""
    seconds = max(0.0, (time.time() if now is None else now) - created)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "now"


def number(value: float | None, digits: int = 4) -> str:
    """A figure: ``0.8512``, ``12.35``, ``123.5``, ``1,235``, ``1.2e-05``, ``–`` where there is none.

    Args:
        digits: after the point where the value is below ten; fewer above it, one at least.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value and abs(value) < 10**-digits:
        return f"{value:.1e}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = digits if abs(value) < 10 else min(digits, max(1, digits - (2 if abs(value) < 100 else 3)))
    return f"{value:.{digits}f}"


def column(values: Sequence[float | None]) -> list[str]:
    """The figures of a table's column, with the same digits: four where they are shares, else two."""
    largest = max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
    digits = 4 if largest <= 1 else 2
    return [f"{v:.{digits}f}" if v is not None and math.isfinite(v) and largest < 1000 else number(v) for v in values]
