"""Moist air by meteorology's standard formulas, as the station's derived columns have them.

T air temperature in °C, p pressure in mbar, e water vapour pressure in mbar.
Saturation follows the Magnus formula over water; with these constants the formulas give the Jena station's own
columns within their rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ZERO_CELSIUS = 273.15  # K
_GAS_CONSTANT = 287.058  # of dry air, J/(kg K)
_MAGNUS = (6.1078, 17.08085, 234.175)  # mbar, 1, °C
_VAPOUR = 0.622  # molar mass of water over that of dry air


def vp_max(temperature: Floats) -> Floats:
    """Saturation vapour pressure, mbar."""
    at_zero, slope, offset = _MAGNUS
    return np.asarray(at_zero * np.exp(slope * temperature / (offset + temperature)))


def dew_point(vapour: Floats) -> Floats:
    """The temperature in °C at which a vapour pressure is the saturation's."""
    at_zero, slope, offset = _MAGNUS
    ratio = np.log(vapour / at_zero)
    return np.asarray(offset * ratio / (slope - ratio))


def potential_temperature(temperature: Floats, pressure: Floats) -> Floats:
    """The temperature in K that the air has when brought to 1,000 mbar."""
    return np.asarray((temperature + _ZERO_CELSIUS) * (1000 / pressure) ** 0.286)


def specific_humidity(vapour: Floats, pressure: Floats) -> Floats:
    """Water vapour in moist air, g/kg."""
    return np.asarray(1000 * _VAPOUR * vapour / (pressure - (1 - _VAPOUR) * vapour))


def concentration(vapour: Floats, pressure: Floats) -> Floats:
    """Water vapour's share of the air's molecules, mmol/mol."""
    return np.asarray(1000 * vapour / pressure)


def density(temperature: Floats, vapour: Floats, pressure: Floats) -> Floats:
    """Density of moist air, g/m³."""
    dry = pressure - (1 - _VAPOUR) * vapour
    return np.asarray(1000 * 100 * dry / (_GAS_CONSTANT * (temperature + _ZERO_CELSIUS)))
