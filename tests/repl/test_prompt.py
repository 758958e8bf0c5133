"""The poem prompt with a generator that writes at once: beginnings, seeds, settings, files, other models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prompt_session import FakeGenerator, PromptSession
from rich.cells import cell_len

from workbench.config.generation import SEEDS, GenerationConfig
from workbench.repl.settings import PromptSettings


@pytest.fixture
def session(tmp_path: Path) -> PromptSession:
    return PromptSession(tmp_path)


def test_characters_begin_a_poem_and_its_seed_is_said(session: PromptSession) -> None:
    assert session.type("/seed 7", "月") == ["  seed 7"]
    assert session.generator.written[0] == ("月", 7)


def test_without_a_seed_each_poem_has_one_of_its_own(session: PromptSession) -> None:
    session.type(*["月"] * 6)
    assert len({one.seed for one in session.generator.requests}) > 1


def test_again_and_more_keep_the_beginning_and_count_the_seeds_on(session: PromptSession) -> None:
    session.type("/seed 7", "月", "/again", "/more 3")
    assert session.generator.written == [("月", seed) for seed in range(7, 12)]


def test_a_seed_that_is_set_is_the_next_one_and_the_next_one_is_told(session: PromptSession) -> None:
    session.type("/seed 7", "月")
    assert "seed 8" in session.prompt.status()
    session.type("花", "/seed 7", "/again", f"/seed {SEEDS - 1}", "/more 2")
    assert [one.seed for one in session.generator.requests] == [7, 8, 7, SEEDS - 1, 0]
    session.type("/seed any", "/again")
    assert session.prompt.status().endswith("seed any")


def test_a_seed_that_fails_is_not_tried_again_and_loses_no_poem(session: PromptSession, tmp_path: Path) -> None:
    session.generator.fails_on = 7
    assert session.type("/seed 5", "/more 4")[-1].startswith("Nothing can be written")
    assert session.type(f"/save {tmp_path / 'poems'}") == [f"2 poems added to {tmp_path / 'poems'}."]
    assert session.type("/again") == ["  seed 8"]


def test_what_is_refused_changes_nothing(session: PromptSession) -> None:
    session.type("/seed 1", "月")
    before = session.type("/show")[0]
    for line in ("x", "/start x", "/acrostic xx"):
        (said,) = session.type(line)
        assert "x cannot stand in one" in said
        assert session.type("/show") == [before]
    session.type("/again")
    assert session.generator.written == [("月", 1), ("月", 2)]


def test_the_beginning_is_set_and_taken_back(session: PromptSession) -> None:
    session.type("/start 月")
    assert session.generator.requests == []
    assert session.type("")[0].endswith("/again for one that begins with 月, or /help.")
    session.type("/again", "/start off", "/again", "花", "/reset", "/again")
    assert [one.start for one in session.generator.requests] == ["月", "", "花", ""]


def test_settings_that_cannot_be_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="x cannot stand"):
        PromptSession(tmp_path, PromptSettings(constraints={"acrostic": "x"}))


def test_more_before_any_poem_begins_freely(session: PromptSession) -> None:
    session.type("/more 2")
    assert [one.start for one in session.generator.requests] == ["", ""]


def test_settings_are_in_the_request(session: PromptSession) -> None:
    said = session.type("/form 七绝", "/rhyme 天", "/tones on", "/temp 0.5", "/best 4")
    assert said == ["七绝 · rhyme 天 · tones · temp 0.5 · top-p 0.9 · best of 4 · seed any"]
    session.type("春")
    request = session.generator.requests[0]
    assert request.constraints == {"form": "七绝", "rhyme": "天", "tones": True}
    assert (request.temperature, request.best_of) == (0.5, 4)
    assert "七绝 · begins 春 · rhyme 天" in session.prompt.status()


def test_an_acrostic_is_written_at_once_with_no_other_beginning(session: PromptSession) -> None:
    said = session.type("月", "/acrostic 春夏秋冬")
    assert "The beginning 月 is left out: the acrostic begins each line." in said
    assert session.generator.requests[-1].start == ""
    assert session.generator.requests[-1].constraints == {"acrostic": "春夏秋冬"}
    session.type("/acrostic off")
    assert len(session.generator.requests) == 2


def test_ctrl_c_stops_the_poem_and_keeps_what_was_whole(session: PromptSession) -> None:
    session.generator.breaks_at = 2
    assert session.type("/more 5")[-1] == "\nStopped."
    assert len(session.generator.requests) == 2
    session.type("/explain")
    assert session.generator.explained == ["明月光，疑是地上霜。"]


@pytest.mark.parametrize("line", ["", "x", "/nothing", "/temp x", "/explain", "/save", "/save a.txt", "/model none"])
def test_what_cannot_be_is_one_sentence_and_the_prompt_goes_on(session: PromptSession, line: str) -> None:
    (said,) = session.type(line)
    assert said.endswith((".", "commands."))
    assert "\n" not in said
    session.type("月")
    assert len(session.generator.requests) == 1


def test_poems_are_added_to_a_file_and_nothing_in_it_is_lost(session: PromptSession, tmp_path: Path) -> None:
    file = tmp_path / "poems.txt"
    file.write_text("kept\n", encoding="utf-8")
    assert session.type("/more 2", f"/save {file}") == [f"2 poems added to {file}."]
    session.type("月", f"/save {file}")
    poem = "明月光，\n疑是地上霜。\n\n"
    assert file.read_text(encoding="utf-8") == f"kept\n\n{poem}{poem}月{poem}"


def test_a_poem_stands_apart_from_a_line_without_an_end(session: PromptSession, tmp_path: Path) -> None:
    file = tmp_path / "poems.txt"
    file.write_text("kept", encoding="utf-8")
    session.type("月", f"/save {file}")
    assert file.read_text(encoding="utf-8") == "kept\n\n月明月光，\n疑是地上霜。\n\n"


@pytest.mark.parametrize("name", ["~nosuchuser/x", "{}", "{}/nowhere/poems.txt", "a\0b"])
def test_a_file_that_cannot_be_written_is_one_sentence(session: PromptSession, tmp_path: Path, name: str) -> None:
    (said,) = session.type("月", f"/save {name.format(tmp_path)}")
    assert said.startswith("The poems could not be written to ")
    assert said.endswith(".")
    assert "Errno" not in said
    assert "\n" not in said


def test_another_model_writes_and_one_that_is_not_there_changes_nothing(session: PromptSession) -> None:
    assert session.type("/model") == ["first writes; /model RUN lets another one."]
    assert session.type("/model second") == ["second writes."]
    session.type("/model none", "月")
    assert session.generator.run.id == "second"
    assert len(session.generator.requests) == 1


def test_another_model_that_explains_a_poem_says_who_wrote_it(session: PromptSession) -> None:
    assert session.type("月", "/explain") == []
    assert session.type("/model second", "/explain") == ["first wrote it; this is what second says of it."]
    assert session.generator.explained == ["月明月光，疑是地上霜。"]


def test_another_model_that_cannot_write_what_is_set_does_not_take_over(session: PromptSession, monkeypatch) -> None:
    session.type("/form 七绝")
    monkeypatch.setattr(FakeGenerator, "check", lambda *_: (_ for _ in ()).throw(ValueError("It knows no form.")))
    assert session.type("/model second") == ["second cannot write so: It knows no form. Take that back first."]
    assert session.prompt.status().startswith("first")


def test_reset_goes_back_to_how_it_was_opened(tmp_path: Path) -> None:
    session = PromptSession(tmp_path, PromptSettings(config=GenerationConfig(temperature=0.3, seed=5), seeded=True))
    session.type("/temp 2", "/form 五绝")
    assert session.type("/reset") == ["any form · temp 0.3 · top-p 0.9 · seed 5"]
    assert session.type("/show") == ["first · any form · temp 0.3 · top-p 0.9 · seed 5"]


def test_help_lists_every_command_aligned(session: PromptSession) -> None:
    (listed,) = session.type("/help")
    assert "/acrostic 春夏秋冬  藏头" in listed
    assert "/quit               leave" in listed


def test_help_breaks_between_words(session: PromptSession, monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = session.type("/help")
    for columns in (60, 45):
        monkeypatch.setenv("COLUMNS", str(columns))
        (listed,) = session.type("/help")
        assert max(map(cell_len, listed.splitlines())) <= columns
        assert listed.split() == whole.split()


def test_a_network_without_constraints_lists_none_and_refuses_each_in_a_sentence(session: PromptSession) -> None:
    session.type("/model free")
    (listed,) = session.type("/help")
    names = [line.split()[0] for line in listed.splitlines()]
    assert names[:2] == ["/start", "/temp"]
    assert not {"/form", "/acrostic", "/rhyme", "/tones", "/distinct", "/novel"} & {*names}
    assert session.type("/acrostic 春夏秋冬") == ["This network writes freely: it knows no acrostic."]
    assert session.type("/show") == ["free · temp 0.8 · top-p 0.9 · seed any"]
    session.type("月")
    assert session.generator.requests[0].constraints == {}


def test_it_serves_until_the_person_leaves(session: PromptSession) -> None:
    lines: list[Any] = ["月", KeyboardInterrupt, "/again", EOFError]

    def ask() -> str:
        line = lines.pop(0)
        if isinstance(line, str):
            return line
        raise line

    session.prompt.serve(ask)
    assert len(session.generator.requests) == 2
    assert "Ctrl-D or /quit leaves." in session.said
    assert not session.prompt.execute("/quit")
