"""Equations of a cell as LaTeX, from the docstring of its file."""

from __future__ import annotations

import re
import unicodedata

import cells
from cells import CellError

_REFERENCE = re.compile(r"[Ee]quations[^.`]*(?:of|in) ``([\w-]+)``")
_TOKEN = re.compile(
    r"([^\W\d_][^\W_]*[\u0300-\u036f→←]?)(?:_(\{[^}]*\}|[^\W_]+))?|\^(\{[^}]*\}|[^\W_]+)|(\s+)|(.)", re.DOTALL
)
_GREEK = re.compile("GREEK (SMALL|CAPITAL) LETTER ([A-Z]+)")
_CAPITALS = {"Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"}
_SIGNS = {
    **{"⊙": r" \odot ", "−": "-", "·": r" \cdot ", "→": r" \to ", "×": r" \times ", "√": r"\surd ", "±": r"\pm "},
    **{"≤": r" \le ", "≥": r" \ge ", "∈": r" \in ", "∑": r"\sum ", "‖": r"\| ", "∂": r"\partial ", "…": r"\dots "},
    **{character: f"\\{character}" for character in "%#&$_{}"},
    **{"\\": r"\backslash ", "~": r"\sim ", "^": r"\hat{}"},
}
_FUNCTIONS = {"tanh": r"\tanh", "exp": r"\exp", "log": r"\log", "max": r"\max", "softmax": r"\operatorname{softmax}"}
_MARKS = {"\u0303": r"\tilde", "\u0302": r"\hat", "→": r"\overrightarrow", "←": r"\overleftarrow"}


def equations(cell: str) -> list[str]:
    """Return a cell's equations as LaTeX, a line each, those that its text refers to first; none where it has none."""
    found: list[str] = []
    seen: set[str] = set()
    while cell and cell not in seen:
        seen.add(cell)
        try:
            text = cells.about(cell).text
        except (KeyError, CellError):
            break
        own = [latex(line) for line in text.splitlines() if line.startswith("    ") and " = " in line]
        found = [*own, *found]
        referred = _REFERENCE.search(text)
        cell = referred[1] if referred else ""
    return found


def latex(line: str) -> str:
    """Return an equation of a docstring as LaTeX; what stands after two spaces is a remark, and is left out."""
    equation = re.split(r"\s{2,}", line.strip())[0]
    return "".join(_token(*match.groups()) for match in _TOKEN.finditer(equation)).strip()


def _token(name: str | None, index: str | None, power: str | None, space: str | None, sign: str | None) -> str:
    if space:
        return " "
    if power:
        return f"{{}}^{{{_index(power.strip('{}'))}}}"
    if name is None:
        return _SIGNS.get(sign or "", sign or "")
    mark = _MARKS.get(name[-1], "")
    base = name[:-1] if mark else name
    word = _FUNCTIONS.get(base) or _greek(base) or (base if len(base) == 1 else rf"\mathrm{{{base}}}")
    word = f"{mark}{{{word}}}" if mark else word
    return word + (f"_{{{_index(index.strip('{}'))}}}" if index else "") + (" " if word.startswith("\\") else "")


def _greek(letter: str) -> str:
    """Return the command of a Greek letter; empty for anything else, and for those that LaTeX has no command for."""
    if len(letter) != 1 or not (found := _GREEK.fullmatch(unicodedata.name(letter, ""))):
        return ""
    name = "lambda" if found[2] == "LAMDA" else found[2].lower()
    if found[1] == "CAPITAL":
        name = name.capitalize()
    return f"\\{name}" if name in _CAPITALS or (name.islower() and name != "omicron") else ""


def _index(text: str) -> str:
    """Return an index: words of three letters and more upright."""
    signs = "".join(_SIGNS.get(character, character) for character in text)
    return re.sub(r"(?<!\\)\b[^\W\d_]{3,}", lambda match: rf"\mathrm{{{match[0]}}}", signs)
