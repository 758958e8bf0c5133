"""Chromium without a window, driven over its DevTools protocol; its page's terminal is read from the websocket."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pyte
from waiting import HANG

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
_FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *(
        "--remote-debugging-port=0",
        "--remote-allow-origins=*",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ),
]


class Tab:
    """A page: its terminal's text, its requests, its pictures."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session
        self.requested: list[str] = []
        self.answers: dict[str, int] = {}  # status by address
        self.errors: list[str] = []
        self.terminal = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.terminal)
        self.closed = False  # the websocket

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        return await self._browser.send(method, parameters, self._session)

    def take(self, method: str, told: dict[str, Any]) -> None:
        """Keep what an event tells."""
        match method:
            case "Network.webSocketFrameSent":
                kind, *value = json.loads(told["response"]["payloadData"])
                if kind == "resize":
                    self.terminal.resize(value[0]["height"], value[0]["width"])
            case "Network.webSocketFrameReceived" if told["response"]["opcode"] == 2:
                drawn = base64.b64decode(told["response"]["payloadData"])
                self._stream.feed(drawn.replace(b"\x1b[?2026$p", b""))  # a question that pyte would print
            case "Network.webSocketClosed":
                self.closed = True
            case "Network.requestWillBeSent":
                self.requested.append(told["request"]["url"])
            case "Network.responseReceived":
                self.answers[told["response"]["url"]] = told["response"]["status"]
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(told["exceptionDetails"])[:500])
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.errors.append(told["entry"]["text"])

    @property
    def text(self) -> str:
        return "\n".join(self.terminal.display)

    async def until(self, *words: str) -> str:
        """Wait until every word stands in the terminal; its text."""
        await self.when(lambda: all(word in self.text for word in words), f"{words} in")
        return self.text

    async def when(self, condition: Callable[[], Any], what: str = "") -> None:
        end = time.monotonic() + HANG
        while not condition():
            assert time.monotonic() < end, f"waited in vain: {what}\n{self.text}\n{self.errors}"
            await asyncio.sleep(0.02)

    async def open(self, address: str) -> None:
        await self.send("Page.navigate", url=address)

    async def size(self, width: int, height: int) -> None:
        """Set the size of the page in pixels."""
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def type(self, text: str) -> None:
        """Type characters, each as a key of its own."""
        for character in text:
            await self.send("Input.dispatchKeyEvent", type="keyDown", text=character, key=character)
            await self.send("Input.dispatchKeyEvent", type="keyUp", key=character)

    async def press(self, key: str, code: int) -> None:
        """Press a key that is no character, by its Windows code."""
        for kind in ("rawKeyDown", "keyUp"):
            await self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    async def evaluate(self, script: str) -> Any:
        told = await self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return told["result"].get("value")

    async def picture(self) -> bytes:
        """Take a picture of the page, as PNG."""
        return base64.b64decode((await self.send("Page.captureScreenshot", format="png"))["data"])

    async def close(self) -> None:
        await self.send("Page.close")


class Chromium:
    """The browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._tabs: dict[str, Tab] = {}

    async def send(self, method: str, parameters: dict[str, Any], session: str = "") -> dict[str, Any]:
        number = next(self._numbers)
        self._answers[number] = answer = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": parameters}
        await self._socket.send_json(message | ({"sessionId": session} if session else {}))
        return await asyncio.wait_for(answer, HANG)

    async def listen(self) -> None:
        async for message in self._socket:
            told = message.json()
            if answer := self._answers.pop(told.get("id", 0), None):
                if not answer.cancelled():
                    answer.set_result(told.get("result", told))
            elif tab := self._tabs.get(told.get("sessionId", "")):
                tab.take(told["method"], told["params"])

    async def tab(self, width: int = 1280, height: int = 800, *, context: str = "") -> Tab:
        """Open an empty page, in a context of its own with other cookies where one is named."""
        own = {"browserContextId": context} if context else {}
        target = (await self.send("Target.createTarget", {"url": "about:blank", **own}))["targetId"]
        session = (await self.send("Target.attachToTarget", {"targetId": target, "flatten": True}))["sessionId"]
        tab = self._tabs[session] = Tab(self, session)
        for domain in ("Page", "Network", "Runtime", "Log"):
            await tab.send(f"{domain}.enable")
        await tab.size(width, height)
        return tab

    async def context(self) -> str:
        """Make a context without cookies: another person's browser."""
        return str((await self.send("Target.createBrowserContext", {}))["browserContextId"])


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Chromium]:
    """Start Chromium with a profile of its own in a folder."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *_FLAGS, f"--user-data-dir={folder}", "about:blank", stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        async with aiohttp.ClientSession() as session:
            where = await _address(folder / "DevToolsActivePort", process)
            async with session.ws_connect(where, max_msg_size=0) as socket:
                browser = Chromium(socket)
                listening = asyncio.create_task(browser.listen())
                yield browser
                with suppress(ConnectionError):
                    await socket.send_json({"id": 0, "method": "Browser.close"})
                await process.wait()
                listening.cancel()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _address(file: Path, process: Process) -> str:
    end = time.monotonic() + HANG
    while not (file.exists() and len(lines := file.read_text().split()) == 2):
        assert process.returncode is None, "Chromium ended"
        assert time.monotonic() < end, "Chromium does not answer"
        await asyncio.sleep(0.02)
    return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
