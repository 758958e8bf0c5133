"""Event files of runs for TensorBoard: curves, test metrics, settings and texts. No torch.

A run's file lies in a subfolder of its own, always under the same name: written again, it is replaced. It is a list of
records, each a protocol buffer ``Event`` between its length and two checksums (the TFRecord format).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tasks.shared import files
from workbench.config.fields import as_typed
from workbench.render.text import readable
from workbench.runs import folder, metadata, summary
from workbench.runs.events import Finished
from workbench.runs.folder import RunError
from workbench.runs.history import History, read_history
from workbench.runs.metadata import RunMetadata
from workbench.runs.run import Run

if TYPE_CHECKING:
    from tensorboardX.proto.event_pb2 import Event

FILE = "events.out.tfevents.workbench"  # TensorBoard reads files whose names hold ``tfevents``


class _Figures(NamedTuple):
    """Scalars at a step, by their names."""

    time: float  # Unix seconds
    step: int
    values: dict[str, float]


def check_installed() -> None:
    """Check that there is what writes the files.

    Raises:
        RunError: there is not; the sentence says how to install it.
    """
    try:
        import tensorboardX  # noqa: F401
    except ImportError:
        raise RunError(
            "Event files for TensorBoard need tensorboardX: `pip install 'workbench-rnn[tensorboard]'` installs it."
        ) from None


def write(runs: Sequence[Run], place: Path) -> list[Path]:
    """Write runs for TensorBoard into subfolders of a folder, named by the runs' ids.

    Returns:
        the files, in the order of the runs.

    Raises:
        RunError: a run cannot be read or has no figures yet, two have the same id, or the files cannot be written.
    """
    check_installed()
    targets: dict[Path, Run] = {}
    for run in runs:
        target = place / run.id.replace("/", "-")
        if target in targets:
            raise RunError(f"Two of these runs are called {run.id}: write them into two folders.")
        if folder.holds(target / "spec.json"):
            raise RunError(f"{place} holds the runs themselves: name another folder for TensorBoard's files.")
        targets[target] = run
    histories = []
    for run in runs:
        run.spec  # noqa: B018  an unreadable description is an error before anything is written
        history = read_history(run.events_file)
        if not (history.steps or history.evals):
            raise RunError(f"Run {run.id} has no figures yet: let it train first.")
        histories.append(history)
    for (target, run), history in zip(targets.items(), histories, strict=True):
        try:
            target.mkdir(parents=True, exist_ok=True)
            with files.replacing(target / FILE) as file:
                for event in _events(run, history):
                    file.write(_record(event.SerializeToString()))
        except OSError as error:
            raise RunError(f"{target / FILE} cannot be written: {error.strerror}.") from None
    return [target / FILE for target in targets]


def _record(data: bytes) -> bytes:
    """Return the bytes of a TFRecord."""
    from tensorboardX.record_writer import masked_crc32c

    length = struct.pack("<Q", len(data))
    return b"".join((length, struct.pack("<I", masked_crc32c(length)), data, struct.pack("<I", masked_crc32c(data))))


def _events(run: Run, history: History) -> Iterator[Event]:
    """Yield a run's events: the format's version, settings and texts, then the scalars."""
    from tensorboardX import summary as tensorboard
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary

    begun = history.started.time if history.started else run.created
    yield Event(wall_time=begun, file_version="brain.Event:2")
    about = metadata.read(run)
    _, started, ended = tensorboard.hparams(_settings(run, about), {})
    yield Event(wall_time=begun, summary=started)  # no experiment: TensorBoard makes one of all runs' settings
    for name, text in _texts(run, about).items():
        yield Event(wall_time=begun, step=0, summary=tensorboard.text(name, text))
    for time, step, values in _scalars(history):
        summed = Summary(value=[Summary.Value(tag=name, simple_value=value) for name, value in values.items()])
        yield Event(wall_time=time, step=step, summary=summed)
    if isinstance(history.ended, Finished):
        yield Event(wall_time=history.ended.time, summary=ended)


def _scalars(history: History) -> Iterator[_Figures]:
    """Yield a run's figures; NaN stands for those that were not finite."""
    for step in history.steps:
        values = {"train/loss": step.loss, "train/gradient_norm": step.grad_norm, "train/lr": step.lr}
        figures = {name: _number(value) for name, value in values.items()}
        if step.examples_per_s is not None:
            figures["train/examples_per_s"] = step.examples_per_s
        yield _Figures(step.time, step.step, figures)
    for event in history.evals:
        splits = {"val": event.metrics, "train_sample": event.train}
        measured = {f"{split}/{name}": value for split, metrics in splits.items() for name, value in metrics.items()}
        yield _Figures(event.time, event.step, {name: _number(value) for name, value in measured.items()})
    if isinstance(history.ended, Finished):
        tested = {f"test/{name}": _number(value) for name, value in history.ended.test.items()}
        yield _Figures(history.ended.time, history.ended.step, tested)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _settings(run: Run, about: RunMetadata) -> dict[str, Any]:
    """Return what a run was trained with, by name, as TensorBoard's table of hyperparameters holds it."""
    described = run.spec
    facts = {"name": about.label, "task": described.task, "cell": described.cell, "preset": described.preset}
    every = {**facts, "data": described.data, **summary.settings(described)}
    return {
        key: value if isinstance(value, bool | int | float) else readable(str(value))
        for key, value in every.items()
        if value not in (None, "")
    }


def _texts(run: Run, about: RunMetadata) -> dict[str, str]:
    """Return a run's texts as Markdown: its settings as a table, its note, its network's printout."""
    rows = [("run", run.id), *((key, as_typed(value)) for key, value in _settings(run, about).items())]
    table = "\n".join(f"| {_cell(key)} | {_cell(value)} |" for key, value in rows)
    texts = {"settings": f"| setting | value |\n| --- | --- |\n{table}", "note": about.note}
    if about.tags:
        texts["tags"] = " ".join(about.tags)
    if network := run.network():
        texts["network"] = "\n".join(f"    {line}" for line in network.splitlines())  # a block of code
    return {name: readable(text) for name, text in texts.items() if text}


def _cell(text: str) -> str:
    """Return a text as a cell of a Markdown table."""
    return " ".join(readable(text).replace("\\", "\\\\").replace("|", "\\|").split())
