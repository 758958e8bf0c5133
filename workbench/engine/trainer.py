"""A training's parts, as its last checkpoint left them, and what can be done with them: step, measure, save."""

from __future__ import annotations

import dataclasses
import math
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import msgspec
import torch
from torch.nn.utils import clip_grad_norm_

from tasks.base import Evaluation, Metrics, PlainError, Split
from tasks.shared import files
from workbench.engine import checkpoint, data, devices, network
from workbench.engine.alarms import Alarms
from workbench.engine.ema import Average
from workbench.engine.optim import make_optimizer, make_schedule
from workbench.engine.step_statistics import Meter
from workbench.runs import events
from workbench.runs.events import Best, Event
from workbench.runs.store import Run, task_state

_EVAL_BATCH = 256  # at least so many examples at a time where no gradient is kept


class NotFinite(PlainError):
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
    alarms: list[str] = dataclasses.field(default_factory=list)  # what was raised and has not passed


class Trainer:
    """Data, network, optimiser and schedule of a run.

    Args:
        at: filled in from the last checkpoint, and kept up to date.

    Raises:
        DataError, DeviceError, SpecError, CheckpointError: each with one plain sentence.
        OSError: ``task.json`` could not be written.
    """

    def __init__(self, run: Run, at: Position) -> None:
        self.run, self.at = run, at
        self.options = options = run.spec.train
        self.threads = devices.prepare(options.threads)
        self.device = device = devices.choose_device(options.device)
        self.mixed = devices.choose_precision(options.precision, device)
        torch.manual_seed(options.seed)
        state = task_state(run) if run.task_file.exists() else None
        self.task, examples = data.load(run.spec, state)
        self.examples = examples.to(device)
        files.write(run.task_file, msgspec.json.encode(self.examples.state))
        checkpoint.save_tensors(run.tensors_file, self.task.artifacts(examples))
        self.model = network.build(run.spec, self.task).to(device)
        self.optimizer = make_optimizer(self.model, options)
        self.steps_per_epoch = len(self.order())
        self.total = min(filter(None, (options.epochs * self.steps_per_epoch, options.max_steps)))
        self.schedule = make_schedule(self.optimizer, options, self.total)
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.mixed is torch.float16)
        self.average = Average(self.model, options.average)
        self.resumed = self._restore()
        if not self.resumed:
            self.task.initialise(self.model, self.examples)
        self.from_step = at.step
        self.model.train()
        self.meter = Meter(device)
        self.alarms = Alarms(at.alarms)
        self.baselines: Mapping[str, Metrics] = {}  # the baselines on the validation rows, where they are known
        self._counted = 0.0  # seconds of this life that ``at.wall_s`` holds already
        self._saved = time.monotonic()

    def order(self) -> Sequence[Any]:
        """The batches of the present epoch: drawn from (seed, epoch), so that a resumed run draws the same ones."""
        generator = torch.Generator().manual_seed((self.options.seed * 1_000_003 + self.at.epoch) % 2**63)
        return self.task.batches(self.examples, "train", self.options.batch_size, generator)

    @property
    def epoch(self) -> float:
        """Epochs done, with the part of the present one."""
        return self.at.epoch + self.at.batch / self.steps_per_epoch

    def done(self) -> bool:
        """All steps are made, or patience is at its end."""
        return self.at.step >= self.total or 0 < self.options.patience <= self.at.worse

    def checkpoint_due(self) -> bool:
        return time.monotonic() - self._saved >= self.options.checkpoint_seconds

    @property
    def best(self) -> Best:
        return Best(step=self.at.best_step, metric=self._best_metric, value=finite(self.at.best_value))

    @property
    def _best_metric(self) -> str:
        """The validation metric that picks the best checkpoint."""
        settings = self.run.spec.settings
        return "loss" if settings.best_by_loss else str(settings.metric)

    @property
    def examples_per_s(self) -> float:
        """Over all lives of the run, evaluations included."""
        return self.at.examples / max(self.at.wall_s, 1e-9)

    def step(self, rows: Any) -> None:
        """Forward, backward, clip, update: one batch. The device is not waited for."""
        with self._autocast():
            loss = self.task.loss(self.model, self.examples, rows)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self.scaler.unscale_(self.optimizer)
        norm = clip_grad_norm_(self.model.parameters(), self.options.clip or math.inf)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.schedule.step()
        self.at.step += 1
        self.average.update(self.at.step)
        self.at.batch += 1
        self.at.examples += len(rows)
        self.meter.add(loss, norm, len(rows))

    def evaluation_due(self) -> bool:
        every = self.options.eval_every
        return self.at.step == self.total or (self.at.step % every == 0 if every else self._epoch_whole)

    def turn_epoch(self) -> None:
        """After an epoch's last batch, stand at the beginning of the next."""
        if self._epoch_whole:
            self.at.epoch, self.at.batch = self.at.epoch + 1, 0

    def report(self) -> Iterator[Event]:
        """A step event of what the meter holds, if it holds anything.

        Raises:
            NotFinite: the loss or the gradient since the last report.
        """
        if not self.meter.steps:
            return
        loss, norm, speed = self.meter.read()
        # a scaler skips the steps whose gradient overflowed
        if not math.isfinite(loss) or (not self.scaler.is_enabled() and not math.isfinite(norm)):
            raise self._not_finite("The gradient" if math.isfinite(loss) else "The loss")
        yield events.Step(
            time=time.time(),
            step=self.at.step,
            epoch=self.epoch,
            loss=loss,
            grad_norm=finite(norm),
            lr=self.optimizer.param_groups[0]["lr"],
            examples_per_s=speed,
            eta_s=self.meter.seconds_for(self.total - self.at.step),
            memory_mb=devices.memory_mb(self.device),
        )
        yield from self._raise(self.alarms.reported(finite(norm), self.options.clip, self.options.lr))

    def evaluate(self, split: Split) -> Evaluation:
        """Metrics and views of a split with the weights as they are."""
        self.model.eval()
        with torch.inference_mode(), self._autocast():
            found = self.task.evaluate(self.model, self.examples, split, max(self.options.batch_size, _EVAL_BATCH))
        self.model.train()
        return found

    def begin_epoch(self) -> None:
        """Let the task prepare the network for the present epoch."""
        self.task.begin_epoch(self.model, self.at.epoch)

    def sample(self) -> Iterator[Event]:
        """What the network makes as it stands, where its task lets it make something."""
        self.model.eval()
        with self.average.shown(), torch.inference_mode(), self._autocast():
            made = self.task.sample(self.model)
        self.model.train()
        if made is not None:
            yield events.Sample(time=time.time(), step=self.at.step, view=made)

    def validate(self) -> Iterator[Event]:
        """Evaluate on the validation split, and keep the weights where they are the best so far."""
        with self.average.shown():
            found = self.evaluate("val")
        value = found.metrics.get(self._best_metric)
        if self.at.best_step < 0 or self._better(value):
            self.at.best_step, self.at.best_value, self.at.worse = self.at.step, value, 0
            self.save_best()
        else:
            self.at.worse += 1
        yield events.Eval(
            time=time.time(),
            step=self.at.step,
            epoch=self.epoch,
            metrics=all_finite(found.metrics),
            views=found.views,
            best=self.best,
        )
        raised = self.alarms.evaluated(
            found.metrics,
            self.run.spec.settings,
            self.baselines,
            self.best,
            epoch=self.epoch,
            step=self.at.step,
            total=self.total,
            since_best=self.at.worse,
        )
        yield from self._raise(raised)

    def measure_baselines(self) -> Event:
        """What baselines reach on the same rows; where they fail, an alarm: that costs nobody a trained network."""
        try:
            return events.Baseline(time=time.time(), methods=self.task.baseline(self.examples))
        except Exception as error:
            traceback.print_exc()
            said = f"The baselines could not be measured ({error}): the traceback is in the log."
            return events.Alarm(time=time.time(), step=self.at.step, message=said)

    def save(self) -> Event:
        """``last.pt``: all that resuming needs.

        Raises:
            NotFinite: a weight; what was saved before stays.
            OSError: the file could not be written; what was saved before stays.
        """
        if not all(bool(weight.isfinite().all()) for weight in self.model.parameters()):
            raise self._not_finite("A weight")
        elapsed = self.meter.elapsed
        self.at.wall_s += elapsed - self._counted
        self._counted, self._saved = elapsed, time.monotonic()
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "generators": checkpoint.generators(self.device),
            "position": dataclasses.asdict(self.at),
        }
        checkpoint.save_last(self.run.last_file, state)
        return events.Checkpoint(time=time.time(), step=self.at.step)

    def save_best(self) -> None:
        about = {"step": str(self.at.step), "task": self.run.spec.task, "cell": self.run.spec.cell}
        with self.average.shown():
            checkpoint.save_best(self.run.best_file, self.model, about)

    def load_best(self) -> None:
        checkpoint.load_best(self.run.best_file, self.model)

    def _raise(self, sentences: Iterable[str]) -> Iterator[Event]:
        return (events.Alarm(time=time.time(), step=self.at.step, message=sentence) for sentence in sentences)

    @property
    def _epoch_whole(self) -> bool:
        return self.at.batch == self.steps_per_epoch

    def _autocast(self) -> AbstractContextManager[object]:
        return torch.autocast(self.device.type, self.mixed) if self.mixed else nullcontext()

    def _restore(self) -> bool:
        saved = checkpoint.load_last(self.run.last_file, self.device)
        if saved is None:
            return False
        try:
            checkpoint.restore(self.run.last_file, self.model, saved["model"])
            self.average.restore(saved.get("average", ()))
            self.optimizer.load_state_dict(saved["optimizer"])
            self.schedule.load_state_dict(saved["schedule"])
            self.scaler.load_state_dict(saved["scaler"])
            checkpoint.set_generators(saved["generators"], self.device)
            for name, value in saved["position"].items():
                setattr(self.at, name, value)
        except (KeyError, TypeError, ValueError, AttributeError):  # whole, and yet not what was written
            raise checkpoint.damaged(self.run.last_file) from None
        return True

    def _better(self, value: float | None) -> bool:
        best = finite(self.at.best_value)
        if finite(value) is None or value is None:
            return False
        if best is None:
            return True
        settings = self.run.spec.settings
        return value > best if settings.higher_is_better and not settings.best_by_loss else value < best

    def _not_finite(self, what: str) -> NotFinite:
        clip = "" if self.options.clip else " or clip the gradient (train.clip=1)"
        return NotFinite(
            f"{what} stopped being a number by step {self.at.step} (epoch {self.at.epoch + 1}): "
            f"start again with a lower --lr (it is {self.options.lr:g}){clip}. What was saved before is untouched."
        )


def finite(value: float | None) -> float | None:
    """A number that JSON can hold; ``None`` for what is none."""
    return value if value is not None and math.isfinite(value) else None


def all_finite(metrics: Metrics) -> Metrics:
    return {name: finite(value) for name, value in metrics.items()}
