"""The preview of the data: read beside the screen, given up, shown at every size, and a training from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger import SEEN, with_ledger, write_table
from previews import Readings, at_the_file
from waiting import eventually, until

from workbench.config import spec
from workbench.tui.lab import screen as lab
from workbench.tui.lab.preview_dialog import PreviewDialog
from workbench.tui.lab.screen import LabScreen
from workbench.tui.services.data_preview import PreviewError, PreviewProcess, words_for
from workbench.tui.widgets.form import Form
from workbench.tui.widgets.table import Passage

PATH = "sales/ledger.csv"


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    with_ledger(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return write_table(tmp_path / "sales")


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Readings:
    made = Readings()
    monkeypatch.setattr(lab, "PreviewProcess", made.process)
    return made


async def previewed(screen, pilot) -> None:
    """Type the file's name and open the preview."""
    row = await at_the_file(pilot)
    await pilot.press(*PATH)
    await eventually(pilot, lambda: row.typed == PATH and row.wrong == "")
    await pilot.press("f12")
    await eventually(pilot, lambda: isinstance(pilot.app.screen, PreviewDialog))


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)])
async def test_all_of_it_can_be_read_at_every_size(screen, readings: Readings, size) -> None:
    async with screen.open(size=size) as pilot:
        await previewed(screen, pilot)
        seen = await screen.until(pilot, "/home/ada/sales/ledger.csv", "train 160 · val 20 · test 20")
        passage = pilot.app.screen.query_one(Passage)
        for _ in range(20):
            await pilot.press("down")
        await eventually(pilot, lambda: passage.scroll_offset.y == passage.max_scroll_y)
        seen += await screen.until(pilot, "travel [b]", "娱乐", "3 classes")
        assert "bread �[31mand [red]" in seen
        assert "咖啡馆的早餐" in seen
        assert "s starts a training · Esc closes" in seen
        task, settings, data = readings.begun[0]
        assert (task, settings.own_data, data) == ("ledger", str(Path(PATH).absolute()), None)
        await pilot.press("escape")
        await eventually(pilot, lambda: isinstance(pilot.app.screen, LabScreen))
        row = pilot.app.screen.query_one(Form).rows["task.file"]
        told = "train 160, val 20, test 20 · 3 classes · 1 guessed · 1 left out or changed"
        assert " ".join(str(row.render()).split()).endswith(told)
        await pilot.press("x")  # another file: what was seen is no more told
        assert told[:9] not in str(row.render())


async def test_a_training_starts_from_the_preview(screen, readings: Readings, started) -> None:
    async with screen.open() as pilot:
        await previewed(screen, pilot)
        await screen.until(pilot, "s starts a training")
        await pilot.press("s")
        await eventually(pilot, lambda: len(started) == 1)
        assert started[0].spec.settings == spec.make("ledger", "lstm", {"task.file": PATH}).settings


async def test_nothing_starts_from_it_on_a_screen_that_only_shows(screen, readings: Readings, started) -> None:
    async with screen.open(readonly=True) as pilot:
        await screen.until(pilot, "names with lstm")  # no file of one's own can be named there
        await pilot.press("p")
        await screen.until(pilot, "Esc closes")
        assert "s starts" not in screen.text
        await pilot.press("s", "f5")
        await pilot.pause(0.1)
        assert isinstance(pilot.app.screen, PreviewDialog)
        assert started == []


async def test_what_is_read_long_is_said_and_given_up(screen, readings: Readings, monkeypatch, started) -> None:
    monkeypatch.setattr(PreviewDialog, "EVERY", 0.02)
    readings.free.clear()
    readings.told = "line 40,000 [red]\x1b"
    async with screen.open() as pilot:
        await previewed(screen, pilot)
        await screen.until(pilot, "reading … line 40,000 [red]�", "Esc: give up")
        await pilot.press("s")  # there is nothing to start with yet
        assert isinstance(pilot.app.screen, PreviewDialog)
        await pilot.press("escape")
        await eventually(pilot, lambda: isinstance(pilot.app.screen, LabScreen))
        await eventually(pilot, lambda: readings.closed == 1)
        assert started == []


async def test_what_is_wrong_with_the_data_is_the_sentence(screen, readings: Readings) -> None:
    readings.found = "ledger.csv line 2 has [bold]3 cells\x1b: quote its commas."
    async with screen.open(size=(60, 20)) as pilot:
        await previewed(screen, pilot)
        await screen.until(pilot, "line 2 has [bold]3", "quote its commas.")
        await pilot.press("q")
        await eventually(pilot, lambda: isinstance(pilot.app.screen, LabScreen))


async def test_keys_typed_ahead_are_for_the_dialog(screen, readings: Readings, started) -> None:
    async with screen.open() as pilot:
        await at_the_file(pilot)
        pilot.app.screen.query_one("#cells").focus()
        await pilot.press("p", "escape")
        await eventually(pilot, lambda: len(readings.begun) == 1 and isinstance(pilot.app.screen, LabScreen))
        assert started == []


async def test_a_wrong_path_is_not_looked_into(screen, readings: Readings) -> None:
    async with screen.open() as pilot:
        row = await at_the_file(pilot)
        await pilot.press(*"none.csv")
        await eventually(pilot, lambda: row.error)
        await pilot.press("f12")
        await pilot.pause(0.1)
        assert readings.begun == []
        assert isinstance(pilot.app.screen, LabScreen)


async def test_a_real_child_reads_the_file(screen, table: Path) -> None:
    async with screen.open() as pilot:
        await previewed(screen, pilot)
        await screen.until(pilot, str(table), "train 3", "�[31mbread[/]", "咖啡馆的早餐", "1 empty entries are left")


def test_the_words_of_the_command_are_the_changed_settings(table: Path) -> None:
    settings = spec.make("ledger", "lstm", {"task.file": PATH, "task.rate": 0.1 + 0.2}).settings
    words = ["data", "preview", "ledger", "--json", "--set", f"task.file={table}", "--set"]
    assert words_for("ledger", settings, Path("/d")) == [*words, "task.rate=0.30000000000000004", "--data", "/d"]


def test_a_value_that_the_file_would_give_otherwise_is_among_the_words(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = spec.make("ledger", "lstm", {"task.file": PATH}).settings
    monkeypatch.setattr(type(settings), "guessed", ("rate",))
    assert words_for("ledger", settings, None)[-2:] == ["--set", "task.rate=0.1"]
    starter = spec.make("ledger", "lstm", {}).settings
    assert words_for("ledger", starter, None) == ["data", "preview", "ledger", "--json"]


def test_a_child_that_fails_tells_its_sentence_and_one_that_is_ended_none(table: Path) -> None:
    table.write_text("entry,account\na,b,c\n")
    settings = spec.make("ledger", "lstm", {"task.file": PATH}).settings
    process = PreviewProcess("ledger", settings, None)
    with pytest.raises(PreviewError, match=rf"^{table} line 2 has 3 cells in place of 2: quote its commas\.$"):
        process.read()
    process.close()
    ended = PreviewProcess("ledger", settings, None)
    ended.close()
    with pytest.raises(PreviewError, match="gone"):
        ended.read()
    until(lambda: ended._process._child.poll() is not None)


def test_the_preview_of_the_tests_is_one_that_a_task_may_return() -> None:
    assert sum(SEEN.counts.values()) == sum(SEEN.splits.values())
