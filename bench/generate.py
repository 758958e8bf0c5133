"""Characters per second of a poem network: step by step, beside ``torch.nn.LSTM``, and with the prefix read again.

    python bench/generate.py RUN [--repeats 7] [--steps 24] [--cold 5] [--runs DIR]

Sides, at batch 1 and 64; each samples ``--steps`` characters after the start by ``task.read`` and ``choose``:

- *ours*: the run's network, one step a character.
- *nn.LSTM*: the same network round ``torch.nn.LSTM``, one step a character.
- *prefix again*: the run's network reads the whole text so far before each character.
- *held*: ours, guided by a form, tones, no character twice in a line, no line of the corpus (``generation.best_of``).

The sides run in turns, on one thread, and are timed by the process's CPU time; a figure is the median over the
rounds, a ratio the median of the rounds' ratios (above 1: ours is faster).

Last, the time from a cold shell to the first character of ``workbench poem RUN --start 月``, beside a bare Python that
imports torch and reads the checkpoint: wall time, in turns.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` and ``climate`` are packages too

import msgspec
import torch
from machine import ended_by_signals, tell_load
from torch import Generator, Tensor, nn

from tasks.poems.task import Task
from tasks.shared.sequences.sampling import choose
from workbench.engine import network, trained_run
from workbench.engine.generation import best_of
from workbench.engine.generation.sampling import Sampler
from workbench.runs import store
from workbench.runs.locations import root

WORKBENCH = str(Path(sys.executable).with_name("workbench"))
BARE = "import sys, torch, safetensors.torch; safetensors.torch.load_file(sys.argv[1]); print('月', flush=True)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--cold", type=int, default=5, help="starts of each side; 0: none")
    parser.add_argument("--runs", type=Path)
    given = parser.parse_args()
    ended_by_signals()
    tell_load()
    run = store.find(given.run, root(given.runs))
    task, model = trained_run.load_trained(run, threads=1, device="cpu")
    assert isinstance(task, Task)
    twin = network.build(msgspec.structs.replace(run.spec, cell="torch-lstm"), task).eval()
    print("| batch | side | characters/s | ours is faster by |")
    print("| --- | --- | --- | --- |")
    for batch in (1, 64):
        seconds = in_turns(sides(task, model, twin, batch, given.steps), given.repeats)
        for name, times in seconds.items():
            ratio = statistics.median(t / ours for t, ours in zip(times, seconds["ours"], strict=True))
            speed = batch * given.steps / statistics.median(times)
            print(f"| {batch} | {name} | {speed:,.0f} | {ratio:.2f} |", flush=True)
    if given.cold:
        ours = [WORKBENCH, "poem", str(run.path), "--start", "月", "--seed", "1"]
        bare = [sys.executable, "-c", BARE, str(run.best_file)]
        pairs = [(first_byte(ours), first_byte(bare)) for _ in range(given.cold + 1)][1:]  # the first fills the cache
        ratio = statistics.median(a / b for a, b in pairs)
        mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
        print(
            f"\nfirst character after {mine:.2f} s, import torch and the checkpoint {theirs:.2f} s: {ratio:.2f} times"
        )


def sides(task: Task, model: nn.Module, twin: nn.Module, batch: int, steps: int) -> dict[str, Callable[[], object]]:
    guide = task.guide("", {"form": "五绝", "tones": True, "distinct": True, "novel": bool(task.tensors)})
    return {
        "ours": lambda: stepwise(task, model, batch, steps),
        "nn.LSTM": lambda: stepwise(task, twin, batch, steps),
        "prefix again": lambda: again(task, model, batch, steps),
        "held": lambda: best_of.collect(
            best_of.generate_candidates(task, model, "", Sampler(), range(batch), guide=guide, limit=steps)
        ),
    }


def stepwise(task: Task, model: nn.Module, batch: int, steps: int) -> None:
    generator, codes, state = Generator().manual_seed(0), prompts(task, batch), None
    with torch.inference_mode():
        for _ in range(steps):
            scores, state = task.read(model, codes, state)
            codes = sampled(task, scores, generator)


def again(task: Task, model: nn.Module, batch: int, steps: int) -> None:
    generator, codes = Generator().manual_seed(0), prompts(task, batch)
    with torch.inference_mode():
        for _ in range(steps):
            scores, _ = task.read(model, codes)
            codes = torch.cat([codes, sampled(task, scores, generator)], 1)


def prompts(task: Task, batch: int) -> Tensor:
    return torch.tensor([task.prompt("", "五绝")] * batch)


def sampled(task: Task, scores: Tensor, generator: Generator) -> Tensor:
    tokens, _ = choose(scores, generator=generator, never_sampled=[*task.never_sampled, task.end])
    return tokens[:, None]


def in_turns(made: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in made}
    for number in range(repeats + 1):
        for name, side in made.items():
            began = time.process_time()
            side()
            if number:  # the first round is for whatever is made once
                seconds[name].append(time.process_time() - began)
    return seconds


def first_byte(words: list[str]) -> float:
    """Seconds from a program's start to the first byte that it prints."""
    began = time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        assert child.stdout.read(1)
        taken = time.perf_counter() - began
        child.stdout.read()
    return taken


if __name__ == "__main__":
    main()
