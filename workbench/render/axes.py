"""Round numbers along a chart's axes, and their format. No torch."""

from __future__ import annotations

import math

from workbench.render.format import duration

_HOURS = (1, 2, 3, 6, 12, 24, 48, 96, 168)
_SECONDS = (*(1, 2, 5, 10, 15, 30), *(60, 120, 300, 600, 900, 1800), *(3600 * hours for hours in _HOURS))


def hours(low: float, high: float, most: int) -> list[float]:
    """Return at most ``most`` round hours from ``low`` to ``high``: parts of days, or days."""
    return _multiples(low, high, most, _HOURS)


def seconds(low: float, high: float, most: int) -> list[float]:
    """Return at most ``most`` round times from ``low`` to ``high``: seconds, minutes or hours."""
    return _multiples(low, high, most, _SECONDS)


def _multiples(low: float, high: float, most: int, steps: tuple[int, ...]) -> list[float]:
    if most < 2 or not 2 <= high - low < math.inf:
        return []
    step = next((step for step in steps if (high - low) / step < most), 0)
    if not step:
        return []
    return [float(at) for at in range(math.ceil(low / step) * step, math.floor(high) + 1, step)]


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Return about ``most`` round numbers from ``low`` to ``high``, at most one more."""
    span = high - low
    if most < 2 or span <= 0 or not math.isfinite(span):
        return [low]
    step = 10.0 ** math.floor(math.log10(span / most))
    for factor in (1, 2, 5, 10, 20):
        if span / (step * factor) <= most + 1e-9:
            step *= factor
            break
    if whole:
        step = max(1.0, step)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)] or [low]


def powers(low: float, high: float, most: int) -> list[float]:
    """Return the logarithms of at most ``most`` round numbers; ``low`` and ``high`` are logarithms to base ten too.

    Powers of ten where there are several; within few decades also their double and half; else evenly spaced numbers.
    """
    exponents = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    if len(exponents) > 2:
        apart = math.ceil(len(exponents) / most)
        return [float(power) for power in exponents if power % apart == 0] or [float(exponents[0])]
    first, last = math.floor(low), math.ceil(high)
    halves = [p + math.log10(digit) for p in range(first, last + 1) for digit in (1, 2, 5)]
    halves = [at for at in halves if low - 1e-9 <= at <= high + 1e-9]
    if 2 < len(halves) <= most:
        return halves
    if len(halves) > 2 and len(exponents) == 2:
        return [float(power) for power in exponents]
    even = [math.log10(value) for value in ticks(10.0**low, 10.0**high, most) if value > 0]
    return [at for at in even if low - 1e-9 <= at <= high + 1e-9] or [low]


def short(value: float) -> str:
    """Format a number beside an axis: ``0.85``, ``1,200``, ``15k``, ``2M``, ``3e+12``."""
    if abs(value) >= 1e9:
        return f"{value:.2g}"
    for size, letter in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):g}{letter}"
    if value and abs(value) < 1e-3:
        return f"{value:.0e}"
    return f"{value:,.0f}" if value == round(value) and abs(value) >= 10 else f"{value:.4g}"


def clock(at: float) -> str:
    """Format seconds beside an axis: ``20 s``, ``1:30``, ``2:00:00``."""
    return f"{at:.0f} s" if at < 60 else duration(at)
