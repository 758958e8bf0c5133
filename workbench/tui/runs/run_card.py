"""What is known of the chosen run, in a few lines under the list."""

from __future__ import annotations

from textual.content import Content

from workbench.config.fields import as_typed
from workbench.render.format import duration, number, plain
from workbench.render.metrics import heading, measured
from workbench.runs.summary import RunSummary
from workbench.tui.services.catalogue import changed
from workbench.tui.widgets.status import badge


def card(record: RunSummary) -> Content:
    """Its state, its id, why it ended or what it is about, its figures, what it does otherwise than usual."""
    lines = [
        Content.assemble(badge(record.status), "  ", (plain(record.run.id), "bold")),
        Content(plain(record.message)),
    ]
    figures = [
        f"step {record.progress}" if record.step else "",
        f"{number(record.epochs, 1)} epochs" if record.epochs else "",
        f"training loss {number(record.loss)}" if record.loss is not None else "",
        f"best {record.standing}" if record.best else "",
        f"{duration(record.eta_s)} left" if record.eta_s is not None else "",
        *(
            f"test {heading(name)} {measured(name, value)}"
            for name, value in record.test.items()
            if name == record.metric
        ),
    ]
    if any(figures):
        lines.append(Content(" · ".join(filter(None, figures))))
    if record.spec:
        differing = ", ".join(f"{key} {as_typed(value)}" for key, value in changed(record.spec).items())
        preset = f"preset {record.spec.preset}: " * bool(record.spec.preset)
        lines.append(Content.styled(plain(preset + (differing or "the task's defaults")), "$foreground-muted"))
    return Content("\n").join(lines)
