"""Text of the Run screen's *about* pane: settings, machine, notes and alarms of a run."""

from __future__ import annotations

from textual.content import Content

from workbench.config.fields import as_typed
from workbench.render import format
from workbench.render.text import printable_lines
from workbench.runs.events import Finished
from workbench.runs.history import History
from workbench.runs.run import Run
from workbench.tui.services.catalogue import changed
from workbench.tui.widgets.table import lay_out


def about_text(run: Run, history: History) -> Content:
    """Return a run's description as a table, then its notes, alarms and reason of ending."""
    spec = run.spec
    rows: list[tuple[str, str]] = [("run", run.id), ("folder", str(run.path))]
    rows.append(("data", "starter (small)" if spec.data == "starter" else spec.data_dir or "full"))
    if started := history.started:
        rows += [
            ("device", f"{started.device}, {started.precision}"),
            ("host", f"{started.host}, process {started.pid}"),
            ("parameters", f"{started.parameters:,}"),
            ("training rows", f"{started.train_size:,}"),
            ("steps an epoch", f"{started.steps_per_epoch:,}"),
            ("versions", ", ".join(f"{package} {version}" for package, version in started.versions.items())),
        ]
    if history.checkpoint:
        rows.append(("checkpoint", f"step {history.checkpoint.step:,}"))
    rows += [(key, as_typed(value)) for key, value in changed(spec).items()]
    parts: list[Content | str | tuple[str, str]] = [lay_out(["", ""], rows)]
    if history.started:
        protocol = [history.started.protocol] if history.started.protocol else []
        parts += [f"\n\n{note}" for note in [*protocol, *history.started.notes]]
    parts += [(f"\n\nStep {alarm.step:,}: {alarm.message}", "$text-warning") for alarm in history.alarms]
    if network := run.network():
        parts.append(f"\n\n{printable_lines(network)}".rstrip())
    if isinstance(history.ended, Finished):
        parts.append(f"\n\nFinished after {format.duration(history.ended.wall_s)}: {history.ended.reason}")
    return Content.assemble(*parts)
