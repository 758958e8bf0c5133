"""A cell's own options, read from its file's text: the class is made without the rest of the file, and without torch.

``Options`` is a class in the cell's class (or one of the file, set with ``Options = NAME``). Its definition may use
``msgspec``, ``typing``, ``math``, ``enum`` as the file imports them, and the plain values that the file names at its
top level (``LARGEST = 64``).
"""

from __future__ import annotations

import ast
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from cells._source import Fault, definition, parse, resolve

TAKEN = ("hidden", "layers", "bidirectional", "dropout", "output_size", "kernel")
"""Names under ``cell.`` that every cell has already."""

_MODULES = {"msgspec", "typing", "typing_extensions", "math", "enum"}
_RULE = "use only msgspec, typing, math, enum and plain values of the file in Options, so that it is read without torch"


def struct(path: Path, node: ast.ClassDef) -> type[msgspec.Struct] | None:
    """Return the options of a cell's class; ``None`` where it declares none.

    Raises:
        Fault: they cannot be read without importing the file, or are no options.
    """
    attribute = definition(path, node, "Options")
    if attribute is None or (isinstance(attribute[1], ast.Constant) and attribute[1].value is None):
        return None
    file, syntax = attribute
    if isinstance(syntax, ast.expr) and (elsewhere := resolve(file, syntax)) is not None:
        file, syntax = elsewhere
    if not isinstance(syntax, ast.ClassDef):
        raise Fault(f"its Options must be a class in the cell's class: {_RULE}", getattr(syntax, "lineno", 0))
    key = (file, file.stat().st_mtime_ns, syntax.lineno)
    if key not in _MADE:
        _MADE[key] = _made(_namespace(parse(file).body), syntax)
    made = _MADE[key]
    if isinstance(made, Fault):
        raise Fault(made.why, made.line)
    return made


_MADE: dict[tuple[Path, int, int], type[msgspec.Struct] | Fault] = {}  # file, time of its change, line


def _namespace(body: list[ast.stmt]) -> dict[str, Any]:
    """Return the names that Options may use: the file's torch-free imports and its plain values."""
    names: dict[str, Any] = {"__name__": "cells"}
    for statement in body:
        match statement:
            case ast.Import(names=aliases):
                allowed = [alias for alias in aliases if alias.name.partition(".")[0] in _MODULES]
                statements: list[ast.stmt] = [ast.Import([alias], lineno=1, col_offset=0) for alias in allowed]
            case ast.ImportFrom(module=str(module), level=0):
                statements = [statement] if module.partition(".")[0] in _MODULES else []
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                statements = []
                with suppress(ValueError, TypeError, RecursionError, MemoryError):
                    names[name] = ast.literal_eval(value)
            case _:
                statements = []
        for import_statement in statements:
            with suppress(ImportError):
                _execute(import_statement, names)
    return names


def _execute(statement: ast.stmt, names: dict[str, Any]) -> None:
    module = ast.Module([statement], type_ignores=[])
    exec(compile(module, "Options", "exec", dont_inherit=True), names)


def _made(names: dict[str, Any], syntax: ast.ClassDef) -> type[msgspec.Struct] | Fault:
    """Return the class, or the reason why it is no cell's options."""
    try:
        _execute(syntax, names)
        made = names[syntax.name]
        if not (isinstance(made, type) and issubclass(made, msgspec.Struct) and made.__struct_config__.frozen):
            return Fault("its Options must derive from msgspec.Struct, with frozen=True", syntax.lineno)
        why = next(filter(None, map(_wrong, msgspec.structs.fields(made))), "")
    except Exception as error:
        reason = ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
        return Fault(f"its Options cannot be read ({reason}): {_RULE}", syntax.lineno)
    return Fault(f"its option {why}", syntax.lineno) if why else made


def _wrong(field: msgspec.structs.FieldInfo) -> str:
    """Return the reason why a field is no option; empty: it is one."""
    if field.name in TAKEN:
        return f"{field.name} is one that every cell has: choose another name"
    if field.default is msgspec.NODEFAULT:
        return f"{field.name} has no default"
    kind = inspect.type_info(field.type)
    plain = kind.type if isinstance(kind, inspect.Metadata) else kind
    if not isinstance(
        plain, inspect.BoolType | inspect.IntType | inspect.FloatType | inspect.StrType | inspect.LiteralType
    ):
        return f"{field.name} must be an int, a float, a bool, a str or a Literal"
    try:
        msgspec.convert(field.default, field.type)
    except msgspec.ValidationError as error:
        return f"{field.name} has a default that is out of its bounds ({error})"
    return ""
