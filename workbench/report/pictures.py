"""Pictures of runs: which runs and views they need, and the files that they are written to."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from matplotlib.figure import Figure

from tasks.base import PlainError
from tasks.shared import files
from tasks.views import Confusion, Series, View
from workbench.config.spec import SpecError
from workbench.config.suggestions import did_you_mean
from workbench.report import curves, gradients, inspected, matrix, series
from workbench.report.curves import Drawn
from workbench.report.fonts import INSTALL, chinese_font, drawable, replace_undrawable
from workbench.report.theme import WORD_COLUMN, Theme, ThemeName, applied, legend_label
from workbench.report.words import Language, say, say_label
from workbench.runs.comparison import differing_settings, setting_words
from workbench.runs.events import Finished
from workbench.runs.gradients import best_probe, curves_of
from workbench.runs.history import History, read_history
from workbench.runs.inspections import Inspection
from workbench.runs.run import Run
from workbench.runs.summary import RunSummary, summarize

Kind = Literal["curves", "confusion", "classes", "forecast", "gradients"]
KINDS: tuple[Kind, ...] = get_args(Kind)
InspectedKind = Literal["gates", "states", "contributions"]
INSPECTED: tuple[InspectedKind, ...] = get_args(InspectedKind)
FORMATS = ("svg", "png", "pdf")
NARROWEST, WIDEST = 5.0, 60.0  # cm
_SEED = "train.seed"
NO_CHINESE = f"No font of this machine has Chinese characters, so the words are English: {INSTALL}."
_NO_FIGURES = (ValueError, TypeError, IndexError, KeyError, ArithmeticError, RuntimeError)


class PictureError(PlainError):
    """A picture cannot be drawn or written. The message is one plain sentence."""


class Style(NamedTuple):
    """Appearance of a picture."""

    language: Language = "en"
    theme: ThemeName = "light"
    width: float = WORD_COLUMN  # cm
    shares: bool = False  # a confusion matrix in percent of the true class
    metric: str = ""  # beside the loss; empty: the task's main one
    window: int = 0  # of a forecast, from 1, among those that the run keeps; 0: the one that the run shows


def draw(runs: Sequence[Run], kind: Kind, style: Style, path: Path, labels: Sequence[str] = ()) -> list[str]:
    """Draw a picture and write it; the path's suffix is one of ``FORMATS``. An existing file is replaced at once.

    Args:
        labels: of the runs' curves, those of one label drawn as one; else the settings that differ name them.

    Returns:
        sentences that must be known beside the picture.

    Raises:
        PictureError: the runs do not hold what the picture shows, or it cannot be written.
        SpecError: the runs have no such metric or window.
        RunError, OSError: a run cannot be read.
    """

    def make(style: Style, chosen: Theme) -> tuple[Figure, list[str]]:
        if kind == "curves":
            return _curves(runs, style, chosen, labels)
        if kind == "gradients":
            return _gradients(runs, style, chosen, labels)
        return _view(runs, kind, style, chosen)

    return _write(make, [run.id for run in runs], style, path)


def draw_inspections(
    found: Sequence[Inspection], kind: InspectedKind, style: Style, path: Path, layer: int
) -> list[str]:
    """Draw what was inspected on a text and write it, as ``draw`` does.

    Args:
        found: of one network; of several where contributions are drawn.
        layer: from 0, whose gates or states are drawn.

    Raises:
        PictureError: the networks do not show that, or the picture cannot be written.
    """

    def make(style: Style, chosen: Theme) -> tuple[Figure, list[str]]:
        notes = [note for one in found for note in one.notes]
        if kind == "contributions":
            return inspected.contributions(found, chosen, style.language, style.width), notes
        if len(found) > 1:
            raise PictureError(f"--what {kind} shows one run: name one, not {len(found)}.")
        (one,) = found
        if kind == "gates" and not one.cells[0].gates:
            raise PictureError(" ".join([f"{one.cell} shows no gates.", *one.notes]))
        drawn = inspected.gates if kind == "gates" else inspected.states
        return drawn(one, layer, chosen, style.language, style.width), notes

    return _write(make, [one.run for one in found], style, path)


def _write(
    make: Callable[[Style, Theme], tuple[Figure, list[str]]], names: Sequence[str], style: Style, path: Path
) -> list[str]:
    """Make a figure in a style and write it; return what must be known beside it.

    Args:
        names: of the runs, for the sentence on figures that cannot be drawn.
    """
    notes = []
    if style.language == "zh" and not chinese_font():
        style = style._replace(language="en")
        notes.append(NO_CHINESE)
    with applied(style.theme) as chosen, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # matplotlib's, on what is told here in words
        try:
            figure, more = make(style, chosen)
            replaced = replace_undrawable(figure)
            figure.draw_without_rendering()
        except PlainError:
            raise
        except _NO_FIGURES as error:  # whatever stands in a stranger's run
            raise PictureError(
                f"The figures of {', '.join(names)} cannot be drawn: they do not fit together ({error})."
            ) from None
        notes += more
        if replaced:
            notes.append(f"No font has the Chinese characters of {replaced} labels: {INSTALL}.")
        try:
            with files.replacing(path) as file:
                figure.savefig(file, format=path.suffix[1:].lower())
        except OSError as error:
            raise PictureError(f"The picture cannot be written to {path}: {error.strerror}.") from None
    return notes


def check_width(width: float) -> None:
    """Check a width in cm that was asked for.

    Raises:
        SpecError: no page has it.
    """
    if not NARROWEST <= width <= WIDEST:
        raise SpecError(f"--width {width:g}: give {NARROWEST:g} to {WIDEST:g} cm.")


def free_path(folder: Path, runs: Sequence[Run], kind: str, suffix: str = ".svg") -> Path:
    """Return the path of a new picture in a folder; an existing file is never named."""
    name = runs[0].id.replace("/", "-") + (f"-and-{len(runs) - 1}-more" if len(runs) > 1 else "")
    paths = (folder / f"{name}-{kind}{f'-{number}' * (number > 1)}{suffix}" for number in count(1))
    return next(path for path in paths if not path.exists())


def _curves(runs: Sequence[Run], style: Style, chosen: Theme, labels: Sequence[str]) -> tuple[Figure, list[str]]:
    histories = [read_history(run.events_file) for run in runs]
    for run, history in zip(runs, histories, strict=True):
        if not (history.steps or history.evals):
            raise PictureError(f"Run {run.id} has no figures yet: let it train first.")
    groups, starter, notes = _together(runs, histories, style, labels)
    known = list(dict.fromkeys(name for history in histories for event in history.evals for name in event.metrics))
    if style.metric and style.metric not in known:
        raise SpecError(f"--metric {style.metric}{did_you_mean(style.metric, known)}")
    return curves.curves(groups, starter, chosen, style.language, style.width, style.metric), notes


def _together(
    runs: Sequence[Run], histories: Sequence[History], style: Style, labels: Sequence[str]
) -> tuple[list[Drawn], str, list[str]]:
    """Return runs of one task as curves, a remark on their data, and what must be known beside the picture.

    Raises:
        PictureError: they are of several tasks.
    """
    tasks = list(dict.fromkeys(run.spec.task for run in runs))
    if len(tasks) > 1:
        raise PictureError(f"Runs of different tasks do not go into one picture: {', '.join(tasks)}.")
    summaries = [summarize(run, history) for run, history in zip(runs, histories, strict=True)]
    starter = say("starter data", style.language) if any(run.spec.data == "starter" for run in runs) else ""
    notes = [note for run in runs if (note := unfinished(run))]
    return grouped(summaries, histories, style.language, labels), starter, notes


def _gradients(runs: Sequence[Run], style: Style, chosen: Theme, labels: Sequence[str]) -> tuple[Figure, list[str]]:
    """Return the gradient through time of the runs that measured it, and who did not."""
    histories = [read_history(run.events_file) for run in runs]
    measured = [at for at, history in enumerate(histories) if (probe := best_probe(history)) and curves_of(probe)]
    if not measured:
        names = ", ".join(run.id for run in runs)
        raise PictureError(
            f"The gradient through time was not measured by {names}: trained with train.probe=0, by an older version, "
            "or without a recurrence. `workbench inspect RUN --gradients` measures it with the kept weights."
        )
    some = [runs[at] for at in measured]
    named = [labels[at] for at in measured] if labels else ()
    groups, starter, notes = _together(some, [histories[at] for at in measured], style, named)
    words = [some[0].spec.task, *([some[0].spec.cell] if len(some) == 1 else []), starter]
    left = [run.id for at, run in enumerate(runs) if at not in measured]
    notes += [f"The gradient through time was not measured by {', '.join(left)}."] if left else []
    remark = ", ".join(filter(None, words))
    return gradients.gradients(groups, remark, chosen, style.language, style.width), notes


def grouped(
    summaries: Sequence[RunSummary], histories: Sequence[History], language: Language, labels: Sequence[str] = ()
) -> list[Drawn]:
    """Return the runs as curves: those that differ by their seed alone as one, each labelled by what differs.

    Args:
        labels: of each run; those of one label are one curve.
    """
    differing = {"label": [*labels]} if labels else differing_settings(summaries) if len(summaries) > 1 else {}
    differing.pop(_SEED, None)
    groups: dict[tuple[str, ...], list[int]] = {}
    for at in range(len(summaries)):
        groups.setdefault(tuple(values[at] for values in differing.values()), []).append(at)
    drawn = []
    for values, members in groups.items():
        described = summaries[members[0]].run.spec
        words = [setting_words(key, value) for key, value in zip(differing, values, strict=True)]
        label = say_label(", ".join(words), language) or described.cell
        if len(members) > 1:
            others = differing_settings([summaries[at] for at in members]).keys() - {_SEED}
            label = curves.mean_label(label, len(members), language, seeds=not others)
        drawn.append(Drawn(legend_label(label), [histories[at] for at in members], described.settings))
    return drawn


def _view(runs: Sequence[Run], kind: Kind, style: Style, chosen: Theme) -> tuple[Figure, list[str]]:
    if len(runs) > 1:
        raise PictureError(f"--what {kind} shows one run: name one, not {len(runs)}.")
    (run,) = runs
    history = read_history(run.events_file)
    tested = isinstance(history.ended, Finished) and bool(history.ended.views)
    views: Sequence[View] = history.ended.views if tested else history.evals[-1].views if history.evals else []  # type: ignore[union-attr]
    if not (tested or history.evals):
        raise PictureError(f"Run {run.id} is not evaluated yet: let it reach its first evaluation.")
    split = say("test" if tested else "validation", style.language)
    starter = f", {say('starter data', style.language)}" * (run.spec.data == "starter")
    title = f"{run.spec.task}, {run.spec.cell}, {split}{starter}"
    notes = list(filter(None, [unfinished(run)]))
    labels: Sequence[str] = []
    figure = None
    if kind == "confusion" and (found := next((v for v in views if isinstance(v, Confusion)), None)):
        labels = found.labels
        figure = matrix.confusion(found, title, chosen, style.language, style.width, shares=style.shares)
    elif kind == "classes" and (table := matrix.class_table(views)):
        labels = [str(row[0]) for row in table.rows]
        figure = matrix.classes(table, title, chosen, style.language, style.width)
    elif kind == "forecast" and (curve := _window(run, history, views, style.window)):
        figure = series.series(curve, title, chosen, style.language, style.width)
    if figure is None:
        raise PictureError(
            f"Run {run.id} has no {kind} to draw: its task, {run.spec.task}, gives {_given(history, views)}."
        )
    if key := drawable(labels)[1]:
        notes.append(f"No font has Chinese characters: {INSTALL}. Numbers stand for: {', '.join(key)}.")
    return figure, notes


def _window(run: Run, history: History, views: Sequence[View], number: int) -> Series | None:
    """Return the forecast of a window: the one that the run shows, or the ``number``-th of those that it keeps.

    Raises:
        SpecError: it keeps fewer.
    """
    shown = [view for view in views if isinstance(view, Series)]
    if not (number and shown):
        return next(iter(shown), None)
    kept = history.ended.kept if isinstance(history.ended, Finished) else []
    windows = [view for view in kept if isinstance(view, Series)] or shown[:1]
    if number > len(windows):
        count = f"{len(windows)} windows: give 1 to {len(windows)}" if len(windows) > 1 else "1 window: give 1"
        raise SpecError(f"--window {number}: run {run.id} keeps the forecast of {count}.")
    return windows[number - 1]


def _given(history: History, views: Sequence[View]) -> str:
    """Return the kinds of pictures that a run's events allow, in words."""
    possible = ["curves"]
    possible += ["confusion"] * any(isinstance(view, Confusion) for view in views)
    possible += ["classes"] * (matrix.class_table(views) is not None)
    possible += ["forecast"] * any(isinstance(view, Series) for view in views)
    possible += ["gradients"] * bool(history.probes)
    return ", ".join(possible)


def unfinished(run: Run) -> str:
    """Return a sentence where a run may still change; empty where it is finished."""
    status = run.status()
    return "" if status == "finished" else f"Run {run.id} is {status}: the picture shows it as it is now."
