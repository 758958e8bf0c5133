"""Results of a run as text and as JSON, for ``train``, ``resume``, ``watch``, ``show`` and ``eval``."""

from __future__ import annotations

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text as RichText

from tasks.base import Metrics
from tasks.views import Confusion
from workbench.config import spec
from workbench.config.spec import Parent, RunSpec
from workbench.render.format import duration
from workbench.render.metrics import formatted, heading, with_heading
from workbench.render.status import STATUS_COLORS
from workbench.render.text import printable, printable_lines
from workbench.render.views import view
from workbench.runs import job, lineage, metadata
from workbench.runs.events import Baseline, Finished, Stopped
from workbench.runs.figures import best_evaluation
from workbench.runs.gradients import best_probe, reach_words
from workbench.runs.history import History
from workbench.runs.job_words import job_words
from workbench.runs.run import Run, Status


def to_json(run: Run, status: Status, history: History) -> dict[str, object]:
    """Return the object that ``--json`` ends with."""
    ended, best = history.ended, best_evaluation(history)
    fields: dict[str, object] = {
        "run": run.id,
        "status": status,
        "data": run.spec.data,
        "job": job.facts(run.job),
        "protocol": history.started.protocol if history.started else "",
        "best": msgspec.to_builtins(history.best),
        "train": best.train or None if best else None,
        "test": ended.test if isinstance(ended, Finished) else None,
        "baseline": baseline(history.baseline, "test"),
        "epochs": ended.epochs if isinstance(ended, Finished | Stopped) else None,
        "wall_s": ended.wall_s if isinstance(ended, Finished | Stopped) else None,
        "examples_per_s": ended.examples_per_s if isinstance(ended, Finished | Stopped) else None,
    }
    if status in ("failed", "lost"):
        fields["message"] = why(run, status, history)
    return fields


def baseline(event: Baseline | None, split: str) -> dict[str, Metrics]:
    """Return the baselines' metrics on a split; none where they are not measured yet."""
    return event.methods.get(split, {}) if event else {}


def why(run: Run, status: Status, history: History) -> str:
    """Return the reason why a run failed or was lost, in one or two sentences."""
    message = getattr(history.ended, "message", None)
    if message:
        return str(message)
    if status == "lost" and (has := run.job) and has.reason:
        return f"{has.reason} `workbench resume {run.command_name}` goes on from its last checkpoint."
    last = run.last_log_line()
    log_line = f" The end of its log: {last}" if last else ""
    return (
        f"Run {run.id} is {status}: its worker vanished at step {history.step} without a message. "
        f"`workbench resume {run.command_name}` goes on from its last checkpoint.{log_line}"
    )


def print_ending(run: Run, status: Status, history: History, console: Console) -> None:
    """Print how a training ended, with its test metrics."""
    ended = history.ended
    if isinstance(ended, Finished):
        best = f"best {with_heading(ended.best.metric, ended.best.value, run.spec.settings)} at step {ended.best.step}"
        console.print(
            RichText(
                f"\nRun {run.id} finished ({ended.reason}), trained in {duration(ended.wall_s)}, "
                f"{ended.examples_per_s:,.0f} examples/s; validation: {best}."
            )
        )
        if probe := best_probe(history):
            console.print(RichText(f"memory: {reach_words(probe)}"))
        note = " · ".join(filter(None, [history.started.protocol if history.started else "", starter_note(run)]))
        console.print(metrics_table(run.spec, ended.test, baseline(history.baseline, "test"), "test", note))
        console.print(
            RichText(f"`workbench show {run.command_name}` has {_shown_by(ended)}."),
            soft_wrap=True,
        )
    elif isinstance(ended, Stopped):
        console.print(
            RichText(f"\nRun {run.id} stopped at step {ended.step}: `workbench resume {run.command_name}` goes on."),
            soft_wrap=True,
        )


def training_sample(run: Run, history: History) -> str:
    """Return the training sample's metrics at the best evaluation and what measuring it cost; empty: not measured."""
    best, started = best_evaluation(history), history.started
    if best is None or started is None or not best.train:
        return ""
    figures = ", ".join(with_heading(name, value, run.spec.settings) for name, value in best.train.items())
    count, seconds = min(run.spec.train.eval_train, started.train_size), sum(event.train_s for event in history.evals)
    cost = f"measuring them took {seconds:.1f} s"
    if isinstance(history.ended, Finished | Stopped):
        cost += f" of {duration(history.ended.wall_s)}"
    return f"{figures} at step {best.step:,}, on {count:,} training examples; {cost}"


def _shown_by(ended: Finished) -> str:
    """Return the parts of a finished run that only ``show`` prints."""
    if any(isinstance(view, Confusion) for view in ended.views):
        return "the confusion matrix and the per-class table"
    return "its views and settings" if ended.views else "its settings"


def starter_note(run: Run) -> str:
    return "starter data" if run.spec.data == "starter" else ""


def metrics_table(described: RunSpec, metrics: Metrics, others: dict[str, Metrics], split: str, note: str) -> RichTable:
    """Return a table of a run's metrics above the baselines'."""
    settings = described.settings
    keys = list(metrics)
    title = RichText(split + (f" ({note})" if note else ""), "bold")
    table = RichTable(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("method", no_wrap=True)
    for key in keys:
        table.add_column(RichText(printable(heading(key, settings))), justify="right")
    for method, figures in ({described.cell: metrics} | others).items():
        style = "bold" if method == described.cell else ""
        table.add_row(
            RichText(method, style), *(RichText(formatted(key, figures.get(key), settings), style) for key in keys)
        )
    return table


def _job(run: Run, status: Status) -> str:
    """Return the cluster's job that has or had a run, in words; empty where none had."""
    has = run.job
    return (job_words(status, has) or f"{has.place} (ended)") if has else ""


def branched_from(parent: Parent | None) -> str:
    """Return where a run was branched off: ``RUN at step N``; empty: it is no branch."""
    return f"{printable(parent.run)} at step {parent.step:,}" if parent else ""


def _family(run: Run) -> dict[str, str]:
    """Return where a run was branched off, and the runs that were branched from it, in words."""
    words = branched_from(run.spec.parent)
    if words and lineage.parent_run(run) is None:
        words += " (that folder was deleted or moved; this run needs it no longer)"
    children = [f"{one.id} at step {one.step:,}" for one in lineage.family(run) if one.relation == "child"]
    return {"branch of": words, "branches": ", ".join(map(printable, children))}


def family_to_json(run: Run) -> dict[str, object]:
    """Return a run's parent, with whether its folder is there, the runs branched from it, and the steps it keeps."""
    parent = run.spec.parent
    own = {"run": parent.run, "step": parent.step, "here": lineage.parent_run(run) is not None} if parent else None
    children = [{"run": one.id, "step": one.step} for one in lineage.family(run) if one.relation == "child"]
    return {"parent": own, "branches": children, "kept": run.kept_steps}


def print_summary(run: Run, status: Status, history: History, console: Console) -> None:
    """Print a run's description, state, metrics, views and last samples."""
    described, started, about = run.spec, history.started, metadata.read(run)
    facts = {
        "run": run.id,
        "name": about.name,
        "study": about.study,
        "tags": ", ".join(about.tags),
        "note": about.note,
        "status": status,
        "job": _job(run, status),
        "task": described.task + (" (starter data)" if described.data == "starter" else ""),
        "cell": described.cell,
        "preset": described.preset,
        "settings": ", ".join(f"{k}={v}" for k, v in spec.changed(described).items()) or "the task's defaults",
        **_family(run),
        "kept steps": ", ".join(f"{step:,}" for step in run.kept_steps),
        "device": f"{started.device}, {started.precision}" if started else "",
        "kernel": started.kernel_words if started else "",
        "parameters": f"{started.parameters:,}" if started else "",
        "step": f"{history.step:,} of {started.total_steps:,}" if started else "",
        "train": training_sample(run, history),
        "memory": reach_words(probe) if (probe := best_probe(history)) else "",
        "notes": " ".join(started.notes) if started else "",
        "folder": str(run.path),
    }
    if status in ("failed", "lost"):
        facts["why"] = why(run, status, history)
    table = RichTable.grid(padding=(0, 2))
    for name, fact in facts.items():
        if fact:
            table.add_row(RichText(name, "dim"), RichText(fact, STATUS_COLORS[status].ansi if name == "status" else ""))
    console.print(table)
    protocol = started.protocol if started else ""
    if isinstance(history.ended, Finished):
        metrics, views, split = history.ended.test, history.ended.views, "test"
    elif history.evals:
        metrics, views, split = history.evals[-1].metrics, history.evals[-1].views, "val"
    else:
        console.print(RichText("Not evaluated yet."))
        return
    console.print(metrics_table(described, metrics, baseline(history.baseline, split), split, protocol))
    samples = {sample.view.title: sample.view for sample in history.samples}  # the last of each title
    for shown in (*views, *samples.values()):
        console.print(view(shown, described.settings))
    if network := run.network():
        console.print(RichText("network", "bold"))
        console.print(RichText(printable_lines(network)), soft_wrap=True)
