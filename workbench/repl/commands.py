"""What the poem prompt holds between two lines, and the commands that change it. No torch, no terminal."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import msgspec

from tasks.poems import forms
from tasks.poems.constraints import PoemConstraints
from workbench.config.defaults import LENGTH, REPETITION, SEEDS, TEMPERATURE, TOP_P
from workbench.render.format import did_you_mean, plain
from workbench.render.text_input import bare

_N = TypeVar("_N", int, float)
_ON = {"on": True, "yes": True, "1": True, "": True, "off": False, "no": False, "0": False}
_NOTHING = ("", "any", "off", "none", "-")
_SLASHES = ("/", "／")
MOST = 100  # poems at once
BEST = 256  # candidates of each
LONGEST = 100_000  # characters
_TOKENS = 1_000_000  # more than a network knows
_SHOWN = 12  # characters of a text that a person typed


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """How the next poem will be written."""

    constraints: PoemConstraints = PoemConstraints()
    temperature: float = TEMPERATURE
    top_p: float = TOP_P
    top_k: int = 0
    repetition: float = REPETITION
    seed: int | None = None  # of the next poem; none: any
    best_of: int = 1
    length: int = LENGTH

    def with_constraints(self, **changes: object) -> Desk:
        return msgspec.structs.replace(self, constraints=msgspec.structs.replace(self.constraints, **changes))

    def told(self) -> str:
        """What is set, in a line."""
        constraints = self.constraints
        parts = [
            constraints.form or "any form",
            *([f"begins {plain(constraints.start, _SHOWN)}"] if constraints.start else []),
            *([f"acrostic {constraints.acrostic}"] if constraints.acrostic else []),
            *([f"rhyme {constraints.rhyme}"] if constraints.rhyme else []),
            *(name for name in ("tones", "distinct", "novel") if getattr(constraints, name)),
            f"temp {self.temperature:g}",
            *([f"top-p {self.top_p:g}"] if self.top_p < 1 else []),
            *([f"top-k {self.top_k}"] if self.top_k else []),
            *([f"repetition {self.repetition:g}"] if self.repetition != REPETITION else []),
            *([f"best of {self.best_of}"] if self.best_of > 1 else []),
            *([f"length {self.length}"] if self.length != LENGTH else []),
            f"seed {'any' if self.seed is None else self.seed}",
        ]
        return " · ".join(parts)

    def hint(self) -> str:
        """What could be typed, for a person who typed nothing."""
        constraints = self.constraints
        begins = f"with {plain(constraints.start, _SHOWN)}" if constraints.start else "freely"
        another = (
            f"one on {plain(constraints.acrostic, _SHOWN)}" if constraints.acrostic else f"one that begins {begins}"
        )
        return f"Type the characters that a poem begins with, /again for {another}, or /help."


class Command(NamedTuple):
    """A word after a slash."""

    name: str
    argument: str  # as the help writes it; empty: it takes none
    help: str
    change: Callable[[Desk, str], Desk] | None = None  # none: it acts, and changes nothing here
    choices: tuple[str, ...] = ()  # offered to complete the argument


class Line(NamedTuple):
    """A line that was typed: a command with its argument, or without a command the beginning of a poem."""

    command: Command | None
    text: str


def _form(desk: Desk, text: str) -> Desk:
    return desk.with_constraints(form="" if text in _NOTHING else text)


def _start(desk: Desk, text: str) -> Desk:
    return desk.with_constraints(start="" if text in _NOTHING else text)


def _acrostic(desk: Desk, text: str) -> Desk:
    """An acrostic begins every line: no other beginning stays."""
    return desk.with_constraints(acrostic="") if text in _NOTHING else desk.with_constraints(acrostic=text, start="")


def _rhyme(desk: Desk, text: str) -> Desk:
    return desk.with_constraints(rhyme="" if text in _NOTHING else text)


def _switch(name: str) -> Callable[[Desk, str], Desk]:
    def change(desk: Desk, text: str) -> Desk:
        if text.lower() not in _ON:
            raise ValueError(f"/{name} is on or off: {text} is neither.")
        return desk.with_constraints(**{name: _ON[text.lower()]})

    return change


def _temperature(desk: Desk, text: str) -> Desk:
    return msgspec.structs.replace(desk, temperature=_number("temp", text, 0.0, 100.0) if text else Desk().temperature)


def _top_p(desk: Desk, text: str) -> Desk:
    found = _number("top-p", text, 0.0, 1.0) if text else Desk().top_p
    if not found:
        raise ValueError("/top-p takes a share above 0, up to 1.")
    return msgspec.structs.replace(desk, top_p=found)


def _seed(desk: Desk, text: str) -> Desk:
    return msgspec.structs.replace(desk, seed=None if text in _NOTHING else whole("seed", text, 0, SEEDS - 1))


def _best(desk: Desk, text: str) -> Desk:
    return msgspec.structs.replace(desk, best_of=1 if text in _NOTHING else whole("best", text, 1, BEST))


def _top_k(desk: Desk, text: str) -> Desk:
    return msgspec.structs.replace(desk, top_k=0 if text in _NOTHING else whole("top-k", text, 0, _TOKENS))


def _repetition(desk: Desk, text: str) -> Desk:
    found = _number("repetition", text, 0.0, 100.0) if text else Desk().repetition
    return msgspec.structs.replace(desk, repetition=found)


def _length(desk: Desk, text: str) -> Desk:
    return msgspec.structs.replace(desk, length=whole("length", text, 1, LONGEST) if text else Desk().length)


COMMANDS = (
    Command("form", "七绝", "the form: 五绝 七绝 五律 七律 free, or any", _form, (*forms.FORMS, "any")),
    Command("start", "月", "begin so with /again and /more; off: freely", _start, ("off",)),
    Command("acrostic", "春夏秋冬", "藏头: write one whose lines begin with these; off", _acrostic, ("off",)),
    Command("rhyme", "天", "rhyme with a character, or on a group by its name; off", _rhyme, ("off",)),
    Command("tones", "on", "regulated verse: level and oblique tones, 对 and 粘", _switch("tones"), ("on", "off")),
    Command("distinct", "on", "no character twice in a line", _switch("distinct"), ("on", "off")),
    Command("novel", "on", "no line of the training corpus", _switch("novel"), ("on", "off")),
    Command("temp", "0.8", "temperature: below 1 surer, above 1 bolder, 0 always the likeliest", _temperature),
    Command("top-p", "0.9", "draw among the likeliest that hold this probability", _top_p),
    Command("top-k", "40", "draw among so many of the likeliest; off: all", _top_k, ("off",)),
    Command("repetition", "0.5", "nats that a character costs again; 0: none", _repetition),
    Command("seed", "7", "seed of the next poem, from which seeds count up; any", _seed, ("any",)),
    Command("length", "200", "characters written at most", _length),
    Command("best", "4", "write so many at once and show the best by score", _best),
    Command("again", "", "write once more with the same beginning, another seed"),
    Command("more", "5", "write so many more"),
    Command("explain", "", "the last poem character by character: probability, tone, rhyme, rules"),
    Command("save", "FILE", "add the last poems to a file"),
    Command("model", "RUN", "write with another run; alone: which one writes"),
    Command("reset", "", "all settings back to how they were at first, no beginning kept"),
    Command("show", "", "how the next poem will be written"),
    Command("help", "", "this list"),
    Command("quit", "", "leave; so does Ctrl-D"),
)
_BY_NAME = {command.name: command for command in COMMANDS}


def read(line: str) -> Line:
    """What a line asks for; nothing where nothing was typed.

    Raises:
        ValueError: a command that there is not; one sentence says so.
    """
    if not line.lstrip().startswith(_SLASHES):
        return Line(None, bare(line))
    name, argument, *_ = [*cut(line.lstrip()), ""]
    name, argument = name.lower(), argument.strip()
    if name not in _BY_NAME:
        nearest = did_you_mean(f"/{name}", [f"/{one}" for one in _BY_NAME])
        raise ValueError(f"There is no /{name}{nearest} /help lists the commands.")
    command = _BY_NAME[name]
    if argument and not command.argument:
        raise ValueError(f"/{name} stands alone: {argument} says nothing to it.")
    return Line(command, bare(argument) if command.change else argument)


def cut(line: str) -> list[str]:
    """A command's name, and after any blank, were there one, its argument; nothing of a line that is no command."""
    if not line.startswith(_SLASHES):
        return []
    return re.split(r"\s+", line[1:], maxsplit=1)


def whole(name: str, text: str, least: int, most: int) -> int:
    """A whole number between two.

    Raises:
        ValueError: it is none.
    """
    return _between(name, text, int, "a whole number", least, most)


def _number(name: str, text: str, least: float, most: float) -> float:
    return _between(name, text, float, "a number", least, most)


def _between(name: str, text: str, kind: Callable[[str], _N], called: str, least: _N, most: _N) -> _N:
    try:
        found = kind(text)
    except ValueError:
        raise ValueError(f"/{name} takes {called}: {text} is none.") from None
    if not least <= found <= most:
        raise ValueError(f"/{name} takes a number from {least:,.12g} to {most:,.12g}: {text} is not.")
    return found
