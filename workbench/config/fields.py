"""Fields of the settings: key, type, default, bounds and help, for a form, a help text or a table. No torch."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import inspect

Kind = Literal["int", "float", "bool", "choice", "text"]
_EXPECTED: dict[Kind, str] = {
    "int": "a whole number",
    "float": "a number",
    "bool": "yes or no",
    "choice": "one of",
    "text": "",  # its help is said instead
}


class Field(NamedTuple):
    """One setting: its dotted key, kind, default, one-line help, type, choices, bounds and examples."""

    key: str
    kind: Kind
    default: object
    help: str
    type: Any
    choices: tuple[str, ...] = ()
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    examples: tuple[str, ...] = ()  # of a text

    @property
    def bounds(self) -> str:
        """``≥ 1, ≤ 16``, ``adam | sgd``; empty where there are none."""
        if self.choices:
            return " | ".join(self.choices)
        parts = (("≥ ", self.at_least), ("> ", self.above), ("≤ ", self.at_most), ("< ", self.below))
        return ", ".join(f"{sign}{bound:,.12g}" for sign, bound in parts if bound is not None)

    def read(self, value: object) -> Any:
        """Convert a value, or the text that was typed, to this setting's type.

        Raises:
            ValueError: it is out of bounds or of another type; one sentence says what is expected.
        """
        given = value
        if self.kind == "float" and isinstance(value, str):
            with suppress(ValueError):  # ".5" and "0." are numbers too
                given = float(value)
        if self.kind == "bool" and isinstance(value, str):  # as it is shown
            given = {"yes": True, "no": False}.get(value.strip().casefold(), value)
        try:
            return msgspec.convert(given, self.type, strict=False)
        except msgspec.ValidationError:
            expected = " ".join(filter(None, (_EXPECTED[self.kind], self.bounds or self.help * (self.kind == "text"))))
            named = "empty" if value == "" else value
            raise ValueError(f"{self.key} cannot be {named}: it must be {expected}.") from None


def describe(section: str, struct: type[msgspec.Struct]) -> list[Field]:
    """Return the fields of a struct of settings, in their order, under ``section.``."""
    return [_describe(f"{section}.{f.name}", f.type, f.default) for f in msgspec.structs.fields(struct)]


def _describe(key: str, hint: Any, default: object) -> Field:
    kind = inspect.type_info(hint)
    help_text = ""
    examples: tuple[str, ...] = ()
    if isinstance(kind, inspect.Metadata):
        schema = kind.extra_json_schema or {}
        help_text, examples = str(schema.get("description", "")), tuple(map(str, schema.get("examples", ())))
        kind = kind.type
    match kind:
        case inspect.BoolType():
            return Field(key, "bool", default, help_text, hint)
        case inspect.LiteralType():
            choices = tuple(hint.__origin__.__args__ if hasattr(hint, "__metadata__") else hint.__args__)
            return Field(key, "choice", default, help_text, hint, choices=choices)
        case inspect.IntType() | inspect.FloatType():
            return Field(
                key,
                "int" if isinstance(kind, inspect.IntType) else "float",
                default,
                help_text,
                hint,
                at_least=kind.ge,
                above=kind.gt,
                at_most=kind.le,
                below=kind.lt,
            )
    return Field(key, "text", default, help_text, hint, examples=examples)


def as_typed(value: object) -> str:
    """Return a setting's value as people type it: ``yes``, ``0.001``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.12g}" if isinstance(value, float) else str(value)
