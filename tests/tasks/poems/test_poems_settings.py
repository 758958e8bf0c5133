"""Constraints and annotations of poems as the task's settings declare them, without torch."""

from __future__ import annotations

import msgspec
import pytest

from tasks import base
from tasks.poems import forms
from tasks.poems.constraints import PoemConstraints
from tasks.poems.prosody import GROUPS
from tasks.poems.settings import Settings
from workbench.config import spec

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


def test_a_growing_poem_has_tones_and_rhymes_and_an_ended_one_a_verdict() -> None:
    prosody = [{"先": "天年", "屑": "雪", "月": "月"}.get(group, "") for group in GROUPS]
    annotate = Settings.annotator({"prosody": prosody})
    growing = annotate("月天，雪年。鹤", False)
    assert growing.labels == ["●", "○", "", "●", "○", "", ""]
    assert (growing.linked, growing.faults, growing.verdict) == ([1, 4], [], "")
    ended = annotate("雪雪天天月，天雪雪雪天。天天天雪月，雪雪雪天年。", True)
    assert ended.faults == [7]
    assert ended.verdict.startswith("五绝 · rhymed on 先 · not regulated: 雪 in line 2 · 雪 天 twice in line 1")
    unknown = Settings.annotator({})("月天。", True)
    assert (unknown.labels, unknown.linked) == ([], [])
    assert unknown.verdict.startswith("free form · rhyme and tones unknown")
    assert base.Settings.annotator({}) is None


def test_old_descriptions_keep_their_meaning_and_the_strong_preset_drops_more() -> None:
    old = Settings()  # what a spec.json without the newer fields is read as
    assert (old.train_longest, old.recurrent_dropout, old.token_dropout) == (80, 0.0, 0.0)
    default, strong = (spec.make("poems", "lstm", preset=preset) for preset in ("", "strong"))
    assert strong.options.dropout > default.options.dropout
    assert strong.settings.dropout > default.settings.dropout
    assert strong.settings.train_longest > default.settings.train_longest == 80
    report = spec.make("poems", "lstm", preset="class-report").settings
    assert (report.dropout, report.recurrent_dropout, report.token_dropout) == (0.0, 0.0, 0.0)
