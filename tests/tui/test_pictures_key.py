"""Pictures and screenshots that are written from the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.runs.folder import RunError
from workbench.tui.help.palette import entries
from workbench.tui.services import pictures

pytestmark = pytest.mark.usefixtures("bare_lab")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple]:
    """What was to be drawn; nothing is."""
    monkeypatch.chdir(tmp_path)
    found: list[tuple] = []

    def draw(runs, kind, *options) -> str:
        found.append(([run.id for run in runs], kind, options))
        return f"/here/{kind}.svg"

    monkeypatch.setattr(pictures, "draw", draw)
    return found


async def test_p_writes_the_curves_and_the_matrix(screen, worker, asked) -> None:
    one = worker().start().train(10, 200).finish()
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "finished")
        await pilot.press("p")
        await screen.until(pilot, "Written to /here/curves.svg.")
        await pilot.press("f")
        await screen.until(pilot, "commonest errors")
        await pilot.press("n", "p")
        await screen.until(pilot, "Written to /here/confusion.svg.")
    assert asked == [([one.run.id], "curves", ()), ([one.run.id], "confusion", ("--shares",))]


async def test_p_writes_the_curves_of_all_that_are_compared(screen, worker, asked) -> None:
    ids = {made.start().train(10, 60).run.id for made in (worker(), worker("gru"))}
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, *ids)
        await pilot.press("M", "c")
        await screen.until(pilot, "m Figure")
        await pilot.press("p")
        await screen.until(pilot, "Written to /here/curves.svg.")
    ((runs, kind, _),) = asked
    assert ({*runs}, kind) == (ids, "curves")


async def test_a_picture_that_cannot_be_drawn_says_why(screen, worker, monkeypatch) -> None:
    def draw(*_: object) -> str:
        raise RunError("The picture cannot be written to [red]/x: Read-only file system.")

    monkeypatch.setattr(pictures, "draw", draw)
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        await pilot.press("p")
        await screen.until(pilot, "cannot be written to [red]/x")


def test_the_command_line_draws_and_its_sentence_is_told(finished_toy, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(pictures.draw([finished_toy], "confusion"))
    assert path == tmp_path / f"{finished_toy.id}-confusion.svg"
    assert path.read_text().startswith("<?xml")
    with pytest.raises(RunError, match="has no forecast to draw"):
        pictures.draw([finished_toy], "forecast")


async def test_a_screenshot_is_an_svg_of_the_screen(screen, worker, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        take = next(entry for entry in entries(screen.app, screen.app.screen) if entry.title == "Screenshot")
        take.run()
        await screen.until(pilot, "Written to ")
    (path,) = tmp_path.glob("*.svg")
    assert "running" in path.read_text()
