"""Equations of a cell as LaTeX, from the docstring of its file."""

from __future__ import annotations

import re

import cells
from cells import CellError

_REFERENCE = re.compile(r"[Ee]quations[^.`]*(?:of|in) ``([\w-]+)``")
_TOKEN = re.compile(r"([^\W\d_][^\W_]*[\u0300-\u036f→←]?)(?:_(\{[^}]*\}|[^\W_]+))?|(\s+)|(.)", re.DOTALL)
_SIGNS = {"⊙": r" \odot ", "−": "-", "·": r" \cdot ", "→": r" \to ", "σ": r"\sigma", "×": r" \times ", "√": r"\surd "}
_FUNCTIONS = {"tanh": r"\tanh", "exp": r"\exp", "log": r"\log", "max": r"\max", "softmax": r"\operatorname{softmax}"}
_MARKS = {"\u0303": r"\tilde", "\u0302": r"\hat", "→": r"\overrightarrow", "←": r"\overleftarrow"}


def equations(cell: str) -> list[str]:
    """Return a cell's equations as LaTeX, a line each, those that its text refers to first; none where it has none."""
    try:
        text = cells.about(cell).text
    except (KeyError, CellError):
        return []
    own = [latex(line) for line in text.splitlines() if line.startswith("    ") and " = " in line]
    referred = _REFERENCE.search(text)
    named = referred[1] if referred and referred[1] != cell and referred[1] in cells.available() else ""
    return [*(equations(named) if named else []), *own]


def latex(line: str) -> str:
    """Return an equation of a docstring as LaTeX; what stands after two spaces is a remark, and is left out."""
    equation = re.split(r"\s{2,}", line.strip())[0]
    return "".join(_token(*match.groups()) for match in _TOKEN.finditer(equation)).strip()


def _token(name: str | None, index: str | None, space: str | None, sign: str | None) -> str:
    if space:
        return " "
    if name is None:
        return _SIGNS.get(sign or "", sign or "")
    mark = _MARKS.get(name[-1], "")
    base = name[:-1] if mark else name
    word = _FUNCTIONS.get(base) or _SIGNS.get(base) or (base if len(base) == 1 else rf"\mathrm{{{base}}}")
    word = f"{mark}{{{word}}}" if mark else word
    return word + (f"_{{{_index(index.strip('{}'))}}}" if index else "") + (" " if word.startswith("\\") else "")


def _index(text: str) -> str:
    return re.sub(r"[^\W\d_]{2,}", lambda match: rf"\mathrm{{{match[0]}}}" if len(match[0]) > 2 else match[0], text)
