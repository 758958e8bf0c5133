"""Labs: the runs of published reports, as plans in TOML files beside their tasks, or anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import tasks
from workbench.config.suggestions import did_you_mean
from workbench.studies import plan as plans
from workbench.studies.plan import Plan
from workbench.studies.study import NoSuchStudy

_ENDING = ".toml"


class Lab(NamedTuple):
    """A lab's name, file and plan."""

    name: str
    path: Path
    plan: Plan

    def study(self, *, quick: bool) -> str:
        """Return the name of the study that the lab's runs are of."""
        return f"{self.name}-quick" if quick else self.name


def listing() -> list[Lab]:
    """Return the labs of all tasks, by their names.

    Raises:
        PlanError: one cannot be read.
    """
    folders = [Path(place) / task / "labs" for place in tasks.__path__ for task in tasks.available()]
    files = [path for folder in folders if folder.is_dir() for path in folder.glob(f"*{_ENDING}")]
    return [_read(path) for path in sorted(files, key=lambda path: path.name)]


def find(name: str) -> Lab:
    """Return the lab of a name, a unique prefix of one, or a TOML file's path.

    Raises:
        NoSuchStudy: there is none, or several.
        PlanError: it cannot be read.
    """
    if name.endswith(_ENDING):
        return _read(Path(name))
    every = {lab.name: lab for lab in listing()}
    matching = [every[name]] if name in every else [lab for key, lab in every.items() if name and key.startswith(name)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise NoSuchStudy(f"{name!r} is the beginning of {', '.join(lab.name for lab in matching)}: type more of it.")
    raise NoSuchStudy(f"There is no lab {name!r}{did_you_mean(name, list(every))}")


def _read(path: Path) -> Lab:
    return Lab(path.name.removesuffix(_ENDING), path, plans.read(path))
