"""The race: cells trained in turns in one process, on the same task, seed and batches. A generator of events."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence

import torch

from tasks.base import Data
from workbench import interruption
from workbench.config.remarks import remarks
from workbench.config.spec import RunSpec
from workbench.engine import checkpoint, data, devices, network, twins
from workbench.engine.racer import Racer, make_racers
from workbench.races.budget import Budget
from workbench.races.events import Begun, Contender, Ended, Evaluated, Event, Out, RaceError, Turn
from workbench.runs.events import finite

_BOUND, _BOUND_MIXED = 1e-4, 5e-2  # of two twins' losses: sums in another order, in float32 and in mixed precision
_STOP_CHECK_SECONDS = 0.25


def race(
    specs: Sequence[RunSpec],
    budget: Budget,
    should_stop: Callable[[], bool],
    *,
    clock: Callable[[], float] | None = None,
) -> Iterator[Event]:
    """Race the cells of ``specs``, which differ in nothing else, until the budget is spent.

    Twins start from the same weights, others from weights that the same seed draws. Each makes a block of steps, then
    the next one; who begins changes from block to block. No run is made.

    Args:
        should_stop: asked after each block, and four times a second while data are read and networks are evaluated;
            true: end the race, evaluate, and asked again: do without.
        clock: seconds; none: on one thread, which is usual here, the CPU time of this process, which others' work on
            the machine disturbs little; on more, whose waiting for one another counts there, and on a GPU wall time.

    Raises:
        DataError, DeviceError, SpecError, MemoryLimitError, RaceError: each with one plain sentence.
        Interrupted: it was asked to stop before it began.
    """
    options = specs[0].train
    threads = devices.configure_process(options.threads or 1)
    device = devices.choose_device(options.device)
    devices.use(device)
    amp = devices.choose_precision(options.precision, device)
    by_cpu = threads == 1 and device.type == "cpu"
    clock = clock or (time.process_time if by_cpu else _wall_clock(device))
    with interruption.polled(should_stop, _STOP_CHECK_SECONDS):
        for spec in specs:
            network.check_recurrence(spec, device)
        _, examples = data.load(specs[0])
        examples = examples.to(device)
        racers = make_racers(specs, examples, budget, device, amp)
        contenders = _contenders(racers, examples)
    yield Begun(
        task=specs[0].task,
        contenders=contenders,
        budget=budget,
        seed=options.seed,
        batch_size=options.batch_size,
        train_size=examples.size("train"),
        starter=specs[0].data == "starter",
        device=devices.device_name(device, threads),
        precision=str(amp or torch.float32).removeprefix("torch."),
        clock="CPU" if by_cpu else "wall",
        bound=_BOUND_MIXED if amp else _BOUND,
        notes=[*remarks(specs[0]), *devices.thread_note(threads, chosen=options.threads > 0)],
    )
    stopped = yield from _turns(racers, budget, should_stop, clock)
    evaluated: list[Evaluated] = []
    try:
        with interruption.polled(should_stop, _STOP_CHECK_SECONDS):
            evaluated.extend(racer.evaluate() for racer in racers if racer.step and not racer.out)
    except interruption.Interrupted:
        stopped = True
    yield from evaluated
    yield Ended(reason="stopped on request" if stopped else _reason(racers, budget))


def _contenders(racers: Sequence[Racer], examples: Data) -> list[Contender]:
    """Return the cells at the start, with the parity of twins on the first batch."""
    task = data.task_of(racers[0].spec, examples.state)
    options = racers[0].spec.train
    rows = data.epoch_batches(task, examples, options.seed, 0, options.batch_size)[0]
    model_of = {racer.spec.cell: racer.model for racer in racers}
    found = []
    for racer in racers:
        other = model_of.get(racer.twin_of)
        apart = None
        if other is not None:
            apart = twins.parity(other, racer.model, lambda net: task.loss(net, examples, rows))
        found.append(
            Contender(
                cell=racer.spec.cell,
                parameters=network.parameter_count(racer.model),
                kernel=network.kernel(racer.model),
                twin_of=racer.twin_of,
                parity=finite(apart),
            )
        )
    return found


def _turns(
    racers: Sequence[Racer], budget: Budget, should_stop: Callable[[], bool], clock: Callable[[], float]
) -> Generator[Event, None, bool]:
    """Yield the blocks of steps in their turns, and who leaves; return whether it was asked to stop."""
    block = 0
    while racing := [racer for racer in racers if racer.due(budget)]:
        begin = block % len(racing)
        for racer in racing[begin:] + racing[:begin]:
            yield from _block(racer, block, budget, clock)
            if should_stop():
                return True
        block += 1
    return False


def _block(racer: Racer, block: int, budget: Budget, clock: Callable[[], float]) -> Iterator[Event]:
    """Let a cell make a block of steps; yield it, and its end where its loss is no number."""
    steps = racer.block_steps(budget)
    wall, since = time.perf_counter(), clock()
    try:
        made, examples = racer.train(steps)
    except (Exception, SystemExit) as error:  # a user's cell or task may end the program as well
        if sentence := _explain(error, racer):
            raise RaceError(sentence) from error
        raise
    seconds, wall_s = clock() - since, time.perf_counter() - wall
    racer.seconds += seconds
    losses = [finite(loss) for loss in made.tolist()]
    racer.out = None in losses and not racer.optimization.skips_overflows
    if racer.out:
        losses = losses[: losses.index(None) + 1]
    yield Turn(
        block=block,
        cell=racer.spec.cell,
        step=racer.step - steps + len(losses),
        seconds=seconds,
        wall_s=wall_s,
        examples=examples,
        losses=losses,
    )
    if racer.out:
        yield Out(
            cell=racer.spec.cell,
            message=f"The loss of {racer.spec.cell} stopped being a number at step {racer.step - steps + len(losses)}: "
            f"race again with a lower train.lr (it is {racer.spec.train.lr:g}).",
        )


def _explain(error: BaseException, racer: Racer) -> str:
    """Return the sentence on an error of a step; empty: it is another one."""
    cell, options = racer.spec.cell, racer.spec.options
    if checkpoint.out_of_memory(error):
        return (
            f"The memory did not suffice for {cell} at step {racer.step + 1}: race fewer cells, or with a smaller "
            f"train.batch_size (it is {racer.spec.train.batch_size}) or cell.hidden (it is {options.hidden})."
        )
    if isinstance(error, SystemExit):
        return f"{cell} ended the program at step {racer.step + 1}, which a cell or task may not do: mend its file."
    if "could not create a primitive" in str(error):  # oneDNN's, on a CPU without that arithmetic
        return f"This CPU cannot compute {cell} in {racer.spec.train.precision}: race with train.precision=fp32."
    return ""


def _wall_clock(device: torch.device) -> Callable[[], float]:
    """Return the clock on the wall, which waits for what a GPU has to do."""

    def read() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    return read


def _reason(racers: Sequence[Racer], budget: Budget) -> str:
    if all(racer.out for racer in racers):
        return "no cell is left"
    if budget.by == "steps":
        return "all steps done"
    ended = any(racer.seconds < budget.seconds and not racer.out for racer in racers)
    return "the schedule of the learning rate is at its end" if ended else "the time is up"
