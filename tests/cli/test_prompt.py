"""The poem prompt: with a pen that writes at once, and through a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from engine.toy_runs import copied, trained
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from tasks.views import Text
from workbench import runs, spec
from workbench.cli.desk import Desk
from workbench.cli.prompt import Prompt
from workbench.cli.reading import Words
from workbench.cli.verses import Asked
from workbench.runs import NoSuchRun, Run


class Wrote(NamedTuple):
    start: str
    seed: int
    asked: Asked


class Pen:
    """Writes what it is told to, and remembers how it was asked."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.wrote: list[Wrote] = []
        self.explained: list[str] = []
        self.breaks_at = 0  # so many are written whole, then a person presses Ctrl-C

    def show(self, asked: Asked, start: str, seed: int, *, apart: bool) -> str:
        if self.breaks_at and len(self.wrote) == self.breaks_at:
            raise KeyboardInterrupt
        if "x" in start:
            raise ValueError("Poems are written in Chinese characters: x cannot stand in one.")
        self.wrote.append(Wrote(start, seed, asked))
        return f"{start}明月光，\n疑是地上霜。"

    def explain(self, text: str) -> list[Text]:
        self.explained.append(text)
        return [Text(title="rules", text="all met")]


class Talk:
    """A prompt and what it said."""

    def __init__(self, tmp_path: Path, settings: Desk | None = None) -> None:
        self.said: list[str] = []
        self.pens: list[Pen] = []
        self._folder = tmp_path
        self.prompt = Prompt(Run(tmp_path / "first"), settings or Desk(), self._find, self._open, self.said.append)  # type: ignore[arg-type]

    def _find(self, name: str) -> Run:
        if name == "none":
            raise NoSuchRun("There is no run 'none'.")
        return Run(self._folder / name)

    def _open(self, run: Run) -> Pen:
        self.pens.append(Pen(run))
        return self.pens[-1]

    @property
    def pen(self) -> Pen:
        return self.pens[-1]

    def type(self, *lines: str) -> list[str]:
        """What is said to the last of some lines."""
        for line in lines:
            self.said.clear()
            assert self.prompt.do(line)
        return self.said


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


def test_more_before_any_poem_begins_freely(talk: Talk) -> None:
    talk.type("/more 2")
    assert [one.start for one in talk.pen.wrote] == ["", ""]


def test_what_is_set_is_asked_of_the_pen(talk: Talk) -> None:
    said = talk.type("/form 七绝", "/rhyme 天", "/tones on", "/temp 0.5", "/best 4")
    assert said == ["七绝 · rhyme 天 · tones · temp 0.5 · top-p 0.9 · best of 4 · seed any"]
    talk.type("春")
    asked = talk.pen.wrote[0].asked
    assert asked.wishes == {"form": "七绝", "rhyme": "天", "tones": True}
    assert (asked.draw.temperature, asked.best_of) == (0.5, 4)
    assert "七绝 · rhyme 天" in talk.prompt.told()


def test_an_acrostic_is_written_at_once_with_no_other_beginning(talk: Talk) -> None:
    talk.type("月", "/acrostic 春夏秋冬")
    assert talk.pen.wrote[-1].start == ""
    assert talk.pen.wrote[-1].asked.wishes == {"acrostic": "春夏秋冬"}
    talk.type("/acrostic off")
    assert len(talk.pen.wrote) == 2


def test_ctrl_c_stops_the_poem_and_keeps_what_was_whole(talk: Talk) -> None:
    talk.pen.breaks_at = 2
    assert talk.type("/more 5")[-1] == "\nStopped."
    assert len(talk.pen.wrote) == 2
    talk.type("/explain")
    assert talk.pen.explained == ["明月光，疑是地上霜。"]


@pytest.mark.parametrize("line", ["", "x", "/nothing", "/form 词", "/explain", "/save", "/save a.txt", "/model none"])
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
    text = file.read_text(encoding="utf-8")
    assert text.startswith("kept\n明月光，\n疑是地上霜。\n\n明月光")
    assert text.endswith("月明月光，\n疑是地上霜。\n\n")
    (said,) = talk.type(f"/save {tmp_path}/nowhere/poems.txt")
    assert "No such file or directory" in said


def test_another_model_writes_and_one_that_is_not_there_changes_nothing(talk: Talk) -> None:
    assert talk.type("/model") == ["first writes; /model RUN lets another one."]
    assert talk.type("/model second") == ["second writes."]
    talk.type("/model none", "月")
    assert talk.pen.run.id == "second"
    assert len(talk.pen.wrote) == 1


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


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/te", ["temp "]),
        ("/S", ["seed ", "save ", "show"]),
        ("/form 五", ["五绝", "五律"]),
        ("/tones o", ["on", "off"]),
        ("/model na", ["names-1"]),
        ("/again ", []),
        ("月", []),
    ],
)
def test_commands_and_what_they_take_are_completed(typed: str, offered: list[str]) -> None:
    words = Words(lambda: ["poems-1", "names-1"])
    assert [one.text for one in words.get_completions(Document(typed), CompleteEvent())] == offered


def test_files_are_completed(tmp_path: Path) -> None:
    (tmp_path / "poems.txt").touch()
    words = Words(list)
    found = words.get_completions(Document(f"/save {tmp_path}/po"), CompleteEvent())
    assert [one.text for one in found] == ["ems.txt"]


@pytest.fixture
def scribe(tmp_path_factory: pytest.TempPathFactory, runs_folder: Path) -> Run:
    run = runs.create(tmp_path_factory.mktemp("scribe"), spec.make("scribe", "gru", {"train.epochs": 4}))
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
    screen.expect("temp 0.5 · top-p 0.9 · seed 1")
    screen.type("/form 七绝\r光\r")
    screen.expect("This network writes freely: it knows no form.")
    screen.type("/quit\r")
    assert screen.ended() == 0
    assert "Traceback" not in screen.read()
    assert "/form 七绝" in (tmp_path / "state/workbench/poem-history").read_text(encoding="utf-8")
