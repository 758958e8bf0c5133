"""Equations of the cells as LaTeX and MathML."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from latex2mathml.converter import convert

import cells
from workbench.report.equations import equations, latex

LSTM = [
    r"i_{t} = \sigma (W_{ii} x_{t} + b_{ii} + W_{hi} h_{t-1} + b_{hi})",
    r"f_{t} = \sigma (W_{if} x_{t} + b_{if} + W_{hf} h_{t-1} + b_{hf})",
    r"g_{t} = \tanh (W_{ig} x_{t} + b_{ig} + W_{hg} h_{t-1} + b_{hg})",
    r"o_{t} = \sigma (W_{io} x_{t} + b_{io} + W_{ho} h_{t-1} + b_{ho})",
    r"c_{t} = f_{t} \odot c_{t-1} + i_{t} \odot g_{t}",
    r"h_{t} = o_{t} \odot \tanh (c_{t})",
]
GRU = [
    r"r_{t} = \sigma (W_{ir} x_{t} + b_{ir} + W_{hr} h_{t-1} + b_{hr})",
    r"z_{t} = \sigma (W_{iz} x_{t} + b_{iz} + W_{hz} h_{t-1} + b_{hz})",
    r"n_{t} = \tanh (W_{in} x_{t} + b_{in} + r_{t} \odot (W_{hn} h_{t-1} + b_{hn}))",
    r"h_{t} = (1 - z_{t}) \odot n_{t} + z_{t} \odot h_{t-1}",
]
TEXTBOOK = [
    r"R_{t} = \sigma (X_{t} W_{xr} + H_{t-1} W_{hr} + b_{r})",
    r"Z_{t} = \sigma (X_{t} W_{xz} + H_{t-1} W_{hz} + b_{z})",
    r"\tilde{H}_{t} = \tanh (X_{t} W_{xh} + (R_{t} \odot H_{t-1}) W_{hh} + b_{h})",
    r"H_{t} = Z_{t} \odot H_{t-1} + (1 - Z_{t}) \odot \tilde{H}_{t}",
]
RNN = [r"h_{t} = \tanh (W_{ih} x_{t} + b_{ih} + W_{hh} h_{t-1} + b_{hh})"]
TUTORIAL = [r"h_{t} = \mathrm{i2h} ([x_{t} ; h_{t-1}])", r"o_{t} = \mathrm{i2o} ([x_{t} ; h_{t-1}])"]
BOTH_WAYS = r"\mathrm{output}_{t} = [\overrightarrow{h}_{t} ; \overleftarrow{h}_{t} ]"
OWN = '''"""An own cell.

{text}
"""
'''


def spaced(lines: list[str]) -> list[str]:
    return [re.sub(" +", " ", line) for line in lines]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("lstm", LSTM),
        ("gru", GRU),
        ("gru-textbook", TEXTBOOK),
        ("rnn", RNN),
        ("tutorial-rnn", TUTORIAL),
        ("torch-lstm", LSTM),
        ("torch-gru", GRU),
        ("torch-rnn", RNN),
        ("bilstm", [*LSTM, BOTH_WAYS]),
    ],
)
def test_equations_of_a_cell_are_those_of_its_docstring_or_of_the_cell_that_it_names(cell, expected) -> None:
    assert spaced(equations(cell)) == expected


@pytest.mark.parametrize("cell", cells.available())
def test_every_cell_has_equations_without_remarks_and_they_become_mathml(cell: str) -> None:
    lines = equations(cell)
    assert lines
    for line in lines:
        words = re.findall(r"[a-zA-Z]{3,}", re.sub(r"\\[a-zA-Z]+\{?", "", line.replace(r"\mathrm{output}", "")))
        assert words == [], line
        assert line.count("{") == line.count("}")
        root = ElementTree.fromstring(convert(line, display="block"))
        assert root.tag.endswith("math")
        shown = "".join(root.itertext())
        assert "\\" not in shown
        assert "=" in shown


def test_a_cell_that_is_gone_or_strange_has_none() -> None:
    assert equations("gone") == []
    assert equations("../lstm") == []
    assert equations("") == []


def test_cells_that_name_one_another_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, other in (("here", "there"), ("there", "here")):
        code = OWN.format(text=f"The equations of ``{other}``.\n\n    {name[0]}_t = x_t")
        (tmp_path / f"{name}.py").write_text(code + "from cells.rnn import RNN\n\n\nclass Own(RNN):\n    pass\n")
    monkeypatch.setattr(cells, "__path__", [*cells.__path__, str(tmp_path)])
    assert {"here", "there"} <= {*cells.available()}
    assert equations("here") == ["t_{t} = x_{t}", "h_{t} = x_{t}"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("h_t = α x_t    the state", r"h_{t} = \alpha  x_{t}"),
        ("y = ‖h‖^2 + λ_{max} · Ω", r"y = \| h\| {}^{2} + \lambda_{\mathrm{max}}   \cdot  \Omega"),
        ("a = b % c # d & $e$", r"a = b \% c \# d \& \$e\$"),
        ("x = {y", r"x = \{y"),
        (r"a = \input{secret}", r"a = \backslash \mathrm{input} \{\mathrm{secret} \}"),
        ("x_{a%b} = ^", r"x_{a\%b} = \hat{}"),
        ("Α = ο", "Α = ο"),  # Greek letters that LaTeX has no commands for
    ],
)
def test_signs_of_an_own_docstring_are_no_commands_of_latex(written: str, expected: str) -> None:
    assert spaced([latex(written)]) == spaced([expected])
    ElementTree.fromstring(convert(latex(written)))
