"""Every screen as it was looked at once, at two sizes and in two lights: a change of it is seen, and meant."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import snapshots
from poem_steps import entered, opened, reading
from textual.widgets import Input

from workbench.tui.run import chart
from workbench.tui.run.screen import RunScreen
from workbench.tui.themes import DARK, LIGHT

FACTS = {"host": "here", "pid": 4242, "versions": {"torch": "2"}}


class Step(NamedTuple):
    """What leads from the screen before to this one, and what stands on it once it is there."""

    name: str
    keys: tuple[str, ...]
    words: tuple[str, ...]


# a new screen is a line here; `WORKBENCH_SNAPSHOTS=update pytest tests/tui/test_snapshots.py` stores it
WALK = (
    Step("run", (), ("finished", "all epochs are done", "0.7908")),
    Step("run-next-view", ("v",), ("finished",)),
    Step("confusion", ("f",), ("test, with the best weights",)),
    Step("runs", ("2",), ("finished", "failed", "running")),
    Step("compare", ("M", "c"), ("accuracy",)),
    Step("leave", ("b", "q"), ("Detach", "Cancel")),
    Step("lab", ("escape", "1"), ("names with lstm",)),
    Step("help", ("question_mark",), ("Keys",)),
)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Path]:
    """A folder whose name is as long everywhere, and runs named as if they began at one moment."""
    own = Path(tempfile.mkdtemp(prefix="snapshot-", dir="/tmp"))
    monkeypatch.setenv("WORKBENCH_RUNS", str(own))
    monkeypatch.setattr(time, "strftime", lambda *_: "20260102-030405")
    monkeypatch.setattr(chart, "_REDRAW_SECONDS", 0.02)
    monkeypatch.setattr(RunScreen, "EVERY", 0.1)
    yield own
    shutil.rmtree(own)


@pytest.mark.parametrize(
    ("size", "theme"),
    [((120, 36), DARK), ((80, 24), DARK), ((120, 36), LIGHT)],
    ids=["full", "compact", "light"],
)
async def test_every_screen_looks_as_it_did(screen, worker, folder, monkeypatch, size, theme) -> None:
    if other := snapshots.drawn_by_another_textual():
        pytest.skip(f"the snapshots were drawn by Textual {other}")
    monkeypatch.setenv("TEXTUAL_THEME", theme.name)  # from the start: charts follow a change a moment later
    worker("rnn").start(**FACTS).train(10, 60).fail(60, "The loss is not finite at step 60 [red]: lower train.lr.")
    one = worker("lstm", data="starter").start(**FACTS).train(10, 200).finish()
    live = worker("gru").start(**FACTS).train(10, 60).train(70, 100)
    differ = []
    async with screen.open(one.run, size) as pilot:
        screen.app.session.owned_runs.add(live.run)
        for step in WALK:
            await pilot.press(*step.keys)
            await screen.until(pilot, *step.words)
            found = await settled(screen.app, pilot, str(folder))
            name = f"{step.name}-{size[0]}x{size[1]}-{theme.name.rpartition('-')[2]}"
            differ.append(snapshots.compare(name, found))
    assert not any(differ), "\n\n".join(filter(None, differ))


async def settled(app, pilot, folder: str) -> str:
    """The screen once nothing moves."""
    for field in app.screen.query(Input):
        field.cursor_blink = False
    app._count_live_runs()
    end = time.monotonic() + 10
    before, same = "", 0
    while same < 3:
        assert time.monotonic() < end, "it never stands still"
        await pilot.pause(0.05)
        now = snapshots.drawn(app, folder)
        before, same = now, same + 1 if now == before else 0
    return before


@pytest.mark.parametrize(
    ("size", "theme", "candidates"),
    [((120, 36), DARK, 3), ((120, 36), LIGHT, 1), ((80, 24), DARK, 2), ((60, 20), DARK, 1), ((40, 15), LIGHT, 1)],
    ids=["full", "light", "compact", "narrow", "small"],
)
async def test_the_poem_screen_looks_as_it_did(
    screen, writer, ink, folder, monkeypatch, size, theme, candidates
) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", theme.name)
    if other := snapshots.drawn_by_another_textual():
        pytest.skip(f"the snapshots were drawn by Textual {other}")
    ink.text = ink.others[1] = "孤舟烟泉月，天前雪日年。看花天月水，风雪夜同眠。"
    async with screen.open(size=size) as pilot:
        await opened(screen, pilot)
        entered(pilot, rhyme="天", candidates=candidates)
        await pilot.press("f5")
        await screen.until(pilot, "free form" if candidates > 1 else "五绝 · rhymed")
        await reading(pilot, "left", "left")
        found = await settled(screen.app, pilot, str(folder))
    words = f"{size[0]}x{size[1]}-{theme.name.rpartition('-')[2]}"
    assert snapshots.compare(f"poem-{words}", found) == ""


def test_a_changed_text_and_a_changed_style_are_told_apart(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(snapshots, "FOLDER", tmp_path)
    monkeypatch.setattr(snapshots, "VERSION", tmp_path / "textual.txt")
    whole = "one\ntwo\n\nstyles: how many cells of each, row by row\n3a\n3b\n\na red\nb blue\n"
    (tmp_path / "x.txt").write_text(whole)
    monkeypatch.setattr(snapshots, "UPDATE", False)
    assert snapshots.compare("x", whole) == ""
    assert "-two" in snapshots.compare("x", whole.replace("two", "2"))
    said = snapshots.compare("x", whole.replace("b blue", "b green"))
    assert "1 rows look otherwise" in said
    assert "row 2 'two'\n    stored  3 blue\n    now     3 green" in said
    assert "there is no snapshot yet" in snapshots.compare("y", whole)
    monkeypatch.setattr(snapshots, "UPDATE", True)
    assert snapshots.compare("y", whole) == ""
    assert (tmp_path / "y.txt").read_text() == whole
