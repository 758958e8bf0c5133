"""Settings of tasks whose examples are drawn, not read from files. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from tasks import base
from tasks.base import SPLITS, Split

if TYPE_CHECKING:
    from numpy.random import Generator

_Count = Annotated[int, Meta(ge=1, le=100_000_000)]


class DrawnSettings(base.Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a task that draws its examples: their numbers and their seed."""

    data_settings: ClassVar[Sequence[str]] = ("length", "test_size", "data_seed")

    train_size: Annotated[_Count, Meta(description="training sequences")] = 50_000
    val_size: Annotated[_Count, Meta(description="validation sequences")] = 1_000
    test_size: Annotated[_Count, Meta(description="test sequences")] = 10_000
    data_seed: Annotated[int, Meta(ge=0, lt=2**31, description="seed of the sequences")] = 0

    @property
    def sizes(self) -> dict[Split, int]:
        """Number of sequences of each split."""
        return {"train": self.train_size, "val": self.val_size, "test": self.test_size}

    def generator(self, split: Split) -> Generator:
        """Return the generator of a split's sequences, the same on every machine: no split's size moves another's."""
        from numpy.random import PCG64, Generator

        return Generator(PCG64([self.data_seed, SPLITS.index(split)]))
