"""Files with flipped bits, cut short, or spliced with others: readers answer, or say one sentence."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
import torch
from chaos.tally import SEED, Tally, amount
from engine.toy_runs import copied, toy, trained
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from rich.console import Console

from tasks.base import PlainError
from workbench.cli import results
from workbench.engine import checkpoint, trained_run
from workbench.runs import export, filters, journal, launch
from workbench.runs.history import read_history
from workbench.runs.run import Run
from workbench.runs.summary import facts, read_summary

FILES = (
    *("spec.json", "task.json", "events.jsonl", "task.safetensors", "best.safetensors", "last.pt"),
    *("network.txt", "worker.log"),
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = toy(tmp_path_factory.mktemp("fuzzed"))
    trained(run)
    checkpoint.save_tensors(run.tensors_file, {"one": torch.arange(12.0).reshape(3, 4), "two": torch.ones(7)})
    run.log_file.write_text("Reading …\nTesting\n")
    run.lock_file.touch()
    return run


def shown(run: Run) -> None:
    """Read all that ``runs``, ``show``, ``watch`` and an export read of a run."""
    summary = read_summary(run)
    facts(summary)
    export.to_csv([summary])
    export.to_json([summary])
    filters.parse("toy acc>0.1", set(summary.val)).matches(summary)
    history = read_history(run.events_file)
    status = run.status(history)
    results.to_json(run, status, history)
    console = Console(file=StringIO(), width=100)
    results.print_summary(run, status, history, console)
    results.why(run, status, history)
    journal.Tail(run.events_file).read()
    run.network()
    run.last_log_line()
    run.progress_lines()


def asked(run: Run) -> None:
    """Predict."""
    trained_run.predictor(run)("012")


def continued(run: Run) -> None:
    """Read what a worker reads before it goes on."""
    launch.check_spec(run)
    checkpoint.load_last(run.last_file, torch.device("cpu"))


def plainly(reader: Callable[[Run], None], run: Run) -> None:
    """Read a run afresh; an error that is not one plain sentence goes on."""
    with suppress(PlainError):
        reader(Run(run.path))


READERS: tuple[Callable[[Run], None], ...] = (shown, asked, continued)


Damage = tuple[str, int, int]  # kind, place, amount


@st.composite
def damages(draw: st.DrawFn, size: int) -> list[Damage]:
    """Up to four damages: kind, place, amount."""
    kinds = st.sampled_from(["flip", "cut", "repeat", "drop", "zero", "digit", "splice"])
    one = st.tuples(kinds, st.integers(0, max(0, size - 1)), st.integers(0, 255))
    return draw(st.lists(one, min_size=1, max_size=4))


def damaged(content: bytes, done: list[Damage], other: bytes) -> bytes:
    made = bytearray(content)
    for kind, place, much in done:
        if kind == "flip" and place < len(made):
            made[place] ^= 1 << much % 8
        elif kind == "cut":
            del made[place:]
        elif kind == "repeat":
            made[place:place] = made[place : place + 4 * much]
        elif kind == "drop":
            del made[place : place + 1 + much]
        elif kind == "zero":
            made[place : place + much] = bytes(len(made[place : place + much]))
        elif kind == "digit" and place < len(made):
            digits = [k for k in range(place, len(made)) if 48 <= made[k] < 58][:1]
            for k in digits:
                made[k : k + 1] = str(10 ** (much % 40)).encode() if much % 2 else b"-"
        elif kind == "splice":
            made[place:] = other[place % max(1, len(other)) :]
    return bytes(made)


def each_damage(size: int, examples: int, act: Callable[[list[Damage]], None]) -> None:
    """Act on many draws of damages to a file of so many bytes."""

    @seed(SEED)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(damages(size))
    def one(done: list[Damage]) -> None:
        act(done)

    one()


@pytest.mark.parametrize("name", FILES)
def test_a_fuzzed_file(tally: Tally, model: Run, tmp_path: Path, name: str) -> None:
    run = copied(model, tmp_path, "toy-fuzzed")
    content = (run.path / name).read_bytes()
    others = [(run.path / other).read_bytes() for other in FILES if other != name]
    draw = random.Random(SEED)

    def damage_and_read(done: list[Damage]) -> None:
        (run.path / name).write_bytes(damaged(content, done, draw.choice(others)))
        for reader in READERS:
            with tally.attempt(f"fuzzed {name}", f"{reader.__name__}: {done}"):
                plainly(reader, run)

    each_damage(len(content), amount(4, 200), damage_and_read)


def test_two_runs_files_mixed(tally: Tally, model: Run, tmp_path: Path) -> None:
    """Every file of another cell's run in place of this one's."""
    other = toy(tmp_path / "other", cell="lstm")
    trained(other)
    for file in other.path.iterdir():
        run = copied(model, tmp_path, f"toy-{file.name}")
        shutil.copy(file, run.path / file.name)
        for reader in READERS:
            with tally.attempt("another run's file", f"{file.name}: {reader.__name__}"):
                plainly(reader, run)


def descriptors() -> int:
    folder = Path("/proc/self/fd")
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


def test_readers_leave_descriptors_as_they_were(model: Run) -> None:
    before = descriptors()
    for _ in range(3):
        for reader in READERS:
            reader(Run(model.path))
    assert descriptors() == before
