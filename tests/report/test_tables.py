"""Tables of results as Markdown, LaTeX and CSV."""

from __future__ import annotations

import pytest

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
    assert lines[5] == r"50\% \& \{more\} & lstm?{[}2J & -- & \textbf{1.2e-05} \\"
    assert lines[-1] == r"\end{tabular}"


def test_csv_has_plain_figures_and_no_formulas() -> None:
    assert tables.comma_separated(HEADS, ROWS).splitlines() == [
        "run,cell,val accuracy,perplexity",
        "a_1|x,'=1+1,0.8512,1234",
        "50% & {more},lstm�[2J,,1.2e-05",
    ]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1,234,567.5 ± 1,000.1 (2 of 3)", "1234567.5 ± 1000.1 (2 of 3)"),
        ("≈ 0.61", "≈ 0.61"),
        ("–", '""'),
        ("-0.5", "-0.5"),
        ("0,01", '"0,01"'),  # a label, or a setting with several values
        ("1,2,3", '"1,2,3"'),
        ("12,34", '"12,34"'),
        ("-", "'-"),
    ],
)
def test_csv_keeps_the_commas_of_what_is_no_figure(text: str, plain: str) -> None:
    assert tables.comma_separated(["head"], [[ResultFigure(text)]]) == f"head\n{plain}\n"


@pytest.mark.parametrize(
    ("text", "markdown", "latex"),
    [
        ("# a", r"\# a", r"\# a"),
        ("- a", r"\- a", "- a"),
        ("+ a", r"\+ a", "+ a"),
        ("12. a", r"12\. a", "12. a"),
        ("0.85", "0.85", "0.85"),
        ("-0.85", "-0.85", "-0.85"),
        ("---", r"\---", "-{}-{}-"),
        ("===", r"\===", "==="),
        ("a --set b", "a --set b", "a -{}-set b"),
        (
            "&lt; & ~~b~~ $c$",
            r"\&lt; & \~\~b\~\~ \$c\$",
            "\\&lt; \\& " + r"\textasciitilde{}" * 2 + "b" + r"\textasciitilde{}" * 2 + r" \$c\$",
        ),
        ("`x` [y](z) *", r"\`x\` \[y\](z) \*", r"\textasciigrave{}x\textasciigrave{} {[}y{]}(z) {*}"),
        ("≈ 0.6 − 1 × 2", "≈ 0.6 − 1 × 2", r"$\approx$ 0.6 $-$ 1 $\times$ 2"),
        ("a\nb\x1b\u202e", "a�b��", "a?b??"),
    ],
)
def test_nothing_of_a_text_is_markup(text: str, markdown: str, latex: str) -> None:
    assert tables.markdown_text(text) == markdown
    assert tables.latex_text(text) == latex


def test_columns_of_figures_are_told_from_words() -> None:
    rows = [["a", "0.81 ± 0.01 (2 of 3)", "≈ 0.6", "1,234"], ["b", "–", "0.61", "x"]]
    assert tables.are_figures("abcd", [[ResultFigure(text) for text in row] for row in rows]) == [
        *(False, True, True, False),
    ]
