"""Charts of the gradient through time: a logarithmic axis with gaps, and bounds within what was measured."""

from __future__ import annotations

import io

from rich.console import Console
from runs import event_makers as make

from workbench.render import gradients
from workbench.render.gradients import NormCurve, PrintedGradients


def printed(*curves: NormCurve) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(PrintedGradients(curves))
    return console.file.getvalue()


def test_zeros_and_no_numbers_are_gaps() -> None:
    curve = NormCurve("a", range(6), [1.0, 0.1, 0.0, 0.01, None, 0.001])
    assert curve.segments == [[(0, 0.0), (1, -1.0)], [(3, -2.0)], [(5, -3.0)]]


def test_the_window_holds_the_measured_norms_and_the_bound_stays_within() -> None:
    curve = NormCurve("a", range(41), make.norms(41, 0.5))
    bound = NormCurve("bound", range(41), make.norms(41, 3.0), True)
    view = gradients.window([curve, bound])
    assert view is not None
    assert (view.left, view.right) == (0, 40)
    assert view.high < 1
    drawn = gradients.plot_curves([curve, bound], view, lambda index: ("red" if index else "blue", "x"))
    assert [one.color for one in drawn] == ["red", "blue"]
    assert len(drawn[0].points) < 5
    assert gradients.window([NormCurve("a", [0, 1], [0.0, None])]) is None


def test_a_pipe_has_letters_and_a_legend() -> None:
    text = printed(
        NormCurve("lstm [b]", range(101), make.norms(101, 0.9)), NormCurve("rnn", range(9), make.norms(9, 0.1))
    )
    legend, *rows = text.splitlines()
    assert legend.split("   ")[:2] == ["· lstm [b]", "x rnn"]
    assert sum("·" in row for row in rows) > 3
    assert any(row.lstrip().startswith("1e-") and "┤" in row for row in rows)
    assert rows[-1].strip() == "steps before the end"
    assert "zero everywhere" in printed(NormCurve("rnn", range(2), [0.0, 0.0]))
