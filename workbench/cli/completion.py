"""Completions of the shell: runs, tasks, cells, presets, settings, forms, devices. No torch.

What cannot be read completes nothing: a message would land in the line that is typed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

import typer

import cells
import tasks
from workbench.config import paths, spec
from workbench.config.fields import Field
from workbench.runs import store
from workbench.runs.locations import LATEST, root

_COMPLETE = "_WORKBENCH_COMPLETE"  # set by the shell's script: instruction and shell
# a shell takes the word as it is typed, and would run a command or open a variable that stands in a folder's name
_PLAIN = re.compile(r"([\w.]+=)?(~/)?[\w./:=+%@-]+")
_key: list[str] = []  # of the assignment in which bash's cursor is


def _offering(names: Callable[[str], Iterable[str]]) -> Callable[[typer.Context, str], list[str]]:
    """Make a completion of the names that begin as what is typed; none where they cannot be found."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            every = list(names(incomplete))
        except Exception:  # whatever a stranger's folder holds
            return []
        return [name for name in every if name.startswith(incomplete) and _PLAIN.fullmatch(name)]

    return complete


def _words() -> list[str]:
    """Return the words of the line; Typer knows none of them while an option before the cursor has no value."""
    given = os.environ.get("COMP_WORDS")
    return given.split("\n") if given is not None else os.environ.get("_TYPER_COMPLETE_ARGS", "").split()


def _after(flag: str, default: str) -> str:
    """Return the word after an option."""
    words = _words()
    return next((word for before, word in pairwise(words) if before == flag), default)


def _task() -> str:
    typed = {*_words()}
    return next((name for name in tasks.available() if name in typed), "names")


def _runs(_: str) -> list[str]:
    given = _after("--runs", "")
    folder = root(Path(given) if given else None)
    mine = [run.id for run in store.listing(folder)]
    return [*([LATEST] if mine else []), *mine, *(run.id for run in store.pretrained(folder))]


def _studies(_: str) -> list[str]:
    from workbench.studies import store as studies_of

    given = _after("--runs", "")
    mine = [one.id for one in studies_of.listing(root(Path(given) if given else None))]
    return [*([LATEST] if mine else []), *mine]


def _labs(_: str) -> list[str]:
    from workbench.studies import labs

    return [lab.name for lab in labs.listing()]


def _settings(incomplete: str) -> list[str]:
    """Return the keys of the settings, or after a ``=`` the values of one that has choices."""
    every = spec.fields(_task(), _after("--cell", tasks.settings(_task()).default_cell))
    key, sign, typed = incomplete.partition("=")
    key, typed = (_key[0], incomplete) if _key else (key, typed)
    if not (sign or _key):
        return [f"{field.key}=" for field in every]
    field = next(field for field in every if key in (field.key, field.key.partition(".")[2]))
    section, _, name = field.key.partition(".")
    is_path = section == "task" and name in tasks.settings(_task()).paths
    found = _paths(field.key, typed) if is_path else _choices(field)
    return [choice if _key else f"{key}={choice}" for choice in found]


def _paths(key: str, typed: str) -> list[str]:
    """Return the paths that begin as typed; of a single folder those in it: a shell would end it with a blank."""
    folders = key.endswith("folder")
    found = paths.completions(typed, folders=folders)
    if len(found) == 1 and found[0].endswith("/") and not folders:
        return paths.completions(found[0]) or found
    return found


def _choices(field: Field) -> tuple[str, ...]:
    return ("true", "false") if field.kind == "bool" else field.choices or field.examples


def _optimizers(_: str) -> tuple[str, ...]:
    return next(field.choices for field in spec.fields("names") if field.key == "train.optimizer")


def _forms(_: str) -> tuple[str, ...]:
    from workbench.runs.writers import constraint_fields

    return constraint_fields(tasks.settings("poems").constraints)["form"].examples


def _devices(_: str) -> list[str]:
    gpus = sum(file.name.removeprefix("nvidia").isdigit() for file in Path("/dev").glob("nvidia[0-9]*"))
    return ["auto", "cpu", *(["cuda"] if gpus else []), *(f"cuda:{number}" for number in range(gpus))]


def _clusters(_: str) -> list[str]:
    from workbench.executors import clusters as described

    return [described.LOCAL, *(named.name for named in described.every())]


def _kept(_: str) -> list[str]:
    words, given = {*_words()}, _after("--runs", "")
    named = [run for run in store.listing(root(Path(given) if given else None)) if run.id in words]
    return ["best", "last", *(f"{step}" for run in named for step in run.kept_steps)]


runs = _offering(_runs)
kept = _offering(_kept)
studies = _offering(_studies)
labs = _offering(_labs)
reported = _offering(lambda typed: [*_studies(typed), *_labs(typed), *_runs(typed)])
task_names = _offering(lambda _: tasks.available())
cell_names = _offering(lambda _: cells.available())
presets = _offering(lambda _: tasks.settings(_task()).presets)
settings = _offering(_settings)
optimizers = _offering(_optimizers)
forms = _offering(_forms)
devices = _offering(_devices)
clusters = _offering(_clusters)
remote = _offering(lambda typed: _clusters(typed)[1:])


def join_assignments() -> None:
    """Put KEY=VALUE together again, which bash hands over as three words; at the cursor it completes VALUE alone."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    if not os.environ.get(_COMPLETE, "").endswith("bash") or "=" not in words:
        return
    whole: list[str] = []
    at = int(os.environ.get("COMP_CWORD", "0"))
    for number, word in enumerate(words[: at + 1]):
        if whole and (word == "=" or words[number - 1] == "="):
            whole[-1] += word
        else:
            whole.append(word)
    key, sign, value = whole[-1].partition("=")
    if sign:
        _key[:], whole[-1] = [key], value
    os.environ |= {"COMP_CWORD": str(len(whole) - 1), "COMP_WORDS": "\n".join(whole)}
