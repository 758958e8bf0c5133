"""Make a trained run a model that comes with the program: half precision, a short history, a card.

    python bench/ship.py RUN NAME --avoid "what it should not be used for"

It writes ``checkpoints/pretrained/NAME`` and measures what half precision costs on the test split; the data must be
here. Every figure on the card is read from the run's own events or measured now. No path and no host of the machine
that trained it is kept.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` is its neighbour too

import msgspec
import safetensors
import safetensors.torch
import torch

from tasks.shared.datasets.registry import DATASETS
from workbench.config import spec
from workbench.engine import trained_run
from workbench.render.format import duration, number
from workbench.render.metrics import formatted, heading
from workbench.runs import journal, store
from workbench.runs.events import Baseline, Eval, Event, Finished, Started, Step, encode
from workbench.runs.history import History, read_history
from workbench.runs.locations import root
from workbench.runs.run import Run

STEPS = 200  # of the history that are kept
HOME = Path(__file__).parents[1] / "checkpoints" / store.PRETRAINED


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("name")
    parser.add_argument("--avoid", required=True, help="what it should not be used for, for the card")
    parser.add_argument("--hours", default="", help="a remark on the training time, for the card")
    given = parser.parse_args()
    run = store.find(given.run, root())
    ship(run, HOME / given.name, given.avoid, given.hours)


def ship(run: Run, folder: Path, avoid: str, remark: str) -> None:
    """Write a model's folder."""
    history = read_history(run.events_file)
    assert isinstance(history.ended, Finished), f"{run.id} is not finished"
    folder.mkdir(parents=True, exist_ok=True)
    described = msgspec.structs.replace(run.spec, data_dir="")
    (folder / "spec.json").write_bytes(described.to_json())
    (folder / "task.json").write_bytes(run.task_file.read_bytes())
    for extra in run.path.glob("task*.safetensors"):
        (folder / extra.name).write_bytes(extra.read_bytes())
    halve(run.best_file, folder / "best.safetensors")
    (folder / "events.jsonl").write_bytes(b"".join(map(encode, shortened(journal.Tail(run.events_file).read()[0]))))
    (folder / "lock").touch()
    whole, half = (trained_run.evaluate(one, "test")[1].metrics for one in (run, Run(folder)))
    (folder / "README.md").write_text(card(run, folder, history, whole, half, avoid, remark), encoding="utf-8")
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {size / 1e6:.2f} MB; test {whole} whole, {half} in half precision")


def halve(source: Path, target: Path) -> None:
    """Copy weights, those with a fraction in 16 bits."""
    with safetensors.safe_open(source, "pt") as file:
        about = file.metadata()
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    halved = {name: w.half() if w.dtype == torch.float32 else w for name, w in weights.items()}
    target.write_bytes(safetensors.torch.save(halved, metadata=about))


def shortened(events: Iterable[Event]) -> Iterator[Event]:
    """A run's history as it can be drawn: some steps, every evaluation, without what tells of the machine."""
    every = list(events)
    steps = [event for event in every if isinstance(event, Step)]
    kept = {event.step for event in steps[:: max(1, len(steps) // STEPS)]}
    last = max((event.step for event in every if isinstance(event, Eval)), default=0)
    for event in every:
        match event:
            case Started():
                yield msgspec.structs.replace(event, host="", pid=0)
            case Step() if event.step not in kept:
                continue
            case Eval() if event.step != last:
                yield msgspec.structs.replace(event, views=[])
            case Step() | Eval() | Baseline() | Finished():
                yield event


def card(
    run: Run,
    folder: Path,
    history: History,
    whole: Mapping[str, float | None],
    half: Mapping[str, float | None],
    avoid: str,
    remark: str,
) -> str:
    ended, started = history.ended, history.started
    assert isinstance(ended, Finished)
    assert started is not None
    described, dataset = run.spec, DATASETS[run.spec.task]
    changed = [f"--set {key}={value}" for key, value in spec.changed(described).items() if "data" not in key]
    command = f"workbench train {described.task} --cell {described.cell} {' '.join(changed)}".rstrip() + " --headless"
    size = (folder / "best.safetensors").stat().st_size / 1e6
    main_ = described.settings.metric
    baselines = history.baseline.methods.get("test", {}) if history.baseline else {}
    columns = list(ended.test)
    rows = [
        ("**this model**", ended.test),
        ("this model, half precision as shipped", half),
        *((name, metrics) for name, metrics in baselines.items()),
    ]
    table = [
        "| on the test split | " + " | ".join(heading(column, described.settings) for column in columns) + " |",
        "| --- |" + " --- |" * len(columns),
        *(
            f"| {name} | "
            + " | ".join(formatted(column, metrics.get(column), described.settings) for column in columns)
            + " |"
            for name, metrics in rows
        ),
    ]
    return "\n".join(
        [
            f"# {folder.name}",
            "",
            f"{described.settings.about} `{described.cell}`, {started.parameters:,} parameters, "
            f"{size:.1f} MB in half precision.",
            "",
            f"Ask it: `workbench {'poem' if described.settings.writes else 'predict'} {store.PRETRAINED}/{folder.name}`"
            + ("" if described.settings.writes else " TEXT"),
            "",
            "## Data",
            "",
            f"{dataset.title}, {started.train_size:,} rows of its training split. Source: {dataset.home}; licence: "
            f"{dataset.licence}. {dataset.citation}. The data themselves are not here: the vocabulary and, for poems, "
            "tables of dictionary facts of its characters are.",
            *(f"- {note}" for note in started.notes),
            "",
            "## Training",
            "",
            f"`{command}`",
            "",
            f"{ended.epochs:.1f} epochs, {ended.step:,} steps, {duration(ended.wall_s)} "
            f"({number(ended.examples_per_s)} examples/s) on {started.device}, {started.precision}, "
            f"torch {started.versions.get('torch', '?')}. "
            f"{remark}".rstrip(),
            "",
            "## Figures",
            "",
            *table,
            "",
            f"Half precision costs {number(abs((half[main_] or 0) - (whole[main_] or 0)))} of "
            f"{heading(main_, described.settings)}.",
            "",
            "## Not for",
            "",
            avoid,
            "",
        ]
    )


if __name__ == "__main__":
    main()
