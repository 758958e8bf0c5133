"""Next choices of what is drawn: the next part, layer and order of the rows, and the unit that is followed."""

from __future__ import annotations

from workbench.runs.inspections import CorrelatedUnit, Inspection
from workbench.tui.inspect.picture import FORMS, VIEWS, Choice, Painter, Unit


def next_part(choice: Choice, painter: Painter) -> Choice:
    """Return the choice of the next gate, part of the state, or update; the same where the view has none."""
    count = len(painter.parts(choice))
    if not count:
        return choice
    parts, at = [*choice.parts], VIEWS.index(choice.view)
    parts[at] = (parts[at] + 1) % count
    gate, state, update = parts
    return choice._replace(parts=(gate, state, update))


def next_layer(choice: Choice, painter: Painter) -> Choice:
    """Return the choice of the next layer or direction."""
    count = len(painter.inspection.cells)
    return choice._replace(cell=(choice.cell + 1) % count) if count else choice


def next_form(choice: Choice) -> Choice:
    """Return the choice of the next order of the units."""
    return choice._replace(form=FORMS[(FORMS.index(choice.form) + 1) % len(FORMS)])


def follow(choice: Choice, painter: Painter | None, chosen: int | None) -> Choice:
    """Return the choice that follows a unit over the text; no more the one that is followed already.

    Args:
        chosen: number of the unit in its layer; none: no unit is followed.
    """
    cell = painter.cell(choice) if painter else None
    unit = Unit(cell.layer, cell.direction, chosen) if cell and chosen is not None else None
    if painter and painter.inspection.unit and choice.view == "answer":
        unit = None  # rows are times of the forecast
    return choice._replace(followed=None if unit == choice.followed else unit)


def follow_found(choice: Choice, inspection: Inspection, unit: CorrelatedUnit) -> Choice:
    """Return the choice that follows a unit that was searched for, in the part of the state that it was found in."""
    cells = inspection.cells
    at = next(n for n, cell in enumerate(cells) if (cell.layer, cell.direction) == (unit.layer, unit.direction))
    gate, _, update = choice.parts
    parts = gate, [*cells[at].states].index(unit.part), update
    return choice._replace(cell=at, parts=parts, followed=Unit(unit.layer, unit.direction, unit.unit))
