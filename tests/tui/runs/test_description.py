"""Name, tags and note of runs, given on the Runs screen."""

from __future__ import annotations

import pytest
from runs.run_summaries import record
from textual.events import Key
from textual.widgets import Input, TextArea
from waiting import eventually

from workbench.runs import metadata
from workbench.runs.metadata import RunMetadata
from workbench.tui.runs.description import DescriptionDialog, Edit, difference, shared
from workbench.tui.runs.run_table import columns
from workbench.tui.widgets.run_details import run_details

pytestmark = pytest.mark.usefixtures("bare_lab")
EVIL = "[bold]wide[/] \x1b[2J"


async def opened(screen, pilot, *words: str) -> DescriptionDialog:
    await pilot.press("2")
    await screen.until(pilot, *words)
    await pilot.press("n")
    await screen.until(pilot, "^s saves")
    assert isinstance(pilot.app.screen, DescriptionDialog)
    return pilot.app.screen


async def test_a_run_gets_name_tags_and_note(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(size=(80, 24)) as pilot:
        await opened(screen, pilot, "60 / 200")
        await pilot.press(*"wide", "tab", *"a, b", "tab", *"first", "enter", *"second", "ctrl+s")
        await screen.until(pilot, "wide", "#a  #b", "o Open")
        assert metadata.read(one.run) == RunMetadata(name="wide", tags=("a", "b"), note="first\nsecond")
        await pilot.press("n")
        await screen.until(pilot, "^s saves", "second")
        await pilot.press("end", *"r", "tab", "home", "delete", "delete", "enter")  # from a field, Enter saves too
        await screen.until(pilot, "wider", "o Open")
        assert metadata.read(one.run) == RunMetadata(name="wider", tags=("b",), note="first\nsecond")


@pytest.mark.parametrize(("width", "seen"), [(80, True), (60, False)])
async def test_a_long_name_stands_in_80_columns_beside_state_and_figure(screen, worker, width: int, seen: bool) -> None:
    one = worker("gru-textbook").start().train(10, 60)
    metadata.write(one.run, RunMetadata(name="a long name of thirty-two letters"[:32]))
    async with screen.open(size=(width, 24)) as pilot:
        await pilot.press("2")
        text = await screen.until(pilot, "status", "best", "accuracy")
        heads = next(line for line in text.splitlines() if "status" in line).split()
        assert ("run" in heads) is seen
        assert ("task" in heads) is not seen


async def test_several_runs_get_tags_and_a_note_and_keep_what_they_had(screen, worker) -> None:
    one, two = worker().start().train(10, 60), worker("gru").start().train(10, 200).finish()
    metadata.write(one.run, RunMetadata(name="wide", tags=("draft", "mine"), note="first"))
    metadata.write(two.run, RunMetadata(name="deep", tags=("draft",), study="grid"))
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "wide", "grid: deep")
        await pilot.press("M", "n")
        await screen.until(pilot, "2 runs", "notes differ", "draft")
        assert [field.id for field in pilot.app.screen.query(Input)] == ["tags"]
        await pilot.press(*["backspace"] * 5, *"late", "enter")
        await screen.until(pilot, "2 marked", "o Open")
    assert metadata.read(one.run) == RunMetadata(name="wide", tags=("mine", "late"), note="first")
    assert metadata.read(two.run) == RunMetadata(name="deep", tags=("late",), study="grid")


async def test_what_cannot_be_given_is_said_and_can_be_mended(screen, worker) -> None:
    one, two = worker().start().train(10, 60), worker("gru").start().train(10, 60)
    async with screen.open() as pilot:
        dialog = await opened(screen, pilot, one.run.id, two.run.id)
        dialog.query_one("#tags", Input).value = "t" * 61
        await pilot.press("ctrl+s")
        await screen.until(pilot, "has 61 characters: a tag has 60 at most")
        dialog.query_one("#tags", Input).value = "short"
        dialog.query_one(TextArea).text = "n" * 20_001
        await pilot.press("ctrl+s")
        await screen.until(pilot, "The note has 20,001 characters")
        assert not any(run.metadata_file.exists() for run in (one.run, two.run))
        await pilot.press("escape")
        await screen.until(pilot, "o Open")
    assert not any(run.metadata_file.exists() for run in (one.run, two.run))


async def test_letters_typed_ahead_go_into_the_dialog(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, one.run.id, "o Open")
        for key in "nxdq":  # in one go, as over a slow line
            pilot.app.post_message(Key(key, key))
        await eventually(pilot, lambda: isinstance(pilot.app.screen, DescriptionDialog))
        await eventually(pilot, lambda: pilot.app.screen.query_one("#name", Input).value == "xdq")
        await pilot.press("enter")
        await eventually(pilot, lambda: metadata.read(one.run).name == "xdq")
    assert not one.run.stop_file.exists()


async def test_nothing_can_be_given_where_the_screen_only_shows(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(readonly=True) as pilot:
        await pilot.press("2")
        footer = (await screen.until(pilot, one.run.id, "o Open")).splitlines()[-1]
        assert "Name" not in footer
        await pilot.press("n", "ctrl+s")
        await pilot.pause()
        assert pilot.app.screen.place == "runs"


async def test_a_strangers_names_are_shown_as_they_stand(screen, worker) -> None:
    one = worker().start().train(10, 60)
    one.run.metadata_file.write_text(
        '{"name": "[bold]wide[/] \\u001b[2J", "tags": ["[red]"], "note": "\\u001b[31m[b]"}'
    )
    async with screen.open() as pilot:
        text = await screen.until(pilot) if await opened(screen, pilot, "[bold]wide[/] �[2J") else ""
        assert "[red]" in text
        assert "�[31m[b]" in text
        await pilot.press("ctrl+s")  # nothing was changed
        await screen.until(pilot, "note: �[31m[b]", "#[red]", "o Open")
    assert metadata.read(one.run).name == EVIL


def test_only_what_was_changed_is_written() -> None:
    every = [RunMetadata(name="a", note="n", tags=("x", "y")), RunMetadata(name="b", note="n", tags=("y",))]
    before = shared(every)
    assert before == RunMetadata(note="n", tags=("y",))
    assert difference(before, "", "n", "y") == Edit()
    assert difference(before, "c", "m", "z, z,w") == Edit("c", "m", ("z", "w"), ("y",))
    assert [Edit(note="m", add=("z",), remove=("y",)).of(one) for one in every] == [
        RunMetadata(name="a", note="m", tags=("x", "z")),
        RunMetadata(name="b", note="m", tags=("z",)),
    ]


def test_a_list_has_a_column_of_names_where_a_run_has_one() -> None:
    plain = record("names-lstm-1")
    member = record("grid-01", metadata=RunMetadata(name="layers 2, both ways, seed 1", study="imdb-grid"))
    short = record("grid-02", metadata=RunMetadata(name="seed 1", study="grid", tags=("draft",), note="one\ntwo"))
    assert [column.name for column in columns([plain])][-1] == "run"
    found = columns([plain, member])
    assert [column.name for column in found][:2] == ["status", "run"]
    told = [found[1].text(run) for run in (plain, member, short)]
    assert told == ["names-lstm-1", "layers 2, both ways, seed 1", "grid: seed 1"]
    lines = run_details(short).plain.splitlines()
    assert lines[0].endswith("grid-02  grid: seed 1  #draft")
    assert lines[-2:] == ["note: one two", "the task's defaults"]
