"""Section on the gradient through time: pictures, sentences made from the figures, and a table by cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from workbench.render.format import number
from workbench.report.document import Block, Grid, Paragraph, Section
from workbench.report.gradients import PartGradient, furthest_part, parts_of, place
from workbench.report.pictures import Kind
from workbench.report.run_sections import ReportedRun
from workbench.report.words import Language, headline, say
from workbench.report.writing import sentence
from workbench.runs.comparison import ResultFigure
from workbench.runs.events import Probe
from workbench.runs.gradients import best_probe, round_distances
from workbench.runs.run import Run

_TOLD = 4  # settings that the sentences name; of more, those in which the gradient reaches least and furthest
_FAR = 3  # distances of the table beside the nearest one
_WHOLE = 4  # settings up to which each layer, direction and part has its row

_SOURCE = "Pascanu et al. 2013"  # On the Difficulty of Training Recurrent Neural Networks, ICML

Draw = Callable[[str, Sequence[Run], Kind, str, Sequence[str]], Sequence[Block]]
Labelled = Sequence[tuple[str, Sequence[Probe]]]  # a setting and the probes of its seeds


def gradient_section(
    reported: Sequence[ReportedRun], labels: Mapping[Path, str], draw: Draw, language: Language
) -> tuple[list[Section], list[str]]:
    """Return the section, none where no run measured its gradient, and what must be told of runs that did not.

    Args:
        labels: of the runs by their folders: those of one label are seeds of a setting.
        draw: draws a picture of runs under a name, with a caption and the runs' labels.
    """
    measured = [(one, probe) for one in reported if (probe := best_probe(one.history)) and parts_of([probe])]
    without = [one.label for one in reported if one.history.evals and one not in [each for each, _ in measured]]
    if not measured:
        return [], [sentence("no_gradient", language, every=True, runs="")] if without else []
    blocks: list[Block] = []
    tasks = list(dict.fromkeys(one.run.spec.task for one, _ in measured))
    for task in tasks:
        groups: dict[str, list[Probe]] = {}
        runs, named = [], []
        for one, probe in measured:
            if one.run.spec.task == task:
                label = labels.get(one.run.path) or _label(one, measured)
                groups.setdefault(label, []).append(probe)
                runs.append(one.run)
                named.append(label)
        caption = sentence("gradient_figure", language, several=len(runs) > 1, task=task if len(tasks) > 1 else "")
        name = "gradients" if len(tasks) == 1 else f"gradients-{tasks.index(task) + 1}"
        blocks += draw(name, runs, "gradients", caption, named if len(runs) > 1 else ())
        pairs = [*groups.items()]
        blocks.append(Paragraph(("" if language == "zh" else " ").join(sentences(pairs, language))))
        blocks.append(_table(pairs, language))
    told = [sentence("no_gradient", language, every=False, runs=", ".join(without))] if without else []
    return [Section(headline("gradient through time", language), blocks)], told


def _label(one: ReportedRun, measured: Sequence[tuple[ReportedRun, Probe]]) -> str:
    """Return the run's cell, where no other one has it; else the run's label."""
    cells = [other.run.spec.cell for other, _ in measured if other.run.spec.task == one.run.spec.task]
    return one.run.spec.cell if cells.count(one.run.spec.cell) == 1 else one.label


def sentences(groups: Labelled, language: Language) -> list[str]:
    """Return how much of the gradient is left far from the end, how far it reaches, and what gates and matrix say."""
    every = [(label, parts) for label, probes in groups if (parts := parts_of(probes))]
    if not every:
        return []
    chosen = every if len(every) <= _TOLD else [min(every, key=_reached), max(every, key=_reached)]
    longest = min(part.longest for _, parts in chosen for part in parts)
    distance = round_distances(longest + 1)[-2]
    shares = [
        (label, _share(max((part.share(distance) or 0.0 for part in parts), default=0.0))) for label, parts in chosen
    ]
    far = [
        (label, f"{one.reach:,.0f}", f"{one.longest:,}") for label, parts in chosen for one in [furthest_part(parts)]
    ]
    told = [sentence("gradient_extremes", language, count=f"{len(every):,}")] if len(every) > _TOLD else []
    told += [
        sentence("gradient_share", language, distance=f"{distance:,}", one=shares[0], others=shares[1:]),
        sentence("gradient_reach", language, one=far[0], others=far[1:]),
    ]
    for label, parts in chosen:
        one = furthest_part(parts)
        where = {"label": label, "layer": place(one.cell, language)}
        if one.keep is not None:
            figures = {"gate": one.cell.keep_gate, "mean": number(one.keep, 3), "half_life": number(one.half_life, 1)}
            told.append(sentence("gradient_keep", language, **where, **figures))
        if bounded := [part for part in parts if part.spectral and all(curve.bound for curve in part.curves)]:
            one = furthest_part(bounded)
            where["layer"] = place(one.cell, language)
            radius, norm = one.spectral or (0.0, 0.0)
            spectrum = {"radius": number(radius, 3), "norm": number(norm, 3), "shrinks": norm < 1, "source": _SOURCE}
            told.append(sentence("gradient_bound", language, **where, **spectrum))
    return told


def _reached(setting: tuple[str, Sequence[PartGradient]]) -> tuple[float, float]:
    """Return the share of the steps that a setting's gradient reaches back over, and its reach."""
    furthest = furthest_part(setting[1])
    return furthest.reach / max(1, furthest.longest), furthest.reach


def _table(groups: Labelled, language: Language) -> Grid:
    """Return a row for each setting and part of the state: shares left, reach, gates and matrix."""
    settings = [(label, parts) for label, probes in groups if (parts := parts_of(probes))]
    furthest = len(settings) > _WHOLE
    rows = [(label, part) for label, parts in settings for part in ([furthest_part(parts)] if furthest else parts)]
    rounds = round_distances(min(part.longest for _, part in rows) + 1)[1:-1]
    distances = list(dict.fromkeys([*rounds[:1], *rounds[-_FAR:]]))
    has_gates, has_matrix = (any(getattr(part, name) is not None for _, part in rows) for name in ("keep", "spectral"))
    heads = [say("setting", language), say("state", language)]
    heads += [say("distance {}", language).format(f"{distance:,}") for distance in distances]
    heads += [say("reach", language)]
    heads += [say(head, language) for head in ("keep gate", "half-life") if has_gates]
    heads += [*([say("spectral radius", language), "η"] if has_matrix else [])]
    table = []
    for label, part in rows:
        figures = [label, f"{place(part.cell, language)}, {part.part}"]
        figures += [_share(part.share(distance)) for distance in distances]
        figures += [f"{part.reach:,.0f} / {part.longest:,}"]
        if has_gates:
            keep = "–" if part.keep is None else f"{part.cell.keep_gate} {number(part.keep, 3)}"
            figures += [keep, number(part.half_life, 1)]
        if has_matrix:
            figures += [number(value, 3) for value in part.spectral or (None, None)]
        table.append([*map(ResultFigure, figures)])
    seeds = any(len(part.curves) > 1 for _, part in rows)
    return Grid(heads, table, sentence("gradient_table", language, furthest=furthest, seeds=seeds))


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g}"
