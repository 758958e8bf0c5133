"""Pictures of the preview and of the completions of a path."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger import with_ledger
from previews import Readings, at_the_file
from snapshot_steps import named, still
from waiting import eventually

from workbench.config import paths
from workbench.tui.app import WorkbenchApp
from workbench.tui.lab import screen as lab
from workbench.tui.lab.dataset_line import DatasetLine
from workbench.tui.lab.preview_dialog import PreviewDialog
from workbench.tui.themes import DARK, LIGHT

SIZES = [(120, 36), (80, 24), (60, 20)]
PATH = "/home/ada/sales/led"
FOUND = ["/home/ada/sales/ledger-2024.csv", "/home/ada/sales/ledger.csv", "/home/ada/sales/led-old/"]


@pytest.fixture(autouse=True)
def of_ada(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are nowhere, and the same everywhere."""
    with_ledger(monkeypatch)
    monkeypatch.setattr(paths, "completions", lambda typed, **_: FOUND if typed == PATH else [])
    monkeypatch.setattr(paths, "problem", lambda key, typed, **_: "")


async def missed(pilot) -> None:
    """Wait until the line on the data has looked for the file, which is nowhere."""
    await eventually(pilot, lambda: "is missing" in str(pilot.app.screen.query_one(DatasetLine).content))


@pytest.mark.parametrize("size", SIZES, ids=named)
@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=named)
def test_preview(snap_compare, screen, folder: Path, monkeypatch, size, theme) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", theme.name)
    monkeypatch.setattr(lab, "PreviewProcess", Readings().process)
    screen.app = WorkbenchApp(folder)

    async def walk(pilot) -> None:
        await screen.until(pilot, "starter only")
        await at_the_file(pilot)
        await pilot.press("f12")
        await eventually(pilot, lambda: isinstance(pilot.app.screen, PreviewDialog))
        await screen.until(pilot, "s starts a training")

    assert snap_compare(screen.app, terminal_size=size, run_before=still(screen, folder, walk))


@pytest.mark.parametrize("size", SIZES, ids=named)
def test_completions(snap_compare, screen, folder: Path, monkeypatch, size) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", DARK.name)
    screen.app = WorkbenchApp(folder)

    async def walk(pilot) -> None:
        await screen.until(pilot, "starter only")
        await at_the_file(pilot)
        await pilot.press(*PATH)
        await screen.until(pilot, "ledger-2024.csv", "led-old/")
        await missed(pilot)

    assert snap_compare(screen.app, terminal_size=size, run_before=still(screen, folder, walk))


@pytest.mark.parametrize("size", SIZES, ids=named)
def test_a_file_that_was_seen(snap_compare, screen, folder: Path, monkeypatch, size) -> None:
    """The most important of it below its field."""
    monkeypatch.setenv("TEXTUAL_THEME", DARK.name)
    monkeypatch.setattr(lab, "PreviewProcess", Readings().process)
    screen.app = WorkbenchApp(folder)

    async def walk(pilot) -> None:
        await screen.until(pilot, "starter only")
        await at_the_file(pilot)
        await pilot.press(*f"{PATH}ger.csv", "f12")
        await screen.until(pilot, "s starts a training")
        await pilot.press("escape")
        await screen.until(pilot, "train 160, val 20")
        await missed(pilot)

    assert snap_compare(screen.app, terminal_size=size, run_before=still(screen, folder, walk))
