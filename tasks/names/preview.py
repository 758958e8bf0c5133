"""Preview of a folder of names: its classes and their counts, and what is left out of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tasks.base import SPLITS
from tasks.names import data as names
from tasks.names.settings import Settings
from tasks.preview import Preview

_ROWS = 6


def preview(settings: Settings, folder: Path) -> Preview:
    """Return first names and facts of the user's own folder, or of the dataset in ``folder``.

    Raises:
        DataError: as ``names.load``.
    """
    data = names.load(settings, folder)
    labels = data.labels.cpu()
    classes = [str(label) for label in data.state["labels"]]
    firsts = [int((labels == number).nonzero()[0, 0]) for number in range(len(classes))][:_ROWS]
    counts = {label: int((labels == number).sum()) for number, label in enumerate(classes)}
    lengths = data.lengths.numpy()
    shares = dict(zip(("shortest", "median", "95 %", "longest"), np.quantile(lengths, [0, 0.5, 0.95, 1]), strict=True))
    noun = "class" if settings.folder else "language"
    given = ["Each file CLASS.txt is a class, called as the file is (task.folder)."] if settings.folder else []
    return Preview(
        source=settings.folder or str(folder),
        columns=["name", noun],
        rows=[[text, classes[int(labels[row])]] for row in firsts for text in data.texts(labels.new_tensor([row]))],
        counts=dict(sorted(counts.items(), key=lambda item: -item[1])),
        splits={split: data.size(split) for split in SPLITS},
        lengths={name: float(value) for name, value in shares.items()},
        length_unit="letters",
        guessed=given,
        dropped=list(data.notes),
    )
