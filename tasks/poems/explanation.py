"""A poem explained: the probability of each character, its tone and rhyme by the rhyme book, and the rules it meets.

No torch.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasks.poems import checker, forms, tone_patterns
from tasks.poems.checker import PoemReport
from tasks.poems.prosody import GROUPS, Prosody, Tone
from tasks.views import Table, View

TONES = {Tone.UNKNOWN: "?", Tone.LEVEL: "平", Tone.OBLIQUE: "仄", Tone.FREE: "平/仄"}


def explain(poem: str, probabilities: Sequence[float], book: Prosody) -> list[View]:
    """A table of a poem's characters and one of the rules.

    The first one's columns: line, character, probability (of the character after all before it, the form of the poem
    known), tone, rhyme (its groups), wanted (the tone that the nearest scheme of regulated verse asks for), right
    (whether it has it). The probabilities of punctuation are left out.

    Args:
        probabilities: one for each character of the poem, punctuation too.
    """
    report = checker.check(poem, book)
    return [_characters(poem, probabilities, book, report), _rules(poem, report, book)]


def _characters(poem: str, probabilities: Sequence[float], book: Prosody, report: PoemReport) -> Table:
    rows: list[list[str | int | float | None]] = []
    at = 0
    for number, (line, bare) in enumerate(zip(forms.lines(poem), forms.bare(poem), strict=True)):
        pattern = tone_patterns.EITHER * len(bare)
        if report.scheme:
            pattern, _ = tone_patterns.nearest([book.tone(c) for c in bare], report.scheme[number][-5:], len(bare))
        for place, (character, wanted) in enumerate(zip(bare, pattern, strict=True)):
            groups = " ".join(GROUPS[group] for group in book.groups(character))
            right = "" if not report.scheme else "no" if (number, place) in report.misfits else "yes"
            tone = TONES[book.tone(character)]
            rows.append([number + 1, character, probabilities[at + place], tone, groups, wanted, right])
        at += len(line)
    return Table(
        title="character by character",
        columns=["line", "character", "probability", "tone", "rhyme", "wanted", "right"],
        rows=rows,
        note="probability: the network's own, after all before it; 平 level, 仄 oblique, 中 either; rhyme: its groups",
    )


def _rules(poem: str, report: PoemReport, book: Prosody) -> Table:
    lines = forms.bare(poem)
    ends = "".join(line[-1] for line in (lines[: report.first_rhymes] + lines[1::2]) if line)
    wrong = ", ".join(f"{lines[line][place]} in line {line + 1}" for line, place in report.misfits)
    twice = ", ".join(f"{lines[line][-1]} in line {line + 1} again" for line in report.repeated_rhymes)
    substitutes = ", ".join(f"平平仄平仄 in line {line + 1}" for line in report.substitutes)
    again = ", ".join(lines[line] for line in report.repeated)
    unrhymed = _unrhymed(lines, report, book)
    enough = bool(ends[1:]) or report.rhymed
    rhyme = f"{ends}: {report.rhyme or 'no group holds them all'}" if enough else "too few lines yet"
    rows: list[list[str | int | float | None]] = [
        ["form", "met" if report.form != forms.FREE else "–", report.form],
        ["rhyme", _met(report.rhymed) if enough else "–", rhyme],
        ["no rhyme twice (重韵)", _met(not report.repeated_rhymes) if report.rhymed else "–", twice],
    ]
    if report.scheme:
        rows += [
            ["tones (对, 粘, line types)", _met(not report.misfits), wrong or " ".join(report.scheme)],
            ["level rhymes", _met(not unrhymed), unrhymed or ends],
            ["regulated", _met(report.regulated), substitutes if report.regulated else ""],
        ]
    rows.append(["no character twice in a line", _met(report.distinct), again])
    return Table(title="rules", columns=["rule", "", "how"], rows=rows)


def _unrhymed(lines: list[str], report: PoemReport, book: Prosody) -> str:
    """The ends of lines that should rhyme on a level group and do not."""
    level = checker.level_groups(book, (line[-1] for line in lines[1::2]))
    ends = [lines[number][-1] for number in tone_patterns.rhymes(tuple(report.scheme))]
    return " ".join(end for end in ends if not level & set(book.groups(end)))


def _met(holds: bool) -> str:
    return "met" if holds else "broken"
