"""Optimisers of torch as eager code calls them, without its compiler."""

from __future__ import annotations

import inspect
from typing import TypeVar

import torch
from torch import optim

_EAGER = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
OptimizerT = TypeVar("OptimizerT", bound=optim.Optimizer)


def eager(kind: type[OptimizerT]) -> type[OptimizerT]:
    """Return an optimiser's class whose methods are those of ``kind``, without what guards them from tracing.

    The guards import ``torch._dynamo`` (a second of processor time) when they are first called, even where nothing is
    compiled. ``step`` is wrapped for the gradient mode too, which is off here as it is there. State, updates and their
    rounding are the same. Methods that torch no longer guards are taken as they are.
    """
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in _EAGER}
    return type(kind.__name__, (kind,), {**methods, "step": torch.no_grad()(inspect.unwrap(kind.step))})
