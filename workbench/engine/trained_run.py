"""A trained run in use: its task and its network with the best weights evaluate and predict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import nn

from tasks.base import AnyTask, Baselines, Data, Evaluation, Split
from tasks.views import View
from workbench.engine import checkpoint, data, devices, network, precision
from workbench.engine.generation import samples
from workbench.runs import checkpoints
from workbench.runs.events import Started
from workbench.runs.history import LatestEvents, read_history
from workbench.runs.run import Run, task_state


def load_trained(run: Run, threads: int = 0, device: str = "", at: str = "best") -> tuple[AnyTask, nn.Module]:
    """Load a run's task and its network with trained weights, in evaluation mode, without its dataset.

    Args:
        threads: of the CPU; 0: as the run was trained, but no more than there are cores.
        device: empty: where the run was last trained if that device is here, else the one for ``auto``.
        at: ``best``, ``last``, or the step of an evaluation that is kept (``train.keep``); the weights as evaluated.

    Raises:
        RunError, CheckpointError, DeviceError, SpecError: each with one plain sentence.
    """
    file = checkpoints.file_at(run, at)
    options = run.spec.train
    devices.configure_process(threads or min(options.threads, devices.cores()))
    started = LatestEvents(run.events_file).read().started  # from the file's end: it may hold millions of steps
    there = devices.choose_device(device) if device else devices.available_device(_last_device(run, started))
    devices.use(there)
    task = data.task_of(run.spec, task_state(run))
    task.tensors = checkpoint.load_tensors(run.tensors_file)
    with network.within_memory(run.spec, there, training=False):
        model = network.build(run.spec, task)
    if started and started.kernel == "reference":  # as the training computed, which may have found the kernel wrong
        for recurrent in network.recurrences(model):
            recurrent.kernel = "reference"
    load = checkpoint.load_best if file == run.best_file else checkpoint.load_evaluated
    load(file, model)
    return task, model.to(there).eval()


def _last_device(run: Run, started: Started | None) -> str:
    """Return the device setting of a run's last life: ``resume --device`` may have another than the spec."""
    return str((started.settings if started else {}).get("train.device", run.spec.train.device))


@contextmanager
def inference(run: Run, model: nn.Module) -> Iterator[None]:
    """Compute without gradients, in the precision by which the run is tested at the end of its training."""
    device = next(model.parameters()).device
    with torch.inference_mode(), devices.autocast(device, precision.choose(run, device, None, strict=False).dtype):
        yield


class Evaluated(NamedTuple):
    """A run's best weights on a split."""

    task: AnyTask
    evaluation: Evaluation
    baselines: Baselines  # on the same rows
    device: str  # its name, and the precision: "CPU, 2 threads, float32"


def evaluate(run: Run, split: Split, device: str = "") -> Evaluated:
    """Evaluate a run's best weights on a split, as the training tests them at its end.

    Args:
        device: as in ``load_trained``.

    Raises:
        DataError: neither the data nor its cached encoding is here.
        RunError, CheckpointError, DeviceError, SpecError: each with one plain sentence.
    """
    task, model = load_trained(run, device=device)
    _, examples = data.load(run.spec, task.state)
    there = next(model.parameters()).device
    with inference(run, model):
        evaluation = samples.evaluate(task, model, examples.to(there), split, run.spec.train.batch_size)
    arithmetic = precision.spoken(precision.choose(run, there, None, strict=False).dtype)
    name = f"{devices.device_name(there, torch.get_num_threads())}, {arithmetic}"
    return Evaluated(task, evaluation, _baselines(run, task, examples), name)


def _baselines(run: Run, task: AnyTask, examples: Data) -> Baselines:
    """Return the baselines on the same rows: as cached, else as the training measured them, else computed."""
    if cached := task.baseline(examples, cached_only=True):
        return cached
    measured = read_history(run.events_file).baseline
    return measured.methods if measured else task.baseline(examples)


def predictor(run: Run, device: str = "") -> Callable[[str], list[View]]:
    """Return a function from a text to views; it raises ``ValueError``, one sentence, for a text it cannot read."""
    task, model = load_trained(run, device=device)

    def predict(text: str) -> list[View]:
        with inference(run, model):
            return samples.predict(task, model, text)

    return predict
