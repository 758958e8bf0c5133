"""A session: the application in a child process, and the websocket of the page that shows it."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

from textual_serve.app_service import AppService

from workbench.render.streams import narrate
from workbench.render.text import printable

_MARK = b"__GANGLION__\n"  # Textual's: what follows is packets
_BEFORE = 50  # lines before it at most, such as a library's warning
_GRACE = 4.0  # seconds for the application to end by itself
_KEPT = 4096  # bytes of what it told last
DRIVER = "workbench.tui.browser:BrowserDriver"


class Session(AppService):
    """An application in a process of its own, which ends with its page, whether or not the page reads.

    Args:
        words: the command, which no shell reads.
        other arguments: as Textual's ``AppService``.
    """

    words: Sequence[str] = ()
    _stopping = False

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        own = {"TEXTUAL_DRIVER": DRIVER, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        return {**super()._build_environment(width, height), **own, "PYTHONIOENCODING": "utf-8", "TEXTUAL_FPS": "30"}

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Start the application in a session of the system's of its own: Ctrl-C in the server's terminal is not its."""
        self._process = process = await asyncio.create_subprocess_exec(
            *self.words,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width, height),
            start_new_session=True,
        )
        self._stdin = process.stdin
        return process

    async def run(self) -> None:
        """Hand on what the application draws until it ends; then close the page's websocket."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        told = asyncio.create_task(_last_words(process))
        with suppress(asyncio.IncompleteReadError, ConnectionError, RuntimeError):  # it ended, or the page is gone
            await self._hand_on(process.stdout)
        if self._stopping:
            return
        code, words = await process.wait(), await told
        if code:
            why = words or f"it ended with code {code}"
            narrate(f"workbench: A session ended: {printable(why.removeprefix('workbench: '))}")
            with suppress(ConnectionError, RuntimeError):
                await self.remote_write_bytes(f"\x1b[?1049l\x1b[0m{printable(words)}\r\n".encode())
        await self.remote_close()

    async def _hand_on(self, stdout: asyncio.StreamReader) -> None:
        for _ in range(_BEFORE):
            line = await stdout.readline()
            if line == _MARK:
                break
            if not line:
                return
        handlers = {b"D": self.on_data, b"M": self.on_meta, b"P": self.on_packed}
        while True:
            kind, size = await stdout.readexactly(1), await stdout.readexactly(4)
            if kind not in handlers:  # no packet: something printed to its stdout
                await _discard(stdout)
                return
            await handlers[kind](await stdout.readexactly(int.from_bytes(size, "big")))

    async def stop(self) -> None:
        """End the application: by request, then by force; its process is waited for. Trainings go on."""
        process, task = self._process, self._task
        if process is None or task is None or self._stopping:
            return
        self._stopping = True
        await self._download_manager.cancel_app_downloads(app_service_id=self.app_service_id)
        task.cancel()  # it may wait for a page that reads nothing
        with suppress(asyncio.CancelledError):
            await task
        assert process.stdout is not None
        rest = asyncio.create_task(_discard(process.stdout))
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    await self.send_meta({"type": "quit"})
                    await process.wait()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            rest.cancel()


async def _last_words(process: Process) -> str:
    """Read all that a process tells on stderr, and return the last line."""
    assert process.stderr is not None
    kept = b""
    while data := await process.stderr.read(_KEPT):
        kept = (kept + data)[-_KEPT:]
    return next((line for line in reversed(kept.decode(errors="replace").splitlines()) if line.strip()), "")


async def _discard(stream: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        while await stream.read(1 << 16):
            pass
