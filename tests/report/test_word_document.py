"""Word documents: the content of the other formats, equations that Word edits, and no text that breaks the file."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import docx
import pytest
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.shared import Cm
from hypothesis import given, settings
from hypothesis import strategies as st

import cells
from workbench.report import content, word, word_equations, writing
from workbench.report.content import Subject
from workbench.report.document import Code, Document, Equations, Facts, Grid, Paragraph, Points, Section
from workbench.report.equations import equations
from workbench.report.words import Language
from workbench.runs.comparison import ResultFigure
from workbench.runs.run import Run


def written(run: Run, folder: Path, language: Language = "en") -> WordDocument:
    document = content.build(Subject([run]), "docx", language, folder)
    path = writing.write(document, "docx", folder / "r.docx")
    assert path == folder / "r.docx"
    return docx.Document(str(path))


def made(folder: Path, *sections: Section, title: str = "T", remarks: Sequence[str] = ()) -> WordDocument:
    path = writing.write(Document(title, "en", remarks, sections), "docx", folder / "r.docx")
    return docx.Document(str(path))


@pytest.mark.parametrize(("language", "heading", "font"), [("en", "Equations", None), ("zh", "公式", "SimSun")])
def test_a_run_as_a_word_document(run: Run, tmp_path: Path, language: Language, heading: str, font: str | None) -> None:
    document = written(run, tmp_path, language)
    headings = [p.text for p in document.paragraphs if p.style.name in ("Title", "Heading 1", "Heading 2")]
    assert headings[0] == "toy: rnn"
    assert heading in headings
    assert len(document.inline_shapes) == 4  # curves, confusion matrix, classes, gradient
    captions = [p.text for p in document.paragraphs if p.style.name == "Caption"]
    for shape in document.inline_shapes:
        assert shape._inline.docPr.get("descr") in captions
        assert Cm(10) < shape.width <= Cm(15)
    assert len(document.element.body.findall(f".//{qn('m:oMath')}")) == 1  # of the RNN
    fonts = document.styles["Normal"].element.findall(f".//{qn('w:rFonts')}")
    assert [one.get(qn("w:eastAsia")) for one in fonts] == ([font] if font else [])
    section = document.sections[0]
    assert round(section.page_width.cm - section.left_margin.cm - section.right_margin.cm, 2) == 15


def test_blocks_of_every_kind(tmp_path: Path) -> None:
    row = [ResultFigure("lstm"), ResultFigure("0.9", best=True)]
    blocks = [
        Paragraph("A & B < C"),
        Points(["one", "two"]),
        Facts([("cell", "gru"), ("empty", "")]),
        Grid(["setting", "accuracy"], [[ResultFigure("rnn"), ResultFigure("0.8")], row], "Results"),
        Code("a\n  b", "Network"),
        Equations([r"h_{t} = \tanh (x)"], "rnn"),
    ]
    document = made(tmp_path, Section("S", blocks), Section("Sub", [], 3), remarks=["Quick."])
    facts, grid = document.tables
    assert [[cell.text for cell in row.cells] for row in facts.rows] == [["cell", "gru"]]
    assert [[cell.text for cell in row.cells] for row in grid.rows] == [
        ["setting", "accuracy"],
        ["rnn", "0.8"],
        ["lstm", "0.9"],
    ]
    bold = [[cell.paragraphs[0].runs[0].bold for cell in row.cells] for row in grid.rows]
    assert bold == [[None, None], [None, None], [None, True]]
    assert [cell.paragraphs[0].alignment for cell in grid.rows[1].cells] == [0, 2]  # texts left, figures right
    assert grid.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert [(p.style.name, p.text) for p in document.paragraphs if p.text] == [
        ("Title", "T"),
        ("Intense Quote", "Quick."),
        ("Heading 1", "S"),
        ("Normal", "A & B < C"),
        ("List Bullet", "one"),
        ("List Bullet", "two"),
        ("Caption", "Results"),
        ("Caption", "Network"),
        ("Normal", "a\n  b"),
        ("Normal", "rnn"),
        ("Heading 2", "Sub"),
    ]


def test_an_equation_keeps_its_structure() -> None:
    found = word_equations.equation(r"\tilde{h}_{t} = \tanh (W_{ih} {}^{2})")
    assert found is not None
    (outer,) = found.findall(f"./{qn('m:oMath')}/{qn('m:sSub')}")[:1]
    assert outer.find(f"{qn('m:e')}/{qn('m:acc')}/{qn('m:accPr')}/{qn('m:chr')}").get(qn("m:val")) == "\u0303"
    assert "".join(outer.find(qn("m:sub")).itertext()) == "t"
    upright = [run for run in found.iter(qn("m:r")) if run.find(qn("m:rPr")) is not None]
    assert ["".join(run.itertext()) for run in upright] == ["tanh"]
    assert "".join(found.itertext()) == "ht=tanh(Wih2)"
    assert word_equations.equation(r"\frac{") is None


@pytest.mark.parametrize("cell", cells.available())
def test_every_cell_has_its_equations_in_word(cell: str) -> None:
    for line in equations(cell):
        assert word_equations.equation(line) is not None


@given(text=st.text(), columns=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_any_text_is_a_document_that_opens(text: str, columns: int) -> None:
    blocks = [
        Paragraph(text),
        Points([text]),
        Facts([(text, text)]),
        Grid([text] * columns, [[ResultFigure(text)] * columns], text),
        Code(text, text),
        Equations([text], text),
    ]
    file = BytesIO(word.content(Document(text, "en", [text], [Section(text, blocks)])))
    document = docx.Document(file)
    assert len(document.tables[1].columns) == columns


@given(lengths=st.lists(st.integers(0, 200), min_size=1, max_size=40))
def test_columns_fit_the_page_and_narrow_ones_keep_their_width(lengths: list[int]) -> None:
    texts = [["x" * length] for length in lengths]
    widths = word._widths(texts)
    natural = [word._BORDERS + word._CHARACTER * length for length in lengths]
    assert all(0 < found <= wished + 1e-9 for found, wished in zip(widths, natural, strict=True))
    assert sum(widths) == pytest.approx(min(sum(natural), word._COLUMN))
    if sum(min(wished, word._NARROW) for wished in natural) <= word._COLUMN:
        narrow = [(found, wished) for found, wished in zip(widths, natural, strict=True) if wished <= word._NARROW]
        assert all(found == pytest.approx(wished) for found, wished in narrow)
