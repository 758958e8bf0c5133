"""Gradient through time of trained networks, printed as tables, a chart and a paragraph, or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.render.format import number, percent
from workbench.render.streams import narrate, print_json

if TYPE_CHECKING:
    from workbench.runs.events import Probe
    from workbench.runs.gradients import GradientCurve
    from workbench.runs.run import Run


def inspect_gradients(runs: Sequence[Run], at: str, examples: int, device: str, *, json: bool) -> None:
    """Measure the gradient through time of several runs side by side, and print it."""
    from workbench.engine import probed_run

    measured: list[tuple[Run, Probe]] = []
    for run in {run.path: run for run in runs}.values():
        narrate(f"Measuring the gradient of {run.id} on {examples:,} validation examples …")
        measured.append((run, probed_run.measure(run, examples, at, device)))
    if json:
        print_json([_facts(run, at, probe) for run, probe in measured])
        return
    _print(measured, at)


def _facts(run: Run, at: str, probe: Probe) -> dict[str, object]:
    """Return every number of a measurement as plain data."""
    from workbench.runs.gradients import curves_of

    curves = [
        {
            **curve.cell.place,
            "part": curve.part,
            "norms": curve.norms,
            "reach": curve.reach,
            "bound": curve.bound or None,
        }
        for curve in curves_of(probe)
    ]
    cells = [
        {
            **cell.place,
            "gates": cell.gates,
            "keep_gate": cell.keep_gate or None,
            "half_life": cell.half_life,
            "spectral_radius": cell.spectral_radius,
            "spectral_norm": cell.spectral_norm,
        }
        for cell in probe.cells
    ]
    return {
        "run": run.id,
        "task": run.spec.task,
        "cell": run.spec.cell,
        "at": at,
        "step": probe.step,
        "examples": probe.examples,
        "distances": probe.distances,
        "counts": probe.counts,
        "curves": curves,
        "cells": cells,
        "seconds": probe.seconds,
    }


def _print(measured: Sequence[tuple[Run, Probe]], at: str) -> None:
    """Print the tables, the chart and the paragraph."""
    from rich.text import Text

    from workbench.render.console import wide_console
    from workbench.render.gradients import NormCurve, PrintedGradients
    from workbench.report import gradient_section as words
    from workbench.runs.gradients import curves_of

    console = wide_console()
    labels = _labels([run for run, _ in measured])
    for (run, probe), label in zip(measured, labels, strict=True):
        figures = [f"{run.spec.task} with {run.spec.cell}", f"{at} weights, step {probe.step:,}"]
        figures.append(f"{probe.examples:,} validation examples")
        console.print(Text(f"{label}: {', '.join(figures)}", "bold"), soft_wrap=True)
    curves = [(label, curve) for (_, probe), label in zip(measured, labels, strict=True) for curve in curves_of(probe)]
    alone = len(measured) == 1
    _print_norms(curves, alone=alone)
    _print_cells(curves, alone=alone)
    shown = []
    for label, curve in curves:
        name = curve.name if alone else f"{label}, {curve.name}"
        ends = "" if curve.zero_beyond is None else f", 0 beyond {curve.zero_beyond:,}"
        shown.append(NormCurve(name + ends, curve.distances, curve.norms))
        if curve.bound:
            shown.append(NormCurve(f"bound η^distance of {label}", curve.distances, curve.bound, True))
    console.print(PrintedGradients(shown))
    told = words.sentences([(label, [probe]) for (_, probe), label in zip(measured, labels, strict=True)], "en")
    console.print(Text(" ".join(told)))


def _labels(runs: Sequence[Run]) -> list[str]:
    """Return the runs' cells; with the id where several have the same one."""
    cells = [run.spec.cell for run in runs]
    return [cell if cells.count(cell) == 1 else f"{cell} ({run.id})" for cell, run in zip(cells, runs, strict=True)]


def _print_norms(curves: Sequence[tuple[str, GradientCurve]], *, alone: bool) -> None:
    from workbench.render.console import listing
    from workbench.runs.gradients import round_distances

    longest = max(curve.distances[-1] for _, curve in curves)
    distances = round_distances(longest)
    rows = [
        [
            *([] if alone else [label]),
            curve.name,
            *(_norm(curve.at(distance)) for distance in distances),
            f"{curve.reach:,} of {curve.distances[-1]:,}",
        ]
        for label, curve in curves
    ]
    heads = [*([] if alone else ["run"]), "norm at distance", *(f"{distance:,}" for distance in distances), "reach"]
    listing(heads, rows)


def _print_cells(curves: Sequence[tuple[str, GradientCurve]], *, alone: bool) -> None:
    """Print gates, and the recurrent matrix of cells without gates."""
    from workbench.render.console import listing

    cells = {(label, curve.cell.name): curve.cell for label, curve in curves}
    gates = [
        [
            *([] if alone else [label]),
            *(name, gate, number(values.mean, 3), f"{percent(values.shut)} %", f"{percent(values.open)} %"),
            f"{number(cell.half_life, 1)} steps" if gate == cell.keep_gate else "",
        ]
        for (label, name), cell in cells.items()
        for gate, values in cell.gates.items()
    ]
    if gates:
        listing([*([] if alone else ["run"]), "layer", "gate", "mean", "shut", "open", "half-life"], gates)
    matrices = [
        [
            *([] if alone else [label]),
            *(name, number(cell.spectral_radius, 3), number(cell.spectral_norm, 3)),
        ]
        for (label, name), cell in cells.items()
        if cell.spectral_radius is not None
    ]
    if matrices:
        listing([*([] if alone else ["run"]), "layer", "spectral radius", "spectral norm η"], matrices)


def _norm(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g}"
