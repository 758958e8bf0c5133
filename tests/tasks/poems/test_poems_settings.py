"""Constraints of the poems task as its settings declare them, without torch."""

from __future__ import annotations

import msgspec
import pytest

from tasks.poems import forms
from tasks.poems.constraints import PoemConstraints
from tasks.poems.settings import Settings

RHYMING, NOVEL = {"rhyme", "tones"}, {"novel"}


def test_the_declared_constraints_have_help_and_known_values() -> None:
    assert Settings.constraints is PoemConstraints
    properties = msgspec.json.schema(PoemConstraints)["$defs"]["PoemConstraints"]["properties"]
    assert all(field["description"] for field in properties.values())
    assert properties["form"]["examples"] == [*forms.FORMS]


@pytest.mark.parametrize(
    ("state", "artifacts", "missing"),
    [
        ({"prosody": ["东"]}, True, set()),
        ({"prosody": []}, True, RHYMING),
        ({"prosody": ["东"]}, False, NOVEL),
        ({"prosody": []}, False, RHYMING | NOVEL),
        ({}, True, {"form", "acrostic", "distinct"} | RHYMING | NOVEL),
    ],
)
def test_a_run_says_which_constraints_it_cannot_be_held_to(state: dict, artifacts: bool, missing: set[str]) -> None:
    reasons = Settings.unavailable_constraints(state, artifacts)
    assert set(reasons) == missing
    assert all(reason.endswith(".") for reason in reasons.values())
