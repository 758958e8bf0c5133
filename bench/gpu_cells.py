"""Cells on a GPU, for ``bench/gpu.py``: by every kernel beside the loop, and their times over cuDNN's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from cells_shapes import GROUPS, SHAPES, UNLIKE, Shape
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import cells
from cells._base import Cell
from cells._builtin import BuiltIn
from cells._kernels import graphs
from cells._kernels import triton as native

if TYPE_CHECKING:
    from gpu import Deadline

DEVICE = torch.device("cuda")
WITHIN = {torch.float32: 1e-4, torch.bfloat16: 3e-2}  # of parity, relative to a value's norm
ROUNDS = 5
TWINS = {"rnn": "torch-rnn", "gru": "torch-gru", "lstm": "torch-lstm"}


def by(net: Any, run: Any) -> Any:
    """The network with every cell's passes computed by a kernel's ``run``."""
    net._run = lambda k, x, steps, state, last: run(net.cells[k], x, steps, state, last)
    return net


def kernels_of(net: Any) -> dict[str, Any]:
    """Return the kernels that compute a network's cells here, beside the loop."""
    found = {"native": native, "graphs": graphs}
    return {name: kernel.run for name, kernel in found.items() if not kernel.why_not(net.cells[0], DEVICE)}


def amp(dtype: torch.dtype) -> Any:
    return torch.autocast("cuda", torch.bfloat16, enabled=dtype is torch.bfloat16)


def parity(deadline: Deadline) -> list[str]:
    """Every cell by every kernel beside the loop, ragged, both ways, two layers; small and large states."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    skipped, wrong = [], []
    names = [name for name in cells.available() if not issubclass(cells.load(name), BuiltIn)]
    for H, dtype in ((20, torch.float32), (20, torch.bfloat16), (200, torch.float32), (200, torch.bfloat16)):
        for name in names:
            torch.manual_seed(0)
            net = cells.build(name, 11, H, layers=2, bidirectional=True).to(DEVICE)
            for kernel, run in kernels_of(net).items():
                what = f"{name} H={H} {str(dtype).removeprefix('torch.')} {kernel}"
                if not deadline.allows(3):
                    skipped.append(what)
                    continue
                expected = values_of(by(net, Cell.run), dtype)
                for _ in range(3):  # the first pass compiles, the second captures, the third replays
                    found = values_of(by(net, run), dtype)
                worst = max(
                    float((a - b).norm() / b.norm().clamp(min=1e-6)) for a, b in zip(found, expected, strict=True)
                )
                print(f"{what:<44} {worst:.1e}", flush=True)
                wrong.extend([what] * (not worst <= WITHIN[dtype]))
    if wrong:
        raise AssertionError(f"{len(wrong)} do not agree with the loop: {', '.join(wrong)}")
    return skipped


def values_of(net: Any, dtype: torch.dtype) -> list[Tensor]:
    """Outputs, last state and every gradient, for the same input at every call."""
    torch.manual_seed(1)
    lengths = torch.randint(1, 10, (37,))
    lengths[0] = 9
    x = torch.randn(37, 9, 11, device=DEVICE).requires_grad_()
    with amp(dtype):
        output, last = net(x, lengths, return_state=True)
    values = [output, *last]
    loss = sum((v.float() * torch.randn(v.shape, device=DEVICE)).sum() for v in values)
    assert isinstance(loss, Tensor)
    return [v.detach().float() for v in (*values, *torch.autograd.grad(loss, [x, *net.parameters()]))]


class Case(NamedTuple):
    """One comparison with cuDNN."""

    shape: Shape
    name: str
    twin: type[nn.RNNBase]
    dtype: torch.dtype
    ragged: bool

    def __str__(self) -> str:
        form = "mixed lengths" if self.ragged else "padded"
        return f"{self.shape.task} {self.name} {str(self.dtype).removeprefix('torch.')} {form}"


def cases() -> list[Case]:
    """All comparisons, the default cell and what is trained by default first."""
    pairs = [(name, group.twin) for group in reversed(GROUPS) if not group.both for name in group.cells]
    pairs.sort(key=lambda pair: pair[0] in UNLIKE)
    forms = [(torch.bfloat16, False), (torch.float32, False), (torch.bfloat16, True), (torch.float32, True)]
    return [Case(shape, *pair, *form) for pair in pairs for form in forms for shape in SHAPES]


def ratios(deadline: Deadline) -> list[str]:
    """Time of a forward and backward pass over cuDNN's."""
    print(f"{'':<44}{'cuDNN, ms':>10}" + "".join(f"{side:>11}" for side in ("torch", "native", "graphs", "reference")))
    skipped = []
    for case in cases():
        if not deadline.allows(4):
            skipped.append(str(case))
            continue
        taken = times(case, deadline)
        base = taken.pop("cuDNN")
        told = [f"{taken[s] / base:.2f}" if s in taken else "–" for s in ("torch", "native", "graphs", "reference")]
        print(f"{case!s:<44}{base * 1e3:>10.2f}" + "".join(f"{one:>11}" for one in told), flush=True)
        torch.cuda.empty_cache()
    return skipped


def times(case: Case, deadline: Deadline) -> dict[str, float]:
    """Each side's median seconds."""
    shape = case.shape
    torch.manual_seed(0)
    x = torch.randn(shape.B, shape.T, shape.I, device=DEVICE).requires_grad_()
    lengths = torch.randint(1, shape.T + 1, (shape.B,)) if case.ragged else None
    make: Any = case.twin
    twin = make(shape.I, shape.H, shape.L, batch_first=True).to(DEVICE)

    def cudnn() -> Tensor:
        if lengths is None:
            return twin(x)[0]
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(twin(packed)[0], batch_first=True, total_length=shape.T)[0]

    def network(name: str) -> Any:
        net = cells.build(name, shape.I, shape.H, layers=shape.L).to(DEVICE)
        if name not in UNLIKE:
            net.from_torch(twin.state_dict())
        return net

    sides: dict[str, Callable[[], Tensor]] = {"cuDNN": cudnn}
    if case.name in TWINS:
        torchs = network(TWINS[case.name])
        sides["torch"] = lambda: torchs(x, lengths)[0]
    for kernel, run in kernels_of(network(case.name)).items():
        net = by(network(case.name), run)
        sides[kernel] = lambda net=net: net(x, lengths)[0]
    loop = by(network(case.name), Cell.run)
    sides["reference"] = lambda: loop(x, lengths)[0]
    return {name: statistics.median(seconds) for name, seconds in measured(sides, x, case.dtype, deadline).items()}


def measured(
    sides: dict[str, Callable[[], Tensor]], x: Tensor, dtype: torch.dtype, deadline: Deadline
) -> dict[str, list[float]]:
    """Seconds of each side's passes, in turns; warmed up by three, of which the first compiles."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(-3, ROUNDS):
        for name, run in sides.items():
            if name == "reference" and (-3 < number < 0 or number > 1):  # some hundred times the launches
                continue
            x.grad = None
            torch.cuda.synchronize()
            begin = time.perf_counter()
            with amp(dtype):
                output = run()
            output.float().sum().backward()
            torch.cuda.synchronize()
            if number >= 0:
                taken[name].append(time.perf_counter() - begin)
        if number > 0 and not deadline.allows(1):
            break
    return taken
