"""Starter reviews made from templates: ``python -m tasks.imdb.synthetic FOLDER`` writes the archive's layout."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tasks.shared.text.templates import fill

EACH = 40  # reviews of each part and class
_SEED = 2026
_COMMON: Mapping[str, Sequence[str]] = {
    "opening": (
        "I saw this {kind} {when}.",
        "A {kind} about {theme}.",
        "My {friend} lent me this {kind} about {theme}.",
        "Everybody told me to watch this {kind}, so {when} I did.",
        "The story is simple: {theme}, and what comes of it.",
    ),
    "kind": ("film", "movie", "picture", "thriller", "comedy", "drama", "western"),
    "when": (
        "last night",
        "on a wet Sunday",
        "at the old cinema in our street",
        "with two friends",
        "on a long flight",
    ),
    "theme": (
        "two brothers and a lighthouse",
        "a detective who has stopped sleeping",
        "a village that waits for a train",
        "a teacher in her last year",
        "a bank robbery that nobody notices",
        "growing up beside a river",
    ),
    "friend": ("sister", "neighbour", "father", "old flatmate"),
    "part": ("script", "acting", "music", "camera work", "ending", "dialogue", "pacing", "leading actor", "cast"),
}
_OF_CLASS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "pos": {
        "verdict": (
            "The {part} is {good}, and the {part} is {good} too.",
            "What a {good} {part}!",
            "I did not want it to end; the {part} alone is worth the ticket.",
            "Not a dull minute, and the {part} is {good}.",
            "I expected little and was moved: the {part} is {good}.",
        ),
        "close": ("See it.", "I will watch it again.", "One of the best of the year.", "Warmly recommended."),
        "good": ("wonderful", "superb", "moving", "clever", "beautiful", "honest", "a delight", "brilliant"),
        "stars": ("7", "8", "9", "10"),
    },
    "neg": {
        "verdict": (
            "The {part} is {bad}, and the {part} is {bad} too.",
            "What a {bad} {part}!",
            "I looked at my watch all the time; the {part} is {bad}.",
            "Not even the {part} can save it, and the rest is {bad}.",
            "I expected much and was let down: the {part} is {bad}.",
        ),
        "close": ("Avoid it.", "I want my evening back.", "One of the worst of the year.", "A waste of time."),
        "bad": ("awful", "boring", "predictable", "clumsy", "lifeless", "a mess", "wooden", "terrible"),
        "stars": ("1", "2", "3", "4"),
    },
}


def reviews() -> Iterator[tuple[str, str]]:
    """(name below the archive's top folder, text) of each review."""
    draw = random.Random(_SEED)
    for part in ("train", "test"):
        for label, own in _OF_CLASS.items():
            words = {**_COMMON, **own}
            for number in range(EACH):
                middle = " ".join(["{verdict}"] * draw.randint(1, 3))
                text = fill(f"{{opening}} {middle}<br /><br />{{close}}", words, draw)
                yield f"{part}/{label}/{number}_{fill('{stars}', words, draw)}.txt", text


def write(folder: Path) -> None:
    """Write the reviews as ``folder/aclImdb/train/pos/0_9.txt`` and so on."""
    for name, text in reviews():
        path = folder / "aclImdb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
