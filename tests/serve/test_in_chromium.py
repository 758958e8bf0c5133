"""The laboratory in a real browser: Chromium without a window, and no internet."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")
import chromium
import psutil
from chromium import Chromium, Tab
from engine.toy_runs import toy
from PIL import Image
from served import serving
from waiting import until

from workbench.runs import metadata, store
from workbench.runs.folder import RunError
from workbench.runs.metadata import RunMetadata

pytestmark = pytest.mark.skipif(not chromium.PROGRAM, reason="there is no Chromium")
CHINESE = "春眠不觉晓"
ENTER = 13
FINDS = "Enter or ↓ goes to the first"


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Chromium]:
    async with chromium.chromium(tmp_path / "profile") as started:
        yield started


@pytest.fixture(autouse=True)
def no_worker_is_left(runs_folder: Path) -> Iterator[None]:
    yield
    for run in store.listing(runs_folder) if runs_folder.exists() else []:
        with suppress(RunError):
            run.request_stop()


async def toy_marked(tab: Tab) -> None:
    """Mark the toy task in the Lab, and lengthen its training."""
    await tab.until("Start", "names with lstm")
    await tab.press("End", 35)
    await tab.until("toy with lstm")


async def test_a_training_from_start_to_stop_before_two_clients(browser: Chromium, runs_folder: Path) -> None:
    with serving(WORKBENCH_KERNEL_LEVEL="off") as server:  # nothing is compiled first
        first = await browser.tab(1280, 800)
        await first.open(server.address)
        await toy_marked(first)
        assert await first.evaluate("location.href") == f"{server.base}/"  # without the token
        assert all(address.startswith(server.base) for address in first.requested)
        assert await first.evaluate("document.cookie") == ""
        assert (first.terminal.columns, first.terminal.lines) == (142, 38)
        await slowed(first)
        await first.type("s")
        await first.until("running", "Stop", "accuracy", "validation")
        (run,) = store.listing(runs_folder)
        second = await browser.tab(1280, 800, context=await browser.context())
        await second.open(server.address)
        await second.until("Start")
        await second.type("3")  # the run that trains, whoever started it
        await second.until("toy with lstm", "running", "validation")
        await moves(first)
        await moves(second)
        await first.size(640, 400)
        await first.when(lambda: first.terminal.columns == 71, "a smaller terminal")
        await first.until(" loss   accuracy   confusion ", "running")  # one pane
        await first.size(1280, 800)
        await first.until("accuracy", "validation")
        workers = [one for one in psutil.process_iter(["cmdline"]) if str(run.path) in (one.info["cmdline"] or [])]
        assert workers
        await first.close()
        until(lambda: len(psutil.Process(server.told["pid"]).children()) == 1, "the end of the first session")
        await moves(second)
        await second.type("x")
        await second.until("Stop")
        await second.press("Enter", ENTER)
        until(lambda: run.status() == "stopped", "the end of the training")
        await second.until("stopped")
        assert first.errors == second.errors == []
        assert server.end()[0] == 0
        await second.when(lambda: second.closed)
        assert await second.evaluate("getComputedStyle(document.getElementById('ended')).display") == "flex"


async def slowed(tab: Tab) -> None:
    """Give the toy a training that lasts until it is stopped."""
    for name, value in (("epochs", "1000"), ("pause", "0.02")):
        await tab.type("/" if name == "epochs" else "\x0c")  # ctrl+l, its twin, where a field has the focus
        await tab.until(FINDS)
        await tab.type(name)
        await tab.when(lambda name=name: re.search(rf"find +{name} .* \d+ of \d+", tab.text), "what is found")
        await tab.press("Enter", ENTER)
        await tab.when(lambda: FINDS not in tab.text, "the setting's own field")
        await tab.type(value)
        await tab.until(f"{name} {value}")


async def moves(tab: Tab) -> None:
    """Wait until the curve is drawn otherwise, and its picture is another one."""
    before, picture = tab.text, await tab.picture()
    await tab.when(lambda: tab.text != before, "another frame")
    while await tab.picture() == picture:  # until it is painted
        pass


async def test_chinese_stands_in_its_cells(browser: Chromium, runs_folder: Path) -> None:
    metadata.write(toy(runs_folder), RunMetadata(name=CHINESE, note=f"{CHINESE}，处处闻啼鸟。"))
    with serving() as server:
        tab = await browser.tab(1280, 800)
        await tab.open(server.address)
        await tab.until("Start")
        await tab.type("2")
        await tab.until(CHINESE, "o Open")
        rows = [number for number, line in enumerate(tab.terminal.display) if CHINESE in line]
        picture = Image.open(io.BytesIO(await settled(tab))).convert("RGB")
        size = await tab.evaluate(
            "(({width, height}) => [width, height])(document.querySelector('.xterm-screen').getBoundingClientRect())"
        )
        wide, high = size[0] / tab.terminal.columns, size[1] / tab.terminal.lines
        for row in rows:
            cells = [tab.terminal.buffer[row][column] for column in range(tab.terminal.columns)]
            for column, cell in enumerate(cells):
                width = 2 if column + 1 < len(cells) and cells[column + 1].data == "" else 1
                if cell.data:
                    box = (column * wide + 1, row * high + 1, (column + width) * wide - 1, (row + 1) * high - 1)
                    inked = len(picture.crop(tuple(map(round, box))).getcolors(1 << 16)) > 1
                    assert inked == (cell.data != " "), (row, column, cell.data)
        assert rows


async def settled(tab: Tab) -> bytes:
    """Take a picture that the next one equals."""
    while True:
        before, after = await tab.picture(), await tab.picture()
        if before == after:
            return after


async def test_neither_a_stranger_nor_a_read_only_page_starts_anything(browser: Chromium, runs_folder: Path) -> None:
    with serving("--readonly") as server:
        stranger = await browser.tab()
        for address in (server.base, f"{server.base}/?token=guessed", f"{server.base}/static/js/textual.js"):
            await stranger.open(address)
            await stranger.when(lambda address=address: any(one.startswith(address) for one in stranger.answers))
        assert set(stranger.answers.values()) == {403}
        refused = "new Promise(done => { const s = new WebSocket('ws" + server.base[4:] + f"/ws?token={server.token}');"
        refused += " s.onopen = () => done('open'); s.onerror = () => done('refused') })"
        blank = await browser.tab()  # a page of another origin
        assert await blank.evaluate(refused) == "refused"
        tab = await browser.tab(1280, 800)
        await tab.open(server.address)
        await tab.until("Start", " read only ", "names with lstm")
        assert "s Start" not in tab.text
        await tab.type("sSgr")
        await tab.type("?")
        await tab.until("every key")
        assert "start a training" not in tab.text
        assert not runs_folder.exists()
