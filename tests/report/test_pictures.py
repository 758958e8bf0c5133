"""Pictures of runs: what they show, the files that they become, and fonts that are missing."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from engine.toy_runs import copied, toy, trained
from matplotlib.figure import Figure
from matplotlib.text import Text

from tasks.views import Confusion, Series, Table
from workbench.config.spec import SpecError
from workbench.report import curves, fonts, matrix, pictures, series, theme
from workbench.report.pictures import PictureError, Style
from workbench.runs.events import decode, encode
from workbench.runs.history import read_history
from workbench.runs.run import Run
from workbench.runs.summary import summarize

MAGIC = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}
LABELS = ["书籍", "平板", "tea"]
COUNTS = [[8, 2, 0], [0, 10, 0], [1, 0, 3]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Three seeds of one setting, and another cell."""
    folder = tmp_path_factory.mktemp("pictures")
    every = [toy(folder, {"train.epochs": 2, "train.seed": seed}) for seed in range(3)]
    every.append(toy(folder, {"train.epochs": 2, "cell.hidden": 12}, cell="gru"))
    for run in every:
        trained(run)
    return every


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


@pytest.mark.parametrize("suffix", MAGIC)
@pytest.mark.parametrize("kind", ["curves", "confusion", "classes", "gradients"])
def test_a_picture_is_written(finished: list[Run], tmp_path: Path, kind: pictures.Kind, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    assert pictures.draw(finished[:1], kind, Style(), path) == []
    assert path.read_bytes().startswith(MAGIC[suffix])
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_a_legend_holds_every_label_as_text(finished: list[Run]) -> None:
    histories = [read_history(run.events_file) for run in finished[2:]]
    summaries = [summarize(run, history) for run, history in zip(finished[2:], histories, strict=True)]
    groups = pictures.grouped(summaries, histories, "en", ["_small", "a\x1b[2J\nb"])
    with theme.applied("light") as chosen:
        figure = curves.curves(groups, "", chosen, "zh", 15.0)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:2] == [" _small", "a�[2J�b"]
    assert labels[2].startswith("多数类 ")


def test_seeds_are_one_curve_and_settings_that_differ_name_the_others(finished: list[Run], tmp_path: Path) -> None:
    histories = [read_history(run.events_file) for run in finished]
    summaries = [summarize(run, history) for run, history in zip(finished, histories, strict=True)]
    groups = pictures.grouped(summaries, histories, "en")
    assert [len(group.histories) for group in groups] == [3, 1]
    assert groups[0].label.startswith("rnn, hidden ")
    assert groups[0].label.endswith("mean ± sd of 3 seeds")
    assert groups[1].label == "gru, hidden 12"
    with theme.applied("light") as chosen:
        figure = curves.curves(groups, "", chosen, "en", 15)
    assert {*(group.label for group in groups)} <= {*words(figure)}
    (named,) = pictures.grouped(summaries, histories, "en", ["both"] * 4)  # of two cells, so not seeds of one setting
    assert named.label == "both, mean ± sd of 4 runs"


def test_mean_and_deviation_where_all_curves_are() -> None:
    one, two = [(0, 1.0), (10, 3.0), (20, 5.0)], [(5, 3.0), (10, 5.0)]
    xs, means, deviations = curves.mean_and_deviation([one, two])
    assert xs == [5, 10]
    assert means == [2.0, 4.0]
    assert deviations == pytest.approx([math.sqrt(2), math.sqrt(2)])


def test_one_run_shows_its_best_evaluation_and_the_strongest_baseline(finished: list[Run]) -> None:
    run = finished[0]
    history = read_history(run.events_file)
    groups = pictures.grouped([summarize(run, history)], [history], "en")
    with theme.applied("light") as chosen:
        figure = curves.curves(groups, "starter data", chosen, "en", 15)
    assert history.best is not None
    shown = words(figure)
    assert f"best {history.best.value:.4f}" in shown
    assert "loss, starter data" in shown
    strongest = max(metrics["accuracy"] for metrics in history.baseline.methods["val"].values())
    assert any(word.endswith(f" {strongest:.4f}") for word in shown)


@pytest.mark.parametrize("at", [0, 1])
def test_the_words_at_the_best_evaluation_stay_within_the_panel_above_it(finished: list[Run], at: int) -> None:
    run = finished[0]
    history = read_history(run.events_file)
    best = msgspec.structs.replace(history.best, step=history.evals[at].step)
    history.ended = msgspec.structs.replace(history.ended, best=best)
    groups = pictures.grouped([summarize(run, history)], [history], "en")
    with theme.applied("light") as chosen:
        figure = curves.curves(groups, "", chosen, "en", 15)
        figure.draw_without_rendering()
    axes = figure.axes[1]
    (said,) = (text for text in axes.texts if text.get_text().startswith("best "))
    box, panel = said.get_window_extent(), axes.get_window_extent()
    assert panel.x0 <= box.x0 < box.x1 <= panel.x1
    assert box.y0 > axes.transData.transform(said.xy)[1], "higher is better: the curve is below"


def test_a_long_baseline_s_name_stays_within_its_panel_and_is_translated(finished: list[Run]) -> None:
    run = finished[0]
    history = read_history(run.events_file)
    figures = {"accuracy": 0.9439}
    history.baseline.methods["val"] = {"naive Bayes (α = 0.0001, the grid's edge)": figures}
    groups = pictures.grouped([summarize(run, history)], [history], "zh")
    with theme.applied("light") as chosen:
        figure = curves.curves(groups, "", chosen, "zh", 15)
        figure.draw_without_rendering()
        axes = figure.axes[1]
        legend, panel = axes.get_legend(), axes.get_window_extent()
        assert legend is not None
        box = legend.get_window_extent()
    assert panel.x0 <= box.x0 < box.x1 <= panel.x1
    assert "朴素贝叶斯 (α = 0.0001, 网格边缘)\n0.9439" in words(figure)


def test_the_training_sample_is_a_thin_line_under_the_metric_where_it_was_measured(finished: list[Run]) -> None:
    run = finished[0]
    history = read_history(run.events_file)
    sampled = [event.train["accuracy"] for event in history.evals]
    assert len(sampled) == 2
    for measured in (True, False):
        if not measured:
            history.evals = [msgspec.structs.replace(event, train={}) for event in history.evals]
        groups = pictures.grouped([summarize(run, history)], [history], "en")
        with theme.applied("light") as chosen:
            axes = curves.curves(groups, "", chosen, "en", 15).axes[1]
        lines = {line.get_label(): line for line in axes.get_lines()}
        assert ("train" in lines) is measured
        assert axes.get_title(loc="left") == ("accuracy" if measured else "validation: accuracy")
        if measured:
            assert list(lines["train"].get_ydata()) == sampled
            assert lines["train"].get_linewidth() < lines["validation"].get_linewidth()


def test_a_heat_map_holds_the_counts_or_shares() -> None:
    view = Confusion(title="confusion", labels=["a", "b", "c"], counts=COUNTS)
    with theme.applied("light") as chosen:
        counts = words(matrix.confusion(view, "x", chosen, "en", 15, shares=False))
        shares = words(matrix.confusion(view, "x", chosen, "en", 15, shares=True))
    assert {"8", "2", "10", "1", "3"} <= {*counts}
    assert {"80", "20", "100", "25", "75"} <= {*shares}
    assert "x: counts" in counts


def test_thirty_classes_have_room(tmp_path: Path) -> None:
    count = 30
    labels = [f"class number {n}" for n in range(count)]
    counts = [[1_000 * (i == j) + i for j in range(count)] for i in range(count)]
    view = Confusion(title="confusion", labels=labels, counts=counts)
    with theme.applied("light") as chosen:
        figure = matrix.confusion(view, "x", chosen, "en", 15, shares=False)
        figure.draw_without_rendering()
    axes = figure.axes[0]
    cell = axes.get_window_extent().width / count
    for text in axes.texts:
        assert text.get_window_extent().width < cell, text.get_text()


def test_bars_of_the_classes_name_their_examples() -> None:
    view = Table(
        title="per class",
        columns=["class", "precision", "recall", "f1", "support"],
        rows=[["a", 0.5, 1.0, 0.7, 1200], ["b", 0.0, 0.0, 0.0, 3]],
    )
    with theme.applied("dark") as chosen:
        figure = matrix.classes(view, "x", chosen, "en", 15)
    assert {"a  (1,200)", "b  (3)", "precision", "recall", "F1"} <= {*words(figure)}
    widths = sorted(round(bar.get_width(), 3) for bar in figure.axes[0].patches)
    assert widths == [0.0, 0.0, 0.0, 0.5, 0.7, 1.0]


def test_a_forecast_shows_every_curve() -> None:
    view = Series(
        title="28 July",
        x_label="hours",
        x=[-1.0, 0.0, 1.0],
        curves={"truth": [1.0, 2.0, 3.0], "forecast": [None, None, 2.5]},
    )
    with theme.applied("light") as chosen:
        figure = series.series(view, "climate", chosen, "zh", 15)
    assert {"真实值", "预测", "小时"} <= {*words(figure)}


def test_a_window_is_one_of_those_that_the_run_keeps(
    finished: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copied(finished[0], tmp_path, "toy-windows")
    *lines, last = run.events_file.read_bytes().splitlines(keepends=True)
    made = [Series(title=f"window {n}", x_label="hours", x=[0.0, 1.0], curves={"truth": [n, n]}) for n in range(3)]
    ended = msgspec.structs.replace(decode(last), views=[made[1]], kept=made)
    drawn: list[str] = []
    draw = series.series

    def noting(view: Series, *rest: Any) -> Figure:
        drawn.append(view.title)
        return draw(view, *rest)

    monkeypatch.setattr(pictures.series, "series", noting)
    run.events_file.write_bytes(b"".join([*lines, encode(ended)]))
    for window in (0, 1, 2, 3):
        pictures.draw([run], "forecast", Style(window=window), tmp_path / "a.svg")
    assert drawn == ["window 1", "window 0", "window 1", "window 2"]
    with pytest.raises(
        SpecError, match=r"^--window 4: run toy-windows keeps the forecast of 3 windows: give 1 to 3\.$"
    ):
        pictures.draw([run], "forecast", Style(window=4), tmp_path / "a.svg")
    run.events_file.write_bytes(b"".join([*lines, encode(msgspec.structs.replace(ended, kept=[]))]))  # an older run
    pictures.draw([run], "forecast", Style(window=1), tmp_path / "a.svg")
    assert drawn[-1] == "window 1"
    with pytest.raises(SpecError, match=r"keeps the forecast of 1 window: give 1\.$"):
        pictures.draw([run], "forecast", Style(window=2), tmp_path / "a.svg")


def test_another_metric_is_drawn_with_its_own_baseline(finished: list[Run], tmp_path: Path) -> None:
    run = finished[0]
    history = read_history(run.events_file)
    groups = pictures.grouped([summarize(run, history)], [history], "en")
    with theme.applied("light") as chosen:
        figure = curves.curves(groups, "", chosen, "en", 15, "macro_f1")
        alone = curves.curves(groups, "", chosen, "en", 15, "loss")
    values = [event.metrics["macro_f1"] for event in history.evals]
    lines = {line.get_label(): list(line.get_ydata()) for line in figure.axes[1].get_lines()}
    assert lines["validation"] == values
    strongest = max(metrics["macro_f1"] for metrics in history.baseline.methods["val"].values())
    assert any(label.endswith(f" {strongest:.4f}") for label in lines)
    assert figure.axes[1].get_title(loc="left") == "macro F1"
    assert not any(word.startswith("best ") for word in words(figure)), "its best is the accuracy's"
    assert len(alone.axes) == 1
    with pytest.raises(SpecError, match=r"^--metric macro_f2: did you mean 'macro_f1'\?$"):
        pictures.draw(finished, "curves", Style(metric="macro_f2"), tmp_path / "a.svg")


def test_without_a_chinese_font_numbers_stand_for_labels_and_nothing_is_a_box(
    monkeypatch: pytest.MonkeyPatch, finished: list[Run], tmp_path: Path
) -> None:
    for module in (fonts, pictures, theme):
        monkeypatch.setattr(module, "chinese_font", lambda: "")
    assert fonts.drawable(LABELS) == (["1", "2", "tea"], ["1 书籍", "2 平板"])
    view = Confusion(title="confusion", labels=LABELS, counts=COUNTS)
    with theme.applied("light") as chosen:
        figure = matrix.confusion(view, "x", chosen, "en", 15, shares=False)
    assert {"1", "2", "tea"} <= {*words(figure)}
    figure.suptitle("标题 x")
    assert fonts.replace_undrawable(figure) == 1
    assert "?? x" in words(figure)
    assert not fonts.has_chinese(words(figure))
    (note,) = pictures.draw(finished[:1], "curves", Style("zh"), tmp_path / "a.svg")
    assert note.startswith("No font of this machine has Chinese characters, so the words are English: install one")


def test_a_chinese_font_draws_its_labels() -> None:
    if not fonts.chinese_font():
        pytest.skip("this machine has no Chinese font")
    assert fonts.drawable(LABELS) == (LABELS, [])
    view = Confusion(title="confusion", labels=LABELS, counts=COUNTS)
    with theme.applied("light") as chosen:
        figure = matrix.confusion(view, "标题", chosen, "zh", 15, shares=False)
        assert fonts.replace_undrawable(figure) == 0
        figure.draw_without_rendering()  # a missing character would be a warning, which is an error here
    assert {*LABELS, "标题: 样本数"} <= {*words(figure)}


@pytest.mark.parametrize(
    ("which", "kind", "sentence"),
    [
        ([0, 3], "confusion", "--what confusion shows one run: name one, not 2."),
        ([0], "forecast", "has no forecast to draw: its task, toy, gives curves, confusion, classes, gradients."),
    ],
)
def test_what_the_runs_do_not_hold_is_a_sentence(finished, tmp_path, which, kind, sentence) -> None:
    with pytest.raises(PictureError, match=re.escape(sentence)):
        pictures.draw([finished[at] for at in which], kind, Style(), tmp_path / "a.svg")
    assert not list(tmp_path.iterdir())


def test_a_run_without_figures_and_an_unwritable_place_are_sentences(finished: list[Run], tmp_path: Path) -> None:
    new = toy(tmp_path / "runs")
    with pytest.raises(PictureError, match=re.escape(f"Run {new.id} has no figures yet")):
        pictures.draw([new], "curves", Style(), tmp_path / "a.svg")
    place = tmp_path / "nowhere" / "a.svg"
    with pytest.raises(PictureError, match=re.escape(f"cannot be written to {place}: No such file or directory.")):
        pictures.draw(finished[:1], "curves", Style(), place)


def test_a_run_that_is_not_finished_is_told(finished: list[Run], tmp_path: Path) -> None:
    run = copied(finished[0], tmp_path, "toy-lost")
    lines = run.events_file.read_bytes().splitlines(keepends=True)
    run.events_file.write_bytes(b"".join(lines[:-1]))
    assert pictures.draw([run], "curves", Style(), tmp_path / "a.svg") == [
        "Run toy-lost is lost: the picture shows it as it is now."
    ]


def test_a_new_picture_takes_no_name_that_is_there(finished: list[Run], tmp_path: Path) -> None:
    first = pictures.free_path(tmp_path, finished, "curves")
    assert first.name == f"{finished[0].id}-and-3-more-curves.svg"
    first.touch()
    assert pictures.free_path(tmp_path, finished, "curves").name == first.name.replace("curves", "curves-2")


HOSTILE = "$\\frac{\x1b[2J\u202e_"


@pytest.mark.parametrize("kind", ["confusion", "classes", "forecast"])
@pytest.mark.parametrize("counts", [[[1, 2], [3, 4]], [[1], [2, 3, 4]], [], [[10**18, -5], [0, 0]]], ids=str)
def test_a_strangers_views_are_drawn_or_refused(finished: list[Run], tmp_path: Path, kind, counts) -> None:
    run = copied(finished[0], tmp_path, "toy-strange")
    history = read_history(run.events_file)
    views = [
        Confusion(title=HOSTILE, note=HOSTILE, labels=[HOSTILE, "b"], counts=counts),
        Table(
            title=HOSTILE,
            columns=["class", "precision", "recall", "f1", "support"],
            rows=[[HOSTILE, 0.5, None, 1e300, 3], ["b", "c"]][: 1 + len(counts) % 2],
        ),
        Series(title=HOSTILE, x_label=HOSTILE, x=[0.0, 1.0], curves={HOSTILE: [1.0, 2.0, 3.0], "_": []}),
    ]
    ended = msgspec.structs.replace(history.ended, views=views)
    with run.events_file.open("ab") as file:
        file.write(encode(ended))
    path = tmp_path / "a.svg"
    with suppress(PictureError):
        pictures.draw([run], kind, Style(), path)
    assert [found.name for found in tmp_path.iterdir() if found != run.path] == [path.name] * path.exists()
    assert not path.exists() or "\x1b" not in path.read_text()
