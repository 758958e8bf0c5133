"""Check of the kernel that computes a training's recurrence: beside the Python cell, on the first batch.

Outputs, last states and the gradients of input and weights are compared. A kernel that differs too much, or cannot
compute, is replaced by the Python cell for this training.
"""

from __future__ import annotations

import copy
import math
import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cells._kernels.choice import Choice
from cells._kernels.native import library
from cells._kernels.recurrences import elementwise_linear, recurrence
from cells._recurrent import Recurrent
from tasks.base import AnyTask, Data
from workbench.engine import checkpoint, devices, network, twins

_ROWS = 8  # of the first batch
_BOUND, _BOUND_MIXED = 1e-3, 3e-2  # largest relative difference, in float32 and in mixed precision
_ROUNDINGS = 4  # so many times the Python cell's own rounding explain a difference beyond the bound


class Computed(NamedTuple):
    """The kernel that computes a training's recurrence."""

    kernel: str  # "reference", "native" or "torch"; empty: the network has no recurrence of cells
    note: str  # a clause on how exact it is, or why there is no faster one; empty: nothing to tell
    notes: list[str]  # sentences that whoever asked for another kernel must read


class _Given(NamedTuple):
    """What a recurrence was given in the task's loss."""

    x: Tensor  # (B,T,I)
    lengths: Tensor | None
    state: Any
    return_state: bool


def check(
    model: nn.Module, task: AnyTask, examples: Data, batch: Tensor | None, precision: torch.dtype | None
) -> Computed:
    """Compare the kernel of a network with the Python cell, and take the Python cell where they differ too much.

    The network is in evaluation mode meanwhile. No random number of the training is drawn, and neither weights nor
    their gradients are touched.

    Args:
        batch: the row numbers of the first batch; ``None``: there is none, and nothing is compared.
        precision: dtype of the computation; ``None``: float32.

    Raises:
        MemoryError, torch.OutOfMemoryError: the memory did not suffice.
    """
    recurrences = network.recurrences(model)
    if not recurrences:
        return Computed("", "", [])
    first, device = recurrences[0], next(model.parameters()).device
    choice, wanted = first.choice(device), first.kernel
    if choice.kernel == "reference":
        asked = wanted in ("native", "torch")
        sentence = f"cell.kernel={wanted} cannot be had ({choice.why}): the Python cell computes the recurrence."
        return Computed("reference", f"{choice.why}: the Python cell computes" * bool(choice.why), [sentence] * asked)
    cell: Any = first.cells[0]
    scanned = elementwise_linear(cell)
    if not (scanned or recurrence(cell)):  # torch's own module, without a Python cell
        return Computed(choice.kernel, "", [])
    by = _by(choice, device, scanned=scanned)
    with twins.undisturbed(model), devices.autocast(device, precision):
        given = None if batch is None else _first_given(recurrences, lambda: task.loss(model, examples, batch[:_ROWS]))
        if not given:
            return Computed(choice.kernel, f"computed by {by}, not compared with the Python cell", [])
        try:
            compared = [_Compared(recurrent, one) for recurrent, one in given]
            apart = _largest(one.apart for one in compared)
            fits = all(one.fits(_BOUND_MIXED if precision else _BOUND) for one in compared)
        except Exception as error:
            if checkpoint.out_of_memory(error):
                raise
            traceback.print_exc()
            why = f"failed on the first batch ({(str(error) or type(error).__name__).splitlines()[0]})"
            return _replaced(recurrences, choice.kernel, why)
    if not fits:
        return _replaced(recurrences, choice.kernel, f"differs from the Python cell by {_short(apart)}")
    equal = f"equal to the Python cell to {_short(apart)}" if apart else "the same as the Python cell to the last bit"
    return Computed(choice.kernel, f"computed by {by}, {equal}", [])


def _by(choice: Choice, device: torch.device, *, scanned: bool) -> str:
    """Return what a kernel computes by; ``scanned``: an elementwise linear recurrence."""
    if scanned and choice.kernel == "torch":
        return "torch's operations, one a step" + f" ({choice.why})" * bool(choice.why)
    if choice.kernel == "torch":
        return "cuDNN" if _by_cudnn(device) else "torch's own function"
    if device.type == "cuda":
        return choice.why or "Triton"
    found = library.load()
    return f"compiled C ({found.described})" if found else "compiled C"


def _short(apart: float) -> str:
    """Return a difference as ``3e-6``."""
    digit, _, exponent = f"{apart:.0e}".partition("e")
    return f"{digit}e{int(exponent)}" if exponent else digit


def _replaced(recurrences: Sequence[Recurrent], kernel: str, why: str) -> Computed:
    for recurrent in recurrences:
        recurrent.kernel = "reference"
    clause = f"the kernel {kernel} {why}: the Python cell computes"
    return Computed("reference", clause, [f"{clause[0].upper()}{clause[1:]} the recurrence (cell.kernel=reference)."])


def _by_cudnn(device: torch.device) -> bool:
    available: bool = torch.backends.cudnn.is_available()  # type: ignore[no-untyped-call]
    return device.type == "cuda" and torch.backends.cudnn.enabled and available


def _first_given(recurrences: Sequence[Recurrent], ask: Callable[[], object]) -> list[tuple[Recurrent, _Given]]:
    """Return the recurrences with what they are given first in a loss, by the Python cell; none where that fails."""
    given: dict[int, _Given] = {}

    def note(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if id(module) not in given:
            given[id(module)] = _given(*args, **kwargs)

    kernels = [recurrent.kernel for recurrent in recurrences]
    hooks = [recurrent.register_forward_pre_hook(note, with_kwargs=True) for recurrent in recurrences]
    try:
        for recurrent in recurrences:
            recurrent.kernel = "reference"
        with torch.no_grad():
            ask()
    except Exception as error:  # of a task of the user's own, which may not know so small a batch
        if checkpoint.out_of_memory(error):
            raise
        traceback.print_exc()
        return []
    finally:
        for recurrent, kernel, hook in zip(recurrences, kernels, hooks, strict=True):
            recurrent.kernel = kernel
            hook.remove()
    return [(recurrent, given[id(recurrent)]) for recurrent in recurrences if id(recurrent) in given]


def _given(x: Tensor, lengths: Tensor | None = None, state: Any = None, *, return_state: bool = False) -> _Given:
    """Return the arguments of a call of ``Recurrent``, cut off from its graph."""
    state = None if state is None else type(state)(*(part.detach() for part in state))
    return _Given(x.detach(), lengths, state, return_state)


class _Compared:
    """A kernel's values beside the Python cell's."""

    def __init__(self, recurrent: Recurrent, given: _Given) -> None:
        self._recurrent, self._given = recurrent, given
        values = _values(recurrent, given)
        kernel, recurrent.kernel = recurrent.kernel, "reference"
        try:
            self._expected = _values(recurrent, given)
        finally:
            recurrent.kernel = kernel
        self._apart = _relative(values, self._expected)

    @property
    def apart(self) -> float:
        """The largest difference, relative to the largest value of its tensor."""
        return _largest(self._apart)

    def fits(self, bound: float) -> bool:
        """True where each tensor differs by no more than ``bound``, or than the Python cell's own rounding explains."""
        if self.apart <= bound:
            return True
        exact = copy.deepcopy(self._recurrent).double()
        exact.kernel, given = "reference", self._given
        state = None if given.state is None else type(given.state)(*(part.double() for part in given.state))
        with torch.autocast(given.x.device.type, enabled=False):
            truth = _values(exact, given._replace(x=given.x.double(), state=state))
        own = _relative(self._expected, truth)
        return all(apart <= max(bound, _ROUNDINGS * error) for apart, error in zip(self._apart, own, strict=True))


def _values(recurrent: Recurrent, given: _Given) -> list[Tensor | None]:
    """Return outputs, last states, and the gradients of input and weights for one gradient of the outputs."""
    with torch.enable_grad():
        x = given.x.clone().requires_grad_()
        outputs, last = recurrent(x, given.lengths, given.state, return_state=given.return_state)
    generator = torch.Generator().manual_seed(0)
    gradient = torch.randn(outputs.shape, generator=generator).to(outputs)
    leaves = [x, *(weight for weight in recurrent.parameters() if weight.requires_grad)]
    return [outputs, *(last or ()), *torch.autograd.grad(outputs, leaves, gradient, allow_unused=True)]


def _relative(values: Sequence[Tensor | None], expected: Sequence[Tensor | None]) -> list[float]:
    """Return each tensor's largest difference relative to its largest expected value; 0 where that is no number."""
    found = []
    for one, other in zip(values, expected, strict=True):
        if one is None or other is None:
            found.append(0.0 if one is other else math.inf)  # a gradient is lost, or made up
            continue
        if not other.numel():
            found.append(0.0)
            continue
        one, other = one.detach().double(), other.detach().double()
        largest, apart = float(other.abs().max()), float((one - other).abs().max())
        found.append(apart / (largest or 1.0) if math.isfinite(largest) else 0.0)
    return found


def _largest(found: Iterable[float]) -> float:
    """Return the largest difference; NaN, where a kernel's value is none, is the largest of all."""
    return max(found, key=lambda one: math.inf if math.isnan(one) else one)
