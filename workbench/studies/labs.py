"""Labs: the runs of published reports, as plans in TOML files beside their tasks, or anywhere."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import tasks
from workbench.config.suggestions import did_you_mean
from workbench.studies import plan as plans
from workbench.studies.plan import Plan
from workbench.studies.study import NoSuchStudy

_ENDING = ".toml"


class Lab:
    """A lab's name, file and plan, which is read when it is asked for: a broken file stops no other lab."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name.removesuffix(_ENDING)

    @cached_property
    def plan(self) -> Plan:
        """The lab's plan.

        Raises:
            PlanError: it cannot be read.
        """
        return plans.read(self.path)

    def study(self, *, quick: bool) -> str:
        """Return the name of the study that the lab's runs are of."""
        return f"{self.name}-quick" if quick else self.name


def listing() -> list[Lab]:
    """Return the labs of all tasks, by their names."""
    folders = [Path(place) / task / "labs" for place in tasks.__path__ for task in tasks.available()]
    files = [path for folder in folders if folder.is_dir() for path in folder.glob(f"*{_ENDING}")]
    return [Lab(path) for path in sorted(files, key=lambda path: (path.stem, path))]


def find(name: str) -> Lab:
    """Return the lab of a name, a unique prefix of one, or a TOML file's path.

    Raises:
        NoSuchStudy: there is none, or several.
    """
    if name.endswith(_ENDING):
        return Lab(Path(name))
    every = listing()
    matching = [lab for lab in every if lab.name == name]
    matching = matching or [lab for lab in every if name and lab.name.startswith(name)]
    if len(matching) == 1:
        return matching[0]
    if not matching:
        raise NoSuchStudy(f"There is no lab {name!r}{did_you_mean(name, [lab.name for lab in every])}")
    if matching[0].name == name:
        raise NoSuchStudy(f"Several labs are called {name}: name a file, {' or '.join(str(m.path) for m in matching)}.")
    raise NoSuchStudy(f"{name!r} is the beginning of {', '.join(lab.name for lab in matching)}: type more of it.")
