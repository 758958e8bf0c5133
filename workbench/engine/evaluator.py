"""Evaluations of a network in training: validation, training sample, gradient through time, samples, baselines."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager

import torch
from torch import nn

from tasks.base import AnyTask, Baselines, Data, Evaluation, Metrics, Split
from workbench.engine import checkpoint, devices
from workbench.engine.alarms import Alarms, alarm_events
from workbench.engine.ema import EMA
from workbench.engine.generation import samples
from workbench.engine.probe import GradientProbe
from workbench.engine.state import TrainingState
from workbench.runs import events
from workbench.runs.events import Best, Event, all_finite, finite
from workbench.runs.run import Run


class Evaluator:
    """Measures a run's network between two steps of its training, and keeps the weights that are the best so far.

    Args:
        state: its best evaluation is kept up to date.
        ema: the weights that are evaluated, in place of the network's own.
        alarms: those of the training.
        precision: dtype of the computation; ``None``: float32.
        sample: of the training examples, measured at every evaluation; ``None``: it is not.
        total_steps: the step at which the training ends.
    """

    def __init__(
        self,
        run: Run,
        state: TrainingState,
        task: AnyTask,
        model: nn.Module,
        examples: Data,
        *,
        ema: EMA,
        alarms: Alarms,
        precision: torch.dtype | None,
        sample: Data | None,
        steps_per_epoch: int,
        total_steps: int,
    ) -> None:
        self.run, self.state = run, state
        self.task, self.model, self.examples, self.training_sample = task, model, examples, sample
        self.options = run.spec.train
        self.alarms = alarms
        self.baselines: Mapping[str, Metrics] = {}  # on the validation rows, by their names; empty: not known
        self._ema, self._precision = ema, precision
        self._device = next(model.parameters()).device
        self._steps_per_epoch, self._total_steps = steps_per_epoch, total_steps
        self._probe: GradientProbe | None = None  # made at the first evaluation

    @property
    def best(self) -> Best:
        """The best evaluation so far."""
        return Best(step=self.state.best_step, metric=self._best_metric, value=finite(self.state.best_value))

    @property
    def _best_metric(self) -> str:
        """Name of the validation metric by which an evaluation is the best."""
        settings = self.run.spec.settings
        return "loss" if settings.best_by_loss else str(settings.metric)

    def evaluate(self, split: Split) -> Evaluation:
        """Return metrics and views of a split with the weights as they are."""
        self.model.eval()
        with self.state.doing("evaluating"), torch.inference_mode(), self._autocast():
            evaluation = samples.evaluate(self.task, self.model, self.examples, split, self.options.batch_size)
        self.model.train()
        return evaluation

    def evaluate_training_sample(self) -> tuple[Metrics, float]:
        """Return the metrics of the training sample with the weights as they are, and the seconds that it took.

        There are none where nothing is measured. No random number of the training is drawn.
        """
        if self.training_sample is None:
            return {}, 0.0
        began, size = time.monotonic(), max(self.options.batch_size, samples.EVAL_BATCH)
        self.model.eval()
        with self.state.doing("evaluating"), torch.inference_mode(), self._autocast():
            evaluation = self.task.evaluate(self.model, self.training_sample, "train", size)
        self.model.train()
        return all_finite(evaluation.metrics), time.monotonic() - began

    def probe_gradient(self) -> Iterator[Event]:
        """Yield the gradient through time with the weights as they are; an alarm where it cannot be measured."""
        if not self.options.probe:
            return
        self.model.eval()
        try:
            with self.state.doing("measuring the gradient through time"):
                if self._probe is None:
                    self._probe = GradientProbe(self.task, self.examples, self.options.probe, self.options.seed)
                probe = self._probe.measure(self.model, self.state.step)
        except Exception as error:  # of a cell or task of the user's own: the training can do without
            self.state.activity = "training"
            traceback.print_exc()
            yield from self._alarm_events(self.alarms.check_probe_error(error))
        else:
            if probe is not None:
                yield probe
                yield from self._alarm_events(self.alarms.check_probe(probe))
        finally:
            self.model.train()

    def sample(self) -> Iterator[Event]:
        """Yield a sample of the present network, where its task makes samples."""
        self.model.eval()
        with self._ema.applied(), torch.inference_mode(), self._autocast():
            view = samples.sample(self.task, self.model)
        self.model.train()
        if view is not None:
            yield events.Sample(time=time.time(), step=self.state.step, view=view)

    def validate(self) -> Iterator[Event]:
        """Evaluate on the validation split, and save the weights where they are the best so far."""
        with self._ema.applied():
            evaluation = self.evaluate("val")
            train, train_s = self.evaluate_training_sample()
        value = evaluation.metrics.get(self._best_metric)
        if self.state.best_step < 0 or self._better(value, evaluation.metrics.get("loss")):
            self.state.best_step, self.state.best_value, self.state.worse = self.state.step, value, 0
            self.state.best_metrics = all_finite(evaluation.metrics)
            self.save_best()
        else:
            self.state.worse += 1
        self.state.reached = self._reaches_target(evaluation.metrics)
        yield events.Eval(
            time=time.time(),
            step=self.state.step,
            epoch=self.state.epochs(self._steps_per_epoch),
            metrics=all_finite(evaluation.metrics),
            views=evaluation.views,
            best=self.best,
            train=train,
            train_s=train_s,
        )
        sentences = self.alarms.check_evaluation(
            evaluation.metrics,
            self.run.spec.settings,
            self.baselines,
            self.best,
            epoch=self.state.epochs(self._steps_per_epoch),
            step=self.state.step,
            total=self._total_steps,
            since_best=self.state.worse,
        )
        yield from self._alarm_events(sentences)
        with self._ema.applied():
            probed = [*self.probe_gradient()]
        yield from probed

    def measure_baselines(self) -> Iterator[Event]:
        """Yield the baselines' metrics on the same rows; an alarm where they fail: the network is trained by then."""
        try:
            with self.state.doing("measuring the baselines"):
                baselines = self.task.baseline(self.examples)
            yield self.set_baselines(baselines)
        except Exception as error:
            self.state.activity = "training"
            traceback.print_exc()
            yield from self._alarm_events(
                [f"The baselines could not be measured ({error}): the traceback is in the log."]
            )

    def set_baselines(self, methods: Baselines) -> Event:
        """Compare the evaluations from now on with the baselines; return their event."""
        self.baselines = methods.get("val", {})
        return events.Baseline(time=time.time(), methods=methods)

    def judge_best(self) -> Iterator[Event]:
        """Yield an alarm where a baseline is better on validation than the best weights."""
        sentences = self.alarms.check_best(self.state.best_metrics, self.run.spec.settings, self.baselines)
        yield from self._alarm_events(sentences)

    def save_best(self) -> None:
        """Write ``best.safetensors``: the weights as they are evaluated."""
        about = {"step": str(self.state.step), "task": self.run.spec.task, "cell": self.run.spec.cell}
        with self.state.doing("saving"), self._ema.applied():
            checkpoint.save_best(self.run.best_file, self.model, about)

    def load_best(self) -> None:
        """Read ``best.safetensors`` into the network."""
        checkpoint.load_best(self.run.best_file, self.model)

    def _autocast(self) -> AbstractContextManager[object]:
        return devices.autocast(self._device, self._precision)

    def _alarm_events(self, sentences: Iterable[str]) -> Iterator[Event]:
        return alarm_events(self.state.step, sentences)

    def _reaches_target(self, metrics: Metrics) -> bool:
        """Return whether an evaluation's main metric is at least as good as ``train.target``."""
        settings, target = self.run.spec.settings, self.options.target
        value = finite(metrics.get(settings.metric))
        if not target or value is None:
            return False
        return value >= target if settings.higher_is_better else value <= target

    def _better(self, value: float | None, loss: float | None) -> bool:
        """Return whether an evaluation is better than the best so far; equal ones are told apart by their loss."""
        value, best = finite(value), finite(self.state.best_value)
        if value is None or best is None:
            return value is not None
        if value == best:
            loss, best_loss = finite(loss), self.state.best_metrics.get("loss")
            return loss is not None and best_loss is not None and loss < best_loss
        settings = self.run.spec.settings
        return (value > best) is (settings.higher_is_better and not settings.best_by_loss)
