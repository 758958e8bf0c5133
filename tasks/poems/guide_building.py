"""Wishes made into a plan, or one sentence that says which of them cannot be met and what would be possible.

Wishes are taken one after another: each rules out shapes that the poem may have (``plan.Shape``), and the one that
rules out the last is the one that is named. What is left can always be finished, but for lines that must be new ones:
every rhyme group that is left has more characters than the poem has rhymes, each used once, a beginning's open line
leaves one of them to end it, and there are more characters, and more level and oblique ones, than places in a line.

An acrostic of up to four characters makes a 五绝 or 七绝, of up to eight a 五律 or 七律, whose further lines begin
freely; of nine to thirteen a free form with a line for each, or with as many as make whole couplets where tones are
asked for. A free form is never of four or eight equal lines.

A rhyme is a character, which rhymes as it may be read, or the name of a group. A name is the group's alone; where that
is oblique and the tones are to be regulated, it is the character that it is: 号 names an oblique group and may be read
in a level one, 豪.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from tasks.poems import cleaning, forms, tone_patterns
from tasks.poems.constraints import PoemConstraints
from tasks.poems.guide import PoemGuide, Shape, Standing
from tasks.poems.lexicon import Lexicon
from tasks.poems.line_filter import LineFilter
from tasks.poems.prosody import GROUPS, LEVEL_GROUPS
from tasks.poems.transcription import simplified, spelled

WIDTHS = (5, 7)
_LEVEL = frozenset(range(len(LEVEL_GROUPS)))
_OTHERS = (6, 10, 12)  # lines of a free form that is to rhyme: neither four nor eight


def plan(constraints: PoemConstraints, lexicon: Lexicon, known: LineFilter | None, *, simplify: bool) -> PoemGuide:
    """What the constraints makes of a poem.

    Args:
        known: the lines of the training corpus; none: they are not at hand.
        simplify: traditional characters are read as simplified ones.

    Raises:
        ValueError: the constraints cannot be met; one sentence says which part of it, and what would be possible.
    """
    constraints = msgspec.structs.replace(constraints, form=constraints.form.replace("絕", "绝"))
    if constraints.form and constraints.form not in forms.FORMS:
        raise ValueError(f"There is no form {constraints.form}: there are {', '.join(forms.FORMS)}.")
    if (constraints.tones or constraints.rhyme) and not lexicon.book:
        raise ValueError("This model was trained without the rhyme book: it knows no tones and no rhymes.")
    if constraints.novel and known is None:
        raise ValueError("This model came without the lines of its training corpus: whether one is new is not known.")
    if constraints.distinct and lexicon.characters.sum() <= max(WIDTHS):
        raise ValueError("The model knows too few characters for lines of different ones: let them come again.")
    start, said = spelled(constraints.start, lexicon.vocabulary, simplify=simplify)
    acrostic, also = spelled(constraints.acrostic, lexicon.vocabulary, simplify=simplify)
    rhyme, besides = _rhyme(constraints, lexicon, simplify=simplify)
    acrostic = acrostic.translate(dict.fromkeys(map(ord, cleaning.PUNCTUATION)))
    lines = forms.lines(start)
    shapes, loose = _shapes(constraints, acrostic), not (acrostic or constraints.tones or constraints.rhyme)
    loose = loose and constraints.form in ("", forms.FREE)
    shapes = _begun(constraints, shapes, lines, loose)
    _agree(acrostic, lines)
    if constraints.tones:
        shapes = _regulated(shapes, lines, lexicon)
    standing = _rhymed(constraints, rhyme, shapes, lexicon)
    _own(constraints, lines, lexicon, known)
    found = PoemGuide(
        lexicon,
        standing,
        loose=loose,
        heads=lexicon.vocabulary.encode(acrostic),
        known=known if constraints.novel else None,
        distinct=constraints.distinct,
        notes=[*dict.fromkeys([*said, *also, *besides])],
    )
    begun = found.begun(lexicon.vocabulary.encode(start))
    if not begun.forms:
        raise ValueError(_why_not(found, lines, constraints, known))
    return begun


def _shapes(constraints: PoemConstraints, acrostic: str) -> list[Shape]:
    """The shapes that the form and the acrostic leave."""
    count = len(acrostic)
    most = max(_OTHERS) if constraints.tones else cleaning.LONGEST // (min(WIDTHS) + 1)
    if count > most:
        raise ValueError(
            f"An acrostic has a line for each character and at most {most} of them"
            f"{' in regulated verse' * constraints.tones}: this one has {count}."
        )
    fixed = [Shape(form, *size) for form, size in tone_patterns.SIZES.items() if constraints.form in ("", form)]
    enough = [shape for shape in fixed if shape.lines >= count]
    if constraints.form not in ("", forms.FREE) and not enough:
        able = [form for form, (lines, _) in tone_patterns.SIZES.items() if lines >= count] or [forms.FREE]
        raise ValueError(
            f"A {constraints.form} has {fixed[0].lines} lines, and the acrostic {count} characters: "
            f"{' or '.join(able)} can have it."
        )
    if count and enough and not constraints.form:
        enough = [shape for shape in enough if shape.lines == min(shape.lines for shape in enough)]
    if enough and constraints.form != forms.FREE:
        return enough
    if constraints.form == forms.FREE and not (count or constraints.tones or constraints.rhyme):
        return []  # lines of any length
    longer = [lines for lines in _OTHERS if lines >= count]
    lengths = longer if count <= 4 or count == 8 else longer[:1] if constraints.tones else [count]
    free = [Shape(forms.FREE, lines, width) for width in WIDTHS for lines in lengths]
    return [shape for shape in free if shape.lines * (shape.width + 1) <= cleaning.LONGEST]


def _begun(constraints: PoemConstraints, shapes: list[Shape], lines: Sequence[str], loose: bool) -> list[Shape]:
    """The shapes that a beginning's lines leave."""
    length = sum(map(len, lines))
    if loose and length >= cleaning.LONGEST:
        raise ValueError(
            f"A poem has at most {cleaning.LONGEST} characters, marks counted: this beginning has {length}."
        )
    left = [shape for shape in shapes if _fits(shape, lines)]
    if left or loose:
        return left
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


def _fits(shape: Shape, lines: Sequence[str]) -> bool:
    """Whether a beginning's lines are as long and end as a shape's; its last one may be unfinished."""
    for number, (line, bare) in enumerate(zip(lines, forms.bare("".join(lines)), strict=True)):
        ended = line != bare
        if number >= shape.lines or len(bare) > shape.width or (ended and len(bare) < shape.width):
            return False
        if ended and line[-1] != "。" and (number % 2 or number == shape.lines - 1):
            return False
    return True


def _agree(acrostic: str, lines: Sequence[str]) -> None:
    """An acrostic's characters begin the lines of a beginning too."""
    for number, (wanted, line) in enumerate(zip(acrostic, lines, strict=False), 1):
        if line[0] != wanted:
            raise ValueError(
                f"The acrostic wants line {number} to begin with {wanted}, and the beginning has {line[0]} there: "
                "leave one of them out."
            )


def _regulated(shapes: list[Shape], lines: Sequence[str], lexicon: Lexicon) -> list[Shape]:
    """The shapes with each of the schemes that a beginning's tones fit."""
    if min(lexicon.fitting[tone].sum() for tone in (tone_patterns.LEVEL, tone_patterns.OBLIQUE)) <= max(WIDTHS):
        raise ValueError(
            "The model knows too few level or oblique characters for regulated verse: leave the tones free."
        )
    every = [shape._replace(scheme=scheme) for shape in shapes for scheme in tone_patterns.schemes(shape.lines)]
    left = every
    for number, (line, bare) in enumerate(zip(lines, forms.bare("".join(lines)), strict=True)):
        tones = [lexicon.book.tone(character) for character in bare]
        left = [
            shape
            for shape in left
            if number < shape.lines and not tone_patterns.nearest(tones, shape.scheme[number], shape.width)[1]
        ]
        if not left:
            spoken = "".join("？平仄中"[tone] for tone in tones)
            why = "follows the lines before it by none of the schemes" if number else "fits none of the four line types"
            raise ValueError(f"{line} ({spoken}) {why} of regulated verse: begin otherwise, or leave the tones free.")
    return left


def _rhymed(constraints: PoemConstraints, rhyme: str, shapes: list[Shape], lexicon: Lexicon) -> list[Standing]:
    """The shapes with the groups that they may rhyme on: those with more characters than the shape has rhymes."""
    if not (constraints.tones or constraints.rhyme):
        return [(shape, frozenset()) for shape in shapes]
    groups, counts = _groups(constraints, rhyme, lexicon), lexicon.members.sum(1)
    rhymed = [shape._replace(rhymed=True) for shape in shapes]
    pairs = [(s, frozenset(g for g in groups if counts[g] > len(s.rhymes))) for s in rhymed]
    standing = [(shape, able) for shape, able in pairs if able]
    if standing:
        return standing
    need = min(len(shape.rhymes) for shape in rhymed) + 1
    if not constraints.rhyme:
        raise ValueError(f"No level rhyme group has the {need} characters that such a poem needs: leave tones free.")
    named, most = "".join(GROUPS[group] for group in sorted(groups)), max(int(counts[group]) for group in groups)
    largest = [g for g in np.argsort(-counts, kind="stable").tolist() if g in _LEVEL or not constraints.tones][:5]
    enough = " ".join(GROUPS[group] for group in largest if counts[group] >= need)
    raise ValueError(
        f"The model knows {most} characters of the rhyme group {named}, and such a poem needs {need}: "
        f"{enough or 'no group'} have enough."
    )


def _rhyme(constraints: PoemConstraints, lexicon: Lexicon, *, simplify: bool) -> tuple[str, list[str]]:
    """The character to rhyme with, or the name of a group, and what was made of it; empty without a constraints."""
    if not constraints.rhyme:
        return "", []
    told = constraints.rhyme.strip()
    found, notes = simplified(told[:-1] if told[1:] in ("韵", "韻") else told, lexicon.vocabulary, simplify=simplify)
    if len(found) != 1:
        raise ValueError(f"{told or 'Nothing'} is no rhyme: give one character, such as 天, or a group's name.")
    if found not in GROUPS and not lexicon.book.groups(found):
        why = "The rhyme book does not hold" if found in lexicon.vocabulary else "The network does not know"
        raise ValueError(f"{why} {found}: give a character such as 天 to rhyme with, or a group such as 先.")
    return found, notes


def _groups(constraints: PoemConstraints, rhyme: str, lexicon: Lexicon) -> frozenset[int]:
    """The rhyme groups that a person means; without constraints, every level one."""
    if not rhyme:
        return _LEVEL
    read = frozenset(lexicon.book.groups(rhyme))
    named = frozenset([GROUPS.index(rhyme)]) if rhyme in GROUPS else read
    if not constraints.tones:
        return named
    if not (named | read) & _LEVEL:
        raise ValueError(
            f"{rhyme} is oblique, and regulated verse rhymes on level characters: rhyme on a level one such as 天, or "
            "leave the tones free."
        )
    return named & _LEVEL or read & _LEVEL


def _own(constraints: PoemConstraints, lines: Sequence[str], lexicon: Lexicon, known: LineFilter | None) -> None:
    """A beginning's lines must themselves be as lines are wished for."""
    for line, bare in zip(lines, forms.bare("".join(lines)), strict=True):
        if constraints.distinct and len(set(bare)) < len(bare):
            raise ValueError(f"The beginning's line {bare} has a character twice, and none is to: begin otherwise.")
        if bare != line and constraints.novel and known:
            _new(bare, lexicon, known)


def _new(line: str, lexicon: Lexicon, known: LineFilter) -> None:
    if known.knows(np.array([lexicon.vocabulary.encode(line)]))[0]:
        raise ValueError(
            f"The beginning's line {line} is one of the training corpus, and none is to be: begin otherwise."
        )


def _why_not(plan: PoemGuide, lines: Sequence[str], constraints: PoemConstraints, known: LineFilter | None) -> str:
    """Why nothing can follow a beginning whose length and tones are as they should be."""
    lexicon = plan.lexicon
    bare = forms.bare("".join(lines))
    if constraints.novel and known:
        _new(bare[-1], lexicon, known)  # a whole line that lacks but its mark
    done = tuple(tuple(lexicon.vocabulary.encode(line)) for line in bare)
    what, free = (
        (f"rhyme on {constraints.rhyme}", "rhyme") if constraints.rhyme else ("rhyme as regulated verse does", "tones")
    )
    before = [one for form in plan.forms for one in plan.left(lexicon.forms[form], done[:-1])]
    unfinished = lines[-1] == bare[-1] and any(len(bare[-1]) < shape.width for shape, _ in before)
    for count in range(1, len(done) + (not unfinished)):
        if not any(plan.left(lexicon.forms[form], done[:count]) for form in plan.forms):
            return (
                f"Line {count} of the beginning ends with {bare[count - 1][-1]}, which does not {what}: "
                f"begin otherwise, or leave the {free} free."
            )
    if unfinished and not any(plan.endings(one, done[:-1], done[-1]).any() for one in before):
        return (
            f"The beginning's line {bare[-1]} holds every character left that could end it to {what}, and none may "
            f"stand twice: begin otherwise, leave the {free} free, or let characters come again."
        )
    return f"Nothing can follow the beginning {''.join(lines)} as it was asked for: begin otherwise."
