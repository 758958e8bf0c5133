"""What a person has chosen in the Lab, and the run that it describes. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import cells
from tasks.base import Settings
from workbench.config import spec
from workbench.config.spec import RunSpec, SpecError


class Draft(NamedTuple):
    """A task, a cell, a preset (empty: none), the settings that were changed, and what is wrong with the others."""

    task: str
    cell: str
    preset: str
    values: Mapping[str, Any]
    errors: Mapping[str, str]

    def described(self) -> RunSpec:
        """The run.

        Raises:
            SpecError: there is none so; one sentence says why.
        """
        for sentence in self.errors.values():
            raise SpecError(sentence)
        return self._made(self.values)

    def usual(self) -> RunSpec:
        """The run before anything was changed; of another cell where this one is refused.

        Raises:
            SpecError: no cell goes with it.
        """
        return self._of_any_cell({})

    def settings(self) -> Settings | None:
        """The task's settings, whatever is wrong with the others; ``None``: they do not fit together."""
        with suppress(SpecError):
            own = {key: value for key, value in self.values.items() if key.startswith("task.")}
            settings: Settings = self._of_any_cell(own).settings
            return settings
        return None

    def network(self) -> RunSpec | None:
        """A run with the same network, however it is trained; ``None``: there is no such network."""
        if all(key.startswith("train.") for key in self.errors):
            with suppress(SpecError):
                return self._made({key: value for key, value in self.values.items() if not key.startswith("train.")})
        return None

    def _made(self, values: Mapping[str, Any], cell: str = "") -> RunSpec:
        return spec.make(self.task, cell or self.cell, values, preset=self.preset)

    def _of_any_cell(self, values: Mapping[str, Any]) -> RunSpec:
        for cell in (self.cell, *cells.available()):
            try:
                return self._made(values, cell)
            except SpecError as error:
                refused = error
        raise refused
