"""A task for the tests of previews: a table of one's own, and a required file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from msgspec import Meta

from tasks import base


class Settings(base.Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: ClassVar[str] = "ledger"
    about: ClassVar[str] = "Tell an entry's account."
    data_settings: ClassVar[Sequence[str]] = ("file", "folder")
    paths: ClassVar[Sequence[str]] = ("vectors", "file", "folder")

    vectors: Annotated[str, Meta(description="word vectors; empty: none")] = ""
    file: Annotated[str, Meta(description="a table: entry,account")] = ""
    folder: Annotated[str, Meta(description="a folder instead, a file an account")] = ""
    rate: Annotated[float, Meta(ge=0, le=1, description="a number that is told")] = 0.1

    @property
    def own_data(self) -> str:
        return self.file
