"""Text of the Run screen's *about* pane: name, settings, machine, notes and alarms of a run."""

from __future__ import annotations

from textual.content import Content

from workbench.config.fields import as_typed
from workbench.render import format
from workbench.render.text import printable_lines
from workbench.runs import metadata
from workbench.runs.events import Finished
from workbench.runs.folder import RunError
from workbench.runs.history import History
from workbench.runs.metadata import RunMetadata
from workbench.runs.run import Run
from workbench.tui.services.catalogue import changed
from workbench.tui.widgets.table import lay_out


def metadata_of(run: Run) -> RunMetadata:
    """Return a run's name, note and tags; none where they cannot be read."""
    try:
        return metadata.read(run)
    except RunError:
        return RunMetadata()


def about_text(run: Run, history: History) -> Content:
    """Return a run's description as a table, then its notes, alarms and reason of ending."""
    spec = run.spec
    about = metadata_of(run)
    called = {"name": about.name, "study": about.study, "tags": " ".join(about.tags)}
    rows: list[tuple[str, str]] = [("run", run.id), *((key, text) for key, text in called.items() if text)]
    rows.append(("folder", str(run.path)))
    if parent := spec.parent:
        rows.append(("branch of", f"{parent.run} at step {parent.step:,}"))
    if kept := run.kept_steps:
        rows.append(("kept steps", ", ".join(f"{step:,}" for step in kept)))
    where = "starter (small)" if spec.data == "starter" else spec.data_dir or "full"
    rows.append(("data", where if spec.settings.files else "made by the task"))
    if started := history.started:
        rows += [
            ("device", f"{started.device}, {started.precision}"),
            *([("kernel", started.kernel_words)] if started.kernel else []),
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
    if about.note:
        parts.append((f"\n\n{printable_lines(about.note)}", "bold"))
    if history.started:
        protocol = [history.started.protocol] if history.started.protocol else []
        parts += [f"\n\n{note}" for note in [*protocol, *history.started.notes]]
    parts += [(f"\n\nStep {alarm.step:,}: {alarm.message}", "$text-warning") for alarm in history.alarms]
    if network := run.network():
        parts.append(f"\n\n{printable_lines(network)}".rstrip())
    if isinstance(history.ended, Finished):
        parts.append(f"\n\nFinished after {format.duration(history.ended.wall_s)}: {history.ended.reason}")
    return Content.assemble(*parts)
