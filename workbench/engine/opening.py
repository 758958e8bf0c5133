"""The first event of a worker's life: what trains, on what, and from where."""

from __future__ import annotations

import os
import platform
import socket
import time

import numpy
import torch

import workbench
from workbench.engine import devices, network
from workbench.engine.trainer import Trainer
from workbench.runs import events


def started(training: Trainer) -> events.Started:
    """A training as it stands before its first step."""
    return events.Started(
        time=time.time(),
        schema=events.SCHEMA,
        from_step=training.from_step,
        pid=os.getpid(),
        host=socket.gethostname(),
        device=devices.device_name(training.device, training.threads),
        precision=str(training.mixed or torch.float32).removeprefix("torch."),
        versions={
            "workbench": workbench.__version__,
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": numpy.__version__,
        },
        parameters=network.parameter_count(training.model),
        train_size=training.examples.size("train"),
        steps_per_epoch=training.steps_per_epoch,
        total_steps=training.total,
        protocol=training.task.protocol,
        notes=list(training.examples.notes),
    )
