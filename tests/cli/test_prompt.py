"""The poem prompt: with a pen that writes at once, and through a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine.toy_runs import copied, trained
from talking import Pen, Talk

from tasks.poems.constraints import PoemConstraints
from workbench.config import spec
from workbench.config.defaults import SEEDS
from workbench.repl.commands import Desk
from workbench.runs import store
from workbench.runs.store import Run


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


def test_characters_begin_a_poem_and_its_seed_is_said(talk: Talk) -> None:
    assert talk.type("/seed 7", "月") == ["  seed 7"]
    assert talk.pen.wrote[0][:2] == ("月", 7)


def test_without_a_seed_each_poem_has_one_of_its_own(talk: Talk) -> None:
    talk.type(*["月"] * 6)
    assert len({one.seed for one in talk.pen.wrote}) > 1


def test_again_and_more_keep_the_beginning_and_count_the_seeds_on(talk: Talk) -> None:
    talk.type("/seed 7", "月", "/again", "/more 3")
    assert [one[:2] for one in talk.pen.wrote] == [("月", seed) for seed in range(7, 12)]


def test_a_seed_that_is_set_is_the_next_one_and_the_next_one_is_told(talk: Talk) -> None:
    talk.type("/seed 7", "月")
    assert "seed 8" in talk.prompt.told()
    talk.type("花", "/seed 7", "/again", f"/seed {SEEDS - 1}", "/more 2")
    assert [one.seed for one in talk.pen.wrote] == [7, 8, 7, SEEDS - 1, 0]
    talk.type("/seed any", "/again")
    assert talk.prompt.told().endswith("seed any")


def test_a_seed_that_fails_is_not_tried_again_and_loses_no_poem(talk: Talk, tmp_path: Path) -> None:
    talk.pen.fails_on = 7
    assert talk.type("/seed 5", "/more 4")[-1].startswith("Nothing can be written")
    assert talk.type(f"/save {tmp_path / 'poems'}") == [f"2 poems added to {tmp_path / 'poems'}."]
    assert talk.type("/again") == ["  seed 8"]


def test_what_is_refused_changes_nothing(talk: Talk) -> None:
    talk.type("/seed 1", "月")
    before = talk.type("/show")[0]
    for line in ("x", "/start x", "/acrostic xx"):
        (said,) = talk.type(line)
        assert "x cannot stand in one" in said
        assert talk.type("/show") == [before]
    talk.type("/again")
    assert [one[:2] for one in talk.pen.wrote] == [("月", 1), ("月", 2)]


def test_the_beginning_is_set_and_taken_back(talk: Talk) -> None:
    talk.type("/start 月")
    assert talk.pen.wrote == []
    assert talk.type("")[0].endswith("/again for one that begins with 月, or /help.")
    talk.type("/again", "/start off", "/again", "花", "/reset", "/again")
    assert [one.start for one in talk.pen.wrote] == ["月", "", "花", ""]


def test_settings_that_cannot_be_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="x cannot stand"):
        Talk(tmp_path, Desk(constraints=PoemConstraints(acrostic="x")))


def test_more_before_any_poem_begins_freely(talk: Talk) -> None:
    talk.type("/more 2")
    assert [one.start for one in talk.pen.wrote] == ["", ""]


def test_what_is_set_is_asked_of_the_pen(talk: Talk) -> None:
    said = talk.type("/form 七绝", "/rhyme 天", "/tones on", "/temp 0.5", "/best 4")
    assert said == ["七绝 · rhyme 天 · tones · temp 0.5 · top-p 0.9 · best of 4 · seed any"]
    talk.type("春")
    asked = talk.pen.wrote[0].asked
    assert asked.constraints == {"form": "七绝", "rhyme": "天", "tones": True}
    assert (asked.draw.temperature, asked.best_of) == (0.5, 4)
    assert "七绝 · begins 春 · rhyme 天" in talk.prompt.told()


def test_an_acrostic_is_written_at_once_with_no_other_beginning(talk: Talk) -> None:
    said = talk.type("月", "/acrostic 春夏秋冬")
    assert "The beginning 月 is left out: the acrostic begins each line." in said
    assert talk.pen.wrote[-1].start == ""
    assert talk.pen.wrote[-1].asked.constraints == {"acrostic": "春夏秋冬"}
    talk.type("/acrostic off")
    assert len(talk.pen.wrote) == 2


def test_ctrl_c_stops_the_poem_and_keeps_what_was_whole(talk: Talk) -> None:
    talk.pen.breaks_at = 2
    assert talk.type("/more 5")[-1] == "\nStopped."
    assert len(talk.pen.wrote) == 2
    talk.type("/explain")
    assert talk.pen.explained == ["明月光，疑是地上霜。"]


@pytest.mark.parametrize("line", ["", "x", "/nothing", "/temp x", "/explain", "/save", "/save a.txt", "/model none"])
def test_what_cannot_be_is_one_sentence_and_the_prompt_goes_on(talk: Talk, line: str) -> None:
    (said,) = talk.type(line)
    assert said.endswith((".", "commands."))
    assert "\n" not in said
    talk.type("月")
    assert len(talk.pen.wrote) == 1


def test_poems_are_added_to_a_file_and_nothing_in_it_is_lost(talk: Talk, tmp_path: Path) -> None:
    file = tmp_path / "poems.txt"
    file.write_text("kept\n", encoding="utf-8")
    assert talk.type("/more 2", f"/save {file}") == [f"2 poems added to {file}."]
    talk.type("月", f"/save {file}")
    poem = "明月光，\n疑是地上霜。\n\n"
    assert file.read_text(encoding="utf-8") == f"kept\n\n{poem}{poem}月{poem}"


def test_a_poem_stands_apart_from_a_line_without_an_end(talk: Talk, tmp_path: Path) -> None:
    file = tmp_path / "poems.txt"
    file.write_text("kept", encoding="utf-8")
    talk.type("月", f"/save {file}")
    assert file.read_text(encoding="utf-8") == "kept\n\n月明月光，\n疑是地上霜。\n\n"


@pytest.mark.parametrize("name", ["~nosuchuser/x", "{}", "{}/nowhere/poems.txt", "a\0b"])
def test_a_file_that_cannot_be_written_is_one_sentence(talk: Talk, tmp_path: Path, name: str) -> None:
    (said,) = talk.type("月", f"/save {name.format(tmp_path)}")
    assert said.startswith("The poems could not be written to ")
    assert said.endswith(".")
    assert "Errno" not in said
    assert "\n" not in said


def test_another_model_writes_and_one_that_is_not_there_changes_nothing(talk: Talk) -> None:
    assert talk.type("/model") == ["first writes; /model RUN lets another one."]
    assert talk.type("/model second") == ["second writes."]
    talk.type("/model none", "月")
    assert talk.pen.run.id == "second"
    assert len(talk.pen.wrote) == 1


def test_another_model_that_explains_a_poem_says_who_wrote_it(talk: Talk) -> None:
    assert talk.type("月", "/explain") == []
    assert talk.type("/model second", "/explain") == ["first wrote it; this is what second says of it."]
    assert talk.pen.explained == ["月明月光，疑是地上霜。"]


def test_another_model_that_cannot_write_what_is_set_does_not_take_over(talk: Talk, monkeypatch) -> None:
    talk.type("/form 七绝")
    monkeypatch.setattr(Pen, "check", lambda *_: (_ for _ in ()).throw(ValueError("It knows no form.")))
    assert talk.type("/model second") == ["second cannot write so: It knows no form. Take that back first."]
    assert talk.prompt.told().startswith(" first")


def test_reset_goes_back_to_how_it_was_opened(tmp_path: Path) -> None:
    talk = Talk(tmp_path, Desk(temperature=0.3, seed=5))
    talk.type("/temp 2", "/form 五绝")
    assert talk.type("/reset") == ["any form · temp 0.3 · top-p 0.9 · seed 5"]
    assert talk.type("/show") == ["first · any form · temp 0.3 · top-p 0.9 · seed 5"]


def test_help_lists_every_command_aligned(talk: Talk) -> None:
    (listed,) = talk.type("/help")
    assert "/acrostic 春夏秋冬  藏头" in listed
    assert "/quit               leave" in listed


def test_it_serves_until_the_person_leaves(talk: Talk) -> None:
    lines: list[Any] = ["月", KeyboardInterrupt, "/again", EOFError]

    def ask() -> str:
        line = lines.pop(0)
        if isinstance(line, str):
            return line
        raise line

    talk.prompt.serve(ask)
    assert len(talk.pen.wrote) == 2
    assert "Ctrl-D or /quit leaves." in talk.said
    assert not talk.prompt.do("/quit")


@pytest.fixture
def scribe(tmp_path_factory: pytest.TempPathFactory, runs_folder: Path) -> Run:
    run = store.create(tmp_path_factory.mktemp("scribe"), spec.make("scribe", "gru", {"train.epochs": 4}))
    trained(run)
    return copied(run, runs_folder, "scribe-gru-finished")


def test_on_a_terminal_it_writes_and_leaves(terminal, scribe: Run, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    screen = terminal("poem", "--seed", 1)
    screen.expect(f"{scribe.id} writes.")
    screen.expect("诗")
    screen.type("月\r")
    screen.expect("seed 1")
    screen.type("/temp 0.5\r")
    screen.expect("temp 0.5 · top-p 0.9 · seed 2")
    screen.type("/form 七绝\r")
    screen.expect("This network writes freely: it knows no form.")
    screen.type("/quit\r")
    assert screen.ended() == 0
    assert "Traceback" not in screen.read()
    assert "/form 七绝" in (tmp_path / "state/workbench/poem-history").read_text(encoding="utf-8")
