"""Lines about a run, below a list of runs."""

from __future__ import annotations

from textual.content import Content

from workbench.config.fields import as_typed
from workbench.render.format import duration, number
from workbench.render.metrics import with_heading
from workbench.render.text import printable
from workbench.runs.job_words import job_words
from workbench.runs.metadata import RunMetadata
from workbench.runs.summary import RunSummary
from workbench.tui.services.catalogue import changed
from workbench.tui.widgets.status import badge

_LONGEST_NOTE = 300  # characters of a note


def run_figures(summary: RunSummary) -> str:
    """Return a run's progress and figures in one line; empty before its first step."""
    figures = [
        f"step {summary.progress}" if summary.step else "",
        f"{number(summary.epochs, 1)} epochs" if summary.epochs else "",
        f"training loss {number(summary.loss)}" if summary.loss is not None else "",
        f"best {summary.standing}" if summary.best else "",
        f"{duration(summary.eta_s)} left" if summary.eta_s is not None else "",
        *(
            f"test {with_heading(name, value, summary.spec.settings)}"
            for name, value in summary.test.items()
            if summary.spec and name == summary.metric
        ),
    ]
    return " · ".join(filter(None, figures))


def _called(about: RunMetadata) -> list[tuple[str, str]]:
    """Return a run's name and tags as parts of a line."""
    parts = [(f"  {printable(about.label)}", "")] if about.label else []
    return [*parts, *((f"  #{printable(tag)}", "$foreground-muted") for tag in about.tags)]


def run_details(summary: RunSummary) -> Content:
    """Return the lines about a run: state, id, name, message, figures, note, settings that differ."""
    lines = [
        Content.assemble(badge(summary.status), "  ", (printable(summary.run.id), "bold"), *_called(summary.metadata)),
        Content(printable(summary.message)),
    ]
    if job := job_words(summary.status, summary.job):
        lines.append(Content(job))
    if figures := run_figures(summary):
        lines.append(Content(figures))
    if parent := summary.parent:
        lines.append(Content(f"branch of {printable(parent.run)} at step {parent.step:,}"))
    if note := summary.metadata.note:
        lines.append(Content(f"note: {printable(' '.join(note.split()), _LONGEST_NOTE)}"))
    if summary.spec:
        settings = ", ".join(f"{key} {as_typed(value)}" for key, value in changed(summary.spec).items())
        preset = f"preset {summary.spec.preset}: " * bool(summary.spec.preset)
        lines.append(Content.styled(printable(preset + (settings or "the task's defaults")), "$foreground-muted"))
    return Content("\n").join(lines)
