"""The user's selection in the Lab, and the run that it describes. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

import cells
from tasks.base import Settings
from workbench.config import spec
from workbench.config.spec import RunSpec, SpecError


class Selection(NamedTuple):
    """A task, a cell, a preset (empty: none), the settings that were changed, and the errors of the others."""

    task: str
    cell: str
    preset: str
    values: Mapping[str, object]
    errors: Mapping[str, str]

    def described(self) -> RunSpec:
        """Return the run.

        Raises:
            SpecError: the selection describes none; one sentence says why.
        """
        for sentence in self.errors.values():
            raise SpecError(sentence)
        return self._spec(self.values)

    def defaults(self) -> RunSpec:
        """Return the run before anything was changed; of another cell where this one is refused.

        Raises:
            SpecError: no cell goes with it.
        """
        return self._with_any_cell({})

    def settings(self) -> Settings | None:
        """Return the task's settings, whatever the other errors are; ``None``: they do not fit together."""
        with suppress(SpecError):
            own = {key: value for key, value in self.values.items() if key.startswith("task.")}
            settings: Settings = self._with_any_cell(own).settings
            return settings
        return None

    def seen(self) -> dict[str, object]:
        """Return the values that the task sees in the user's own data, by key; none without such data.

        Of a setting that was changed, the value that it would have otherwise.
        """
        settings = self.settings()
        if settings is None or not settings.own_data:
            return {}
        keys = {f"task.{name}": name for name in settings.guessed}
        others = settings
        if not keys.keys().isdisjoint(self.values):
            unchanged = {key: value for key, value in self.values.items() if key not in keys}
            others = self._replace(values=unchanged).settings() or settings
        return {key: getattr(others if key in self.values else settings, name) for key, name in keys.items()}

    def network(self) -> RunSpec | None:
        """Return a run with the same network, however it is trained; ``None``: there is no such network."""
        if all(key.startswith("train.") for key in self.errors):
            with suppress(SpecError):
                return self._spec({key: value for key, value in self.values.items() if not key.startswith("train.")})
        return None

    def _spec(self, values: Mapping[str, object], cell: str = "") -> RunSpec:
        return spec.make(self.task, cell or self.cell, values, preset=self.preset)

    def _with_any_cell(self, values: Mapping[str, object]) -> RunSpec:
        for cell in (self.cell, *cells.available()):
            try:
                return self._spec(values, cell)
            except SpecError as error:
                refused = error
        raise refused
