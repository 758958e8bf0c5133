"""Precision of a run: the one that ``train.precision`` names, or the faster one by a measurement at its beginning.

A measurement depends on the clock. So it is made only where ``train.precision=fastest`` asks for it, once in a run:
a resumed run and an evaluation compute in the precision that the run's last ``started`` event recorded.

Shapes: B batch, T time, I input size.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cells._recurrent import Recurrent
from workbench.engine import devices
from workbench.runs.history import LatestEvents
from workbench.runs.run import Run

_WORTH = 2.0  # times faster: less is not worth the rounding
_STEPS = 8  # T of the measurement
_ROUNDS = 3
NAMES = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Precision(NamedTuple):
    """Type of mixed-precision arithmetic; ``None``: everything in float32."""

    dtype: torch.dtype | None
    note: str = ""  # a sentence on how it was chosen, where it was not the settings alone


def choose(run: Run, device: torch.device, model: nn.Module | None, *, strict: bool = True) -> Precision:
    """Return a run's precision on a device.

    Args:
        model: its network, whose recurrence is measured where ``train.precision=fastest`` asks for it; none: it is
            not, and what no training recorded is float32.
        strict: the device must have the precision; else float32 stands in for one that it lacks.

    Raises:
        DeviceError: it lacks it, and ``strict``.
    """
    name = run.spec.train.precision
    if name != "fastest" or device.type == "cuda":
        return Precision((devices.choose_precision if strict else devices.available_precision)(name, device))
    if begun := recorded(run):
        kept = None if begun == "float16" else NAMES.get(begun)  # float16: it began on a GPU
        return Precision(kept, f"train.precision=fastest: the run goes on in {spoken(kept)}, as it began.")
    if not _has_bf16():
        return Precision(None, "train.precision=fastest: this CPU has no bfloat16, so the run computes in float32.")
    recurrent = next((one for one in (model.modules() if model else ()) if isinstance(one, Recurrent)), None)
    if recurrent is None:
        return Precision(None)
    single, mixed = measure(recurrent, run.spec.train.batch_size)
    chosen = torch.bfloat16 if single >= _WORTH * mixed else None
    return Precision(
        chosen,
        f"train.precision=fastest: {_STEPS} steps of the recurrence took {1e3 * single:.2f} ms in float32 and "
        f"{1e3 * mixed:.2f} ms in bfloat16, so the run computes in {spoken(chosen)}.",
    )


def recorded(run: Run) -> str:
    """Return the name of the precision in which a run last began; empty: it never did."""
    started = LatestEvents(run.events_file).read().started
    return started.precision if started else ""


def spoken(dtype: torch.dtype | None) -> str:
    """Return a precision's name as events record it: ``float32``, ``bfloat16``."""
    return str(dtype or torch.float32).removeprefix("torch.")


def measure(recurrent: Recurrent, batch_size: int, clock: Callable[[], float] | None = None) -> tuple[float, float]:
    """Return the seconds of a forward and backward pass on the CPU: in float32, and in bfloat16.

    The shortest of three rounds in turns, after one that warms up. Gradients and random numbers stay as they are.

    Args:
        clock: none: of the processor's time on one thread, which others' work disturbs little; on more of the wall's.
    """
    clock = clock or (time.process_time if torch.get_num_threads() == 1 else time.perf_counter)
    parameters = [weight for weight in recurrent.parameters() if weight.requires_grad]
    with torch.random.fork_rng(devices=[]):
        x = torch.randn(batch_size, _STEPS, recurrent.input_size)  # (B,T,I)

        def seconds(dtype: torch.dtype | None) -> float:
            began = clock()
            with devices.autocast(x.device, dtype):
                outputs: Tensor = recurrent(x)[0]
            torch.autograd.grad(outputs.float().sum(), parameters, allow_unused=True)
            return clock() - began

        rounds = [(seconds(None), seconds(torch.bfloat16)) for _ in range(_ROUNDS + 1)]
    return min(single for single, _ in rounds[1:]), min(mixed for _, mixed in rounds[1:])


def _has_bf16() -> bool:
    """Return whether this CPU multiplies numbers of bfloat16 by itself: in tiles (AMX) or vectors (AVX-512)."""
    names = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in names)  # bool() where torch does not tell: False
