"""Progress of a run: its state, steps, best figure, speed, and the load of its machine."""

from __future__ import annotations

from typing import NamedTuple

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from workbench.render import format
from workbench.render.metrics import formatted, heading
from workbench.render.text import printable
from workbench.runs.events import Best, Ended, Failed, Finished, Started, Step, Stopped
from workbench.runs.history import History
from workbench.runs.job import Job
from workbench.runs.job_words import job_words
from workbench.runs.run import Run
from workbench.tui.services.gauges import Load
from workbench.tui.services.watcher import Seen
from workbench.tui.widgets.status import badge

Fragment = Content | str | tuple[str, str]
_GAP = "   "
_LONGEST = 40  # characters of a run's name
_BAR = 10  # cells of a bar of the machine's load


class ProgressState(NamedTuple):
    """Figures of a run, frozen: the history itself grows on another thread."""

    started: Started | None = None
    step: int = 0
    last: Step | None = None
    best: Best | None = None
    ended: Ended | None = None
    load: Load | None = None


class Progress(Widget):
    """Two lines, and where there is room a third for the machine; what does not fit is left out, the last first."""

    label: reactive[str] = reactive("")  # what the run is called, if anything

    def __init__(self, run: Run, title: str, starter: bool) -> None:
        super().__init__()
        self._run = run
        self._title = title
        self._starter = starter
        self._status: Seen = "starting"
        self._state = ProgressState()

    def show(self, status: Seen, history: History, load: Load | None = None) -> None:
        """Show a run's state and figures."""
        last = history.steps[-1] if history.steps else None
        self._status = status
        self._state = ProgressState(history.started, history.step, last, history.best, history.ended, load)
        self.set_class(load is not None, "-metered")
        self.refresh()

    def render(self) -> Content:
        width, load = self.size.width, self._state.load
        below = load is not None and self.size.height > 2
        lines = [self._first(width), self._second(with_load=not below)]
        if load and below:
            lines.append(machine_load(load))
        return Content("\n").join(fit_to_width(line, width) for line in lines)

    def _first(self, width: int) -> list[Fragment]:
        started, step, last, _, ended, _ = self._state
        pieces: list[Fragment] = [badge(self._status)]
        if started is None:
            return [*pieces, (self._title, "bold"), (printable(self.label or self._run.id), "$foreground-muted")]
        total = started.total_steps
        share = min(1.0, step / total) if total else 0.0
        if width >= 60:
            pieces.append((self._title, "bold"))
        if width >= 100:
            pieces.append(bar(share, max(10, min(40, width - 80)), self._status))
        pieces += [(f"{share:.0%}", "bold"), f"step {step:,}" + (f" of {total:,}" if total else "")]
        if self._status == "running" and last and last.eta_s is not None:
            pieces.append(f"{format.duration(last.eta_s)} left")
        if isinstance(ended, Finished | Stopped) and self._status in ("finished", "stopped"):
            pieces.append(f"in {format.duration(ended.wall_s)}")
        if last and last.epoch:
            pieces.append(f"epoch {last.epoch:.1f}")
        return pieces

    def _second(self, *, with_load: bool) -> list[Fragment]:
        """Return the best figure, the speed and the device; with ``with_load`` the machine's load too."""
        started, _, last, best, ended, load = self._state
        pieces: list[Fragment] = []
        if self.label and started:
            pieces.append((printable(self.label, _LONGEST), "bold"))
        if self._starter:
            pieces.append(("starter data", "bold $text-warning"))
        if best:
            settings = self._run.spec.settings
            value = (formatted(best.metric, best.value, settings), "bold")
            pieces.append(Content.assemble(f"best {heading(best.metric, settings)} ", value, f" at step {best.step:,}"))
        if last and self._status not in ("starting", "finished", "stopped"):
            pieces += _figures(last)
            if with_load:
                pieces += _brief(load) if load else [memory(last.memory_mb * 1e6)]
        elif isinstance(ended, Finished | Stopped):
            pieces.append(f"{ended.examples_per_s:,.0f} examples/s")
        if started:
            pieces += [
                (started.device, "$foreground-muted"),
                (f"{started.parameters:,} parameters", "$foreground-muted"),
            ]
        return pieces


def fit_to_width(pieces: list[Fragment], width: int) -> Content:
    """Return as many of the fragments as fit into a line, the earlier ones first."""
    parts: list[Fragment] = []
    used = 0
    for piece in pieces:
        content = piece if isinstance(piece, Content) else Content.assemble(piece)
        gap = _GAP if parts else ""
        if parts and used + len(gap) + content.cell_length > width:
            continue
        parts += [gap, content]
        used += len(gap) + content.cell_length
    return Content.assemble(*parts)


def bar(share: float, width: int, status: Seen) -> Content:
    """Return a progress bar in the color of the state."""
    color = {"failed": "error", "lost": "error", "stopped": "secondary", "finished": "primary"}.get(status, "success")
    return _filled(share, width, color)


def _filled(share: float, width: int, color: str) -> Content:
    full = min(width, round(share * width))
    return Content.assemble(("━" * full, f"${color}"), ("─" * (width - full), "$foreground 20%"))


def machine_load(load: Load) -> list[Fragment]:
    """Return the load of the worker and of its machine, a bar for each resource."""

    def resource(name: str, share: float, text: str) -> Content:
        color = "warning" if share > 0.9 else "secondary"
        return Content.assemble((f"{name} ", "$foreground-muted"), _filled(share, _BAR, color), f" {text}")

    cores = f"{load.cores:.0%} of {load.of_cores} core{'s' * (load.of_cores != 1)}"
    pieces: list[Fragment] = [resource("CPU", load.cores / load.of_cores, cores)]
    if load.gpu:
        if load.gpu.busy is not None:
            pieces.append(resource("GPU", load.gpu.busy, f"{load.gpu.busy:.0%}"))
        used = f"{memory(load.gpu.used)} of {memory(load.gpu.total)}"
        pieces.append(resource("GPU memory", load.gpu.used / max(1, load.gpu.total), used))
    machine = f"worker {memory(load.memory)}, in use {load.machine_memory:.0%}"
    pieces.append(resource("memory", load.machine_memory, machine))
    return pieces


def memory(size: float) -> str:
    """Format bytes as megabytes or gigabytes."""
    return f"{size / 1e9:.1f} GB" if size >= 1e10 else f"{size / 1e6:,.0f} MB"


def message(
    status: Seen, history: History, log_line: str, path: str, report: str = "", job: Job | None = None
) -> Content:
    """Return the sentence about a run's state; empty where all is well.

    Args:
        log_line: the last line of the log of a worker that has ended.
        report: the last line of a worker about a slow step, such as reading data.
        job: of the cluster that has or had the run.
    """
    where = job_words(status, job)
    doing = Content.styled(f"  {report}" if report else "", "$foreground-muted")
    log_note = f" Its log ends: {log_line}" if log_line else ""
    match status, history.ended:
        case "gone", _:
            return Content.styled(f"This run's folder is gone: {path}", "bold $text-error")
        case "lost", _ if job and job.reason:
            return Content.assemble((job.reason, "$text-error"), "  Resume goes on from the last checkpoint.")
        case "lost", _:
            text = f"The worker vanished without reporting an end.{log_note}"
            return Content.assemble((text, "$text-error"), "  Resume goes on from the last checkpoint.")
        case "failed", Failed() as failed:
            return Content.styled(failed.message, "$text-error")
        case "stopping", _:
            return Content.styled("The worker saves a checkpoint and ends.", "$text-warning")
        case "stopped", _:
            return Content.assemble("Stopped on request. Resume goes on from the last checkpoint.")
        case "finished", Finished() as finished:
            shown = " Shown: the test rows, by the best weights." if finished.views else ""
            return Content.assemble("Done: ", finished.reason.rstrip("."), ".", (shown, "$foreground-muted"))
        case "queued", _:
            return Content.styled(where, "$text-accent")
        case "starting", _:
            return Content.assemble(
                f"{where} ".lstrip(), "The worker starts: it reads the data and builds the network.", doing
            )
        case "running", _ if history.started and history.step >= history.started.total_steps:
            return Content.assemble("All steps are done: the best weights are tested.", doing)
    alarm = history.alarms[-1] if history.alarms else None
    if alarm and not (history.best and history.best.step > alarm.step):  # it stands until the network is better again
        return Content.assemble((f"Step {alarm.step:,}: {alarm.message}", "$text-warning"))
    return Content.styled(where, "$foreground-muted")


def _figures(step: Step) -> list[Fragment]:
    speed = [f"{step.examples_per_s:,.0f} examples/s"] if step.examples_per_s is not None else []
    return [*speed, f"gradient {format.number(step.grad_norm, 2)}", f"lr {step.lr:.2g}"]


def _brief(load: Load) -> list[Fragment]:
    gpu = []
    if load.gpu:
        busy = "" if load.gpu.busy is None else f"{load.gpu.busy:.0%} "
        gpu = [f"GPU {busy}{memory(load.gpu.used)}"]
    return [f"CPU {load.cores:.0%}", *gpu, memory(load.memory)]
