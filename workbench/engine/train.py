"""The training loop: a generator of events that reads top to bottom."""

from __future__ import annotations

import dataclasses
import math
import os
import platform
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import msgspec
import numpy
import torch
from torch.nn.utils import clip_grad_norm_

import workbench
from tasks.base import Evaluation, Split
from tasks.common import files
from workbench import events
from workbench.engine import checkpoint, data, network, process
from workbench.engine.meter import Meter
from workbench.engine.optimise import make_optimizer, make_schedule
from workbench.events import Best, Event
from workbench.runs import Run, task_state

_EVAL_BATCH = 256  # at least so many examples at a time where no gradient is kept


class NotFinite(Exception):
    """The loss, its gradient or a weight is no longer a number. The message is one plain sentence."""


@dataclasses.dataclass
class Position:
    """Where a training stands: all of it that is not a tensor."""

    step: int = 0
    epoch: int = 0
    batch: int = 0  # within the epoch
    examples: int = 0
    wall_s: float = 0.0
    best_step: int = -1  # -1: never evaluated
    best_value: float | None = None
    worse: int = 0  # evaluations since the best one


def train(run: Run, should_stop: Callable[[], bool], at: Position) -> Iterator[Event]:
    """Train a run from its last checkpoint, or from the beginning, to its end.

    Args:
        should_stop: asked about four times a second; true: save a checkpoint and end.
        at: filled in as the training goes, so that whoever runs the loop can say where it broke off.

    Raises:
        DataError, DeviceError, SpecError, CheckpointError, NotFinite: each with one plain sentence.
        OSError: a file could not be written; everything saved before is untouched.
    """
    spec, options = run.spec, run.spec.train
    threads = process.prepare(options.threads)
    device = process.choose_device(options.device)
    mixed = process.choose_precision(options.precision, device)
    torch.manual_seed(options.seed)

    task, examples = data.load(spec, task_state(run) if run.task_file.exists() else None)
    examples = examples.to(device)
    files.write(run.task_file, msgspec.json.encode(examples.state))
    model = network.build(spec, task).to(device)
    optimizer = make_optimizer(model, options)
    steps_per_epoch = len(task.batches(examples, "train", options.batch_size, _order(options.seed, 0)))
    total = _total_steps(options.epochs * steps_per_epoch, options.max_steps)
    schedule = make_schedule(optimizer, options, total)
    scaler = torch.amp.GradScaler(device.type, enabled=mixed is torch.float16)

    def autocast() -> AbstractContextManager[object]:
        return torch.autocast(device.type, mixed) if mixed else nullcontext()

    def evaluate(split: Split) -> Evaluation:
        model.eval()
        with torch.inference_mode(), autocast():
            found = task.evaluate(model, examples, split, max(options.batch_size, _EVAL_BATCH))
        model.train()
        return found

    def best() -> Best:
        return Best(step=at.best_step, metric=spec.settings.metric, value=_finite(at.best_value))

    def save() -> Event:
        """``last.pt``, after the events that it stands on have reached the disk."""
        if not all(bool(weight.isfinite().all()) for weight in model.parameters()):
            raise NotFinite(_not_finite(run, at, "A weight"))
        at.wall_s += meter.elapsed - clock["counted"]
        clock.update(counted=meter.elapsed, saved=time.monotonic())
        state = {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
            "scaler": scaler.state_dict(),
            "generators": checkpoint.generators(device),
            "position": dataclasses.asdict(at),
        }
        checkpoint.save_last(run.last_file, state)
        return events.Checkpoint(time=time.time(), step=at.step)

    def done() -> bool:
        return at.step >= total or 0 < options.patience <= at.worse

    def save_best() -> None:
        about = {"step": str(at.step), "task": spec.task, "cell": spec.cell}
        checkpoint.save_best(run.best_file, model, about)

    def report() -> Iterator[Event]:
        """A step event of what the meter holds, if it holds anything."""
        if not meter.steps:
            return
        loss, norm, speed = meter.read()
        if not math.isfinite(loss) or (not scaler.is_enabled() and not math.isfinite(norm)):
            raise NotFinite(_not_finite(run, at, "The gradient" if math.isfinite(loss) else "The loss"))
        yield events.Step(
            time=time.time(),
            step=at.step,
            epoch=at.epoch + at.batch / steps_per_epoch,
            loss=loss,
            grad_norm=_finite(norm),
            lr=optimizer.param_groups[0]["lr"],
            examples_per_s=speed,
            eta_s=meter.seconds_for(total - at.step),
            memory_mb=process.memory_mb(device),
        )

    saved = checkpoint.load_last(run.last_file, device)
    if saved:
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        scaler.load_state_dict(saved["scaler"])
        checkpoint.set_generators(saved["generators"], device)
        for name, value in saved["position"].items():
            setattr(at, name, value)
    yield events.Started(
        time=time.time(),
        schema=events.SCHEMA,
        from_step=at.step,
        pid=os.getpid(),
        host=socket.gethostname(),
        device=process.device_name(device, threads),
        precision=str(mixed or torch.float32).removeprefix("torch."),
        versions={
            "workbench": workbench.__version__,
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": numpy.__version__,
        },
        parameters=network.parameter_count(model),
        train_size=examples.size("train"),
        steps_per_epoch=steps_per_epoch,
        total_steps=total,
        protocol=task.protocol,
        notes=list(examples.notes),
    )
    baseline = task.baseline(examples, cached_only=True)
    if baseline:
        yield events.Baseline(time=time.time(), methods=baseline)

    meter = Meter(device)
    clock = {"counted": 0.0, "saved": time.monotonic()}
    model.train()
    if not saved:
        yield save()
    while not done():
        order = task.batches(examples, "train", options.batch_size, _order(options.seed, at.epoch))
        for rows in order[at.batch :]:
            with autocast():
                loss = task.loss(model, examples, rows)
            optimizer.zero_grad(set_to_none=True)
            scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            scaler.unscale_(optimizer)
            norm = clip_grad_norm_(model.parameters(), options.clip or math.inf)
            scaler.step(optimizer)
            scaler.update()
            schedule.step()
            at.step += 1
            at.batch += 1
            at.examples += len(rows)
            meter.add(loss, norm, len(rows))

            stop = False
            if meter.due or at.step == total:
                yield from report()
                stop = should_stop()
            whole = at.batch == len(order)
            if at.step % options.eval_every == 0 if options.eval_every else whole or at.step == total:
                yield from report()
                found = evaluate("val")
                value = found.metrics.get(spec.settings.metric)
                if at.best_step < 0 or _better(value, at.best_value, spec.settings.higher_is_better):
                    at.best_step, at.best_value, at.worse = at.step, value, 0
                    save_best()
                else:
                    at.worse += 1
                yield events.Eval(
                    time=time.time(),
                    step=at.step,
                    epoch=at.epoch + at.batch / steps_per_epoch,
                    metrics=_all_finite(found.metrics),
                    views=found.views,
                    best=best(),
                )
                if not all(map(math.isfinite, (v for v in found.metrics.values() if v is not None))):
                    yield events.Alarm(time=time.time(), step=at.step, message="A validation figure is not a number.")
            if whole:
                at.epoch, at.batch = at.epoch + 1, 0
            if stop or done() or time.monotonic() - clock["saved"] >= options.checkpoint_seconds:
                yield from report()
                yield save()
            if done():
                break
            if stop:
                if at.best_step < 0:
                    save_best()  # whoever stops before the first evaluation still has a network to ask
                yield events.Stopped(
                    time=time.time(),
                    step=at.step,
                    epochs=at.epoch + at.batch / steps_per_epoch,
                    wall_s=at.wall_s,
                    examples_per_s=at.examples / max(at.wall_s, 1e-9),
                )
                return

    checkpoint.load_best(run.best_file, model)
    tested = evaluate("test")
    if not baseline:
        yield events.Baseline(time=time.time(), methods=task.baseline(examples))
    yield events.Finished(
        time=time.time(),
        step=at.step,
        epochs=at.epoch + at.batch / steps_per_epoch,
        reason="all steps done" if at.step == total else f"no better evaluation in {at.worse}",
        best=best(),
        test=_all_finite(tested.metrics),
        views=tested.views,
        wall_s=at.wall_s,
        examples_per_s=at.examples / max(at.wall_s, 1e-9),
    )


def _order(seed: int, epoch: int) -> torch.Generator:
    """The generator of an epoch's order: a resumed run draws the same one without replaying the earlier epochs."""
    return torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)


def _total_steps(by_epochs: int, by_steps: int) -> int:
    return min(filter(None, (by_epochs, by_steps)))


def _better(value: float | None, best: float | None, higher: bool) -> bool:
    if value is None or not math.isfinite(value):
        return False
    if best is None or not math.isfinite(best):
        return True
    return value > best if higher else value < best


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _all_finite(metrics: events.Metrics) -> events.Metrics:
    return {name: _finite(value) for name, value in metrics.items()}


def _not_finite(run: Run, at: Position, what: str) -> str:
    options = run.spec.train
    clip = "" if options.clip else " or clip the gradient (train.clip=1)"
    return (
        f"{what} stopped being a number by step {at.step} (epoch {at.epoch + 1}): "
        f"start again with a lower --lr (it is {options.lr:g}){clip}. What was saved before is untouched."
    )
