"""Probe of the gradient through time: ‖∂L/∂state‖ at every step before the loss, on a fixed batch.

For each sequence b with loss L_b, layer, direction and part s of the state (h; c of an LSTM), the norm ‖∂L_b/∂s_k‖ is
averaged over the sequences by the distance of step k to the last step that this direction reads. It is the total
derivative: through all later steps, and through whatever else reads the output of step k.

Source: R. Pascanu, T. Mikolov and Y. Bengio, On the Difficulty of Training Recurrent Neural Networks, ICML 2013.
Shapes: B batch, T time, n sequences still alive at a step, H hidden size.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cells._recurrent import Recurrent
from cells._trace import Trace, TracedCell, lengths_of
from tasks.base import AnyTask, Data
from workbench.runs.events import Probe, finite
from workbench.runs.probes import OPEN, SHUT, GateStatistics, Norms, ProbedCell

MOST_DISTANCES = 512
_AT_ONCE = 256  # rows of a batch that are listed
_STREAM = 104_729  # keeps its draw apart from those of the epochs' batches


class GradientProbe:
    """Probe of one task's networks on the same examples each time.

    Args:
        count: of the validation examples, drawn from the seed alone; all where there are no more.
    """

    def __init__(self, task: AnyTask, examples: Data, count: int, seed: int) -> None:
        self._task, self._examples = task, examples
        rows = torch.cat([*task.batches(examples, "val", _AT_ONCE, None)])
        generator = torch.Generator().manual_seed((seed * 1_000_003 + _STREAM) % 2**63)
        self._rows = rows[torch.randperm(len(rows), generator=generator)[:count].sort().values]

    def measure(self, model: nn.Module, step: int) -> Probe | None:
        """Return the gradient of a network in evaluation mode, in float32; ``None`` where it has no recurrence.

        No random number of the training is drawn, and no parameter's gradient is touched.
        """
        began = time.monotonic()
        device = next(model.parameters()).device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), torch.enable_grad():
            cells = self._traced_cells(model)
        if not cells:
            return None
        lengths = cells[0][0].lengths  # (B,)
        distances = _distances(int(lengths[0]))
        return Probe(
            time=time.time(),
            step=step,
            examples=len(lengths),
            distances=distances,
            counts=[int((lengths > d).sum()) for d in distances],
            cells=[_probed(cell, norms, distances) for cell, norms in cells],
            seconds=time.monotonic() - began,
        )

    def _traced_cells(self, model: nn.Module) -> list[tuple[TracedCell, dict[str, Tensor]]]:
        """Return the cells of the last pass with the mean norms (T,) of their gradient by distance."""
        recurrent = next((module for module in model.modules() if isinstance(module, Recurrent)), None)
        if recurrent is None:
            return []
        with recurrent.traced(Trace(only_sigmoid=True)) as trace:
            loss = self._task.probe_loss(model, self._examples, self._rows)
        cells = trace.passes[-1] if trace.passes else []
        parts = [(cell, name) for cell in cells for name in _differentiable(cell)]
        states = [getattr(state, name) for cell, name in parts for state in cell.states]
        if not states:
            return []
        gradients = iter(torch.autograd.grad(loss * cells[0].steps.sizes[0], states, allow_unused=True))
        norms: dict[int, dict[str, Tensor]] = {id(cell): {} for cell in cells}
        for cell, name in parts:
            norms[id(cell)][name] = by_distance(
                [_norms(next(gradients), getattr(state, name)) for state in cell.states]
            )
        return [(cell, norms[id(cell)]) for cell in cells]


def by_distance(norms: Sequence[Tensor]) -> Tensor:
    """Return the mean by distance to each sequence's last step (T,), of the norms (n,) at every step.

    The sequences stand in their order of length, the longest first; ``n`` falls as the shorter ones end.
    """
    sizes = [len(each) for each in norms]
    lengths = lengths_of(sizes)
    distances = torch.cat([lengths[:size] - 1 - step for step, size in enumerate(sizes)])  # (M,)
    flat = torch.cat([*norms]).double().cpu()  # (M,)
    total = torch.zeros(len(norms), dtype=torch.float64).index_add(0, distances, flat)
    return total / torch.bincount(distances, minlength=len(norms))


def _differentiable(traced_cell: TracedCell) -> list[str]:
    """Return the names of the state's parts that the loss depends on and whose whole derivative is to be had."""
    state, only = traced_cell.states[0], traced_cell.cell.differentiable
    return [
        name
        for name, part in zip(state._fields, state, strict=True)
        if part.requires_grad and name in (only or state._fields)
    ]


def _norms(gradient: Tensor | None, part: Tensor) -> Tensor:
    """Return the norm of each sequence's gradient (n, …) → (n,); zeros for a state that the loss does not see."""
    if gradient is None:
        return part.new_zeros(len(part), dtype=torch.float64)
    norms: Tensor = gradient.reshape(len(part), -1).double().norm(dim=1)  # squares: float32 loses what is below 1e-19
    return norms


def _distances(time: int) -> list[int]:
    """Return 0 to T − 1, thinned evenly to ``MOST_DISTANCES``, both ends kept."""
    if time <= MOST_DISTANCES:
        return [*range(time)]
    return sorted({round(at * (time - 1) / (MOST_DISTANCES - 1)) for at in range(MOST_DISTANCES)})


def _probed(traced_cell: TracedCell, norms: dict[str, Tensor], distances: Sequence[int]) -> ProbedCell:
    cell, recurrent_map = traced_cell.cell, traced_cell.cell.recurrent_map
    matrix = None if recurrent_map is None else recurrent_map.detach().float().cpu()
    return ProbedCell(
        layer=traced_cell.layer,
        direction=traced_cell.direction,
        norms={name: _rounded(values[list(distances)]) for name, values in norms.items()},
        gates={name: found for name in cell.sigmoid_gates if (found := _statistics(traced_cell, name))},
        keep_gate=cell.keep_gate,
        spectral_radius=None if matrix is None else finite(float(torch.linalg.eigvals(matrix).abs().max())),
        spectral_norm=None if matrix is None else finite(float(torch.linalg.matrix_norm(matrix, 2))),
    )


def _statistics(traced_cell: TracedCell, name: str) -> GateStatistics | None:
    """Return a gate's statistics; ``None`` where a value is no number, which an event could not hold."""
    values = torch.cat([gates[name].flatten() for gates in traced_cell.gates]).float()
    mean = finite(float(values.mean()))
    if mean is None:
        return None
    return GateStatistics(
        mean=mean,
        shut=float((values < SHUT).float().mean()),
        open=float((values > OPEN).float().mean()),
    )


def _rounded(values: Tensor) -> Norms:
    """Return numbers of four significant digits, as an event holds them."""
    return [finite(float(f"{value:.4g}")) for value in values.tolist()]
