"""The poem prompt with a network that knows forms: a constraint that cannot be met changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from engine.generation.poem_writers import random_run

from workbench.config.generation import GenerationConfig
from workbench.repl.generator import PoemGenerator
from workbench.repl.prompt import Prompt
from workbench.repl.settings import PromptSettings
from workbench.runs.run import Run
from workbench.runs.store import find

Type = Callable[..., list[str]]


@pytest.fixture
def poet(tmp_path: Path) -> Run:
    return random_run(tmp_path)


@pytest.fixture
def type_(poet: Run, tmp_path: Path) -> Type:
    """Execute lines, and return what is said to the last one."""
    said: list[str] = []
    settings = PromptSettings(config=GenerationConfig(seed=1), seeded=True)
    prompt = Prompt(poet, settings, lambda name: find(name, tmp_path), PoemGenerator, said.append)

    def call(*lines: str) -> list[str]:
        for line in lines:
            said.clear()
            assert prompt.execute(line)
        return said

    return call


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/acrostic hello", "Poems are written in Chinese characters: h e l o cannot stand in one."),
        ("/acrostic " + "天" * 40, "at most 13 of them: this one has 40."),
        ("/rhyme x", "Poems are written in Chinese characters: x cannot stand in one."),
        ("/rhyme 天地", "天地 is no rhyme"),
        ("/form 词", "There is no form 词: there are 五绝, 七绝, 五律, 七律, free."),
        ("/novel", "This model came without the lines of its training corpus"),
        ("hello", "h e l o cannot stand in one."),
        ("/start 雾", "The network never saw 雾"),
        ("/length 5", "A 五绝 has 24 characters, marks counted: a length of 5 would cut it, so allow 24 or more."),
    ],
)
def test_a_constraint_that_cannot_be_met_changes_nothing(type_: Type, line: str, why: str) -> None:
    type_("/form 五绝", "天")
    before = type_("/show").copy()
    (said,) = type_(line)
    assert why in said
    assert type_("/show") == before
    assert type_("/again") == ["  seed 2"]


@pytest.mark.parametrize("line", ["/rhyme 先韵", "/rhyme 天", "/rhyme any", "/form\u3000七绝"])
def test_what_the_rules_accept_is_accepted(type_: Type, line: str) -> None:
    (said,) = type_(line)
    assert line[6:].strip() in said


def test_a_beginning_that_a_form_has_no_room_for_does_not_stand_in_its_way(type_: Type) -> None:
    set_, why = type_("天年天年天年月", "/form 五绝")
    assert set_.startswith("五绝 · begins 天年天年天年月 · ")
    assert why.startswith("A 五绝 has lines of 5 characters, and the beginning's 天年天年天年月 has 7")
    assert why.endswith("/start off lets it begin freely.")
    assert "has lines of 5 characters" in type_("/again")[0]
    assert "seed 2" in type_("/show")[0]  # nothing was tried
    assert type_("/start off", "/again") == ["  seed 2"]


def test_a_constraint_that_others_stand_in_the_way_of_is_refused_until_they_are_taken_back(type_: Type) -> None:
    assert "oblique" in type_("/rhyme 雪", "/tones")[0]
    assert type_("/rhyme off", "/tones") == ["any form · tones · temp 0.8 · top-p 0.9 · seed 1"]
