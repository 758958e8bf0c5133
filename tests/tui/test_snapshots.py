"""Pictures of every screen, compared with stored ones: a change of them is seen, and meant.

``pytest tests/tui/test_snapshots.py --snapshot-update`` stores them anew; look at what git says has changed. A failure
writes ``snapshot_report.html`` with both pictures side by side. They hold for the version of Textual that drew them.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import fake_worker
import msgspec
import pytest
from fake_inspection import Children
from fake_network import with_weights
from fake_studies import begun, planned
from poem_steps import Bare, entered, opened, reading
from races.race_events import whole
from runs import event_makers as make
from snapshot_steps import named, still, turn
from tui.race.race_steps import told
from waiting import eventually

from workbench.config.spec import Parent
from workbench.inference import session
from workbench.runs import metadata, store
from workbench.runs.metadata import RunMetadata
from workbench.tui.app import WorkbenchApp
from workbench.tui.run.screen import RunScreen
from workbench.tui.themes import DARK, LIGHT
from workbench.tui.widgets import chart
from workbench.tui.widgets.tabs import TabRow

FACTS = {"host": "here", "pid": 4242, "versions": {"torch": "2"}}
SIZES_AND_THEMES = [((120, 36), DARK), ((120, 36), LIGHT), ((80, 24), DARK), ((80, 24), LIGHT)]


class Scene(NamedTuple):
    """Keys that lead from the Run screen to a scene, one after the other with the words that each waits for."""

    name: str
    steps: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()


SCENES = (
    Scene("run"),
    Scene("run-next-view", (((), ("memory",)), (("v",), ("finished",)))),
    Scene("confusion", ((("f",), ("test, with the best weights",)),)),
    Scene("runs", ((("2",), ("finished", "failed", "running")),)),
    Scene("compare", ((("2",), ("finished", "failed", "running")), (("M", "c"), ("accuracy",)))),
    Scene("leave", ((("q",), ("Detach", "Cancel")),)),
    Scene("lab", ((("1",), ("names with lstm", "starter only")),)),
    Scene("help", ((("1",), ("names with lstm", "starter only")), (("question_mark",), ("Keys",)))),
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


@pytest.mark.parametrize(("size", "theme"), SIZES_AND_THEMES, ids=named)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_screen(snap_compare, screen, worker, folder, monkeypatch, scene: Scene, size, theme) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", theme.name)  # from the start: charts follow a change a moment later
    worker("rnn").start(**FACTS).train(10, 60).fail(60, "The loss is not finite at step 60 [red]: lower train.lr.")
    one = worker("lstm", data="starter").start(**FACTS).sample_training()
    for last in (40, 80, 120, 160, 200):
        one.train(last - 30, last)
    one.finish()
    live = worker("gru").start(**FACTS).train(10, 60).train(70, 100)
    screen.app = WorkbenchApp(folder, None, one.run)

    async def walk(pilot) -> None:
        screen.app.session.owned_runs.add(live.run)
        await screen.until(pilot, "finished", "all epochs are done", "0.7908")
        for keys, words in scene.steps:
            screen.app._count_live_runs()  # before a dialog covers the bar: else it hangs on a timer
            await pilot.press(*keys)
            await screen.until(pilot, *words)

    assert snap_compare(screen.app, terminal_size=size, run_before=still(screen, folder, walk))


@pytest.mark.parametrize(
    ("theme", "size"), [(DARK, (120, 36)), (LIGHT, (120, 36)), (DARK, (80, 24)), (DARK, (60, 20))], ids=named
)
def test_memory_pane(snap_compare, screen, worker, folder, monkeypatch, size, theme) -> None:
    """An lstm's gradient beside its first evaluation and a run with rnn."""
    monkeypatch.setenv("TEXTUAL_THEME", theme.name)
    worker("rnn").start(**FACTS).train(10, 40).probe(40, make.rnn_cell(left=0.6)).finish(40)
    one = worker("lstm", data="starter").start(**FACTS).sample_training()
    for last, left in ((40, 0.8), (80, 0.95), (120, 0.98)):
        one.train(last - 30, last).probe(last, make.lstm_cell(left=left))
    one.finish(120)
    screen.app = WorkbenchApp(folder, None, one.run)

    async def walk(pilot) -> None:
        await screen.until(pilot, "finished")
        tabs = screen.app.screen.query_one(TabRow)
        await screen.until(pilot, "memory")
        await turn(pilot, lambda: tabs.chosen, "memory")
        await screen.until(pilot, "reaches 100 of 100", "rnn")

    assert snap_compare(screen.app, terminal_size=size, run_before=still(screen, folder, walk))


@pytest.mark.parametrize(
    ("size", "theme", "keys"), [((120, 36), DARK, ""), ((80, 24), LIGHT, ""), ((80, 24), DARK, "n")], ids=named
)
def test_runs_with_names(snap_compare, screen, worker, folder, monkeypatch, size, theme, keys) -> None:
    """Runs of a study, one that was given a name, and one that has its id; with ``n``, the dialog over them."""
    monkeypatch.setenv("TEXTUAL_THEME", theme.name)
    for seed in range(3):
        one = worker("lstm").start(**FACTS).train(10, 200).finish()
        metadata.write(one.run, RunMetadata(name=f"layers 2, both ways, seed {seed}", study="imdb-grid"))
    worker("gru").start(**FACTS).train(10, 60).train(70, 100)
    one = worker("rnn").start(**FACTS).train(10, 60).stop(60)
    metadata.write(one.run, RunMetadata(name="clipped", tags=("draft", "ask"), note="Learns nothing below 0.1.\nWhy?"))
    os.utime(one.run.spec_file, (time.time() + 9, time.time() + 9))  # on top
    screen.app = WorkbenchApp(folder)

    async def walk(pilot) -> None:
        await pilot.press("2")
        await screen.until(pilot, "finished", "stopped", "running", "clipped")
        screen.app._count_live_runs()
        for key in keys:
            await pilot.press(key)
            await screen.until(pilot, "^s saves")

    assert snap_compare(screen.app, terminal_size=size, run_before=still(screen, folder, walk))


@pytest.mark.parametrize(
    ("size", "theme", "candidates"),
    [((120, 36), DARK, 3), ((120, 36), LIGHT, 1), ((80, 24), DARK, 2), ((60, 20), DARK, 1), ((40, 15), LIGHT, 1)],
    ids=named,
)
def test_poem_screen(snap_compare, screen, writer, network, folder, monkeypatch, size, theme, candidates) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", theme.name)
    network.text = network.others[1] = "孤舟烟泉月，天前雪日年。看花天月水，风雪夜同眠。"
    screen.app = WorkbenchApp(folder)

    async def write(pilot) -> None:
        await opened(screen, pilot)
        entered(pilot, rhyme="天", best_of=candidates)
        await pilot.press("f5")
        await screen.until(pilot, "free form" if candidates > 1 else "五绝 · rhymed")
        await reading(pilot, "left", "left")

    assert snap_compare(screen.app, terminal_size=size, run_before=still(screen, folder, write))


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)], ids=named)
@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=named)
def test_studies_screen(snap_compare, screen, folder, monkeypatch, size, theme) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", theme.name)
    monkeypatch.setattr(time, "time", lambda: 1_767_323_045.0)
    study = planned(folder, seeds=2, lab="names-rnn-lstm", quick=True, title="RNN and LSTM on names")
    planned(folder, "hidden-sizes", ["gru"], {"cell.hidden": [32, 64, 128]})
    for number, accuracy in ((1, 0.81), (2, 0.82), (3, 0.85)):
        begun(study, number).start(**FACTS).train(10, 200).finish(accuracy=accuracy)
    begun(study, 4).start(**FACTS).train(10, 60).fail(60, "The loss is not finite at step 60 [red]: lower train.lr.")
    live = [begun(study, 5).start(**FACTS).train(10, 60), begun(study, 6).start(**FACTS).train(10, 100)]
    os.utime(study.study_file, (1_767_323_000, 1_767_323_000))
    os.utime(study.path.with_name("hidden-sizes") / "study.json", (1_767_236_600, 1_767_236_600))
    screen.app = WorkbenchApp(folder)

    async def choose(pilot) -> None:
        await pilot.press("5")
        await screen.until(pilot, "3 of 8 finished", "rnn, layers 2, seed 1")
        await pilot.press("down", "down", "down")
        await screen.until(pilot, "The loss is not finite")

    assert snap_compare(screen.app, terminal_size=size, run_before=still(screen, folder, choose))
    for one in live:
        one.close()


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=named)
@pytest.mark.parametrize("keys", ["", "k", "B"], ids=named)
def test_a_branch(snap_compare, screen, worker, folder, monkeypatch, size, keys) -> None:
    """A run with its parent's curve, the tree of its family, and the dialog that branches it."""
    monkeypatch.setenv("TEXTUAL_THEME", DARK.name)
    old = worker("lstm").start(**FACTS).train(10, 60).train(70, 120).finish()
    described = msgspec.structs.replace(old.run.spec, parent=Parent(run=old.run.id, step=60))
    branches = [worker(run=store.create(folder, described)) for _ in range(2)]
    for one in branches:
        one.start(**FACTS, from_step=60).evaluate(60)
        one.train(70, 100)
    screen.app = WorkbenchApp(folder, None, branches[0].run)

    async def walk(pilot) -> None:
        await screen.until(pilot, "branch of", "1 sibling", "step 100")
        screen.app._count_live_runs()  # before a dialog covers the bar
        for key in keys:
            await pilot.press(key)
            await screen.until(pilot, *(("this run",) if key == "k" else ("yet:",)))

    assert snap_compare(screen.app, terminal_size=size, run_before=still(screen, folder, walk))


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=named)
def test_a_replay(snap_compare, screen, worker, folder, monkeypatch, size) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", DARK.name)
    moments = itertools.count(1_767_323_045)
    with monkeypatch.context() as patch:
        patch.setattr(fake_worker.time, "time", lambda: float(next(moments)))
        one = worker("lstm").start(**FACTS).train(10, 60).train(70, 120).finish()
    screen.app = WorkbenchApp(folder, None, one.run, replay=20.0)

    async def walk(pilot) -> None:
        await screen.until(pilot, "replay of names with lstm")
        while "event 1 of" not in screen.text:  # it plays on until the first key, one evaluation or two
            await pilot.press("left_square_bracket")
            await screen.until(pilot, "paused")
        for number in (9, 16):
            await pilot.press("right_square_bracket")
            await screen.until(pilot, f"event {number} of 17", "paused")

    assert snap_compare(screen.app, terminal_size=size, run_before=still(screen, folder, walk))


@pytest.mark.parametrize(("size", "theme"), [SIZES_AND_THEMES[0], SIZES_AND_THEMES[3]], ids=named)
@pytest.mark.parametrize("pane", ["chart", "table"])
def test_race_screen(snap_compare, screen, folder, monkeypatch, size, theme, pane) -> None:
    """The chart, and with the other key the table, or in full size a logarithmic chart."""
    monkeypatch.setenv("TEXTUAL_THEME", theme.name)
    told(monkeypatch, whole())
    screen.app = WorkbenchApp(folder)

    async def race(pilot) -> None:
        await screen.until(pilot, "names with lstm", "starter only")
        await pilot.press("r")
        await screen.until(pilot, "all steps done", "Parity holds")
        if pane == "table":
            await pilot.press("v" if size[0] < 110 else "l")
            await screen.until(pilot, "val accuracy")

    assert snap_compare(screen.app, terminal_size=size, run_before=still(screen, folder, race))


@pytest.mark.parametrize(
    ("size", "theme", "view"),
    [
        ((120, 36), DARK, "gates"),
        ((120, 36), LIGHT, "states"),
        ((120, 36), DARK, "answer"),
        ((80, 24), DARK, "contributions"),
        ((80, 24), LIGHT, "gates"),
        ((60, 20), DARK, "states"),
    ],
    ids=named,
)
def test_inspect_screen(snap_compare, screen, worker, folder, monkeypatch, size, theme, view) -> None:
    """A followed unit over the text; the answer forming; contributions."""
    monkeypatch.setenv("TEXTUAL_THEME", theme.name)
    monkeypatch.setattr(session, "Client", Children().client)
    monkeypatch.setitem(WorkbenchApp.SCREENS, "lab", Bare)
    one = with_weights(worker("lstm").start(**FACTS).train(10, 200).finish())
    screen.app = WorkbenchApp(folder, None, one.run)

    async def look(pilot) -> None:
        await screen.until(pilot, "names with lstm")
        await pilot.press("6")
        await screen.until(pilot, "gate i, layer 1", "test row 1", "step 7 of 7")
        shown = screen.app.screen
        await eventually(pilot, lambda: shown._panes.painter.inspection.contributions is not None)
        await pilot.press("enter", "left", "left")
        await eventually(pilot, lambda: shown._choice.followed is not None and shown._cursor == 4)
        await turn(pilot, lambda: shown._choice.view, view)

    assert snap_compare(screen.app, terminal_size=size, run_before=still(screen, folder, look))
