"""Commands of the poem prompt, and the parser of its lines. No torch, no terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from workbench.config.fields import Field
from workbench.config.generation import DEFAULTS, FIELDS
from workbench.config.suggestions import did_you_mean
from workbench.render.text import stripped
from workbench.repl.settings import PromptSettings
from workbench.runs.writers import not_offered

_N = TypeVar("_N", int, float)
Change = Callable[[PromptSettings, str], PromptSettings]
ACROSTIC = "acrostic"
MOST = 100  # poems of one line
_SWITCH = {"on": True, "yes": True, "1": True, "": True, "off": False, "no": False, "0": False}
_NONE = ("", "any", "off", "none", "-")
_SLASHES = ("/", "／")


class Command(NamedTuple):
    """A word after a slash."""

    name: str
    argument: str  # as the help writes it; empty: it takes none
    help: str
    change: Change | None = None  # makes new settings of an argument; none: the prompt itself acts
    choices: tuple[str, ...] = ()  # completions of the argument


class ParsedLine(NamedTuple):
    """A typed line: a command with its argument, or without a command the beginning of a poem."""

    command: Command | None
    text: str


def _start(settings: PromptSettings, text: str) -> PromptSettings:
    return settings.with_start("" if text in _NONE else text)


def _constraint(field: Field) -> Command:
    """Make the command of a constraint."""
    name = field.key
    example, help_text = _CONSTRAINTS.get(name, ("on" if field.kind == "bool" else "X", field.help))
    if field.kind == "bool":
        return Command(name, example, help_text, _switch(field), ("on", "off"))

    def change(settings: PromptSettings, text: str) -> PromptSettings:
        if text in _NONE:
            return settings.with_constraint(name, None)
        value = field._replace(key=f"/{name}").read(text)
        settings = settings.with_constraint(name, None if value == field.default else value)
        return settings.with_start("") if name == ACROSTIC else settings  # it replaces any other beginning

    choices = field.choices or field.examples
    return Command(name, example, help_text, change, (*choices, "any" if choices else "off"))


def _switch(field: Field) -> Change:
    """Set a constraint that is on or off."""

    def change(settings: PromptSettings, text: str) -> PromptSettings:
        if text.lower() not in _SWITCH:
            raise ValueError(f"/{field.key} is on or off: {text} is neither.")
        value = _SWITCH[text.lower()]
        return settings.with_constraint(field.key, None if value == field.default else value)

    return change


def _seed(settings: PromptSettings, text: str) -> PromptSettings:
    return settings.with_seed(None if text in _NONE else int(_setting("seed", "seed", text)))


def _generation(name: str, field: str, example: str, choices: tuple[str, ...] = ()) -> Command:
    """Make the command of a field of ``GenerationConfig``; without an argument it sets the default."""

    def change(settings: PromptSettings, text: str) -> PromptSettings:
        default = text in (_NONE if choices else ("",))
        value = getattr(DEFAULTS, field) if default else _setting(name, field, text)
        return settings.with_config(**{field: value})

    return Command(name, example, FIELDS[field].help, change, choices)


_CONSTRAINTS = {  # example and help of constraints that are well known
    "form": ("七绝", "the form: 五绝 七绝 五律 七律 free, or any"),
    ACROSTIC: ("春夏秋冬", "藏头: write one whose lines begin with these; off"),
    "rhyme": ("天", "rhyme with a character, on a group by its name, or any; no rhyme twice; off"),
    "tones": ("on", "regulated verse: level and oblique tones, 对 and 粘"),
    "distinct": ("on", "no character twice in a line"),
    "novel": ("on", "no line of the training corpus"),
}
_START = Command("start", "月", "begin so with /again and /more; off: freely", _start, ("off",))
_GENERAL = (
    _generation("temp", "temperature", "0.8"),
    _generation("top-p", "top_p", "0.9"),
    _generation("top-k", "top_k", "40", ("off",)),
    _generation("repetition", "repetition", "0.5"),
    Command("seed", "7", "seed of the next poem, from which seeds count up; any", _seed, ("any",)),
    _generation("length", "length", "200"),
    _generation("best", "best_of", "4", ("off",)),
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


def available(offered: Mapping[str, Field]) -> list[Command]:
    """Return the commands of the prompt with a network that offers these constraints, in the order of the help."""
    taken = {command.name for command in (_START, *_GENERAL)}
    constraints = [_constraint(field) for name, field in offered.items() if name not in taken]
    constraints.insert(min(len(constraints), "form" in offered), _START)
    return [*constraints, *_GENERAL]


def parse(line: str, offered: Mapping[str, Field]) -> ParsedLine:
    """Parse a line; an empty one is an empty text.

    Args:
        offered: the constraints that the network offers.

    Raises:
        ValueError: there is no such command, the network does not offer it, or it takes no argument; one sentence
            says so.
    """
    if not line.lstrip().startswith(_SLASHES):
        return ParsedLine(None, stripped(line))
    name, argument, *_ = [*split(line.lstrip()), ""]
    name, argument = name.lower(), argument.strip()
    by_name = {command.name: command for command in available(offered)}
    if name in _CONSTRAINTS and name not in by_name:
        raise ValueError(not_offered([name], offered))
    if name not in by_name:
        nearest = did_you_mean(f"/{name}", [f"/{one}" for one in by_name])
        raise ValueError(f"There is no /{name}{nearest} /help lists the commands.")
    command = by_name[name]
    if argument and not command.argument:
        raise ValueError(f"/{name} stands alone: {argument} says nothing to it.")
    return ParsedLine(command, stripped(argument) if command.change else argument)


def split(line: str) -> list[str]:
    """Split a command's line into its name and, after any blank, its argument; ``[]`` for any other line."""
    if not line.startswith(_SLASHES):
        return []
    return re.split(r"\s+", line[1:], maxsplit=1)


def count(name: str, text: str, most: int) -> int:
    """Read a command's argument as a count from 1 to ``most``.

    Raises:
        ValueError: it is not one.
    """
    return _between(name, text, int, 1, most)


def _setting(name: str, field: str, text: str) -> int | float:
    """Read a command's argument as a number within the bounds of a field of ``GenerationConfig``."""
    bounds = FIELDS[field]
    least = bounds.at_least if bounds.at_least is not None else bounds.above
    most = bounds.at_most if bounds.at_most is not None else bounds.below and bounds.below - 1
    assert least is not None
    assert most is not None
    value: int | float
    if bounds.kind == "int":
        value = _between(name, text, int, int(least), int(most))
    else:
        value = _between(name, text, float, least, most)
    if value == bounds.above:
        raise ValueError(f"/{name} takes a number above {least:g}, up to {most:,.12g}: {text} is not.")
    return value


def _between(name: str, text: str, kind: Callable[[str], _N], least: _N, most: _N) -> _N:
    try:
        value = kind(text)
    except ValueError:
        noun = "a whole number" if kind is int else "a number"
        raise ValueError(f"/{name} takes {noun}: {text} is none.") from None
    if not least <= value <= most:
        raise ValueError(f"/{name} takes a number from {least:,.12g} to {most:,.12g}: {text} is not.")
    return value
