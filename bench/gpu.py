"""Measurements on an NVIDIA GPU, in eight minutes: parity, ratios to cuDNN, trainings, resuming, memory, two GPUs.

    python bench/gpu.py [--seconds 460] [--only parity,ratios,…] [--data DIR]

It runs from the bare repository (nothing needs to be installed but the packages), and tells of a package that is
missing. The time is shared out among the parts in the order in which they stand; what a part leaves goes to those after
it, and what it had no time for it says. A part that fails is told and ends no other.

- *parity*: every cell by every kernel beside the Python cell's loop: outputs, last states, every gradient.
- *ratios*: forward and backward pass of the cells at the five tasks' sizes over ``torch.nn``'s by cuDNN, in turns: by
  the loop (*reference*), by torch's function (*torch*), by Triton (*native*), and as CUDA graphs (*graphs*).
- *names*, *imdb*, *poems*: a minute of each training through the command line: examples per second, use of the GPU.
- *resume*: a training that is killed and goes on, beside one that was not.
- *memory*: what is said where the GPU's memory runs out.
- *two GPUs*: where a study's runs are placed.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` and ``climate`` are packages too
ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

NEEDED = (
    "torch numpy sklearn gensim jieba opencc safetensors msgspec typer matplotlib jinja2 latex2mathml docx rich "
    "prompt_toolkit textual plotext pooch requests tqdm platformdirs psutil pynvml"
)


class Part(NamedTuple):
    """One part of the benchmark.

    Attributes:
        seconds: its share, in proportion to the others'.
        run: prints what it measures until its deadline; returns what it skipped.
    """

    name: str
    seconds: float
    run: Callable[[Deadline], list[str]]


class Deadline:
    """The end of a part's time."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._end = clock, clock() + seconds

    def left(self) -> float:
        """Seconds that are left, from 0."""
        return max(0.0, self._end - self._clock())

    def allows(self, seconds: float) -> bool:
        """Return whether so much time is left."""
        return self.left() >= seconds


def carry_out(parts: list[Part], seconds: float, clock: Callable[[], float] = time.monotonic) -> dict[str, str]:
    """Carry out the parts within a time; return why those that failed did, by their names."""
    whole, failed = Deadline(seconds, clock), {}
    for number, part in enumerate(parts):
        share = whole.left() * part.seconds / sum(later.seconds for later in parts[number:])
        print(f"\n## {part.name} ({share:.0f} s)", flush=True)
        begin = clock()
        try:
            skipped = part.run(Deadline(share, clock))
        except Exception as error:
            failed[part.name] = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            print(f"failed: {failed[part.name]}")
            skipped = []
        if skipped:
            print(f"skipped for want of time or need: {'; '.join(skipped)}")
        print(f"took {clock() - begin:.0f} s", flush=True)
    return failed


def missing(packages: Iterable[str]) -> list[str]:
    """Return the packages that cannot be imported here, by the names under which they are imported."""
    return [name for name in packages if importlib.util.find_spec(name) is None]


def chosen(parts: list[Part], only: str) -> list[Part]:
    """Return the parts that ``--only`` names; empty: all.

    Raises:
        ValueError: there is no part of a name.
    """
    names = [name.strip() for name in only.split(",") if name.strip()]
    if unknown := [name for name in names if name not in [part.name for part in parts]]:
        raise ValueError(f"There is no part {unknown[0]!r}: they are {', '.join(part.name for part in parts)}.")
    return [part for part in parts if not names or part.name in names]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=460, help="for all parts together (default 460)")
    parser.add_argument("--only", default="", help="parts by name, with commas")
    parser.add_argument("--data", type=Path, help="folder of datasets; without it, the small starter data")
    given = parser.parse_args()
    if lacking := missing(NEEDED.split()):
        print(f"Nothing was measured: {', '.join(lacking)} cannot be imported here.", file=sys.stderr)
        return 1
    import torch

    if not torch.cuda.is_available():
        print(f"Nothing was measured: torch {torch.__version__} sees no NVIDIA GPU here.", file=sys.stderr)
        return 1
    import gpu_cells
    import gpu_runs
    from machine import ended_by_signals, tell_load

    with gpu_runs.Trainings(given.data) as trainings:
        parts = [
            Part("parity", 60, gpu_cells.parity),
            Part("ratios", 120, gpu_cells.ratios),
            *(Part(task, 60, trainings.minute(task)) for task in ("names", "imdb", "poems")),
            Part("resume", 50, trainings.resume),
            Part("memory", 25, trainings.memory),
            Part("two GPUs", 25, trainings.two_gpus),
        ]
        try:
            parts = chosen(parts, given.only)
        except ValueError as error:
            parser.error(str(error))
        ended_by_signals()
        tell_load()
        name, driver = torch.cuda.get_device_name(), torch.version.cuda
        print(f"{name} × {torch.cuda.device_count()} · torch {torch.__version__} · CUDA {driver} · cuDNN "
              f"{torch.backends.cudnn.version()} · Python {sys.version.split()[0]}")  # fmt: skip
        return 1 if carry_out(parts, given.seconds) else 0


if __name__ == "__main__":
    sys.exit(main())
