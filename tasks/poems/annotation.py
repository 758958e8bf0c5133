"""Annotations of a poem as it grows: tones, rhymes, characters that break the tones, a verdict in a line. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tasks.poems import checker, forms
from tasks.poems.checker import PoemReport
from tasks.poems.prosody import Prosody, Tone
from tasks.views import Annotation

TONE_LABELS = {Tone.LEVEL: "○", Tone.OBLIQUE: "●", Tone.FREE: "◎"}
_LINE_ENDS = "，。！？\n"
_MOST_NAMED = 3  # characters that break the tones, by name; the rest are counted


def annotate(text: str, book: Prosody, *, ended: bool) -> Annotation:
    """Annotate a poem: the tone of each character and the line ends that rhyme; once it has ended, faults and verdict.

    Args:
        ended: the poem is whole, so that the rules on whole poems apply.
    """
    report = checker.check(text, book) if ended and text else None
    return Annotation(
        labels=[TONE_LABELS.get(book.tone(character), "") for character in text] if book else [],
        linked=sorted(rhyming_ends(text, book)),
        faults=sorted(misfits(text, report)) if report and book else [],
        verdict=verdict(text, report, book) if report else "",
    )


def misfits(text: str, report: PoemReport) -> set[int]:
    """The characters, by number, that break the tones of the nearest scheme of regulated verse or rhyme once more."""
    starts, lines = _line_starts(text), forms.bare(text)
    rhymes = {starts[line] + len(lines[line]) - 1 for line in report.repeated_rhymes}
    return rhymes | {starts[line] + place for line, place in report.misfits}


def rhyming_ends(text: str, book: Prosody) -> set[int]:
    """The line ends, by number, that rhyme with one another: even lines', and with them the first one's."""
    if not book:
        return set()
    lines = list(zip(_line_starts(text), forms.lines(text), strict=False))
    ends = [start + len(line) - 2 for start, line in lines if line[-1] in _LINE_ENDS and len(line) > 1]
    groups = {end: set(book.groups(text[end])) for end in ends}
    counts = Counter(group for end in ends[1::2] for group in groups[end])
    counts.update(group for end in ends[:1] for group in groups[end] if group in counts)
    shared = max(counts, key=counts.__getitem__, default=None)
    rhyming = {end for end in (*ends[:1], *ends[1::2]) if shared in groups[end]}
    return rhyming if len(rhyming) > 1 else set()


def verdict(text: str, report: PoemReport, book: Prosody) -> str:
    """The report of a poem in a line."""
    lines = forms.bare(text)
    parts = ["free form" if report.form == forms.FREE else report.form]
    if not book:
        parts.append("rhyme and tones unknown")
    else:
        first = ", the first line too" * report.first_rhymes
        parts.append(f"rhymed on {' '.join(report.rhyme)}{first}" if report.rhymed else "not rhymed")
        if twice := dict.fromkeys(lines[line][-1] for line in report.repeated_rhymes):
            parts.append(f"{' '.join(twice)} rhymes twice (重韵)")
        if report.scheme:
            parts.append(_regulated(report, lines))
    repeated = [f"{_repeated(lines[line])} twice in line {line + 1}" for line in report.repeated]
    return " · ".join([*parts, *(repeated or ["no character twice in a line"])])


def _regulated(report: PoemReport, lines: Sequence[str]) -> str:
    if report.regulated:
        named = " and ".join(f"line {line + 1}" for line in report.substitutes)
        return "regulated" + f" with 平平仄平仄 in {named}" * bool(named)
    wrong = [f"{lines[line][place]} in line {line + 1}" for line, place in report.misfits]
    if not wrong:
        return "tones as regulated, rhymes not"
    more = f" and {len(wrong) - _MOST_NAMED} more" * (len(wrong) > _MOST_NAMED)
    return f"not regulated: {', '.join(wrong[:_MOST_NAMED])}{more}"


def _repeated(line: str) -> str:
    return " ".join(character for character, count in Counter(line).items() if count > 1)


def _line_starts(text: str) -> list[int]:
    """The number of each line's first character."""
    starts = [0]
    for line in forms.lines(text):
        starts.append(starts[-1] + len(line))
    return starts
