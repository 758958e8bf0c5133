"""Reads two columns without torch, so that a child is there at once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tasks.base import DataError
from tasks.base import Task as Base
from tasks.preview import Preview


class Task(Base):
    @classmethod
    def preview(cls, settings, folder):
        if not settings.file:
            raise DataError("No table is named: give task.file.")
        lines = Path(settings.file).read_text().splitlines()
        rows = [line.split(",") for line in lines[1:]]
        for number, row in enumerate(rows, 2):
            if len(row) != 2:
                raise DataError(f"{settings.file} line {number} has {len(row)} cells in place of 2: quote its commas.")
        kept = [row for row in rows if row[0]]
        sizes = sorted(len(row[0]) for row in kept)
        return Preview(
            source=settings.file,
            columns=lines[0].split(","),
            rows=kept[:3],
            counts=dict(Counter(row[1] for row in kept).most_common()),
            splits={"train": len(kept)},
            lengths={"shortest": sizes[0], "longest": sizes[-1]},
            length_unit="characters",
            guessed=["The accounts stand in the second column: task.account names another."],
            dropped=[f"{len(rows) - len(kept)} empty entries are left out."],
            notes=[f"The rate is {settings.rate}."],
        )
