"""Commands that make runs again."""

from __future__ import annotations

import shlex

from msgspec.structs import replace

from tasks.base import PlainError
from workbench.config import spec
from workbench.config.fields import as_typed
from workbench.config.spec import RunSpec, SpecError
from workbench.studies import labs
from workbench.studies import plan as plans
from workbench.studies.study import Study

_WIDTH = 88  # characters of a line of commands


def differing(described: RunSpec) -> dict[str, object]:
    """Return the settings in which a run differs from its task's defaults and its preset, as they are now."""
    try:
        usual = spec.values(spec.make(described.task, described.cell, preset=described.preset))
    except SpecError:  # its cell or preset is gone, or settings that only together make sense
        return spec.changed(described)
    missing = object()
    return {key: value for key, value in spec.values(described).items() if usual.get(key, missing) != value}


def train_command(described: RunSpec) -> str:
    """Return the command line that trains such a run."""
    words = ["workbench", "train", described.task, "--cell", described.cell]
    words += ["--preset", described.preset] if described.preset else []
    for key, value in differing(described).items():
        words += ["--set", f"{key}={_typed(value)}"]
    return shlex.join([*words, "--headless"])


def lab_command(study: Study) -> str:
    """Return the command line that trains the lab of a study.

    Empty where no lab of the program makes these runs: it is a file elsewhere, it has changed, or ``--set`` was given.
    """
    content = study.content
    lab = next((one for one in labs.listing() if one.name == content.lab), None)
    if lab is None:
        return ""
    try:
        plan = plans.quickened(lab.plan) if content.quick else lab.plan
        same = [_with_any_data(one.described) for one in plans.expand(plan)] == [
            _with_any_data(one.described) for one in content.runs
        ]
    except PlainError:
        return ""
    return f"workbench lab run {content.lab}{' --quick' * content.quick}" if same else ""


def _with_any_data(described: RunSpec) -> RunSpec:
    return replace(described, data="full", data_dir="")


def broken(command: str) -> str:
    """Return a command line over several lines, as a shell reads it: none is wider than a page where words allow."""
    lines = [""]
    for word in shlex.split(command):
        quoted = shlex.quote(word)
        if lines[-1] and len(lines[-1]) + len(quoted) + 3 > _WIDTH:
            lines.append("   ")
        lines[-1] += f" {quoted}" if lines[-1] else quoted
    return " \\\n".join(lines)


def _typed(value: object) -> str:
    """Return a value as people type it; a number with all the digits that it has."""
    text = as_typed(value)
    return repr(value) if isinstance(value, float) and float(text) != value else text
