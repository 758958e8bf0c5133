"""Settings that the poem prompt holds between two lines. No torch, no terminal."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from tasks.base import Value
from workbench.config.fields import as_typed
from workbench.config.generation import DEFAULTS, GenerationConfig
from workbench.inference.protocol import Generate
from workbench.render.text import printable

_SHOWN = 12  # characters of a text that a person typed


class PromptSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Constraints and generation settings of the next poem."""

    start: str = ""
    constraints: dict[str, Value] = {}  # those that are set, as the network's ``Settings.constraints`` declares them
    config: GenerationConfig = DEFAULTS
    seeded: bool = False  # ``config.seed`` is the next poem's; else a random one is drawn

    def with_start(self, start: str) -> PromptSettings:
        return msgspec.structs.replace(self, start=start)

    def with_constraint(self, name: str, value: Value | None) -> PromptSettings:
        """Set a constraint; none: take it back."""
        others = {one: given for one, given in self.constraints.items() if one != name}
        return msgspec.structs.replace(self, constraints=others if value is None else {**others, name: value})

    def with_config(self, **changes: Value) -> PromptSettings:
        return msgspec.structs.replace(self, config=msgspec.structs.replace(self.config, **changes))

    def with_seed(self, seed: int | None) -> PromptSettings:
        """Set the next poem's seed; none: a random one."""
        return msgspec.structs.replace(self.with_config(seed=seed or 0), seeded=seed is not None)

    def request(self, **changes: Value) -> Generate:
        """Make the request for a poem; ``changes`` replace its fields."""
        fields = msgspec.structs.asdict(self.config) | {"start": self.start} | changes
        return Generate(**fields, constraints=self.constraints)

    def summary(self, offered: Collection[str]) -> str:
        """Describe the settings in a line.

        Args:
            offered: names of the constraints that the network offers, in the order in which they are shown.
        """
        config = self.config
        given = {name: self.constraints[name] for name in offered if name in self.constraints}
        form = given.pop("form", "any form")
        parts = [
            *([str(form)] if "form" in offered else []),
            *([f"begins {printable(self.start, _SHOWN)}"] if self.start else []),
            *(name if value is True else f"{name} {as_typed(value)}" for name, value in given.items()),
            f"temp {config.temperature:g}",
            *([f"top-p {config.top_p:g}"] if config.top_p < 1 else []),
            *([f"top-k {config.top_k}"] if config.top_k else []),
            *([f"repetition {config.repetition:g}"] if config.repetition != DEFAULTS.repetition else []),
            *([f"best of {config.best_of}"] if config.best_of > 1 else []),
            *([f"length {config.length}"] if config.length != DEFAULTS.length else []),
            f"seed {config.seed if self.seeded else 'any'}",
        ]
        return " · ".join(parts)

    def hint(self) -> str:
        """Suggest lines to type to a person who typed nothing."""
        begins = f"with {printable(self.start, _SHOWN)}" if self.start else "freely"
        acrostic = str(self.constraints.get("acrostic", ""))
        another = f"one on {printable(acrostic, _SHOWN)}" if acrostic else f"one that begins {begins}"
        return f"Type the characters that a poem begins with, /again for {another}, or /help."
