"""Writing of a report: one HTML or Word file, or a folder with Markdown or LaTeX and its pictures."""

from __future__ import annotations

import base64
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.runtime import Macro
from markupsafe import Markup

from tasks.base import PlainError
from tasks.shared import files
from workbench.render.text import printable_lines
from workbench.report import tables
from workbench.report.document import Document, Format, Picture
from workbench.report.theme import ThemeName
from workbench.report.words import Language

NAMES: dict[Format, str] = {
    "html": "report.html",
    "markdown": "report.md",
    "latex": "report.tex",
    "docx": "report.docx",
}
SINGLE_FILES: tuple[Format, ...] = ("html", "docx")
# theme and suffix of the pictures that a format shows or keeps beside itself
PICTURES: dict[Format, tuple[tuple[ThemeName, str], ...]] = {
    "html": (("light", ".svg"), ("dark", ".svg")),
    "markdown": (("light", ".png"), ("light", ".svg")),
    "latex": (("light", ".pdf"),),
    "docx": (("light", ".png"),),
}

_END = r"\end{Verbatim}"


class ReportError(PlainError):
    """A report cannot be made or written. The message is one plain sentence."""


def sentence(name: str, language: Language, **figures: object) -> str:
    """Return a sentence of the templates in a language, with its figures."""
    macro: Macro = getattr(_environment("text").get_template(f"sentences.{language}.j2").module, name)
    return " ".join(str(macro(**figures)).split())


def write(document: Document, form: Format, path: Path) -> Path:
    """Write a report; an existing one of the same name is replaced at once.

    Args:
        path: of the HTML or Word file; of the folder for Markdown and LaTeX.

    Returns:
        the path of the file to open.

    Raises:
        ReportError: it cannot be written; what was there before is as it was.
    """
    content = _content(document, form)
    try:
        if form in SINGLE_FILES:
            files.write(path, content)
            return path
        path.mkdir(parents=True, exist_ok=True)
        for section in document.sections:
            for block in section.blocks:
                for picture in block.files.values() if isinstance(block, Picture) else ():
                    with files.replacing(path / picture.name) as file, picture.open("rb") as drawn:
                        shutil.copyfileobj(drawn, file)
        files.write(path / NAMES[form], content)
        return path / NAMES[form]
    except OSError as error:
        raise ReportError(f"The report cannot be written to {path}: {error.strerror}.") from None


def _content(document: Document, form: Format) -> bytes:
    if form == "docx":
        from workbench.report import word

        return word.content(document)
    return _environment(form).get_template(f"report.{form}.j2").render(document=document).encode()


def scratch() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for pictures that goes at the end of its context.

    Raises:
        ReportError: none can be made.
    """
    try:
        return tempfile.TemporaryDirectory(prefix="workbench-report-")
    except OSError as error:
        raise ReportError(f"No temporary folder can be made ({error.strerror}): name one with TMPDIR.") from None


@cache
def _environment(form: str) -> Environment:
    """Return the templates as a format needs them: only HTML has entities of its own to escape."""
    environment = Environment(
        loader=PackageLoader("workbench.report"),
        autoescape=form == "html",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "lines": printable_lines,
        "markdown": tables.markdown_text,
        "latex": tables.latex_text,
        "markdown_table": lambda block: tables.markdown(block.heads, block.rows),
        "latex_table": lambda block: tables.latex(block.heads, block.rows),
        "mathml": _mathml,
        "are_figures": lambda block: tables.are_figures(block.heads, block.rows),
        "data_uri": _data_uri,
        "fence": _fence,
        "verbatim": _verbatim,
    }
    return environment


def _mathml(equation: str) -> Markup:
    """Return an equation as MathML, which browsers draw without a script; as it is where it is no LaTeX."""
    from latex2mathml.converter import convert

    try:
        return Markup(convert(equation, display="block"))
    except Exception:  # the library has no common base of its errors, and an own cell's docstring may hold anything
        return Markup("<pre>{}</pre>").format(equation)


def _data_uri(path: Path) -> str:
    """Return an SVG picture as an address that holds it."""
    return "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode()


def _fence(text: str) -> str:
    """Return a fence of Markdown that no line of a text closes."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    return "`" * max(3, longest + 1)


def _verbatim(text: str) -> str:
    """Return lines for LaTeX's ``Verbatim``, which none of them ends."""
    return printable_lines(text).replace(_END, _END.replace("{", " {")).replace("\ufffd", "?")  # no TeX font has it
