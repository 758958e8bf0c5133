"""Inspection of a network on one sequence: gates, states, the answer forming, and what each step contributed.

Shapes: T time, I input size, D directions, O output size, H hidden size, L layers, N copies of the sequence,
A numbers of an answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cells._recurrent import Recurrent
from cells._trace import Trace, TracedCell
from tasks.base import AnyTask, Data, Reading, Split
from workbench.runs.inspections import (
    Contributions,
    Grid,
    InspectedCell,
    Inspection,
    StepAnswer,
    pearson,
)

LONGEST = 10_000  # steps: gates and states of more would not fit a screen or a memory
LARGEST = 1 << 26  # numbers of the states of all steps, many a step where a state is a matrix
_ROWS_AT_ONCE = 256
_BEST = 5  # answers that are named after each step
_FEW = 64  # answers, of which all probabilities are kept
_AT_ONCE = 1 << 24  # numbers of the copies' outputs that are held at a time
_MOST_BLANKED = 512  # copies with a step blanked
_NEAR = 64  # copies whose blanked steps are near one another: what stands before them is read once
_MOST = torch.finfo(torch.float32).max
_Choose = Callable[[Tensor], Tensor]


class Traces(NamedTuple):
    """A traced pass over one sequence."""

    inputs: Tensor  # (1,T,I), a leaf of the graph
    outputs: Tensor  # (1,T,D·O)
    cells: list[TracedCell]


def inspect(
    model: nn.Module,
    reading: Reading,
    *,
    run: str = "",
    cell: str = "",
    at: str = "best",
    target: str = "",
    contributions: bool = True,
) -> Inspection:
    """Inspect a network in evaluation mode on one sequence.

    Args:
        target: the answer whose contributions are measured; empty: the likeliest at the end.
        contributions: measure them, which takes most of the time.

    Raises:
        ValueError: the sequence is too long, the network has no recurrence, there is no such answer, or the answers
            are no numbers.
    """
    recurrent = find_recurrent(model)
    longest = min(LONGEST, LARGEST // recurrent.state_size)
    if len(reading.symbols) > longest:
        raise ValueError(f"The text has {len(reading.symbols):,} steps, and at most {longest:,} can be inspected.")
    traces = trace(recurrent, reading)
    with torch.inference_mode():
        answers = torch.cat([*_answers(recurrent, reading, traces)])  # (T,A)
    if bool(answers.isnan().any()):
        raise ValueError("The network's answers are no numbers: with these weights there is nothing to inspect.")
    return Inspection(
        run=run,
        cell=cell,
        at=at,
        symbols=[*reading.symbols],
        cells=[_inspected(each) for each in traces.cells],
        **_described(reading, answers),
        contributions=measure_contributions(recurrent, reading, traces, target) if contributions else None,
        notes=[*reading.notes],
        traits={
            name: [None if math.isnan(value) else value for value in values] for name, values in reading.traits.items()
        },
    )


def rows_of(task: AnyTask, examples: Data, split: Split) -> list[int]:
    """Return the rows of a split in ascending order, each once."""
    return sorted({int(row) for rows in task.batches(examples, split, _ROWS_AT_ONCE, None) for row in rows})


def row_at(task: AnyTask, examples: Data, split: Split, place: int) -> int:
    """Return the row that stands at a place, from 0, among those of a split.

    Raises:
        ValueError: there are fewer.
    """
    rows = rows_of(task, examples, split)
    if not 0 <= place < len(rows):
        window = f", of a window from 0 to {len(rows) - 1:,}" if task.has_windows else ""
        raise ValueError(f"The {split} split has {len(rows):,} rows: give a number from 1 to {len(rows):,}{window}.")
    return rows[place]


def find_recurrent(model: nn.Module) -> Recurrent:
    """Return a network's recurrence.

    Raises:
        ValueError: it has none.
    """
    for module in model.modules():
        if isinstance(module, Recurrent):
            return module
    raise ValueError("This network has no recurrence: there is nothing to inspect.")


def trace(recurrent: Recurrent, reading: Reading) -> Traces:
    """Return the recurrence's pass over a sequence, in the graph of its inputs."""
    inputs = reading.inputs.detach().requires_grad_()
    with torch.enable_grad(), recurrent.traced(Trace()) as record:
        outputs, _ = recurrent(inputs)
    return Traces(inputs, outputs, record.passes[-1])


def measure_contributions(recurrent: Recurrent, reading: Reading, traces: Traces, target: str = "") -> Contributions:
    """Return what each step contributed to one number of the last answer.

    Source: gradient × input as in A. Shrikumar et al., Not Just a Black Box, 2016 (arXiv:1605.01713); occlusion as in
    M. D. Zeiler and R. Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014.

    Raises:
        ValueError: there is no such answer.
    """
    time = len(reading.symbols)
    lengths = torch.tensor([time])
    with torch.enable_grad():
        last = _numbers(reading, reading.readout(traces.inputs, traces.outputs, lengths))  # (1,A)
        chosen, name = _target(reading, last, target)
        value = chosen(last)[0]
        (gradient,) = torch.autograd.grad(value, traces.inputs)
    products = (gradient * traces.inputs).detach().sum(-1)[0].tolist()
    size = -(-time // _MOST_BLANKED)
    starts = [*range(0, time, size)]
    with torch.inference_mode():
        blanked = torch.cat([chosen(each) for each in _blanked(recurrent, reading, traces, starts, size)])
    falls = [value.item() - after for after in blanked.tolist()]
    occlusion = [falls[step // size] for step in range(time)]
    return Contributions(
        target=name,
        gradient_input=products,
        occlusion=occlusion,
        together=size,
        correlation=pearson(products, occlusion),
    )


def _target(reading: Reading, last: Tensor, target: str) -> tuple[_Choose, str]:
    """Return the function from answers (N,A) to the number (N,) that is explained, and its name."""
    if reading.unit:
        if target:
            raise ValueError(f"This network answers with numbers, not classes: there is no answer {target!r} to name.")
        name = f"mean forecast, {reading.unit}" if len(reading.answers) > 1 else reading.answers[0]
        return (lambda numbers: numbers.mean(1)), name
    if target and target not in reading.answers:
        raise ValueError(f"This network does not answer {target!r}: name one of {_few(reading.answers)}.")
    number = reading.answers.index(target) if target else int(last[0].argmax())
    return (lambda numbers: numbers[:, number]), reading.answers[number]


def _few(names: Sequence[str]) -> str:
    return ", ".join([*names[:_BEST], "…"] if len(names) > _BEST else names)


def _numbers(reading: Reading, scores: Tensor) -> Tensor:
    """Return a forecast's numbers as they are, and scores as log probabilities: (N,A) → (N,A)."""
    return scores.float() if reading.unit else scores.float().log_softmax(1)


def _answers(recurrent: Recurrent, reading: Reading, traces: Traces) -> Iterator[Tensor]:
    """Yield the answers after each step (N,A), as many at a time as memory holds.

    A network that reads one way has the outputs of every beginning already; one that reads both ways reads each anew.
    """
    inputs, outputs = traces.inputs.detach(), traces.outputs.detach()
    for lengths in torch.split(torch.arange(1, outputs.shape[1] + 1), _copies(outputs)):
        longest = int(lengths[-1])
        here = inputs[:, :longest].expand(len(lengths), -1, -1)
        if recurrent.directions == 1:
            within = torch.arange(longest, device=outputs.device) < lengths.to(outputs.device)[:, None]  # (N,T)
            read = outputs[:, :longest] * within[..., None]  # zero past each end, as the recurrence leaves them
        else:
            read, _ = recurrent(here, lengths)
        yield _numbers(reading, reading.readout(here, read, lengths))


def _blanked(
    recurrent: Recurrent, reading: Reading, traces: Traces, starts: Sequence[int], size: int
) -> Iterator[Tensor]:
    """Yield the last answers (N,A) with the inputs of ``size`` steps from each start on set to zero.

    A network that reads one way goes on from its state before the first step that is blanked.
    """
    inputs, outputs = traces.inputs.detach(), traces.outputs.detach()
    time = outputs.shape[1]
    copies = min(_copies(outputs), _NEAR)
    for at in range(0, len(starts), copies):
        group = starts[at : at + copies]
        copied = inputs.repeat(len(group), 1, 1)
        for row, start in enumerate(group):
            copied[row, start : start + size] = 0
        first = group[0] if recurrent.directions == 1 else 0
        read, _ = recurrent(copied[:, first:], None, _state_before(traces, first, len(group)))
        read = torch.cat([outputs[:, :first].expand(len(group), -1, -1), read], 1)
        yield _numbers(reading, reading.readout(copied, read, torch.full((len(group),), time)))


def _state_before(traces: Traces, step: int, copies: int) -> tuple[Tensor, ...] | None:
    """Return the state before a step, its parts (L,N,…), of a network that reads one way; ``None`` at the first."""
    if not step:
        return None
    states = [cell.states[step - 1] for cell in traces.cells]
    parts = (
        torch.stack([part.detach().expand(copies, *part.shape[1:]) for part in each])
        for each in zip(*states, strict=True)
    )
    state: tuple[Tensor, ...] = type(states[0])(*parts)
    return state


def _copies(outputs: Tensor) -> int:
    return max(1, _AT_ONCE // outputs[0].numel())


def _described(reading: Reading, answers: Tensor) -> dict[str, Any]:
    """Return the fields of an inspection that hold the answers (T,A) after each step."""
    if reading.unit:
        return {"answers": [], "forecast": grid(answers), "times": [*reading.answers], "unit": reading.unit}
    shares = answers.exp()
    best = shares.topk(min(_BEST, shares.shape[1]))
    expected = [*reading.expected] or [""] * len(answers)
    numbers = {name: number for number, name in enumerate(reading.answers)}
    steps = [
        StepAnswer(
            [(reading.answers[k], p) for k, p in zip(names, values, strict=True)],
            right,
            float(shares[step, numbers[right]]) if right in numbers else None,
        )
        for step, (names, values, right) in enumerate(
            zip(best.indices.tolist(), best.values.tolist(), expected, strict=True)
        )
    ]
    few = len(reading.answers) <= _FEW
    return {
        "answers": steps,
        "classes": [*reading.answers] if few else [],
        "probabilities": grid(shares) if few else None,
    }


def _inspected(cell: TracedCell) -> InspectedCell:
    """Return one cell's numbers, the steps in the order of the text."""

    def stacked(steps: Sequence[Tensor]) -> Grid:
        return grid(in_text_order(cell, steps))

    kind = cell.cell
    return InspectedCell(
        layer=cell.layer,
        direction=cell.direction,
        gates={name: stacked([step[name] for step in cell.gates]) for name in _shown(cell)},
        states={name: stacked([getattr(state, name) for state in cell.states]) for name in cell.states[0]._fields},
        updates={name: stacked([step[name] for step in cell.updates]) for name in cell.updates[0]},
        sigmoid_gates=[*kind.sigmoid_gates],
        keep_gate=kind.keep_gate,
        memory=kind.memory,
    )


def in_text_order(cell: TracedCell, steps: Sequence[Tensor]) -> Tensor:
    """Return a value of each step (1,…) as (T,H), the backward direction's turned to the order of the text."""
    values = torch.cat([step.detach().reshape(1, -1) for step in steps])
    return values.flip(0) if cell.direction else values


def _shown(cell: TracedCell) -> list[str]:
    """Return the names of the gates that are more than a part of the state."""
    return [name for name in cell.gates[0] if name not in cell.states[0]._fields]


def grid(values: Tensor) -> Grid:
    """Return numbers (T,H) as plain bytes; an infinite one as the largest that float32 holds, which can be drawn."""
    numbers = values.float().cpu().clamp(-_MOST, _MOST).contiguous()
    return Grid(values.shape[0], values.shape[1], numbers.numpy().tobytes())
