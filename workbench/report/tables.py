"""Tables of results as text for a document: Markdown, LaTeX, CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence

from workbench.render.text import printable
from workbench.runs.comparison import ResultFigure
from workbench.runs.export import harmless

_LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "`": r"\textasciigrave{}"},
    **{"±": r"$\pm$", "–": "--", "→": r"$\rightarrow$", "°": r"$^\circ$", "≈": r"$\approx$", "−": "$-$"},
    **{"×": r"$\times$", "·": r"$\cdot$", "\ufffd": "?", "\0": "{}"},
    **{character: f"{{{character}}}" for character in "[]*"},  # after the end of a row they are its arguments
}
_LIGATURE = re.compile("(?<=-)-")  # two hyphens would become a dash
_MARKS = re.compile(r"([\\|*_`<>\[\]#~$]|&(?=#?\w+;))")
_LIST = re.compile(r"^(\d{1,9})?([-+.)](?=\s|$)|--|=+$)")  # at the beginning of a line; a rule and a heading too
_NUMBER = r"(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(e[-+]?\d+)?"  # as the program prints it, with commas between thousands
_FIGURE = re.compile(rf"(≈ )?[-+]?{_NUMBER}( ± {_NUMBER})?( \(\d+ of \d+\))?|–|")
Rows = Sequence[Sequence[ResultFigure]]


def markdown(heads: Sequence[str], rows: Rows) -> str:
    """Return a table as GitHub, Typora and Pandoc read it, the best figures bold."""

    lines = [[markdown_text(head) for head in heads]]
    lines.append(["---:" if figure else "---" for figure in are_figures(heads, rows)])
    lines += [
        [f"**{markdown_text(one.text)}**" if one.best else markdown_text(one.text) for one in row] for row in rows
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def latex(heads: Sequence[str], rows: Rows) -> str:
    """Return a ``tabular`` of the package booktabs, the best figures bold."""

    columns = "".join("r" if figure else "l" for figure in are_figures(heads, rows))
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", f"{' & '.join(map(latex_text, heads))} \\\\", r"\midrule"]
    for row in rows:
        texts = [rf"\textbf{{{latex_text(one.text)}}}" if one.best else latex_text(one.text) for one in row]
        lines.append(f"{' & '.join(texts)} \\\\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def markdown_text(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    return _LIST.sub(r"\1\\\2", _MARKS.sub(r"\\\1", printable(text).strip()), count=1)


def latex_text(text: str) -> str:
    """Return a text that LaTeX shows as it is, on one line."""
    return "".join(_LATEX.get(character, character) for character in _LIGATURE.sub("\0-", printable(text)))


def are_figures(heads: Sequence[str], rows: Rows) -> list[bool]:
    """Return for each column whether it holds figures alone."""
    return [bool(rows) and all(_FIGURE.fullmatch(row[at].text) for row in rows) for at in range(len(heads))]


def comma_separated(heads: Sequence[str], rows: Rows) -> str:
    """Return a table as CSV, which no spreadsheet takes for formulas."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(harmless, heads))
    writer.writerows([[_plain(one.text) for one in row] for row in rows])
    return text.getvalue()


FORMATS: Mapping[str, Callable[[Sequence[str], Rows], str]] = {
    "markdown": markdown,
    "latex": latex,
    "csv": comma_separated,
}


def _plain(text: str) -> object:
    """Return a cell of a CSV: a figure without the commas of its thousands, nothing for a dash."""
    if text == "–":
        return ""
    return text.replace(",", "") if _FIGURE.fullmatch(text) else harmless(printable(text))
