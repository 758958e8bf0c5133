"""Starter texts made from templates: ``python -m tasks.text.synthetic FOLDER`` writes the CSV file."""

from __future__ import annotations

import csv
import io
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tasks.shared.text.templates import fill
from tasks.text.settings import STARTER

EACH = 100  # texts of each class
_SEED = 2026
_COMMON: Mapping[str, Sequence[str]] = {
    "hello": ("Hello, ", "Good morning, ", "Hi there, ", "Dear team, ", "", "", ""),
    "thing": ("lamp", "kettle", "rucksack", "printer", "tent", "keyboard", "bicycle light", "coffee grinder"),
    "when": ("last Tuesday", "a week ago", "yesterday", "on the 3rd", "two days ago", "in May"),
    "close": ("Thank you.", "Kind regards.", "Please reply soon.", "", "", "I hope you can help."),
}
_OF_CLASS: Mapping[str, Sequence[str]] = {
    "delivery": (
        "the {thing} that I ordered {when} has not arrived.",
        "the courier left my {thing} in the rain.",
        "where is my parcel? The {thing} should have been here {when}.",
        "can the {thing} be sent to another address?",
        "the box of the {thing} was torn and came two days late.",
    ),
    "payment": (
        "I was charged twice for the {thing} {when}.",
        "my card was refused when I paid for the {thing}.",
        "please send me the invoice of the {thing} that I bought {when}.",
        "the refund for the {thing} has not reached my bank.",
        "can I pay for the {thing} in three parts?",
    ),
    "fault": (
        "the {thing} stopped working {when}.",
        "the {thing} makes a strange noise and gets hot.",
        "a screw of the {thing} was missing {when}.",
        "my {thing} does not switch on any more.",
        "the {thing} leaks, and its lid is cracked.",
    ),
    "praise": (
        "I love the {thing} that I bought {when}.",
        "the {thing} is even better than the old one.",
        "my sister wants the same {thing}, it is wonderful.",
        "your shop answered my question about the {thing} {when} within an hour.",
        "five stars for the {thing}, I use it every day.",
    ),
}


def rows() -> Iterator[tuple[str, str]]:
    """(text, class) of each row, no text twice."""
    draw = random.Random(_SEED)
    seen: set[str] = set()
    for _ in range(EACH):
        for label, sentences in _OF_CLASS.items():
            while (text := _text(sentences, draw)) in seen:
                pass
            seen.add(text)
            yield text, label


def _text(sentences: Sequence[str], draw: random.Random) -> str:
    words = {**_COMMON, "sentence": sentences}
    text = fill("{hello}" + " ".join(["{sentence}"] * draw.randint(1, 2)) + " {close}", words, draw).strip()
    return text[0].upper() + text[1:]


def text() -> str:
    """The file's whole text."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["text", "label"])
    writer.writerows(rows())
    return lines.getvalue()


if __name__ == "__main__":
    (Path(sys.argv[1]) / STARTER).write_text(text(), encoding="utf-8", newline="")
