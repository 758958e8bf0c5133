"""The hand-written cells beside ``torch.nn``, at the sizes of the five tasks.

    python bench/cells.py [--threads 1] [--repeats 7] [--quick] [--level LEVEL]

What is timed is one forward and one backward pass in fp32: x (B,T,I) → outputs (B,T,D·H), then the gradients of all
weights and of x for one fixed gradient of all outputs. ``torch.nn`` gets the same x (``batch_first``), and before
anything is timed a cell that has a true twin must give its outputs.

- *Padded*: every row has T steps. The figure is the cell's time over its twin's, below 1: the cell is faster. ``loop``
  is the cell's own Python loop, ``bf16`` a pass under bfloat16 autocast, also over the twin's in fp32.
- *Elementwise linear*: ``min-gru``, ``min-lstm``, ``lru`` and ``rg-lru`` have no twin in torch. The figures are the
  ratios of the compiled scan, and of the scan by torch that stands in for it where there is no compiler, to the cell's
  own Python loop, whose milliseconds stand before them.
- *Mixed lengths*: lengths uniform in 1..T. ``nn.LSTM`` gets a ``PackedSequence``, with packing and unpacking in its
  time; the cells get the padded batch and its lengths. A padded ``nn.LSTM``, which ignores lengths, stands beside them.

Both sides run in one process with the allocator tuned and denormals flushed (``workbench.engine.devices``), and in
turns, A B A B …, so that what else the machine does meets both alike; a figure is the ratio of two medians. On one
thread the time is the process's CPU time, which others' work on the same cores disturbs little; on more it is wall
time. ``--quick``: the two small shapes and the mixed lengths, three rounds. ``--level``: the vector instructions that
the compiled kernels use (``portable``, ``avx2``, ``avx512``, ``avx512bf16``, ``amx``), while torch takes all it finds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` and ``climate`` are packages too

import torch
from cells_shapes import GROUPS, LINEAR, SHAPES, UNLIKE, Group, Shape
from machine import ended_by_signals, tell_load
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import cells
from cells._kernels.native import library
from workbench.engine import devices

Pass = Callable[[], Tensor]

QUICK = [shape for shape in SHAPES if shape.task in ("names", "reviews")]
MIXED = Shape("mixed lengths", 128, 250, 100, 64)
PACKED = "nn.LSTM, packed"


def in_turns(sides: dict[str, tuple[Pass, nn.Module]], x: Tensor, repeats: int, threads: int) -> dict[str, float]:
    """Each side's median seconds, one forward and backward pass of each in every round."""
    clock = time.process_time if threads == 1 else time.perf_counter
    gradients = {name: torch.randn_like(run()) for name, (run, _) in sides.items()}
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats + 1):
        for name, (run, module) in sides.items():
            module.zero_grad()
            x.grad = None
            begin = clock()
            run().backward(gradients[name])
            taken[name].append(clock() - begin)
    return {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}  # the first warms up


def twin_at(shape: Shape, group: Group) -> nn.RNNBase:
    make: Any = group.twin
    twin: nn.RNNBase = make(shape.I, shape.H, shape.L, batch_first=True, bidirectional=group.both)
    return twin


def cell_at(shape: Shape, name: str, twin: nn.RNNBase, kernel: str = "auto") -> Any:
    """The cell's network, with the twin's weights where it has the same."""
    net = cells.build(name, shape.I, shape.H, layers=shape.L, kernel=kernel)
    if name not in UNLIKE:
        net.from_torch(twin.state_dict())
    return net


def outputs_of(network: nn.Module, *given: Tensor, lowered: bool = False) -> Pass:
    def outputs() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=lowered):
            return network(*given)[0]

    return outputs


def must_agree(name: str, actual: Tensor, expected: Tensor) -> None:
    if name not in UNLIKE and not torch.allclose(actual, expected, rtol=1e-3, atol=1e-4):
        sys.exit(f"{name} and its twin differ by up to {(actual - expected).abs().max():.1e}: nothing was timed.")


def padded(shape: Shape, group: Group, repeats: int, threads: int) -> dict[str, float]:
    """Median seconds by name at a shape, every row with T steps."""
    x = torch.randn(shape.B, shape.T, shape.I).requires_grad_()
    twin = twin_at(shape, group)
    sides: dict[str, tuple[Pass, nn.Module]] = {str(group): (outputs_of(twin, x), twin)}
    for name in group.cells:
        net = cell_at(shape, name, twin)
        must_agree(name, net(x)[0], twin(x)[0])
        sides[name] = (outputs_of(net, x), net)
        if net.choice(x.device).kernel != "reference":
            loop = cell_at(shape, name, twin, "reference")
            sides[f"{name}, loop"] = (outputs_of(loop, x), loop)
    if group.lowered:
        sides |= {f"{name}, bf16": (outputs_of(net, x, lowered=True), net) for name, (_, net) in sides.items()}
    return in_turns(sides, x, repeats, threads)


def linear(shape: Shape, name: str, repeats: int, threads: int) -> dict[str, float]:
    """Median seconds of an elementwise linear cell by kernel at a shape, every row with T steps."""
    x = torch.randn(shape.B, shape.T, shape.I).requires_grad_()
    loop = cells.build(name, shape.I, shape.H, layers=shape.L, kernel="reference")
    sides: dict[str, tuple[Pass, nn.Module]] = {"reference": (outputs_of(loop, x), loop)}
    for kernel in ("native", "torch"):
        net = cells.build(name, shape.I, shape.H, layers=shape.L, kernel=kernel)
        net.load_state_dict(loop.state_dict())
        must_agree(name, net(x)[0], loop(x)[0])
        if net.choice(x.device).kernel == kernel:
            sides[kernel] = (outputs_of(net, x), net)
    return in_turns(sides, x, repeats, threads)


def mixed(shape: Shape, repeats: int, threads: int) -> dict[str, float]:
    """Median seconds by name with lengths uniform in 1..T."""
    x = torch.randn(shape.B, shape.T, shape.I).requires_grad_()
    lengths = torch.randint(1, shape.T + 1, (shape.B,))
    twin = twin_at(shape, GROUPS[2])

    def packed() -> Tensor:
        sequence = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(twin(sequence)[0], batch_first=True, total_length=shape.T)[0]

    sides: dict[str, tuple[Pass, nn.Module]] = {PACKED: (packed, twin), "nn.LSTM, padded": (outputs_of(twin, x), twin)}
    for name in ("lstm", "torch-lstm"):
        net = cell_at(shape, name, twin)
        must_agree(name, net(x, lengths)[0], packed())
        sides[name] = (outputs_of(net, x, lengths), net)
    return in_turns(sides, x, repeats, threads)


def print_row(head: str, values: list[str]) -> None:
    print(f"{head:<22}" + "".join(f"{value:>23}" for value in values), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--threads", type=int, default=1, help="of torch's operations (default 1)")
    parser.add_argument("--repeats", type=int, default=7, help="rounds that count (default 7)")
    parser.add_argument("--quick", action="store_true", help="the two small shapes and the mixed lengths, three rounds")
    parser.add_argument("--level", default="", help="vector instructions of the compiled kernels (default: the best)")
    options = parser.parse_args()
    if options.level:
        os.environ[library.FORCED] = options.level
    if not library.load():
        print(f"No compiled kernels: {library.reason()}. The cells run as Python loops.")
    ended_by_signals()
    tell_load()
    shapes, repeats = (QUICK, 3) if options.quick else (SHAPES, options.repeats)
    threads = devices.configure_process(options.threads)
    torch.manual_seed(0)

    clock = "CPU time of the process" if threads == 1 else "wall time"
    print(f"torch {torch.__version__} · threads {threads} · fp32 · forward + backward · {clock}")
    print(f"compiled kernels: {library.describe()}")
    print(f"medians of {repeats} rounds in turns · torch.nn in ms, cells as ratios to theirs, below 1: faster\n")
    print_row("padded", [shape.task for shape in shapes])
    print_row("", [str(shape) for shape in shapes])
    for group in GROUPS:
        taken = [padded(shape, group, repeats, threads) for shape in shapes]
        print_row(f"{group}, ms", [f"{t[str(group)] * 1e3:.1f}" for t in taken])
        for name in taken[0]:
            if name != str(group):
                print_row(f"  {name}", [f"{t[name] / t[str(group)]:.2f}" for t in taken])

    for name in LINEAR:
        taken = [linear(shape, name, repeats, threads) for shape in shapes]
        print_row(f"{name}, loop, ms", [f"{t['reference'] * 1e3:.1f}" for t in taken])
        for kernel in [kernel for kernel in taken[0] if kernel != "reference"]:
            print_row(f"  {kernel}", [f"{t[kernel] / t['reference']:.2f}" for t in taken])

    times = mixed(MIXED, repeats, threads)
    print(f"\nmixed lengths, uniform in 1..{MIXED.T}, at {MIXED}\n")
    print_row("", ["ms", "to packed nn.LSTM", "times faster"])
    for name, seconds in times.items():
        ratio = seconds / times[PACKED]
        print_row(name, [f"{seconds * 1e3:.1f}", f"{ratio:.3f}", f"{1 / ratio:.1f}"])


if __name__ == "__main__":
    main()
