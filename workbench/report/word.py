"""Report as a Word document, by python-docx."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import docx
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.table import Table, _Cell
from rich.cells import cell_len

from workbench.render.text import printable_lines
from workbench.report import tables, word_equations
from workbench.report.document import Block, Code, Document, Equations, Facts, Grid, Paragraph, Picture, Points

_PAGE, _MARGIN, _COLUMN = (21.0, 29.7), 3.0, 15.0  # cm: A4
_NAMES = 3.5  # cm, of names beside values
_TABLE_FONT = 9  # points
_CHARACTER, _BORDERS = 0.19, 0.5  # cm, of a letter of that font, and of a cell's margins
_NARROW = 2.4  # cm, of a column that is never made narrower
_HEAD_ALONE = "0620"  # the head row stands out: no first column, no bands (ISO/IEC 29500-1 §17.4.55)
_CHINESE = "SimSun"
_MONOSPACED = "Consolas"
_NO_XML = re.compile("[\ufffe\uffff]")  # no character of XML


def content(document: Document) -> bytes:
    """Return a report as the content of a ``.docx`` file."""
    word = docx.Document()
    _set_up(word, document)
    word.add_heading(_text(document.title), 0)
    for remark in document.remarks:
        word.add_paragraph(_text(remark), "Intense Quote")
    for section in document.sections:
        word.add_heading(_text(section.title), section.level - 1)
        for block in section.blocks:
            _WRITERS[type(block)](word, block)
    file = BytesIO()
    word.save(file)
    return file.getvalue()


def _set_up(word: WordDocument, document: Document) -> None:
    """Set page, fonts and title."""
    (section,) = word.sections
    section.page_width, section.page_height = (Cm(length) for length in _PAGE)
    section.left_margin = section.right_margin = Cm(_MARGIN)
    word.core_properties.title = _text(document.title)[:255]  # the longest that the format allows
    word.core_properties.author = ""
    if document.language == "zh":
        for name in ("Normal", "Title", "Heading 1", "Heading 2", "Caption", "Intense Quote"):
            word.styles[name].element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _CHINESE)


def _paragraph(word: WordDocument, block: Paragraph) -> None:
    word.add_paragraph().add_run(_text(block.text)).bold = block.strong or None


def _points(word: WordDocument, block: Points) -> None:
    for sentence in block.sentences:
        word.add_paragraph(_text(sentence), "List Bullet")


def _facts(word: WordDocument, block: Facts) -> None:
    table = word.add_table(0, 2)
    for row in block.rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            _write(cell, text)
    _set_widths(table, [_NAMES, _COLUMN - _NAMES])
    word.add_paragraph()


def _grid(word: WordDocument, block: Grid) -> None:
    if block.caption:
        word.add_paragraph(_text(block.caption), "Caption").paragraph_format.keep_with_next = True
    right = tables.are_figures(block.heads, block.rows)
    table = word.add_table(1, len(block.heads), "Light Shading")
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # again on the next page
    for look in table._tbl.tblPr.xpath("w:tblLook"):
        look.attrib.clear()
        look.set(qn("w:val"), _HEAD_ALONE)
    for cell, head, figures in zip(table.rows[0].cells, block.heads, right, strict=True):
        _write(cell, head, right=figures)
    for row in block.rows:
        for cell, one, figures in zip(table.add_row().cells, row, right, strict=True):
            _write(cell, one.text, right=figures, bold=one.best)
    _set_widths(table, _widths([[head, *(row[at].text for row in block.rows)] for at, head in enumerate(block.heads)]))
    word.add_paragraph()


def _picture(word: WordDocument, block: Picture) -> None:
    picture = word.add_picture(str(block.files["light", ".png"]))
    column = Cm(_COLUMN)
    if picture.width > column:
        picture.height, picture.width = int(picture.height * column / picture.width), column
    picture._inline.docPr.set("descr", _text(block.caption))  # what a screen reader says
    word.paragraphs[-1].paragraph_format.keep_with_next = True
    word.add_paragraph(_text(block.caption), "Caption")


def _code(word: WordDocument, block: Code) -> None:
    if block.caption:
        word.add_paragraph(_text(block.caption), "Caption").paragraph_format.keep_with_next = True
    paragraph = word.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT
    run = paragraph.add_run(_text(block.text))
    run.font.name, run.font.size = _MONOSPACED, Pt(8)


def _equations(word: WordDocument, block: Equations) -> None:
    word.add_paragraph(_text(block.caption))
    for line in block.lines:
        paragraph = word.add_paragraph()
        equation = word_equations.equation(line)
        if equation is None:
            paragraph.add_run(_text(line))
        else:
            paragraph._p.append(equation)


_WRITERS: dict[type[Block], Callable[[WordDocument, Any], None]] = {
    Paragraph: _paragraph,
    Points: _points,
    Facts: _facts,
    Grid: _grid,
    Picture: _picture,
    Code: _code,
    Equations: _equations,
}


def _widths(columns: Sequence[Sequence[str]]) -> list[float]:
    """Return the widths of columns of texts, cm; where the page is too narrow, the wide ones break their lines."""
    natural = [_BORDERS + _CHARACTER * max(map(cell_len, texts)) for texts in columns]
    excess = sum(natural) - _COLUMN
    if excess <= 0:
        return natural
    narrow = [min(width, _NARROW) for width in natural]
    spare = sum(natural) - sum(narrow)
    if excess >= spare:  # even the narrow ones have no room
        return [width * _COLUMN / sum(narrow) for width in narrow]
    return [width - excess * (width - least) / spare for width, least in zip(natural, narrow, strict=True)]


def _set_widths(table: Table, widths: Sequence[float]) -> None:
    """Set the widths of a table's columns, cm, and keep its rows on one page each."""
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
        for cell in column.cells:
            cell.width = Cm(width)
    for row in table.rows:
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _write(cell: _Cell, text: str, *, right: bool = False, bold: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if right else WD_ALIGN_PARAGRAPH.LEFT
    paragraph.paragraph_format.space_after = Pt(0)
    run = paragraph.add_run(_text(text))
    run.bold, run.font.size = bold or None, Pt(_TABLE_FONT)


def _text(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return _NO_XML.sub("\ufffd", printable_lines(text))
