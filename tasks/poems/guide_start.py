"""Checks of a poem's beginning against its constraints; each failure is one sentence. No torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tasks.poems import cleaning, forms
from tasks.poems.constraints import PoemConstraints
from tasks.poems.guide import PoemGuide, Shape
from tasks.poems.lexicon import Lexicon
from tasks.poems.line_filter import LineFilter


def fitting_shapes(
    constraints: PoemConstraints, shapes: list[Shape], lines: Sequence[str], allow_free: bool
) -> list[Shape]:
    """The shapes that a beginning's lines leave.

    Raises:
        ValueError: there is none.
    """
    length = sum(map(len, lines))
    if allow_free and length >= cleaning.LONGEST:
        raise ValueError(
            f"A poem has at most {cleaning.LONGEST} characters, marks counted: this beginning has {length}."
        )
    fitting = [shape for shape in shapes if _fits(shape, lines)]
    if fitting or allow_free:
        return fitting
    widths = [len(bare) for bare in forms.bare("".join(lines))]
    most, width = max(shape.lines for shape in shapes), max(shape.width for shape in shapes)
    what = f"A {constraints.form}" if constraints.form else "Such a poem"
    if len(lines) > most:
        raise ValueError(f"{what} has {most} lines, and the beginning {len(lines)}: take fewer, or another form.")
    if max(widths) > width:
        longest = lines[widths.index(max(widths))]
        raise ValueError(
            f"{what} has lines of {width} characters, and the beginning's {longest} has {max(widths)}: "
            "set ， and 。 where lines end, or take another form."
        )
    exact = " or ".join(str(n) for n in sorted({shape.width for shape in shapes}))
    raise ValueError(
        f"{what} has lines of {exact} characters ended by ， and 。 in turn, and the beginning {''.join(lines)} is "
        "not so: begin otherwise, or take form free."
    )


def check_acrostic(acrostic: str, lines: Sequence[str]) -> None:
    """Raise ``ValueError`` where a beginning's lines do not begin with the acrostic's characters."""
    for number, (expected, line) in enumerate(zip(acrostic, lines, strict=False), 1):
        if line[0] != expected:
            raise ValueError(
                f"The acrostic wants line {number} to begin with {expected}, and the beginning has {line[0]} there: "
                "leave one of them out."
            )


def check_lines(
    constraints: PoemConstraints, lines: Sequence[str], lexicon: Lexicon, known_lines: LineFilter | None
) -> None:
    """Raise ``ValueError`` where a beginning's own lines break the constraints on lines."""
    for line, bare in zip(lines, forms.bare("".join(lines)), strict=True):
        if constraints.distinct and len(set(bare)) < len(bare):
            raise ValueError(f"The beginning's line {bare} has a character twice, and none is to: begin otherwise.")
        if bare != line and constraints.novel and known_lines:
            _check_is_new(bare, lexicon, known_lines)


def reason_for_dead_end(
    guide: PoemGuide, lines: Sequence[str], constraints: PoemConstraints, known_lines: LineFilter | None
) -> str:
    """The sentence for a beginning of the right length and tones after which nothing is allowed.

    Raises:
        ValueError: the reason is that its last line is a known one.
    """
    lexicon = guide.lexicon
    bare = forms.bare("".join(lines))
    if constraints.novel and known_lines:
        _check_is_new(bare[-1], lexicon, known_lines)  # a whole line that lacks only its mark
    done = tuple(tuple(lexicon.vocabulary.encode(line)) for line in bare)
    group = "any level group" if constraints.any_rhyme else constraints.rhyme
    rule, constraint = (f"rhyme on {group}", "rhyme") if group else ("rhyme as regulated verse does", "tones")
    before = [option for form in guide.forms for option in guide.remaining(lexicon.forms[form], done[:-1])]
    unfinished = lines[-1] == bare[-1] and any(len(bare[-1]) < option.shape.width for option in before)
    for count in range(1, len(done) + (not unfinished)):
        if not any(guide.remaining(lexicon.forms[form], done[:count]) for form in guide.forms):
            last = bare[count - 1][-1]
            if (ends := [line[-1] for line in bare[: count - 1]]) and last in (ends[0], *ends[1::2]):
                return (
                    f"Two lines of the beginning end with {last}, and no character may rhyme twice (重韵): "
                    f"begin otherwise, or leave the {constraint} free."
                )
            return (
                f"Line {count} of the beginning ends with {last}, which does not {rule}: "
                f"begin otherwise, or leave the {constraint} free."
            )
    if unfinished and not any(guide.line_endings(option, done[:-1], done[-1]).any() for option in before):
        return (
            f"The beginning's line {bare[-1]} holds every character left that could end it to {rule}, and none may "
            f"stand twice: begin otherwise, leave the {constraint} free, or let characters come again."
        )
    return f"Nothing can follow the beginning {''.join(lines)} as it was asked for: begin otherwise."


def _fits(shape: Shape, lines: Sequence[str]) -> bool:
    """Tell whether a beginning's lines are as long and end as a shape's; the last one may be unfinished."""
    for number, (line, bare) in enumerate(zip(lines, forms.bare("".join(lines)), strict=True)):
        ended = line != bare
        if number >= shape.lines or len(bare) > shape.width or (ended and len(bare) < shape.width):
            return False
        if ended and line[-1] != "。" and (number % 2 or number == shape.lines - 1):
            return False
    return True


def _check_is_new(line: str, lexicon: Lexicon, known_lines: LineFilter) -> None:
    if known_lines.contains(np.array([lexicon.vocabulary.encode(line)]))[0]:
        raise ValueError(
            f"The beginning's line {line} is one of the training corpus, and none is to be: begin otherwise."
        )
