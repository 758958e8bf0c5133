"""The web server: its page, the page's files, and a websocket for each session."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from tasks.base import PlainError
from workbench.serve.access import Access, guard
from workbench.serve.child import FULL, READ_ONLY
from workbench.serve.session import Session

PAGE = Path(__file__).with_name("page")
FIRST_PORT, PORTS = 8000, 100  # tried in turn where none was asked for
MOST = 32  # sessions at once: each is a process of some 100 MB
_SMALLEST, _LARGEST = 2, 1000  # columns and rows
_HEARTBEAT = 15.0  # seconds: a page that does not answer within half of it is gone
_TO_CLOSE = 2.0  # seconds for a page to answer that it closes
_PATIENCE = 6.0  # seconds for all sessions to end when the server does
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ServeError(PlainError):
    """The laboratory cannot be served. The message is one plain sentence."""


class Served(msgspec.Struct, frozen=True):
    """Description of what the sessions show, and of what they may do."""

    runs: Path
    data: Path | None
    readonly: bool

    @property
    def words(self) -> list[str]:
        """The command of a session."""
        rights = READ_ONLY if self.readonly else FULL
        where = [str(self.runs.absolute()), str(self.data.absolute()) if self.data else ""]
        return [sys.executable, "-P", "-m", "workbench.serve.child", *where, rights]


class BrowserServer(Server):
    """Textual's server behind a guard, with a page that needs nothing from the internet."""

    def __init__(self, access: Access, words: list[str]) -> None:
        super().__init__(command="", title="Workbench")
        self._access = access
        self._words = words
        self._sessions: set[web.WebSocketResponse] = set()

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[guard(self._access)])
        app.add_routes(
            [
                web.get("/", self._page, name="index"),
                web.get("/ws", self.handle_websocket, name="websocket"),
                web.get("/download/{key}", self.handle_download, name="download"),
                web.static("/page", PAGE),
                web.static("/static", self.statics_path),
            ]
        )
        app.on_shutdown.append(self.on_shutdown)
        return app

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html")

    async def on_shutdown(self, app: web.Application) -> None:
        """Close every session; each one's application ends before its request does."""
        await asyncio.gather(*(one.close(code=1001) for one in list(self._sessions)), return_exceptions=True)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Show an application on a page for as long as both last."""
        websocket = web.WebSocketResponse(heartbeat=_HEARTBEAT, timeout=_TO_CLOSE)
        await websocket.prepare(request)
        if len(self._sessions) >= MOST:
            await websocket.send_bytes(f"{MOST} sessions are open, which is all there may be: close one.".encode())
            await websocket.close()
            return websocket
        self._sessions.add(websocket)

        async def close() -> None:
            await websocket.close()

        session = Session(
            "",
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=close,
            download_manager=self.download_manager,
        )
        session.words = self._words
        try:
            await session.start(_cells(request.query.get("width"), 80), _cells(request.query.get("height"), 24))
            await self._process_messages(websocket, session)
        except OSError as error:  # no process could be started
            await websocket.send_bytes(f"The application could not be started: {error.strerror}.".encode())
        finally:
            try:
                await asyncio.shield(session.stop())
            finally:
                self._sessions.discard(websocket)
                with suppress(ConnectionError):
                    await websocket.close()
        return websocket

    async def _process_messages(self, websocket: web.WebSocketResponse, app_service: AppService) -> None:
        """Hand on what the page sends; what is no message of a page's is left out."""
        async for message in websocket:
            if message.type != WSMsgType.TEXT:
                continue
            try:
                kind, value = (*json.loads(message.data), None)[:2]
            except (ValueError, TypeError):
                continue
            match kind, value:
                case "stdin", str():
                    await app_service.send_bytes(value.encode(errors="replace"))
                case "resize", {"width": width, "height": height}:
                    await app_service.set_terminal_size(_cells(width, 80), _cells(height, 24))
                case "ping", _:
                    await websocket.send_json(["pong", value])
                case "blur", _:
                    await app_service.blur()
                case "focus", _:
                    await app_service.focus()


def _cells(given: Any, default: int) -> int:
    """Return a number of columns or rows within bounds."""
    try:
        return min(max(int(given), _SMALLEST), _LARGEST)
    except (TypeError, ValueError, OverflowError):
        return default


def bound(host: str, port: int | None) -> socket.socket:
    """Return a socket that is bound to the port; to the first free one from 8000 on, where none is asked for.

    Raises:
        ServeError: the host is none of this machine's, or the port is taken or not allowed.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port or 0, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise ServeError(f"--host {host}: there is no such host ({getattr(error, 'strerror', error)}).") from None
    wanted = range(FIRST_PORT, FIRST_PORT + PORTS) if port is None else (port,)
    for number in wanted:
        made = socket.socket(family, kind, protocol)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that just ended holds no port
            made.bind((address[0], number, *address[2:]))
            made.listen(128)
        except OSError as error:
            made.close()
            if port is None and number + 1 < FIRST_PORT + PORTS:
                continue
            why = f"cannot be listened on ({error.strerror})"
            advice = "take another with --port, or leave it out: the first free one from 8000 on is taken"
            raise ServeError(f"Port {number} of {host} {why}: {advice}.") from None
        return made
    raise AssertionError("there is always a port to try")


def is_local(listening: socket.socket) -> bool:
    """Return whether a socket listens on loopback, which only this machine reaches."""
    return ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback


async def serve(listening: socket.socket, access: Access, served: Served, ready: Callable[[], None]) -> None:
    """Serve until SIGINT, SIGTERM or a hang-up; then end all sessions. Trainings go on.

    Args:
        ready: called once the server answers.
    """
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # a client's broken request is no news
    app = await BrowserServer(access, served.words)._make_app()
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_PATIENCE)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup workbench serve` stays
            loop.add_signal_handler(number, over.set)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        ready()
        await over.wait()
    finally:
        await runner.cleanup()
