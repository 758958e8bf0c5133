"""The gradient through time in pictures and reports: figures from the probes alone, in both languages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from engine.toy_runs import copied
from made_reports import Page, report
from matplotlib.figure import Figure
from runs import event_makers as make

from workbench.config import spec
from workbench.report import gradients, pictures, theme
from workbench.report.content import Subject
from workbench.report.curves import Drawn
from workbench.report.gradient_section import sentences
from workbench.report.gradients import furthest_part, parts_of
from workbench.report.pictures import PictureError, Style
from workbench.report.words import Language
from workbench.runs import store
from workbench.runs.events import Event, Probe, decode, encode
from workbench.runs.history import History
from workbench.runs.probes import ProbedCell
from workbench.runs.run import Run


def history(*events: Event) -> History:
    made = History()
    made.extend([*events])
    return made


def written(folder: Path, cell: str, *events: Event, seed: int = 0, task: str = "toy") -> Run:
    run = store.create(folder, spec.make(task, cell, {"train.seed": seed}))
    run.events_file.write_bytes(b"".join(map(encode, [make.started(), *events])))
    return run


def figure(*groups: Drawn, language: Language = "en") -> Figure:
    with theme.applied("light") as chosen:
        drawn = gradients.gradients(groups, "toy", chosen, language, 15)
        drawn.draw_without_rendering()
    return drawn


def drawn(label: str, *histories: History) -> Drawn:
    return Drawn(label, histories, spec.make("toy", "rnn").settings)


def legend(of: Figure) -> list[str]:
    return [text.get_text() for text in of.legends[0].get_texts()]


def evaluated(step: int, *cells: ProbedCell) -> list[Event]:
    return [make.evaluation(step), make.probe(step, *cells)]


def test_one_run_has_its_parts_its_first_evaluation_and_the_bound() -> None:
    rnn = [*evaluated(10, make.rnn_cell(left=0.3)), *evaluated(20, make.rnn_cell(left=0.1))]
    shown = figure(drawn("rnn", history(*rnn)))
    names = legend(shown)
    assert names == ["layer 1, h, 0 beyond 39", "layer 1, h, first evaluation", "bound η^(t−k), η = 1.25"]
    axes = shown.axes[0]
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel() == "steps before the end"
    assert axes.get_title("left") == "gradient through time, toy"
    now = axes.lines[0].get_ydata()
    assert now[1] == pytest.approx(0.05)
    assert math.isnan(now[40])
    assert axes.get_ylim()[1] < 1e3, "the bound does not stretch the axis"
    lstm = figure(drawn("lstm", history(*evaluated(10, make.lstm_cell()))))
    assert legend(lstm) == ["layer 1, h", "layer 1, c"]


def test_several_runs_have_colors_and_their_parts_lines() -> None:
    shown = figure(drawn("lstm", history(*evaluated(10))), drawn("rnn", history(*evaluated(10, make.rnn_cell()))))
    assert legend(shown) == ["lstm, layer 1, h", "lstm, layer 1, c", "rnn"]
    h, c, rnn = shown.axes[0].lines
    assert h.get_color() == c.get_color() != rnn.get_color()
    assert h.get_linestyle() == rnn.get_linestyle() != c.get_linestyle()


def test_of_a_dozen_runs_no_two_lines_look_alike() -> None:
    lines = figure(*(drawn(f"run {n}", history(*evaluated(10, make.rnn_cell()))) for n in range(12))).axes[0].lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 12


def test_seeds_are_their_geometric_mean_with_a_band() -> None:
    seeds = [history(*evaluated(10, make.rnn_cell(left=left))) for left in (0.4, 0.9)]
    shown = figure(drawn("rnn, mean ± sd of 2 seeds", *seeds))
    (line,) = shown.axes[0].lines
    assert line.get_ydata()[2] == pytest.approx(0.5 * 0.6**2)
    assert len(shown.axes[0].collections) == 1


def test_of_many_lines_each_setting_keeps_the_one_that_reaches_furthest() -> None:
    cells = [make.lstm_cell(layer=layer, left=0.6 + 0.1 * layer) for layer in range(4)]
    shown = figure(*(drawn(f"hidden {size}", history(*evaluated(10, *cells))) for size in (1, 2)))
    assert legend(shown) == ["hidden 1", "hidden 2"]
    assert furthest_part(parts_of([make.probe(1, *cells)])).cell.layer == 3


def test_the_probe_of_the_best_evaluation_is_drawn(tmp_path: Path) -> None:
    worse = msgspec.structs.replace(make.evaluation(20), best=make.evaluation(10).best)
    shown = figure(drawn("rnn", history(*evaluated(10, make.rnn_cell(left=0.4)), worse, make.probe(20))))
    assert shown.axes[0].lines[0].get_ydata()[1] == pytest.approx(0.2)


def test_chinese_words() -> None:
    shown = figure(drawn("rnn", history(*evaluated(10, make.lstm_cell(direction=1)))), language="zh")
    assert legend(shown) == ["第 1 层 反向, h", "第 1 层 反向, c"]
    assert shown.axes[0].get_xlabel() == "距末尾的步数"


@pytest.mark.usefixtures("drawn")
def test_a_picture_leaves_out_runs_that_measured_nothing(tmp_path: Path, runs_folder: Path) -> None:
    old = written(runs_folder, "lstm", make.evaluation(10))
    rnn = written(runs_folder, "rnn", *evaluated(10, make.rnn_cell()))
    with pytest.raises(PictureError, match=f"was not measured by {old.id}: trained with train.probe=0"):
        pictures.draw([old], "gradients", Style(), tmp_path / "a.svg")
    notes = pictures.draw([old, rnn], "gradients", Style(), tmp_path / "a.svg")
    assert f"The gradient through time was not measured by {old.id}." in notes
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
    other = written(runs_folder, "rnn", *evaluated(10, make.rnn_cell()), task="names")
    with pytest.raises(PictureError, match="Runs of different tasks"):
        pictures.draw([rnn, other], "gradients", Style(), tmp_path / "b.svg")


def told(*groups: tuple[str, Sequence[Probe]], language: Language = "en") -> str:
    return " ".join(sentences(groups, language))


def test_sentences_hold_the_figures() -> None:
    rnn, lstm = make.probe(10, make.rnn_cell()), make.probe(10)
    text = told(("rnn", [rnn]), ("lstm", [lstm]))
    assert (
        "At 100 steps before the end the gradient of rnn is 7.9e-31 of that at the last step, that of lstm 0.13."
        in text
    )
    assert "up to 9 of 100 steps back in rnn, 100 of 100 in lstm." in text
    assert "In lstm gate f of layer 1 keeps 0.500 of the memory at each step on average" in text
    assert "half of it is left after 1.0 steps" in text
    assert (
        "The recurrent matrix of rnn (layer 1) has spectral radius 0.900 and largest singular value η = 1.250" in text
    )
    assert "forces nothing, as η is not below one" in text
    assert "Pascanu et al. 2013" in text
    shrinking = told(("rnn", [make.probe(10, make.rnn_cell(spectral_norm=0.75))]))
    assert "its gradient must vanish" in shrinking
    layers = [make.rnn_cell(left=0.9, spectral_norm=0.75), make.rnn_cell(spectral_norm=0.8)]
    stacked = told(("rnn", [make.probe(10, layers[0], msgspec.structs.replace(layers[1], layer=1))]))
    assert "The recurrent matrix of rnn (layer 2)" in stacked, "the layer below reaches further and has no bound"
    assert "η = 0.800" in stacked
    assert "must vanish" not in told(("rnn", [make.probe(10, make.rnn_cell(left=0.99, spectral_norm=0.75))]))
    chinese = told(("rnn", [rnn]), ("lstm", [lstm]), language="zh")
    assert "距末尾 100 步处, rnn 的梯度为最后一步的 7.9e-31, lstm 的为 0.13。" in chinese


def test_a_gradient_that_underflowed_is_zero() -> None:
    assert "is 0 of that at the last step" in told(("rnn", [make.probe(10, make.rnn_cell(left=0.1))]))
    assert told(("rnn", [make.probe(10, ProbedCell(layer=0, direction=0, norms={}))])) == ""


def test_a_report_holds_the_section_of_a_run_that_measured(run: Run, tmp_path: Path) -> None:
    page = Page(report(run, tmp_path / "a")).text
    assert "Gradient through time" in page
    assert "before the end the gradient of rnn is" in page
    probe = next(
        event for line in run.events_file.read_bytes().splitlines() if isinstance(event := decode(line), Probe)
    )
    assert probe.cells[0].spectral_norm is not None
    assert "spectral radius" in page
    chinese = report(run, tmp_path / "b", "markdown", "zh")
    assert "## 穿过时间的梯度" in chinese
    assert "gradients.png" in chinese


def test_a_run_without_a_measurement_is_told_among_the_notes(run: Run, tmp_path: Path) -> None:
    lines = [line for line in run.events_file.read_bytes().splitlines(keepends=True) if b'"probe"' not in line[:20]]
    old = copied(run, tmp_path, "toy-rnn-old")
    old.events_file.write_bytes(b"".join(lines))
    page = Page(report(old, tmp_path / "a")).text
    assert "before the end the gradient" not in page
    assert "The section on the gradient through time is left out: none of the runs measured it" in page
    both = Page(report(Subject([run, old]), tmp_path / "b")).text
    assert "before the end the gradient of rnn" in both
    assert f"was not measured by {old.id}: left out there." in both


def test_runs_of_several_tasks_have_a_picture_each(run: Run, tmp_path: Path, runs_folder: Path) -> None:
    other = written(runs_folder, "lstm", *evaluated(10), task="names")
    text = report(Subject([run, other]), tmp_path / "a", "markdown")
    assert "gradients-1.png" in text
    assert "gradients-2.png" in text
    assert "(names)" in text
    assert "| lstm | layer 1, c |" in text
