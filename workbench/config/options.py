"""Settings that every task's runs share: of the recurrent network and of the training. No torch."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from workbench.config.generation import SEEDS

MOST_THREADS = 1024
MOST_PROCESSES = 64
DEVICE_PATTERN = r"^(auto|cpu|cuda(:[0-9]+)?)\Z"


class CellOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Size and shape of the recurrent network."""

    hidden: Annotated[int, Meta(ge=1, le=8192, description="hidden size: width of the state")] = 128
    layers: Annotated[int, Meta(ge=1, le=16, description="cells stacked on one another")] = 1
    bidirectional: Annotated[bool, Meta(description="read each sequence both ways")] = False
    dropout: Annotated[float, Meta(ge=0, lt=1, description="share of outputs dropped between layers")] = 0.0
    output_size: Annotated[
        int, Meta(ge=0, le=65536, description="output width of cells that have one of their own; 0: the hidden size")
    ] = 0
    kernel: Annotated[
        Literal["auto", "reference", "native", "torch"],
        Meta(
            description="what computes the recurrence: reference (the cell's Python loop), native (compiled C, Triton "
            "on a GPU), torch (torch's own function, cuDNN on a GPU); auto: native on the CPU, torch on a GPU"
        ),
    ] = "auto"


class TrainOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the training, the same for every task."""

    optimizer: Annotated[Literal["adamw", "adam", "rmsprop", "sgd"], Meta(description="optimiser")] = "adamw"
    lr: Annotated[float, Meta(gt=0, le=100, description="learning rate (its peak, where the schedule moves it)")] = 1e-3
    weight_decay: Annotated[float, Meta(ge=0, le=10, description="weight decay")] = 0.0
    momentum: Annotated[float, Meta(ge=0, lt=1, description="momentum of sgd and rmsprop")] = 0.0
    schedule: Annotated[
        Literal["constant", "one-cycle", "cosine"], Meta(description="how the learning rate moves over the run")
    ] = "constant"
    warmup: Annotated[
        float, Meta(gt=0, lt=1, description="share of the steps in which one-cycle's learning rate rises")
    ] = 0.3
    average: Annotated[
        float,
        Meta(ge=0, lt=1, description="decay of a running mean of the weights, evaluated and kept as best; 0: none"),
    ] = 0.0
    clip: Annotated[float, Meta(ge=0, le=1e6, description="largest gradient norm; 0: not clipped")] = 1.0
    batch_size: Annotated[int, Meta(ge=1, le=65536, description="examples a step")] = 128
    epochs: Annotated[int, Meta(ge=0, le=100_000, description="passes over the training split; 0: until max_steps")] = (
        10
    )
    min_steps: Annotated[
        int,
        Meta(
            ge=0,
            le=10**9,
            description="steps at least: few examples are passed through more often; 0, also where epochs are set: as "
            "they say",
        ),
    ] = 0
    max_steps: Annotated[int, Meta(ge=0, le=10**9, description="steps at most; 0: until epochs are done")] = 0
    max_seconds: Annotated[
        float, Meta(ge=0, le=1e9, description="seconds of training at most, evaluations included; 0: no limit")
    ] = 0.0
    target: Annotated[
        float,
        Meta(ge=0, le=1e9, description="end once an evaluation's main metric is so good or better; 0: go on"),
    ] = 0.0
    eval_every: Annotated[int, Meta(ge=0, le=10**9, description="steps between evaluations; 0: each epoch")] = 0
    eval_train: Annotated[
        int,
        Meta(
            ge=0, le=10**9, description="training examples, always the same, that each evaluation measures too; 0: none"
        ),
    ] = 2_000
    probe: Annotated[
        int,
        Meta(
            ge=0,
            le=4096,
            description="validation examples on which each evaluation measures the gradient through time; 0: none",
        ),
    ] = 32
    patience: Annotated[
        int, Meta(ge=0, le=100_000, description="stop after so many evaluations without a better one; 0: never")
    ] = 0
    keep: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000,
            description="evaluations kept besides best and last, to branch from: the first, the latest and others "
            "between; each takes the disk of last.pt, some three times the weights with adamw",
        ),
    ] = 0
    checkpoint_seconds: Annotated[float, Meta(ge=0, le=86400, description="seconds between checkpoints")] = 10.0
    seed: Annotated[int, Meta(ge=0, lt=SEEDS, description="seed of every random draw")] = 0
    device: Annotated[
        str,
        Meta(pattern=DEVICE_PATTERN, description="auto (CUDA if there is one), cpu, cuda or cuda:1"),
    ] = "auto"
    threads: Annotated[
        int,
        Meta(
            ge=0,
            le=MOST_THREADS,
            description="CPU threads of each process; 0: OMP_NUM_THREADS, else the cores, shared among the processes",
        ),
    ] = 0
    processes: Annotated[
        int,
        Meta(
            ge=1,
            le=MOST_PROCESSES,
            description="processes that share each batch: on GPUs each has its own, on the CPU they share the cores",
        ),
    ] = 1
    precision: Annotated[
        Literal["auto", "fp32", "bf16", "fp16", "fastest"],
        Meta(
            description="arithmetic of the network; auto: bf16 or fp16 on CUDA, fp32 on the CPU; fastest: as auto, but "
            "bf16 on a CPU where a measurement at the beginning finds it twice as fast"
        ),
    ] = "auto"
