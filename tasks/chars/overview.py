"""Preview of a text before it is trained on. No torch of its own."""

from __future__ import annotations

from tasks.base import SPLITS
from tasks.chars.data import SPECIALS, CharData
from tasks.preview import Preview

_LINES, _WIDTH = 5, 80  # of the beginning that is shown
_FREQUENT = 10  # characters
_NAMES = {" ": "space", "\n": "line end", "\t": "tab"}


def preview(data: CharData, source: str) -> Preview:
    """Return the first lines of a text, its splits in characters, and its most frequent characters.

    Args:
        source: the text's file.
    """
    tokens = ["�"] * len(SPECIALS) + list(data.state["vocabulary"])
    beginning = "".join(tokens[code] for code in data.codes[: _LINES * 1_000].tolist())
    lines = [line for line in beginning.split("\n") if line.strip()][:_LINES]
    counts = data.state["train_counts"]
    total = sum(counts)
    frequent = sorted(range(len(SPECIALS), len(counts)), key=lambda code: -counts[code])[:_FREQUENT]
    shares = ", ".join(f"{_NAMES.get(tokens[code], tokens[code])} {counts[code] / total:.1%}" for code in frequent)
    return Preview(
        source=source,
        columns=["first lines"],
        rows=[[line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"] for line in lines],
        splits={split: len(range(*data.parts[split])) for split in SPLITS},
        guessed=list(data.guessed),
        dropped=list(data.dropped),
        notes=[*data.facts, f"Most frequent in the training part: {shares}."],
    )
