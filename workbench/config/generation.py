"""Configuration of a generation: its settings, their defaults, bounds and help for every interface. No torch."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from workbench.config.fields import Field, describe

SEEDS: Final = 2**32  # number of seeds: torch's generators read 32 bits of one


class GenerationConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a text's generation, whatever the network."""

    temperature: Annotated[
        float, Meta(ge=0, le=100, description="low: surer, high: bolder; 0: always the likeliest character")
    ] = 0.8
    top_p: Annotated[
        float, Meta(gt=0, le=1, description="draw among the likeliest that hold this probability; 1: all")
    ] = 0.9
    top_k: Annotated[int, Meta(ge=0, le=1_000_000, description="draw among the N likeliest; 0: all")] = 0
    repetition: Annotated[
        float, Meta(ge=0, le=100, description="nats a character costs again; 0: repetition is free")
    ] = 0.5
    seed: Annotated[int, Meta(ge=0, lt=SEEDS, description="of the random draws")] = 0
    length: Annotated[int, Meta(ge=1, le=100_000, description="characters written at most")] = 200
    best_of: Annotated[
        int, Meta(ge=1, le=256, description="candidates written at once; the best by score is chosen")
    ] = 1


DEFAULTS: Final = GenerationConfig()
FIELDS: Final[dict[str, Field]] = {
    field.key.partition(".")[2]: field for field in describe("generation", GenerationConfig)
}
