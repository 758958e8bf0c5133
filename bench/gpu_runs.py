"""Trainings through the command line, for ``bench/gpu.py``: speed and use of the GPU, resuming, memory, placement."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from machine import end, runs_folder

from workbench.executors import local
from workbench.runs import store
from workbench.runs.events import Finished
from workbench.runs.history import History, read_history
from workbench.runs.run import Run

if TYPE_CHECKING:
    from gpu import Deadline

ROOT = Path(__file__).resolve().parents[1]
START = 25.0  # seconds that a training may take to its first step
FREE = 1 << 30  # bytes left to a training that is to run out of memory


class Trainings:
    """Trainings in a folder of their own, which is removed with those that still train.

    Args:
        data: folder of datasets; none: the small starter data, and nothing is downloaded.
        device: on which they train.
    """

    def __init__(self, data: Path | None, device: str = "cuda") -> None:
        self._data, self.device = data, device
        self._opened = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self.folder = Path(self._opened.enter_context(runs_folder()))
        cache = self._opened.enter_context(tempfile.TemporaryDirectory())
        environment = {"PYTHONPATH": str(ROOT), "WORKBENCH_CACHE": cache, "WORKBENCH_MIRROR": "http://127.0.0.1:9"}
        self._environment = {k: v for k, v in os.environ.items() if k != "WORKBENCH_DATA"} | environment
        if self._data is not None:
            self._environment["WORKBENCH_DATA"] = str(self._data.resolve())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def minute(self, task: str) -> Callable[[Deadline], list[str]]:
        """Return a part that trains a task with its defaults as long as its time allows."""

        def train(deadline: Deadline) -> list[str]:
            if not deadline.allows(START):
                return [task]
            with self._training(task, "--epochs", "100000", "--set", "train.patience=0") as run:
                until(lambda: read_history(run.events_file).steps, deadline)
                uses = list(self._uses(deadline))
            self._tell(run, uses)
            return []

        return train

    def resume(self, deadline: Deadline) -> list[str]:
        """A training that is killed in its middle and resumed, beside one that was not."""
        from safetensors.torch import load_file

        settings = ("--max-steps", "200", "--seed", "7", "--set", "train.checkpoint_seconds=0.5")
        if not deadline.allows(START):
            return ["resume"]
        with self._training("names", *settings) as whole:
            until(lambda: read_history(whole.events_file).ended, deadline)
        with self._training("names", *settings) as killed:
            until(lambda: saved(killed) > 0, deadline)
            history = read_history(killed.events_file)
            assert history.started is not None
            os.kill(history.started.pid, signal.SIGKILL)
            until(lambda: not killed.alive(), deadline)
        self._workbench("resume", killed.id, "--headless", seconds=deadline.left())
        ends = [read_history(run.events_file) for run in (whole, killed)]
        tests = [history.ended.test for history in ends if isinstance(history.ended, Finished)]
        if len(tests) < 2:
            return ["the end of both trainings"]
        a, b = (load_file(run.best_file) for run in (whole, killed))
        apart = max(float((a[name] - b[name]).abs().max()) for name in a)
        resumed_from = ends[1].started.from_step if ends[1].started else 0
        equal = f"apart by up to {apart:.1e}" if apart else "those of the training that was not, bit for bit"
        print(f"killed, and resumed from step {resumed_from}: the best weights are {equal}")
        print(f"tested: {tests[0]} and {tests[1]}")
        return []

    def memory(self, deadline: Deadline) -> list[str]:
        """Return the sentence of a training that finds a GPU whose memory is taken."""
        import torch

        if not deadline.allows(START):
            return ["memory"]
        free, _ = torch.cuda.mem_get_info()
        taken = torch.empty(max(0, free - FREE), dtype=torch.uint8, device="cuda")
        large = ("--hidden", "4096", "--layers", "4", "--max-steps", "3")
        done = self._workbench("train", "names", *large, "--headless", "--device", self.device, seconds=deadline.left())
        del taken
        torch.cuda.empty_cache()
        said = [line for line in done.stderr.splitlines() if "memory" in line]
        print(f"exit {done.returncode}: {said[-1] if said else done.stderr.strip()[-300:]}")
        assert done.returncode == 1, "a training without memory must fail"
        assert said, "it must say that memory ran out"
        assert "Traceback" not in done.stderr, "it must say so in a sentence"
        return []

    def two_gpus(self, deadline: Deadline) -> list[str]:
        """The GPUs on which a study's two runs are placed."""
        gpus = len(local.visible_gpus())
        if gpus < 2:
            return [f"placement on two GPUs: there is {gpus or 'none'} here"]
        if not deadline.allows(START):
            return ["placement on two GPUs"]
        settings = ("--seeds", "2", "--set", "train.epochs=100000", "--set", "train.patience=0")
        self._workbench("study", "new", "pair", "names", *settings, seconds=deadline.left())
        self._workbench("study", "run", "pair", "--detach", seconds=deadline.left())

        def pair() -> list[Run]:
            return [run for run in store.listing(self.folder) if run.id.startswith("pair")]

        until(lambda: len(pair()) == 2 and all(read_history(run.events_file).steps for run in pair()), deadline)
        print(f"two runs at once are placed on {', '.join(local.device_of(run) for run in pair())}")
        for run in pair():
            end(run)
        return []

    @contextlib.contextmanager
    def _training(self, task: str, *settings: str) -> Iterator[Run]:
        """A training in the background, from its first event on; at the end it is stopped."""
        before = {run.id for run in store.listing(self.folder)}
        done = self._workbench("train", task, *settings, "--detach", "--device", self.device, seconds=60)
        made = [run for run in store.listing(self.folder) if run.id not in before]
        if done.returncode or not made:
            raise RuntimeError(done.stderr.strip() or "no run was made")
        try:
            yield made[0]
        finally:
            end(made[0])

    def _workbench(self, *words: str, seconds: float) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "workbench.cli", *words, "--runs", str(self.folder)]
        return subprocess.run(
            command, env=self._environment, capture_output=True, text=True, timeout=max(1.0, seconds), check=False
        )

    def _uses(self, deadline: Deadline) -> Iterator[float]:
        """Yield the share of time in which the GPU computes, twice a second, until five seconds before the deadline."""
        import pynvml

        handle: Any = None
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlInit()
            first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
            handle = pynvml.nvmlDeviceGetHandleByIndex(int(first) if first.isdigit() else 0)
        while deadline.allows(5):
            time.sleep(0.5)
            with contextlib.suppress(pynvml.NVMLError):
                if handle is not None:
                    yield pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100

    def _tell(self, run: Run, uses: list[float]) -> None:
        history = read_history(run.events_file)
        started = history.started
        assert started is not None
        used = f"{statistics.mean(uses):.0%}" if uses else "unknown"
        size = f"{started.train_size:,} examples" + " (starter data)" * (self._data is None)
        print(f"{started.device} · {started.precision} · {size} · {speed(history):,.0f} examples/s")
        print(f"{history.step} steps · GPU in use {used} of the time")
        for note in started.notes:
            print(f"  {note}")


def saved(run: Run) -> int:
    """Return the step of a run's last checkpoint; 0: none yet."""
    checkpoint = read_history(run.events_file).checkpoint
    return checkpoint.step if checkpoint else 0


def speed(history: History) -> float:
    """Median examples per second of the later half of a run's steps."""
    speeds = [step.examples_per_s for step in history.steps if step.examples_per_s]
    return statistics.median(speeds[len(speeds) // 2 :]) if speeds else 0.0


def until(holds: Callable[[], object], deadline: Deadline) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: the time is up.
    """
    while not holds():
        if not deadline.left():
            raise TimeoutError("the time was up before the training was there")
        time.sleep(0.1)
