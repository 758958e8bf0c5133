"""Poems that outlive the screen: kept in a list, saved to files."""

from __future__ import annotations

from pathlib import Path

import pytest
from poem_steps import opened, reading
from textual.widgets import Input

from workbench.tui.poem.dialogs import KeptPoemsDialog, SavePoemDialog
from workbench.tui.poem.kept_poems import NAME, read


async def test_a_kept_poem_is_there_when_the_screen_is_opened_again(screen, writer, network, folder: Path) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, "ctrl+l")
        await screen.until(pilot, "kept poems (0)", "Nothing is kept yet. k (or ^g) keeps the marked poem.")
        await pilot.press("escape", *"月", "enter")
        await screen.until(pilot, "^g Keep")
        await pilot.press("ctrl+g")
        await screen.until(pilot, "Kept in ")
        network.text = "另[red]。"
        await pilot.press("f6")
        await screen.until(pilot, "月另", "^g Keep")
        await reading(pilot, "k")
        await reading(pilot, "down", "k")
        await screen.until(pilot, "This poem is kept already.")
    assert len(read(folder)) == 2
    async with screen.open(size=(60, 20)) as pilot:
        await opened(screen, pilot, "tab")
        await pilot.press("l")
        text = await screen.until(pilot, "kept poems (2)", "月另[red]。", "月明月光。", "seed 2 ·", NAME)
        assert text.index("月另") < text.index("月明月光")
        await pilot.press("l")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, KeptPoemsDialog)


async def test_a_poem_that_is_being_written_is_not_kept_yet(screen, writer, network, folder: Path) -> None:
    network.hold()
    async with screen.open() as pilot:
        await opened(screen, pilot, *"月", "enter")
        network.release(1)
        text = await screen.until(pilot, "月明")
        assert "Keep" not in text
        await pilot.press("ctrl+g", "f12")
        await pilot.press("f8")
        await screen.until(pilot, "^g Keep", "F12 Save")
        network.release_all()
    assert not (folder / NAME).exists()


async def test_a_kept_poem_tells_how_it_began_and_that_it_was_broken_off(screen, writer, network, folder: Path) -> None:
    network.hold()
    async with screen.open() as pilot:
        await opened(screen, pilot, *"床前", "enter")
        network.release(2)
        await screen.until(pilot, "床前明月")
        await pilot.press("f8", "ctrl+g")
        await screen.until(pilot, "Kept in ")
        network.release_all()
    (entry,) = read(folder)
    assert f"{writer.run.id} · begins 床前 · seed 1 · " in entry
    assert "stopped here" in entry


async def test_a_folder_that_cannot_be_written_is_said(screen, writer, network, folder: Path) -> None:
    (folder / NAME).mkdir()
    async with screen.open() as pilot:
        await opened(screen, pilot, "enter")
        await screen.until(pilot, "^g Keep")
        await pilot.press("ctrl+g")
        await screen.until(pilot, "could not be kept in", "Is a directory")
        await pilot.press("ctrl+l")
        await screen.until(pilot, "cannot be read")


async def test_a_poem_is_saved_under_a_name_and_never_over_another_unasked(
    screen, writer, network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "poem-1.txt").write_text("mine")
    async with screen.open(size=(80, 24)) as pilot:
        await opened(screen, pilot, *"月", "enter")
        await screen.until(pilot, "F6 Again", "霜")
        await pilot.press("f12")
        await screen.until(pilot, "save the poem", "poem-1.txt", str(tmp_path)[:20])
        await pilot.press("enter")
        await screen.until(pilot, "poem-1.txt is there already")
        await pilot.press("end", "x")  # another name
        await pilot.pause()
        assert "there already" not in screen.text
        await pilot.press("backspace", "enter")
        await screen.until(pilot, "poem-1.txt is there already")
        assert (tmp_path / "poem-1.txt").read_text() == "mine"
        await pilot.press("enter")
        await screen.until(pilot, "Written to")
        assert (tmp_path / "poem-1.txt").read_text().startswith("月明月光。\n疑是地上霜。\n— poems-lstm-")
        await reading(pilot, "s")
        name = pilot.app.screen.query_one(Input)
        for wrong, said in (
            (" ", "Give the file a name."),
            ("gone/poem.txt", "No such file"),
            ("x\0", "null byte"),
        ):
            name.value = wrong
            await pilot.press("enter")
            await screen.until(pilot, said)
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, SavePoemDialog)


async def test_a_screen_that_only_shows_writes_no_file(screen, writer, network, folder: Path) -> None:
    async with screen.open(readonly=True) as pilot:
        await opened(screen, pilot, "enter")
        text = await screen.until(pilot, "F7 Copy", "霜")
        assert "Keep" not in text
        assert "Save" not in text
        await pilot.press("ctrl+g", "f12")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, SavePoemDialog)
    assert not (folder / NAME).exists()


async def test_the_dialogs_fit_a_small_terminal(screen, writer, network) -> None:
    async with screen.open(size=(40, 15)) as pilot:
        await opened(screen, pilot, "enter")
        await screen.until(pilot, "霜")
        await reading(pilot, "k", "s")
        await screen.until(pilot, "save the poem", "poem-1.txt")
        await pilot.press("escape")
        await reading(pilot, "l")
        await screen.until(pilot, "kept poems (1)", "疑是地上霜。")
