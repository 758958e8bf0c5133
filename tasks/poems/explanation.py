"""A poem explained: what the network gave each character, what it is by the rhyme book, and which rules it meets.

Shapes: T tokens, V vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tasks.poems import checker, forms, tone_patterns
from tasks.poems.checker import Checked
from tasks.poems.model import PoemNetwork, losses
from tasks.poems.prosody import GROUPS, Prosody, Tone
from tasks.views import Table, View

if TYPE_CHECKING:
    from tasks.poems.task import Task

TONES = {Tone.UNKNOWN: "?", Tone.LEVEL: "平", Tone.OBLIQUE: "仄", Tone.FREE: "平/仄"}


def explain(task: Task, network: PoemNetwork, text: str) -> list[View]:
    """A table of its characters and one of the rules.

    The first one's columns: line, character, probability (of the character after all before it, the form of the poem
    known), tone, rhyme (its groups), wanted (the tone that the nearest scheme of regulated verse asks for), right
    (whether it has it). The probabilities of punctuation are left out.

    Raises:
        ValueError: the text is empty, or holds a character that the network never saw.
    """
    book = task.lexicon.book
    plain = "".join(map(task.token, task.prompt(text)))
    if not plain:
        raise ValueError("There is no poem to explain yet: write one first.")
    form, found = forms.form(plain), checker.check(plain, book)
    codes = torch.tensor([task.prompt(plain, form)], device=next(network.parameters()).device)  # (1,T)
    with torch.inference_mode():
        guesses, _ = network(codes[:, :-1])
        nats = losses(network, guesses[0], codes[0, 1:])[1:]  # (T-2,): the form itself is not the poem's
    return [_characters(plain, nats.neg().exp().tolist(), book, found), _rules(plain, found, book)]


def _characters(poem: str, shares: list[float], book: Prosody, found: Checked) -> Table:
    rows: list[list[str | int | float | None]] = []
    at = 0
    for number, (line, bare) in enumerate(zip(forms.lines(poem), forms.bare(poem), strict=True)):
        pattern = tone_patterns.EITHER * len(bare)
        if found.scheme:
            pattern, _ = tone_patterns.nearest([book.tone(c) for c in bare], found.scheme[number][-5:], len(bare))
        for place, (character, wanted) in enumerate(zip(bare, pattern, strict=True)):
            groups = " ".join(GROUPS[group] for group in book.groups(character))
            right = "" if not found.scheme else "no" if (number, place) in found.misfits else "yes"
            tone = TONES[book.tone(character)]
            rows.append([number + 1, character, shares[at + place], tone, groups, wanted, right])
        at += len(line)
    return Table(
        title="character by character",
        columns=["line", "character", "probability", "tone", "rhyme", "wanted", "right"],
        rows=rows,
        note="probability: the network's own, after all before it; 平 level, 仄 oblique, 中 either; rhyme: its groups",
    )


def _rules(poem: str, found: Checked, book: Prosody) -> Table:
    lines = forms.bare(poem)
    ends = "".join(line[-1] for line in (lines[: found.first_rhymes] + lines[1::2]) if line)
    wrong = ", ".join(f"{lines[line][place]} in line {line + 1}" for line, place in found.misfits)
    again = ", ".join(lines[line] for line in found.repeated)
    unmet = _unmet(lines, found, book)
    rhyme = f"{ends}: {found.rhyme or 'no group holds them all'}" if ends[1:] or found.rhymed else "too few lines yet"
    rows: list[list[str | int | float | None]] = [
        ["form", "met" if found.form != forms.FREE else "–", found.form],
        ["rhyme", _met(found.rhymed) if ends[1:] or found.rhymed else "–", rhyme],
    ]
    if found.scheme:
        rows += [
            ["tones (对, 粘, line types)", _met(not found.misfits), wrong or " ".join(found.scheme)],
            ["level rhymes", _met(not unmet), unmet or ends],
            ["regulated", _met(found.regulated), "all of the above" if found.regulated else ""],
        ]
    rows.append(["no character twice in a line", _met(found.distinct), again])
    return Table(title="rules", columns=["rule", "", "how"], rows=rows)


def _unmet(lines: list[str], found: Checked, book: Prosody) -> str:
    """The ends of lines that should rhyme on a level group and do not."""
    level = checker.level_groups(book, (line[-1] for line in lines[1::2]))
    ends = [lines[number][-1] for number in tone_patterns.rhymes(tuple(found.scheme))]
    return " ".join(end for end in ends if not level & set(book.groups(end)))


def _met(holds: bool) -> str:
    return "met" if holds else "broken"
