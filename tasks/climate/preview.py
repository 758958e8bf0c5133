"""Preview of a series: its first rows, its columns, its span, and what is missing, moved or left out of it."""

from __future__ import annotations

from pathlib import Path

from tasks.base import SPLITS
from tasks.climate import data as climate
from tasks.climate import own_series
from tasks.climate.settings import Settings
from tasks.climate.wording import counted, format_span, format_time
from tasks.preview import Preview

_SHORT = 24  # characters of a cell


def preview(settings: Settings, folder: Path) -> Preview:
    """Return first rows and facts of the user's own series, or of the station's in ``folder``.

    Raises:
        DataError: as ``climate.load``.
    """
    data, meta = climate.load_with_meta(settings, folder)
    heads, rows = own_series.first_rows(settings) if settings.csv else ([], [])
    step, count = int(data.state["step"]), len(data.target)
    start = int(data.state["start"])
    missing = [
        f"{name} {cells:,}"
        for name, cells in dict(
            zip((*settings.columns, settings.target), meta.get("missing", ()), strict=False)
        ).items()
        if cells
    ]
    columns = own_series.left_out(settings) if settings.csv else []
    guessed = own_series.guessed(settings) if settings.csv else []
    dropped = [*columns, *meta["notes"], *(note for note in data.notes if "over long gaps" in note)]
    if missing:
        dropped.append(f"Missing readings by column: {', '.join(missing)}.")
    span = f"{format_time(start)} to {format_time(start + (count - 1) * step)}"
    return Preview(
        source=settings.csv or str(folder),
        columns=heads,
        rows=[[cell[:_SHORT] for cell in row] for row in rows],
        splits={split: data.size(split) for split in SPLITS},
        guessed=guessed,
        dropped=dropped,
        notes=[
            f"{counted(count, 'reading')}, one every {format_span(step)}, {span}; a split counts its windows.",
            *(note for note in data.notes if note not in (*guessed, *dropped)),
        ],
    )
