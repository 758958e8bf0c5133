"""Settings that the poem prompt holds between two lines. No torch, no terminal."""

from __future__ import annotations

import msgspec

from tasks.base import Value
from tasks.poems.constraints import PoemConstraints
from workbench.config.generation import DEFAULTS, GenerationConfig
from workbench.inference.protocol import Generate
from workbench.render.text import printable

_SHOWN = 12  # characters of a text that a person typed


class PromptSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Constraints and generation settings of the next poem."""

    constraints: PoemConstraints = PoemConstraints()
    config: GenerationConfig = DEFAULTS
    seeded: bool = False  # ``config.seed`` is the next poem's; else a random one is drawn

    @property
    def start(self) -> str:
        return self.constraints.start

    def with_constraints(self, **changes: Value) -> PromptSettings:
        return msgspec.structs.replace(self, constraints=msgspec.structs.replace(self.constraints, **changes))

    def with_config(self, **changes: Value) -> PromptSettings:
        return msgspec.structs.replace(self, config=msgspec.structs.replace(self.config, **changes))

    def with_seed(self, seed: int | None) -> PromptSettings:
        """Set the next poem's seed; none: a random one."""
        return msgspec.structs.replace(self.with_config(seed=seed or 0), seeded=seed is not None)

    def request(self, **changes: Value) -> Generate:
        """Make the request for a poem; ``changes`` replace its fields."""
        constraints = msgspec.structs.asdict(self.constraints)
        start = constraints.pop("start")
        given = {name: value for name, value in constraints.items() if value}
        fields = msgspec.structs.asdict(self.config) | {"start": start} | changes
        return Generate(**fields, constraints=given)

    def summary(self) -> str:
        """Describe the settings in a line."""
        constraints, config = self.constraints, self.config
        parts = [
            constraints.form or "any form",
            *([f"begins {printable(constraints.start, _SHOWN)}"] if constraints.start else []),
            *([f"acrostic {constraints.acrostic}"] if constraints.acrostic else []),
            *([f"rhyme {constraints.rhyme}"] if constraints.rhyme else []),
            *(name for name in ("tones", "distinct", "novel") if getattr(constraints, name)),
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
        constraints = self.constraints
        begins = f"with {printable(constraints.start, _SHOWN)}" if constraints.start else "freely"
        another = (
            f"one on {printable(constraints.acrostic, _SHOWN)}" if constraints.acrostic else f"one that begins {begins}"
        )
        return f"Type the characters that a poem begins with, /again for {another}, or /help."
