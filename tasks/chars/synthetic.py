"""The starter text, from templates: ``python -m tasks.chars.synthetic FOLDER`` writes ``text.txt``."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tasks.shared.text.templates import fill

FILE = "text.txt"
CHAPTERS = 24
_SEED = 2026
_WORDS: Mapping[str, Sequence[str]] = {
    "opening": (
        "{When} {name} came down to the {place}, and the {thing} was {state}.",
        "Nobody in {town} had seen the {thing} since {when}.",
        "It was {when} that {name} first spoke of the {thing}.",
        "{When} the {weather} lay over {town}, and the {place} was {state}.",
    ),
    "sentence": (
        "{name} {did} the {thing} and {did} the {thing} beside it.",
        "The {place} smelled of {smell} and of {smell}.",
        "“{speech},” said {name}.",
        "“{speech}?” asked {name}. “{speech}.”",
        "{name} had {count} {things}, and not one of them was {state}.",
        "There was {weather} over the {place}, as there always is {when}.",
        "{When} {name} would walk to the {place}, where the {thing} stood.",
        "Of the {count} {things} only the {adjective} one was left.",
        "{name} thought of {town}, of the {place}, and of the {adjective} {thing} there.",
        "The {thing} did not answer; a {thing} seldom does.",
        "Then the {weather} came, and {name} {did} the {thing}.",
        "If the {thing} was {state}, then {name} would have to go back to {town}.",
        "{name} wrote it down: {count} {things}, {count} {things}, and one {adjective} {thing}.",
    ),
    "close": (
        "And so it stayed, until {when}.",
        "The rest is known in {town}.",
        "{name} put the {thing} back, and said no more of it.",
        "Nobody asked about the {things} again.",
    ),
    "name": ("Marta", "Edwin", "old Tobias", "the miller", "Ines", "her brother", "the ferryman", "Agnes", "Joss"),
    "town": ("Hallow Bridge", "Sandmouth", "the upper village", "Kettering Down", "Ostwick"),
    "place": ("harbour", "mill", "market", "school yard", "orchard", "boat house", "cellar", "bell tower"),
    "thing": ("lantern", "clock", "ledger", "boat", "kettle", "wheel", "letter", "map", "rope", "violin", "door"),
    "things": ("lanterns", "clocks", "letters", "boats", "apples", "coins", "keys", "wheels", "ropes", "maps"),
    "state": ("broken", "gone", "wet", "not yet paid for", "warm", "open", "quite still", "painted green"),
    "adjective": ("small", "heavy", "blue", "crooked", "borrowed", "last", "silver", "nameless", "old"),
    "did": ("mended", "carried", "sold", "counted", "turned", "lifted", "forgot", "found", "cleaned", "drew"),
    "smell": ("tar", "wet rope", "apples", "lamp oil", "bread", "salt", "cold iron", "hay"),
    "weather": ("fog", "a thin rain", "snow", "the first frost", "a warm wind", "thunder"),
    "count": ("two", "three", "seven", "twelve", "forty", "nineteen", "five"),
    "when": ("in the spring", "after the flood", "on market days", "before the harvest", "at first light", "in March"),
    "When": ("In the spring", "After the flood", "On market days", "Before the harvest", "At first light", "In March"),
    "speech": (
        "You cannot take the {thing} with you",
        "I have counted the {things}, and there are {count}",
        "The {place} is no place for a {thing}",
        "Ask {name}",
        "It was {state} when I came",
        "We shall need {count} {things} more",
        "Somebody has been in the {place}",
    ),
}


def text() -> str:
    """Return the whole text: chapters of a few paragraphs each."""
    draw = random.Random(_SEED)
    chapters = []
    for number in range(1, CHAPTERS + 1):
        paragraphs = [
            " ".join(_sentence(kind, draw) for kind in ["{opening}", *["{sentence}"] * draw.randint(4, 9)])
            for _ in range(draw.randint(3, 6))
        ]
        chapters.append("\n\n".join([f"Chapter {number}", *paragraphs, _sentence("{close}", draw)]))
    return "\n\n\n".join(chapters) + "\n"


def _sentence(kind: str, draw: random.Random) -> str:
    found = fill(kind, _WORDS, draw)
    return found[0].upper() + found[1:]


if __name__ == "__main__":
    (Path(sys.argv[1]) / FILE).write_text(text(), encoding="utf-8", newline="")
