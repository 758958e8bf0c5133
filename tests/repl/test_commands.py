"""Lines of the poem prompt: parsed, and the settings that their commands make."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from tasks.poems.constraints import PoemConstraints
from workbench.repl import commands
from workbench.repl.commands import Command
from workbench.repl.settings import PromptSettings
from workbench.runs.writers import constraint_fields

OFFERED = constraint_fields(PoemConstraints)


class Moods(msgspec.Struct, frozen=True, kw_only=True):
    """Constraints of a user's own writer."""

    mood: Annotated[Literal["glad", "sad"], Meta(description="of the text")] = "glad"
    pages: Annotated[int, Meta(ge=1, le=9, description="pages at most")] = 1
    loud: Annotated[bool, Meta(description="in capitals")] = True


MOODS = constraint_fields(Moods)


def changed(*lines: str) -> PromptSettings:
    """The settings after some commands."""
    found = PromptSettings()
    for line in lines:
        command, text = commands.parse(line, OFFERED)
        assert command
        assert command.change
        found = command.change(found, text)
    return found


def test_a_line_without_a_slash_begins_a_poem() -> None:
    assert commands.parse("  床前明月光 ", OFFERED) == (None, "床前明月光")


@pytest.mark.parametrize("line", ["", "   ", "\t", "\ufeff", "\u200b \u200d"])
def test_an_empty_line_asks_for_nothing(line: str) -> None:
    assert commands.parse(line, OFFERED) == (None, "")


def test_what_cannot_be_seen_is_no_part_of_a_text() -> None:
    assert commands.parse("\ufeff 床\u200b前 \u200d", OFFERED) == (None, "床前")
    assert changed("/acrostic 春\u200b夏").constraints["acrostic"] == "春夏"


def test_what_could_be_typed_goes_by_what_is_set() -> None:
    assert PromptSettings().hint().endswith("/again for one that begins freely, or /help.")
    assert "/again for one that begins with 月," in changed("/start 月").hint()
    assert "/again for one on 春夏秋冬," in changed("/acrostic 春夏秋冬").hint()


@pytest.mark.parametrize("line", ["/form\u3000七绝", "/form\t七绝", "／form  七绝", "/FORM 七绝\u3000"])
def test_any_blank_and_either_slash_begin_a_command(line: str) -> None:
    assert changed(line).constraints["form"] == "七绝"


def test_an_acrostic_takes_the_beginning_s_place() -> None:
    assert changed("/start 月", "/acrostic 春夏").start == ""
    assert changed("/start 月", "/acrostic off").start == "月"


def test_every_setting_that_is_not_the_usual_one_is_told() -> None:
    summary = changed("/start 床前明月光", "/top-k 40", "/repetition 0.25", "/length 64").summary(OFFERED)
    assert (
        summary
        == "any form · begins 床前明月光 · temp 0.8 · top-p 0.9 · top-k 40 · repetition 0.25 · length 64 · seed any"
    )


def test_settings_are_kept_from_line_to_line() -> None:
    found = changed("/form 七绝", "/rhyme 天", "/tones on", "/temp 0.9", "/top-p .5", "/seed 7", "/best 4")
    assert found.summary(OFFERED) == "七绝 · rhyme 天 · tones · temp 0.9 · top-p 0.5 · best of 4 · seed 7"
    assert found.constraints["form"] == "七绝"
    assert (found.config.seed, found.seeded) == (7, True)


@pytest.mark.parametrize(
    "lines",
    [
        ("/form 七绝", "/form any"),
        ("/acrostic 春夏秋冬", "/acrostic off"),
        ("/rhyme 天", "/rhyme"),
        ("/tones", "/tones off"),
        ("/distinct on", "/distinct no"),
        ("/novel on", "/novel 0"),
        ("/temp 2", "/temp"),
        ("/top-p 0.5", "/top-p"),
        ("/seed 7", "/seed any"),
        ("/best 4", "/best"),
        ("/start 月", "/start off"),
        ("/top-k 40", "/top-k off"),
        ("/repetition 1", "/repetition"),
        ("/length 64", "/length"),
    ],
)
def test_every_setting_is_taken_back(lines: tuple[str, ...]) -> None:
    assert changed(*lines[:-1]) != PromptSettings()
    assert changed(*lines) == PromptSettings()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/fom 七绝", "There is no /fom: did you mean '/form'"),
        ("/ 七绝", "There is no /"),
        ("/again twice", "/again stands alone"),
        ("/tones perhaps", "/tones is on or off: perhaps is neither."),
        ("/temp hot", "/temp takes a number: hot is none."),
        ("/temp nan", "/temp takes a number from 0 to 100"),
        ("/temp -1", "/temp takes a number from 0 to 100"),
        ("/top-p 0", "/top-p takes a number above 0, up to 1: 0 is not."),
        ("/top-p 1.5", "/top-p takes a number from 0 to 1"),
        ("/seed x", "/seed takes a whole number: x is none."),
        ("/seed -1", "/seed takes a number from 0"),
        ("/length 0", "/length takes a number from 1"),
        ("/top-k -1", "/top-k takes a number from 0"),
        ("/repetition -1", "/repetition takes a number from 0"),
        ("/best 0", "/best takes a number from 1 to 256"),
        ("/best 257", "/best takes a number from 1 to 256"),
    ],
)
def test_what_cannot_be_is_one_sentence(line: str, said: str) -> None:
    with pytest.raises(ValueError, match="^" + said.replace("?", r"\?")) as error:
        changed(line)
    assert "\n" not in str(error.value)


@given(st.text())
def test_any_line_is_read_or_refused_in_one_sentence(line: str) -> None:
    with suppress(ValueError):
        command, text = commands.parse(line, OFFERED)
        assert text == text.strip()
        if command and command.change:
            assert command.change(PromptSettings(), text).summary(OFFERED)


@given(st.sampled_from([command for command in commands.available(OFFERED) if command.change]), st.text(max_size=6))
def test_any_argument_is_taken_or_refused(command: Command, text: str) -> None:
    assert command.change
    with suppress(ValueError):
        assert isinstance(command.change(PromptSettings(), text.strip()), PromptSettings)


def test_the_constraints_of_a_user_s_own_writer_are_commands() -> None:
    settings = PromptSettings()
    for line in ("/mood sad", "/pages 3", "/loud off"):
        command, text = commands.parse(line, MOODS)
        assert command
        assert command.change
        settings = command.change(settings, text)
    assert settings.request().constraints == {"mood": "sad", "pages": 3, "loud": False}
    assert settings.summary(MOODS).startswith("mood sad · pages 3 · loud no · temp 0.8")
    command, text = commands.parse("/pages 12", MOODS)
    assert command
    assert command.change
    with pytest.raises(ValueError, match=r"^/pages cannot be 12: it must be a whole number ≥ 1, ≤ 9\.$"):
        command.change(settings, text)
    with pytest.raises(ValueError, match=r"^This network knows no form: its constraints are mood, pages, loud\.$"):
        commands.parse("/form 七绝", MOODS)
