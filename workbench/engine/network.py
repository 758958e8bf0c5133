"""A run's network: the task's module around the cell that the spec names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

import cells
from cells import CellError
from cells._recurrent import Recurrent
from tasks.base import AnyTask
from tasks.shared import memory
from workbench.config.options import TrainOptions
from workbench.config.plugin_errors import located
from workbench.config.spec import RunSpec, SpecError

_WEIGHT = 4  # bytes


def build(spec: RunSpec, task: AnyTask) -> nn.Module:
    """Return the network of a run, its parameters drawn from torch's generator as it stands.

    Raises:
        SpecError: task, cell and options do not fit together, or the cell is no longer here or cannot be read.
    """
    try:
        return task.build(lambda input_size: build_recurrent(spec, input_size))
    except ValueError as error:
        raise SpecError(_sentence(error)) from error


def build_recurrent(spec: RunSpec, input_size: int) -> Recurrent:
    """Return the recurrent network of a run, for a task's input of I features.

    Raises:
        SpecError: the cell cannot be built so, is no longer here, or cannot be read.
    """
    options = spec.options
    try:
        recurrent = cells.build(
            spec.cell,
            input_size,
            options.hidden,
            layers=options.layers,
            bidirectional=options.bidirectional,
            dropout=options.dropout,
            output_size=options.output_size,
            options=spec.cell_options,
            kernel=options.kernel,
        )
    except KeyError as error:
        if error.args != (spec.cell,):
            raise
        raise SpecError(f"There is no cell {spec.cell!r} here any more: put its file back (WORKBENCH_CELLS).") from None
    except ValueError as error:
        raise SpecError(_sentence(error)) from error
    if spec.settings.causal and recurrent.directions == 2:  # set by code that the cell's text does not show
        raise SpecError(f"{spec.task} writes from left to right, and {spec.cell} reads both ways.")
    return recurrent


def build_on_meta(spec: RunSpec, task: AnyTask) -> nn.Module:
    """Build a run's network without memory for its parameters, where a cell or task of the user's own allows it.

    Raises:
        SpecError: as ``build``.
    """
    try:
        with _OnMetaDevice():
            return build(spec, task)
    except Exception:  # something reads the values of a parameter, or is wrong, which the next building tells
        with within_memory(spec, torch.device("cpu"), training=False):
            return build(spec, task)


def check_recurrence(spec: RunSpec, device: torch.device) -> None:
    """Refuse a recurrence whose training needs more memory than is at hand, before data are read.

    Raises:
        MemoryLimitError: it does.
        SpecError: as ``build_recurrent``.
    """
    try:
        with torch.random.fork_rng(devices=[]), _OnMetaDevice():
            parameters = parameter_count(build_recurrent(spec, 1))
    except Exception:  # a cell of the user's own: ``within_memory`` counts what it takes, and building it tells
        return
    _require(spec, parameters, device, training=True)


@contextmanager
def within_memory(spec: RunSpec, device: torch.device, *, training: bool) -> Iterator[None]:
    """Refuse a network that is built within the block, before its parameters take more memory than is at hand.

    Args:
        training: it is trained: gradients, the optimiser's state and the checkpoint count too.

    Raises:
        MemoryLimitError: it needs more.
    """
    with _Counting(spec, device, training=training):
        yield


class _OnMetaDevice(TorchFunctionMode):
    """Makes parameters without memory, and skips ``normal_``: on the meta device it imports torch's compiler."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "normal_":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **{**kwargs, "device": "meta"} if name == "empty" else kwargs)


class _Counting(TorchFunctionMode):
    """Counts the elements that ``torch.empty`` is asked for: parameters are made so."""

    def __init__(self, spec: RunSpec, device: torch.device, *, training: bool) -> None:
        super().__init__()
        self._spec, self._device, self._training = spec, device, training
        self._count = 0
        self._checked = 1 << 20  # fewer never matter

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") == "empty":
            shape = args[0] if args and isinstance(args[0], Iterable) else args or kwargs.get("size", ())
            self._count += math.prod(map(int, shape))
            if self._count > self._checked:
                self._checked = 2 * self._count
                _require(self._spec, self._count, self._device, training=self._training)
        return func(*args, **kwargs)


def _require(spec: RunSpec, parameters: int, device: torch.device, *, training: bool) -> None:
    """Refuse a network by its number of parameters (so far).

    Raises:
        MemoryLimitError: it needs more than is at hand.
    """
    options = spec.options
    cure = f"lower cell.hidden (it is {options.hidden})"
    cure += f" or cell.layers (it is {options.layers})" if options.layers > 1 else ""
    if getattr(spec.settings, "embedding", 0) > 1:
        cure += f", or task.embedding (it is {spec.settings.embedding})"
    what = f"The network ({parameters:,} parameters or more)"
    if not training:
        memory.require(parameters * 2 * _WEIGHT, what, "ask it on a machine with more memory")
        return
    what = f"Training the network ({parameters:,} parameters or more)"
    kept = _WEIGHT + _optimizer_bytes(spec.train) + _WEIGHT * (spec.train.average > 0)
    need = parameters * (kept + _WEIGHT)  # and the gradients
    if device.type == "cuda":
        memory.require(need, what, cure, have=torch.cuda.mem_get_info(device)[0], where="on the GPU")
        need = 0
    memory.require(need + parameters * kept, what, cure)  # a checkpoint is made in memory


def _optimizer_bytes(options: TrainOptions) -> int:
    """Return the bytes of an optimiser's state for each parameter."""
    moments = {"adamw": 2, "adam": 2, "rmsprop": 1 + (options.momentum > 0), "sgd": int(options.momentum > 0)}
    return _WEIGHT * moments[options.optimizer]


def _sentence(error: ValueError) -> str:
    """Return a refusal as one sentence; one from a user's own file names its line."""
    if isinstance(error, CellError | SpecError):
        return str(error)
    place = located(error)
    return f"{place}." if place else str(error)


def input_size(model: nn.Module) -> int:
    """Return the number of features that a network's recurrence reads at each step."""
    return next((recurrent.input_size for recurrent in recurrences(model)), 1)


def recurrences(model: nn.Module) -> list[Recurrent]:
    """Return the recurrent networks within a network."""
    return [module for module in model.modules() if isinstance(module, Recurrent)]


def kernel(model: nn.Module) -> str:
    """Return the kernel that computes a network's recurrence; empty: it has none."""
    device = next(model.parameters()).device
    return next((recurrent.choice(device).kernel for recurrent in recurrences(model)), "")


def printout(model: nn.Module) -> str:
    """Return a network's modules, then each parameter with its shape, as ``network.txt`` holds them."""
    shapes = {name: " × ".join(map(str, tensor.shape)) for name, tensor in model.named_parameters()}
    width = max(map(len, shapes), default=0)
    lines = [f"  {name:{width}}  {shape}" for name, shape in shapes.items()]
    return "\n".join([str(model), "", f"{parameter_count(model):,} parameters:", *lines]) + "\n"


def parameter_count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())
