"""Places of this machine for the workers of a queue: how many at once, on which GPU, with how many threads. No torch.

A worker is shown its GPU alone, so that it may be a MIG slice. Before a second worker goes onto a GPU the first one has
told how much memory it takes, and so much is free. GPUs that others have filled are waited for as long as something of
this queue trains that may end; with nothing to wait for, a run begins on the freest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from workbench.config.spec import RunSpec
from workbench.config.threads import cores, openmp_threads
from workbench.executors import local
from workbench.executors.local import Gpu, Slot
from workbench.runs.folder import RunError
from workbench.runs.history import LatestEvents
from workbench.runs.run import Run

_CONTEXT = 600e6  # bytes of CUDA and its libraries in a process, beside what torch reports
_SLACK = 1.1  # of what was reported: an evaluation may take more
_UNKNOWN = 1e9  # bytes that a run counts as needing before one has reported
PATIENCE = 15.0  # seconds for which a full GPU is waited for where nothing trains: a run may just have ended
_SHARES = 10  # of a GPU's memory, by which the freer one is preferred
_EARLIER = 32  # runs that ended before, asked how much they took


class Place(NamedTuple):
    """Slot for a worker, and what it takes of the machine."""

    slot: Slot
    units: int  # processes
    gpus: tuple[Gpu, ...] = ()
    since: float = 0.0  # Unix seconds: what its run reported before is of an earlier life


class _Held(NamedTuple):
    place: Place
    events: LatestEvents


class Places:
    """Places of this machine, free ones and those that runs hold.

    Args:
        specs: of the runs that may be started.
        jobs: workers at most; 0: as many as there is room for.
        per_gpu: workers at most on a GPU.
        say: called with a sentence for the queue's log.
    """

    def __init__(
        self, specs: Sequence[RunSpec], *, jobs: int = 0, per_gpu: int = 1, say: Callable[[str], None] = print
    ) -> None:
        self._gpus = local.visible_gpus() if any(map(local.on_gpu, specs)) else []
        self._jobs, self._per_gpu, self._say = jobs, per_gpu, say
        self._room = room(specs, gpus=len(self._gpus), jobs=jobs, per_gpu=per_gpu)
        self._threads = 0 if openmp_threads() else max(1, cores() // self._room)
        self._held: dict[str, _Held] = {}
        self._needed = 0.0  # bytes: the most that a run has reported
        self._told: set[str] = set()
        self._short = 0.0  # since when nothing trains and memory is short, as the monotonic clock counts; 0: not so

    def learn(self, earlier: Iterable[Run]) -> None:
        """Take from runs that ended how much memory of a GPU they took."""
        if self._gpus:
            for run, _ in zip(earlier, range(_EARLIER), strict=False):
                self._reported(LatestEvents(run.events_file), 0.0)

    def take(self, described: RunSpec) -> Place | None:
        """Return a place for a run; ``None`` where it has to wait. It is free until ``hold``."""
        wanted = local.processes(described)
        units = min(wanted, self._room)
        used = sum(held.place.units for held in self._held.values())
        if self._held and (used + units > self._room or 0 < self._jobs <= len(self._held)):
            return None
        threads = self._threads and max(1, self._threads * units // wanted)
        if not (self._gpus and local.on_gpu(described)):
            return Place(Slot(threads=threads), units)
        chosen = self._chosen(min(wanted, len(self._gpus)))
        if chosen is None:
            return None
        if len(chosen) < wanted:
            self._tell("few", f"{wanted} processes find {len(chosen)} of this machine's GPUs.")
        return Place(_slot(chosen, threads), units, tuple(chosen), time.time())

    def hold(self, run: Run, place: Place) -> None:
        """Let a run that was started have its place."""
        self._held[run.id] = _Held(place, LatestEvents(run.events_file))

    def adopt(self, run: Run) -> None:
        """Count a worker that another process started, on the GPUs that it has; there need be no room for it."""
        units = 1
        with suppress(RunError, OSError):
            units = min(local.processes(run.spec), self._room)
        found = local.on_which(run, self._gpus) if self._gpus else []
        self._held[run.id] = _Held(Place(Slot(), units, tuple(found)), LatestEvents(run.events_file))

    def release(self, run: Run) -> None:
        """Free the place of a run that has ended."""
        if (held := self._held.pop(run.id, None)) and held.place.gpus:
            self._reported(held.events, held.place.since)

    def _chosen(self, wanted: int) -> list[Gpu] | None:
        """Return GPUs with room for a worker, those with the fewest workers and the most memory first."""
        there = {gpu.name: [held for held in self._held.values() if gpu in held.place.gpus] for gpu in self._gpus}
        usable = [gpu for gpu in self._gpus if gpu.whole] if wanted > 1 else self._gpus
        usable = usable or self._gpus[:1]  # slices alone: CUDA joins none
        wanted = min(wanted, len(usable))
        open_ones = [gpu for gpu in usable if len(there[gpu.name]) < self._per_gpu]
        # of all, not up to the first that has not: what each one takes is learnt as well
        told = {
            gpu.name: {self._reported(held.events, held.place.since) for held in there[gpu.name]} for gpu in open_ones
        }
        open_ones = [gpu for gpu in open_ones if False not in told[gpu.name]]
        memory = {gpu.name: gpu.memory() for gpu in open_ones}

        def order(gpu: Gpu) -> tuple[int, int]:
            found = memory[gpu.name]
            return len(there[gpu.name]), -(_SHARES * found.free // max(1, found.total)) if found else 0

        needed = (self._needed * _SLACK if self._needed else _UNKNOWN) + _CONTEXT
        fit = [gpu for gpu in open_ones if (found := memory[gpu.name]) is None or found.free >= needed]
        if len(fit) >= wanted:
            self._short = 0.0
            return sorted(fit, key=order)[:wanted]
        full = [gpu for gpu in open_ones if gpu not in fit]
        if len(open_ones) >= wanted:
            for gpu in full:
                self._tell(gpu.name, _filled(gpu, needed, known=bool(self._needed)))
        if self._held:
            self._short = 0.0  # counted anew from its end, when its memory may not be free yet
            return None
        self._short = self._short or time.monotonic()
        if time.monotonic() - self._short < PATIENCE:
            return None
        chosen = sorted(open_ones, key=lambda gpu: -found.free if (found := memory[gpu.name]) else 0)[:wanted]
        self._tell(
            "freest",
            "Nothing of this queue trains that could be waited for: the next run begins on the freest all the same.",
        )
        return chosen

    def _reported(self, events: LatestEvents, since: float) -> bool:
        """Return whether a run has told its memory since it was started; the most that any took is remembered."""
        try:
            history = events.read()
        except (RunError, OSError):
            return False
        if history.started is None or history.started.time < since or not history.steps:
            return False
        if not history.started.device.startswith("CPU"):
            self._needed = max(self._needed, history.steps[-1].memory_mb * 1e6)
        return True

    def _tell(self, subject: str, sentence: str) -> None:
        """Say a sentence, once on each subject."""
        if subject not in self._told:
            self._told.add(subject)
            self._say(sentence)


def room(specs: Sequence[RunSpec], *, gpus: int, jobs: int = 0, per_gpu: int = 1) -> int:
    """Return how many processes of workers compute at once.

    On GPUs one each, or ``per_gpu``; on the CPU so many that their threads do not exceed the cores, or as many as
    ``jobs`` workers have.
    """
    named = max((described.train.threads or openmp_threads() for described in specs), default=0)
    each = max(map(local.processes, specs), default=1)
    there = max(1, cores() // max(1, named))
    if gpus and any(map(local.on_gpu, specs)):
        there = gpus * per_gpu
    elif devices := {described.train.device for described in specs if described.train.device.startswith("cuda:")}:
        there = len(devices) * per_gpu
    count = min(jobs * each or there, max(1, len(specs)) * each)
    return min(count, there) if gpus else count


def on_gpus(place: Place) -> str:
    """Return where a run begins, for the queue's log; nothing where it has no GPU of its own."""
    return "".join(f"{' and' * bool(index)} on {gpu.title}" for index, gpu in enumerate(place.gpus))


def _slot(chosen: Sequence[Gpu], threads: int) -> Slot:
    if all(gpu.device for gpu in chosen):
        return Slot(threads=threads, gpus=",".join(gpu.name for gpu in chosen))
    return Slot(chosen[0].name if len(chosen) == 1 else "", threads)


def _filled(gpu: Gpu, needed: float, *, known: bool) -> str:
    """Return the sentence on a GPU without room."""
    why = "as much as a run of this study took and some more" if known else "what a small run takes"
    return f"{gpu.title} has less than {needed / 1e9:.1f} GB free, {why}: it is left alone until it has."
