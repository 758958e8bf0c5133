"""Constraints made into a guide, or one sentence that says which of them cannot be met and what would be possible.

Constraints are applied one after another: each rules out shapes that the poem may have (``guide.Shape``), and the one
that rules out the last is the one that is named. A poem of the shapes that remain can always be finished, but for
lines that must be new ones: every rhyme group that remains has more characters than the poem has rhymes, each used
once and none that ends a first line which need not rhyme, a beginning's open line leaves one of them to end it, and
there are more characters, and more level and oblique ones, than places in a line.

An acrostic of up to four characters makes a 五绝 or 七绝, of up to eight a 五律 or 七律, whose further lines begin
freely; of nine to thirteen a free form with a line for each, or with as many as make whole couplets where tones are
constrained. A free form is never of four or eight equal lines.

A rhyme is a character, which rhymes as it may be read, the name of a group, or ``any`` level group. A name is the
group's alone; where that is oblique and the tones are to be regulated, it is the character that it is: 号 names an
oblique group and may be read in a level one, 豪.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from tasks.base import Value
from tasks.poems import cleaning, forms, guide_start, tone_patterns
from tasks.poems.constraints import PoemConstraints
from tasks.poems.guide import Option, PoemGuide, Shape
from tasks.poems.lexicon import Lexicon
from tasks.poems.line_filter import LineFilter
from tasks.poems.prosody import GROUPS, LEVEL_GROUPS
from tasks.poems.transcription import normalize, transcribe

WIDTHS = (5, 7)
_LEVEL = frozenset(range(len(LEVEL_GROUPS)))
_FREE_LINES = (6, 10, 12)  # lines of a free form that is to rhyme: neither four nor eight


def parse(start: str, constraints: Mapping[str, Value]) -> PoemConstraints:
    """Convert plain constraints and a beginning.

    Raises:
        ValueError: there is no such constraint, or its value is of another type; one sentence says which.
    """
    try:
        return msgspec.convert({**constraints, "start": start}, PoemConstraints)
    except msgspec.ValidationError as error:
        raise ValueError(f"This constraint cannot be used: {error}.") from None


def build_guide(
    constraints: PoemConstraints, lexicon: Lexicon, known_lines: LineFilter | None, *, simplify: bool
) -> PoemGuide:
    """Build the guide of a poem.

    Args:
        known_lines: the lines of the training corpus; none: they are not at hand.
        simplify: traditional characters are read as simplified ones.

    Raises:
        ValueError: the constraints cannot be met; one sentence says which of them, and what would be possible.
    """
    constraints = msgspec.structs.replace(constraints, form=constraints.form.replace("絕", "绝"))
    _check_available(constraints, lexicon, known_lines)
    start, start_notes = transcribe(constraints.start, lexicon.vocabulary, simplify=simplify)
    acrostic, acrostic_notes = transcribe(constraints.acrostic, lexicon.vocabulary, simplify=simplify)
    rhyme, rhyme_notes = _read_rhyme(constraints, lexicon, simplify=simplify)
    if marks := sum(acrostic.count(mark) for mark in cleaning.PUNCTUATION):
        acrostic_notes = [*acrostic_notes, f"Left out of the acrostic: punctuation ({marks})."]
    acrostic = acrostic.translate(dict.fromkeys(map(ord, cleaning.PUNCTUATION)))
    lines = forms.lines(start)
    must_rhyme = constraints.tones or bool(constraints.rhyme)
    allow_free = not (acrostic or must_rhyme) and constraints.form in ("", forms.FREE)
    shapes = _shapes(constraints, acrostic)
    shapes = guide_start.fitting_shapes(constraints, shapes, lines, allow_free)
    guide_start.check_acrostic(acrostic, lines)
    if constraints.tones:
        shapes = _regulated_shapes(shapes, lines, lexicon)
    options = _options(constraints, rhyme, shapes, lexicon)
    guide_start.check_lines(constraints, lines, lexicon, known_lines)
    guide = PoemGuide(
        lexicon,
        options,
        allow_free=allow_free,
        line_starts=lexicon.vocabulary.encode(acrostic),
        known_lines=known_lines if constraints.novel else None,
        distinct=constraints.distinct,
        whole=constraints.form in tone_patterns.SIZES or bool(constraints.acrostic) or must_rhyme,
        notes=[*dict.fromkeys([*start_notes, *acrostic_notes, *rhyme_notes])],
    )
    narrowed = guide.after_start(lexicon.vocabulary.encode(start))
    if not narrowed.forms:
        raise ValueError(guide_start.reason_for_dead_end(guide, lines, constraints, known_lines))
    return narrowed


def _check_available(constraints: PoemConstraints, lexicon: Lexicon, known_lines: LineFilter | None) -> None:
    """Refuse constraints that this model cannot be held to."""
    if constraints.form and constraints.form not in forms.FORMS:
        raise ValueError(f"There is no form {constraints.form}: there are {', '.join(forms.FORMS)}.")
    if (constraints.tones or constraints.rhyme) and not lexicon.book:
        raise ValueError("This model was trained without the rhyme book: it knows no tones and no rhymes.")
    if constraints.novel and known_lines is None:
        raise ValueError("This model came without the lines of its training corpus: whether one is new is not known.")
    if constraints.distinct and lexicon.characters.sum() <= max(WIDTHS):
        raise ValueError("The model knows too few characters for lines of different ones: let them come again.")


def _shapes(constraints: PoemConstraints, acrostic: str) -> list[Shape]:
    """The shapes that the form and the acrostic leave."""
    count = len(acrostic)
    most = max(_FREE_LINES) if constraints.tones else cleaning.LONGEST // (min(WIDTHS) + 1)
    if count > most:
        raise ValueError(
            f"An acrostic has a line for each character and at most {most} of them"
            f"{' in regulated verse' * constraints.tones}: this one has {count}."
        )
    fixed = [Shape(form, *size) for form, size in tone_patterns.SIZES.items() if constraints.form in ("", form)]
    enough = [shape for shape in fixed if shape.lines >= count]
    if constraints.form not in ("", forms.FREE) and not enough:
        possible = [form for form, (lines, _) in tone_patterns.SIZES.items() if lines >= count] or [forms.FREE]
        raise ValueError(
            f"A {constraints.form} has {fixed[0].lines} lines, and the acrostic {count} characters: "
            f"{' or '.join(possible)} can have it."
        )
    if count and enough and not constraints.form:
        enough = [shape for shape in enough if shape.lines == min(shape.lines for shape in enough)]
    if enough and constraints.form != forms.FREE:
        return enough
    if constraints.form == forms.FREE and not (count or constraints.tones or constraints.rhyme):
        return []  # lines of any length
    longer = [lines for lines in _FREE_LINES if lines >= count]
    lengths = longer if count <= 4 or count == 8 else longer[:1] if constraints.tones else [count]
    free = [Shape(forms.FREE, lines, width) for width in WIDTHS for lines in lengths]
    return [shape for shape in free if shape.lines * (shape.width + 1) <= cleaning.LONGEST]


def _regulated_shapes(shapes: list[Shape], lines: Sequence[str], lexicon: Lexicon) -> list[Shape]:
    """The shapes with each of the schemes that a beginning's tones fit."""
    if min(lexicon.by_tone[tone].sum() for tone in (tone_patterns.LEVEL, tone_patterns.OBLIQUE)) <= max(WIDTHS):
        raise ValueError(
            "The model knows too few level or oblique characters for regulated verse: leave the tones free."
        )
    fitting = [shape._replace(scheme=scheme) for shape in shapes for scheme in tone_patterns.schemes(shape.lines)]
    for number, (line, bare) in enumerate(zip(lines, forms.bare("".join(lines)), strict=True)):
        tones = [lexicon.book.tone(character) for character in bare]
        fitting = [
            shape
            for shape in fitting
            if number < shape.lines and not tone_patterns.nearest(tones, shape.scheme[number], shape.width)[1]
        ]
        if not fitting:
            spoken = "".join("？平仄中"[tone] for tone in tones)
            why = "follows the lines before it by none of the schemes" if number else "fits none of the four line types"
            raise ValueError(f"{line} ({spoken}) {why} of regulated verse: begin otherwise, or leave the tones free.")
    return fitting


def _options(constraints: PoemConstraints, rhyme: str, shapes: list[Shape], lexicon: Lexicon) -> list[Option]:
    """The shapes with the groups that they may rhyme on: those with more characters than the shape has rhymes."""
    if not (constraints.tones or constraints.rhyme):
        return [Option(shape, frozenset()) for shape in shapes]
    groups, counts = _rhyme_groups(constraints, rhyme, lexicon), lexicon.members.sum(1)
    rhymed = [shape._replace(rhymed=True) for shape in shapes]
    options = [Option(s, frozenset(g for g in groups if counts[g] > len(s.rhymes))) for s in rhymed]
    if possible := [option for option in options if option.groups]:
        return possible
    need = min(len(shape.rhymes) for shape in rhymed) + 1
    if not rhyme:
        what = "tones" if constraints.tones else "the rhyme"
        raise ValueError(f"No level rhyme group has the {need} characters that such a poem needs: leave {what} free.")
    named, most = "".join(GROUPS[group] for group in sorted(groups)), max(int(counts[group]) for group in groups)
    largest = [g for g in np.argsort(-counts, kind="stable").tolist() if g in _LEVEL or not constraints.tones][:5]
    enough = " ".join(GROUPS[group] for group in largest if counts[group] >= need)
    raise ValueError(
        f"The model knows {most} characters of the rhyme group {named}, and such a poem needs {need}: "
        f"{enough or 'no group'} have enough."
    )


def _read_rhyme(constraints: PoemConstraints, lexicon: Lexicon, *, simplify: bool) -> tuple[str, list[str]]:
    """Read the rhyme → the character to rhyme with or the group's name, empty where any or none is asked for; notes."""
    if not constraints.rhyme or constraints.any_rhyme:
        return "", []
    text = constraints.rhyme.strip()
    rhyme, notes = normalize(text[:-1] if text[1:] in ("韵", "韻") else text, lexicon.vocabulary, simplify=simplify)
    if len(rhyme) != 1:
        raise ValueError(f"{text or 'Nothing'} is no rhyme: give one character, such as 天, a group's name, or any.")
    if rhyme not in GROUPS and not lexicon.book.groups(rhyme):
        why = "The rhyme book does not hold" if rhyme in lexicon.vocabulary else "The network does not know"
        raise ValueError(f"{why} {rhyme}: give a character such as 天 to rhyme with, or a group such as 先.")
    return rhyme, notes


def _rhyme_groups(constraints: PoemConstraints, rhyme: str, lexicon: Lexicon) -> frozenset[int]:
    """The rhyme groups of a rhyme; of none and of any, every level one."""
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
