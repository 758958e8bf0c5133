"""Numbers and marks of a missing reading, one cell at a time. No numpy."""

from __future__ import annotations

from typing import NamedTuple

STATION_MARK = -9999.0  # the station's own
MARKS = frozenset(
    [*("na", "n/a", "#n/a", "n.a.", "nan", "null", "nil", "none", "missing", "m"), *("-", "--", "---", "?", "*", ".")]
)
# values that loggers write for a missing reading: never readings, and perhaps readings
SURE = (-9999.9, -999.0, -999.9, -999.99, -6999.0, -7999.0, -8888.0, -99999.0, -32768.0, 99999.0, 999999.0)
KNOWN = (-99.0, -99.9, -99.99, -200.0, -777.0, -888.0, 999.0, 999.9, 999.99, 9999.0, 9999.9, 6999.0, 32767.0, 65535.0)


def number(text: str) -> float:
    """Return a number as files write it, without Python's underscores (1_000).

    Raises:
        ValueError: it is none.
    """
    if "_" in text:
        raise ValueError(text)
    return float(text)


def is_number(text: str) -> bool:
    """Return whether a cell is a number, with a point or a comma before its decimals."""
    try:
        number(text.strip().replace(",", ".").replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return False
    return True


class Marks(NamedTuple):
    """Marks of a missing reading that are given, beside the usual ones."""

    texts: frozenset[str] = frozenset()
    values: tuple[float, ...] = ()

    @classmethod
    def of(cls, given: str) -> Marks:
        """Read them from a setting: ``-200,NA``."""
        words = [word.strip() for word in given.split(",") if word.strip()]
        values = []
        for word in words:
            try:
                values.append(number(word))
            except ValueError:
                continue
        return cls(frozenset(words), tuple(values))

    def hold(self, text: str) -> bool:
        """Return whether a cell, without blanks round it, is a mark of a missing reading."""
        return text in self.texts or text.lower() in MARKS
