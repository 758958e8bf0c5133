"""Optimisers and schedules by their names in the spec."""

from __future__ import annotations

from torch import nn, optim
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LRScheduler, OneCycleLR

from workbench.config.spec import TrainOptions


def make_optimizer(model: nn.Module, train: TrainOptions) -> optim.Optimizer:
    """The optimiser that ``train`` names; AdamW, Adam and SGD in one fused operation."""
    weights = list(model.parameters())
    match train.optimizer:
        case "adamw":
            return optim.AdamW(weights, train.lr, weight_decay=train.weight_decay, fused=True)
        case "adam":
            return optim.Adam(weights, train.lr, weight_decay=train.weight_decay, fused=True)
        case "sgd":
            return optim.SGD(weights, train.lr, train.momentum, weight_decay=train.weight_decay, fused=True)
        case "rmsprop":
            return optim.RMSprop(weights, train.lr, weight_decay=train.weight_decay, momentum=train.momentum)


def make_schedule(optimizer: optim.Optimizer, train: TrainOptions, total_steps: int) -> LRScheduler:
    """The schedule that ``train`` names, over ``total_steps``."""
    match train.schedule:
        case "one-cycle":
            return OneCycleLR(
                optimizer, train.lr, total_steps=total_steps + 1, pct_start=train.warmup, cycle_momentum=False
            )
        case "cosine":
            return CosineAnnealingLR(optimizer, total_steps)
        case "constant":
            return LambdaLR(optimizer, lambda _: 1.0)
