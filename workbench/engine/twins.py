"""Twins: a network around another cell that computes the same by the same weights, and the difference measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import torch
from torch import Tensor, nn

import cells
from cells._recurrent import Recurrent
from tasks.base import AnyTask
from workbench.config.spec import RunSpec, SpecError
from workbench.engine import network

_DIFFER = float("inf")  # the outputs are not even of the same shapes


def with_cell(spec: RunSpec, task: AnyTask, model: nn.Module, cell: str) -> nn.Module:
    """Return a task's network around a twin of its cell, with the same weights, on the same device, in the same mode.

    What is frozen around the recurrence is frozen there too. No random number is drawn.

    Args:
        spec: of the run whose network ``model`` is.
        cell: one of ``cells.twins(spec.cell)``.

    Raises:
        SpecError: the cell is no twin, or cannot be built so.
    """
    if cell not in cells.twins(spec.cell):
        raise SpecError(f"{cell} is no twin of {spec.cell}: its weights would mean something else there.")
    described = msgspec.structs.replace(spec, cell=cell, cell_options={})
    with torch.random.fork_rng(devices=[]), network.within_memory(described, torch.device("cpu"), training=False):
        twin = network.build(described, task)
    twin.to(next(model.parameters()))
    try:
        copy_weights(model, twin)
    except ValueError as error:
        raise SpecError(f"{cell} declares {spec.cell} as its twin, and its weights do not fit: {error}") from None
    return twin.train(model.training)


def copy_weights(model: nn.Module, twin: nn.Module) -> None:
    """Copy the weights of a network to one that differs from it in the cell alone.

    Raises:
        ValueError: names or shapes differ.
    """
    ours, theirs = _recurrences(model), _recurrences(twin)
    others = {name: tensor for name, tensor in model.state_dict().items() if not _within(name, ours)}
    if ours.keys() != theirs.keys() or others.keys() != {name for name in twin.state_dict() if not _within(name, ours)}:
        raise ValueError("the networks have other parts.")
    try:
        twin.load_state_dict(others, strict=False)
    except RuntimeError:
        raise ValueError("the networks' parts have other shapes.") from None
    for name, recurrent in ours.items():
        theirs[name].from_torch(recurrent.to_torch())
    copies = dict(twin.named_parameters())
    for name, parameter in model.named_parameters():
        if name in others:
            copies[name].requires_grad_(parameter.requires_grad)


def parity(model: nn.Module, twin: nn.Module, ask: Callable[[nn.Module], object]) -> float:
    """Return the largest absolute difference of two networks' outputs, their recurrences' among them.

    Both are asked in evaluation mode, without gradients, from the same state of torch's generators, which stay as
    they were.

    Args:
        ask: computes the same with either network: ``lambda net: task.loss(net, data, rows)``.
    """
    first, second = _outputs(model, ask), _outputs(twin, ask)
    if [tensor.shape for tensor in first] != [tensor.shape for tensor in second]:
        return _DIFFER
    apart = [(a - b).abs().max() for a, b in zip(first, second, strict=True) if a.numel()]
    return float(torch.stack(apart).max()) if apart else 0.0  # NaN where an output is


def _outputs(model: nn.Module, ask: Callable[[nn.Module], object]) -> list[Tensor]:
    """Return the outputs of a network and of its recurrences while it is asked, in their order."""
    found: list[Tensor] = []

    def note(module: nn.Module, given: object, output: object) -> None:
        found.extend(part.detach().double() for part in _tensors(output))

    hooks = [module.register_forward_hook(note) for module in (model, *_recurrences(model).values())]
    try:
        with undisturbed(model), torch.no_grad():
            torch.manual_seed(0)
            note(model, (), ask(model))
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _tensors(output: object) -> Iterator[Tensor]:
    """Yield the tensors of fractions in an output: itself, or the parts of a tuple."""
    if isinstance(output, Tensor) and output.is_floating_point():
        yield output
    elif isinstance(output, tuple | list):
        for part in output:
            yield from _tensors(part)


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Ask a network in evaluation mode; its mode and torch's generators stay as they were."""
    device, training = next(model.parameters()).device, model.training
    model.eval()
    try:
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            yield
    finally:
        model.train(training)


def _recurrences(model: nn.Module) -> dict[str, Recurrent]:
    return {name: module for name, module in model.named_modules() if isinstance(module, Recurrent)}


def _within(name: str, recurrences: dict[str, Recurrent]) -> bool:
    return any(name.startswith(f"{prefix}." if prefix else "") for prefix in recurrences)
