"""Constraints that a generated poem can be held to. No torch."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from tasks.poems import forms


class PoemConstraints(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Constraints; those that are set hold together, by construction. None: free generation."""

    form: Annotated[
        str, Meta(description="五绝, 七绝, 五律, 七律 or free; empty: the network chooses", examples=[*forms.FORMS])
    ] = ""
    start: Annotated[str, Meta(description="its first characters")] = ""
    acrostic: Annotated[str, Meta(description="藏头: each line begins with the next one of these characters")] = ""
    rhyme: Annotated[
        str,
        Meta(
            description="a rhyme group's name, a character to rhyme with, or any, a level group of the network's "
            "choice; no character is rhymed on twice (重韵)"
        ),
    ] = ""
    tones: Annotated[bool, Meta(description="regulated: the line types with 对 and 粘, rhymed, no rhyme twice")] = False
    distinct: Annotated[bool, Meta(description="no character twice in a line")] = False
    novel: Annotated[bool, Meta(description="no line of the training corpus")] = False

    @property
    def any_rhyme(self) -> bool:
        """True where the poem is to rhyme, on a group of the network's choice."""
        return self.rhyme.strip().lower() == "any"
