"""Optimisers and schedules by their names in the spec, and the gradient step that uses them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LRScheduler, OneCycleLR

from workbench.config.options import TrainOptions
from workbench.engine.eager import eager
from workbench.engine.ema import EMA

_RATES = ("lr", "initial_lr", "max_lr", "min_lr")  # of a group of parameters, as the schedules move them


class Optimization:
    """Optimiser, schedule, loss scaling and weight average of a network: the state that a gradient step changes.

    Args:
        total_steps: length of the schedule.
        scaled: scale the loss, so that gradients in float16 do not underflow.
    """

    def __init__(self, model: nn.Module, options: TrainOptions, total_steps: int, *, scaled: bool) -> None:
        self._model = model
        self._clip = options.clip or math.inf
        self._optimizer = make_optimizer(model, options)
        self._schedule = make_schedule(self._optimizer, options, total_steps)
        device = next(model.parameters()).device
        self._scaler = torch.amp.GradScaler(device.type, enabled=scaled)
        self.ema = EMA(model, options.average)

    @property
    def lr(self) -> float:
        """The present learning rate."""
        return float(self._optimizer.param_groups[0]["lr"])

    @property
    def skips_overflows(self) -> bool:
        """True where a step is skipped if its gradient is not finite."""
        return self._scaler.is_enabled()

    def step(self, loss: Tensor, number: int) -> Tensor:
        """Backward, clip, update: step ``number`` of the training, from 1. The device is not waited for.

        Returns:
            the gradient norm () before clipping.
        """
        self._optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.unscale_(self._optimizer)
        norm = clip_grad_norm_(self._model.parameters(), self._clip)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._schedule.step()
        self.ema.update(number)
        return norm

    def state_dict(self) -> dict[str, Any]:
        """Return the state as ``last.pt`` holds it."""
        return {
            "average": self.ema.state(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "scaler": self._scaler.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state_dict`` returned; other keys are ignored.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: it is not such a state, or another network's.
        """
        self.ema.restore(state.get("average", ()))
        self._optimizer.load_state_dict(state["optimizer"])
        self._check_moments()
        self._schedule.load_state_dict(state["schedule"])
        if state.get("scaler"):  # none of a life that did not scale: in float32, or on a device without float16
            self._scaler.load_state_dict(state["scaler"])

    def branch_from(self, state: Mapping[str, Any], *, moments: bool, schedule: bool) -> None:
        """Go on from another run's state, with the settings of this one.

        Args:
            state: as ``state_dict`` returned it, or nothing where the weights alone are known.
            moments: take the optimiser's state.
            schedule: take the learning rate and its schedule; else the schedule begins.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: it is not such a state, or another network's.
        """
        if self.ema.state():
            self.ema.restore(state.get("average") or [weight.detach() for weight in self._model.parameters()])
        if moments:
            own = self._optimizer.state_dict()["param_groups"]
            self._optimizer.load_state_dict({"state": state["optimizer"]["state"], "param_groups": own})
            self._check_moments()
        if schedule:
            for group, saved in zip(self._optimizer.param_groups, state["optimizer"]["param_groups"], strict=True):
                group.update({name: saved[name] for name in _RATES if name in saved})
            self._schedule.load_state_dict(state["schedule"])
        if state.get("scaler"):
            self._scaler.load_state_dict(state["scaler"])

    def _check_moments(self) -> None:
        """Raises: ValueError: a tensor of the optimiser's state has not its parameter's shape and type."""
        for parameter, moments in self._optimizer.state.items():
            for moment in moments.values():
                whole = isinstance(moment, Tensor) and moment.ndim > 0
                if whole and (moment.shape != parameter.shape or moment.dtype != parameter.dtype):
                    raise ValueError("The optimiser's state is another network's.")


def make_optimizer(model: nn.Module, train: TrainOptions) -> optim.Optimizer:
    """Return the optimiser that ``train`` names; AdamW, Adam and SGD update in one fused operation."""
    weights = list(model.parameters())
    match train.optimizer:
        case "adamw":
            return eager(optim.AdamW)(weights, train.lr, weight_decay=train.weight_decay, fused=True)
        case "adam":
            return eager(optim.Adam)(weights, train.lr, weight_decay=train.weight_decay, fused=True)
        case "sgd":
            return eager(optim.SGD)(weights, train.lr, train.momentum, weight_decay=train.weight_decay, fused=True)
        case "rmsprop":
            return eager(optim.RMSprop)(weights, train.lr, weight_decay=train.weight_decay, momentum=train.momentum)


def make_schedule(optimizer: optim.Optimizer, train: TrainOptions, total_steps: int) -> LRScheduler:
    """Return the learning rate schedule that ``train`` names, over ``total_steps``."""
    match train.schedule:
        case "one-cycle":
            return OneCycleLR(
                optimizer, train.lr, total_steps=total_steps + 1, pct_start=train.warmup, cycle_momentum=False
            )
        case "cosine":
            return CosineAnnealingLR(optimizer, total_steps)
        case "constant":
            return LambdaLR(optimizer, lambda _: 1.0)
