"""Tables of results as Markdown, LaTeX and CSV."""

from __future__ import annotations

from workbench.report import tables
from workbench.runs.comparison import ResultFigure

HEADS = ["run", "cell", "val accuracy", "perplexity"]
ROWS = [
    [ResultFigure("a_1|x"), ResultFigure("=1+1"), ResultFigure("0.8512", best=True), ResultFigure("1,234")],
    [ResultFigure("50% & {more}"), ResultFigure("lstm\x1b[2J"), ResultFigure("–"), ResultFigure("1.2e-05", best=True)],
]


def test_markdown() -> None:
    assert tables.markdown(HEADS, ROWS).splitlines() == [
        "| run | cell | val accuracy | perplexity |",
        "| --- | --- | ---: | ---: |",
        r"| a\_1\|x | =1+1 | **0.8512** | 1,234 |",
        r"| 50% & {more} | lstm�\[2J | – | **1.2e-05** |",
    ]


def test_latex() -> None:
    lines = tables.latex(HEADS, ROWS).splitlines()
    assert lines[0] == r"\begin{tabular}{llrr}"
    assert lines[2] == r"run & cell & val accuracy & perplexity \\"
    assert lines[4] == r"a\_1|x & =1+1 & \textbf{0.8512} & 1,234 \\"
    assert lines[5] == r"50\% \& \{more\} & lstm�[2J & -- & \textbf{1.2e-05} \\"
    assert lines[-1] == r"\end{tabular}"


def test_csv_has_plain_figures_and_no_formulas() -> None:
    assert tables.comma_separated(HEADS, ROWS).splitlines() == [
        "run,cell,val accuracy,perplexity",
        "a_1|x,'=1+1,0.8512,1234",
        "50% & {more},lstm�[2J,,1.2e-05",
    ]
