"""Gradient through time of one run, of several over one another, or of the seeds of a setting as geometric mean."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.render.gradients import X_LABEL
from workbench.report.curves import Drawn, mean_and_deviation
from workbench.report.theme import Theme, color, legend_label, line_style, make_figure, set_title
from workbench.report.words import Language, say
from workbench.runs.events import Probe
from workbench.runs.gradients import GradientCurve, Key, best_probe, counterpart, curves_of
from workbench.runs.probes import ProbedCell, half_life

_HEIGHT, _ENTRY, _EDGE = 8.0, 0.45, 1.2  # cm: of the panel, a line of the legend, the numbers beside the curves
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MOST = 12  # lines of a picture; of more, that part alone of each setting in which the gradient reaches furthest


class PartGradient(NamedTuple):
    """One layer, direction and part of the state, over the seeds of a setting."""

    curves: Sequence[GradientCurve]  # one a seed

    @property
    def cell(self) -> ProbedCell:
        return self.curves[0].cell

    @property
    def part(self) -> str:
        return self.curves[0].part

    @property
    def reach(self) -> float:
        return statistics.fmean(curve.reach for curve in self.curves)

    @property
    def longest(self) -> int:
        return min(curve.distances[-1] for curve in self.curves)

    @property
    def keep(self) -> float | None:
        """Mean of the gate that multiplies the memory; ``None`` without one."""
        cells = [curve.cell for curve in self.curves]
        means = [cell.gates[cell.keep_gate].mean for cell in cells if cell.keep_gate in cell.gates]
        return statistics.fmean(means) if means else None

    @property
    def half_life(self) -> float | None:
        return None if self.keep is None else half_life(self.keep)

    @property
    def spectral(self) -> tuple[float, float] | None:
        """Spectral radius and norm of the recurrent matrix; ``None`` for a cell with gates."""
        cells = [curve.cell for curve in self.curves]
        radii = [cell.spectral_radius for cell in cells if cell.spectral_radius is not None]
        norms = [cell.spectral_norm for cell in cells if cell.spectral_norm is not None]
        return (statistics.fmean(radii), statistics.fmean(norms)) if radii and norms else None

    def share(self, distance: int) -> float | None:
        """Return the geometric mean of the share of the gradient at the last step that is left at a distance."""
        shares = [share for curve in self.curves if (share := curve.ratio(distance)) is not None]
        return (statistics.geometric_mean(shares) if min(shares) > 0 else 0.0) if shares else None


def parts_of(probes: Sequence[Probe]) -> list[PartGradient]:
    """Return the parts of the state of a setting, by layer, direction and part, each over its seeds."""
    by_key: dict[Key, list[GradientCurve]] = {}
    for probe in probes:
        for curve in curves_of(probe):
            if curve.distances:
                by_key.setdefault(curve.key, []).append(curve)
    return [PartGradient(curves) for curves in by_key.values()]


def furthest_part(parts: Sequence[PartGradient]) -> PartGradient:
    """Return the part in which the gradient reaches furthest; of equal ones that with more left at the end."""
    return max(parts, key=lambda part: (part.reach, part.share(part.longest) or 0.0))


def place(cell: ProbedCell, language: Language) -> str:
    """Return layer and direction in words."""
    words = say("layer {}", language).format(cell.layer + 1)
    return f"{words} {say('backward', language)}" if cell.direction else words


def gradients(groups: Sequence[Drawn], remark: str, chosen: Theme, language: Language, width: float) -> Figure:
    """Return the norms over the distance on a logarithmic axis, at the best evaluation, else the newest.

    One run by itself has its first evaluation dashed, and the bound where its cell has no gates.

    Args:
        groups: of one task; each history has a probe.
        remark: what is to be known of all of them; empty: nothing.
        width: cm.
    """
    probes = [[probe for history in group.histories if (probe := best_probe(history))] for group in groups]
    parts = [parts_of(each) for each in probes]
    if sum(map(len, parts)) > _MOST:
        parts = [[furthest_part(each)] if each else [] for each in parts]
    lines = sum(map(len, parts))
    figure = make_figure(width, _HEIGHT + _ENTRY * (1 + lines // 2))
    axes = figure.add_subplot()
    axes.set_yscale("log", nonpositive="mask")
    axes.yaxis.set_major_formatter(lambda value, _: _power(value))
    title = ", ".join(filter(None, [say("gradient through time", language), remark]))
    set_title(axes, title, width=width - _EDGE)
    axes.set_xlabel(say(X_LABEL, language))
    axes.set_ylabel(say("norm of the gradient", language))
    alone = len(groups) == 1 and len(probes[0]) == 1
    if alone:
        _draw_alone(axes, parts[0], groups[0].histories[0].probes[0], probes[0][0], chosen, language)
    else:
        for index, (group, each) in enumerate(zip(groups, parts, strict=True)):
            for at, part in enumerate(each):
                words = [group.label] if len(each) == 1 else [group.label, _name(part, language)]
                style = line_style(chosen, index + at * len(chosen.colors))  # one for each layer, direction and part
                _draw(axes, part, ", ".join(words), color(chosen, index), style, language)
    axes.margins(x=0.02)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _draw_alone(
    axes: Axes, parts: Sequence[PartGradient], first: Probe, shown: Probe, chosen: Theme, language: Language
) -> None:
    for at, part in enumerate(parts):
        shade = color(chosen, at)
        _draw(axes, part, _name(part, language), shade, "-", language)
        begun = counterpart(part.curves[0], curves_of(first))
        if begun is not None and first.step != shown.step:
            label = f"{_name(part, language)}, {say('first evaluation', language)}"
            axes.plot(begun.distances, _positive(begun.norms), "--", color=shade, linewidth=0.8, label=label)
    low, high = axes.get_ylim()
    for part in parts:
        if bound := part.curves[0].bound:
            label = f"{say('bound', language)} η^(t−k), η = {part.cell.spectral_norm or 0:.2f}"
            axes.plot(part.curves[0].distances, _positive(bound), ":", color=chosen.muted, linewidth=0.8, label=label)
    axes.set_ylim(low, high)  # the bound of a large η leaves it at once


def _draw(axes: Axes, part: PartGradient, label: str, shade: str, style: str, language: Language) -> None:
    """Draw a part of the state: of several seeds the geometric mean, with a band of one standard deviation."""
    if len(part.curves) == 1:
        (curve,) = part.curves
        if curve.zero_beyond is not None:
            label = f"{label}, {say('0 beyond {}', language).format(f'{curve.zero_beyond:,}')}"
        axes.plot(*(curve.distances, _positive(curve.norms)), color=shade, linestyle=style, label=legend_label(label))
        return
    many = [
        [(float(d), math.log10(norm)) for d, norm in zip(curve.distances, curve.norms, strict=True) if norm]
        for curve in part.curves
    ]
    if many := [points for points in many if points]:
        if len(many) == 1:
            many *= 2
        xs, means, deviations = mean_and_deviation(many)
        axes.plot(xs, [10**mean for mean in means], color=shade, linestyle=style, label=legend_label(label))
        lower, upper = ([10 ** (m + sign * d) for m, d in zip(means, deviations, strict=True)] for sign in (-1, 1))
        axes.fill_between(xs, lower, upper, color=shade, alpha=0.18, linewidth=0)


def _power(value: float) -> str:
    """Format a tick of a logarithmic axis: ``0.01``, ``10⁻⁶``."""
    exponent = round(math.log10(value)) if value > 0 else 0
    return f"{value:g}" if -3 < exponent < 3 else "10" + str(exponent).translate(_RAISED)


def _name(part: PartGradient, language: Language) -> str:
    return f"{place(part.cell, language)}, {part.part}"


def _positive(norms: Sequence[float | None]) -> list[float]:
    """Return norms for a logarithmic axis: what has no logarithm is a gap."""
    return [norm if norm and norm > 0 else math.nan for norm in norms]
