"""The web server without a browser: who is let in, and how a session begins and ends."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")
import psutil
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer
from waiting import HANG

from workbench.serve import server as serving
from workbench.serve.access import Access
from workbench.serve.server import BrowserServer, ServeError, bound, is_local

TOKEN = "a-token"
PACKETS = """
import os, sys
def put(kind, data): os.write(1, kind + len(data).to_bytes(4, "big") + data)
def take():
    head = sys.stdin.buffer.read(5)
    return head[:1], sys.stdin.buffer.read(int.from_bytes(head[1:], "big"))
os.write(1, b"a library's warning\\n__GANGLION__\\n")
put(b"D", str(os.getpid()).encode())
"""
ECHO = PACKETS + "while True:\n kind, data = take()\n if b'quit' in data or not kind: break\n put(b'D', kind + data)\n"
DEAF = PACKETS + "import time\nwhile True: time.sleep(9)\n"
FLOOD = PACKETS + "while True: put(b'D', b'x' * 65536)\n"
CRASH = PACKETS + "take()\nsys.exit('workbench: it cannot be.')\n"
SILENT = "import sys; sys.exit('no module of that name')"

Open = Callable[..., Awaitable[TestClient]]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    clients: list[TestClient] = []

    async def start(code: str = ECHO, *, local: bool = True, host: str = "", public_url: str = "") -> TestClient:
        access = Access(TOKEN, local=local, host=host, public_url=public_url)
        made = TestServer(await BrowserServer(access, [sys.executable, "-c", code])._make_app())
        clients.append(TestClient(made))
        await clients[-1].start_server()
        return clients[-1]

    yield start
    for client in clients:
        await client.close()


def own(client: TestClient) -> dict[str, str]:
    return {"Origin": f"http://{client.host}:{client.port}"}


async def connected(client: TestClient, path: str = "/ws") -> ClientWebSocketResponse:
    await client.get(f"/?token={TOKEN}")
    return await client.ws_connect(path, headers=own(client))


async def drawn(socket: ClientWebSocketResponse) -> bytes:
    message = await socket.receive(HANG)
    assert message.type == WSMsgType.BINARY, message
    return message.data


async def gone(pid: int) -> None:
    async with asyncio.timeout(HANG):
        while psutil.pid_exists(pid):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("path", ["/", "/static/js/textual.js", "/page/page.js", "/ws", "/download/x", "/nothing"])
@pytest.mark.parametrize("query", ["", "?token=", "?token=a-tokeN", "?token=a-token2", "?token=%ff"])
async def test_nothing_is_served_without_the_token(opened: Open, path: str, query: str) -> None:
    client = await opened()
    answer = await client.get(path + query)
    assert (answer.status, not answer.cookies) == (403, True)
    assert "with its token" in await answer.text()


async def test_the_token_becomes_a_cookie_that_no_script_and_no_other_site_has(opened: Open) -> None:
    client = await opened()
    answer = await client.get(f"/?token={TOKEN}")
    assert answer.status == 200
    (cookie,) = answer.cookies.values()
    assert (cookie.value, cookie["httponly"], cookie["samesite"], cookie["secure"]) == (TOKEN, True, "Strict", "")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    for path in ("/", "/static/js/textual.js", "/static/css/xterm.css", "/page/page.css"):
        assert (await client.get(path)).status == 200
    assert (await client.get("/?token=old")).status == 403  # an address of an earlier server says so
    assert (await client.get("/static/../server.py")).status == 404


async def test_the_page_needs_nothing_from_elsewhere(opened: Open) -> None:
    client = await opened()
    answer = await client.get(f"/?token={TOKEN}")
    page = await answer.text()
    assert not re.search(r"""(src|href)="(https?:)?//""", page)
    for path in re.findall(r"""(?:src|href)="([^":]+)\"""", page):
        assert (await client.get("/" + path)).status == 200, path
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "[::1"])
async def test_another_name_of_loopback_is_refused(opened: Open, name: str) -> None:
    client = await opened()
    answer = await client.get(f"/?token={TOKEN}", headers={"Host": name})
    assert answer.status == 403 or (not name and answer.status == 400)
    assert not answer.cookies


@pytest.mark.parametrize("name", ["localhost:9000", "127.0.0.1:1", "[::1]:8000"])
async def test_loopback_is_reached_through_a_tunnel(opened: Open, name: str) -> None:
    client = await opened()
    assert (await client.get(f"/?token={TOKEN}", headers={"Host": name})).status == 200


@pytest.mark.parametrize("host", ["127.0.0.2", "Gpu7"])
async def test_the_host_that_was_asked_for_is_answered_on_loopback(opened: Open, host: str) -> None:
    client = await opened(host=host)
    assert (await client.get(f"/?token={TOKEN}", headers={"Host": f"{host}:8000"})).status == 200
    assert (await client.get(f"/?token={TOKEN}", headers={"Host": "evil.example"})).status == 403


async def test_other_names_are_answered_where_others_reach_it(opened: Open) -> None:
    client = await opened(local=False)
    named = {"Host": "gpu7.example:8000"}
    assert (await client.get("/", headers=named)).status == 403
    assert (await client.get(f"/?token={TOKEN}", headers=named)).status == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", "file://", "http://[", "x"]
)
async def test_another_page_opens_no_session(opened: Open, origin: str | None) -> None:
    client = await opened()
    await client.get(f"/?token={TOKEN}")
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/ws", headers={"Origin": origin} if origin else {})
    assert refused.value.status == 403


async def test_a_reverse_proxy_is_known_by_its_address(opened: Open) -> None:
    client = await opened(public_url="https://lab.example.org")
    for name in ("lab.example.org", f"127.0.0.1:{client.port}"):  # as the proxy hands it on
        headers = {"Host": name, "Origin": "https://lab.example.org"}
        answer = await client.get(f"/?token={TOKEN}", headers=headers)
        assert answer.status == 200
        assert next(iter(answer.cookies.values()))["secure"]
    answer = await client.get(f"/?token={TOKEN}", headers={"Host": "other.example.org"})
    assert answer.status == 403


async def test_a_session_hands_on_keys_and_sizes_and_ends_with_its_page(opened: Open) -> None:
    client = await opened()
    page = await connected(client, "/ws?width=100&height=30")
    pid = int(await drawn(page))
    await page.send_json(["stdin", "sé\udc80月"])
    assert await drawn(page) == "Dsé?月".encode()
    for strange in ("no json", "7", "[]", '["stdin", 5]', '["resize"]', '["x", null]', '{"stdin": 1}', '["stdin"]'):
        await page.send_str(strange)
    await page.send_bytes(b"x")
    await page.send_json(["resize", {"width": 1e9, "height": "no"}])
    assert await drawn(page) == b'M{"type": "resize", "width": 1000, "height": 24}'
    await page.close()
    await gone(pid)


async def test_each_page_has_a_session_of_its_own(opened: Open) -> None:
    client = await opened()
    pages = [await connected(client) for _ in range(2)]
    first, second = [int(await drawn(page)) for page in pages]
    assert first != second
    await pages[0].close()
    await gone(first)
    await pages[1].send_json(["stdin", "x"])
    assert await drawn(pages[1]) == b"Dx"


async def test_so_many_sessions_and_no_more(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "MOST", 1)
    client = await opened()
    first = await connected(client)
    await drawn(first)
    second = await connected(client)
    assert await drawn(second) == b"1 sessions are open, which is all there may be: close one."
    assert (await second.receive()).type == WSMsgType.CLOSE


@pytest.mark.parametrize("code", [DEAF, FLOOD], ids=["an application that hears nothing", "a page that reads nothing"])
async def test_what_does_not_end_is_ended(opened: Open, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr("workbench.serve.session._GRACE", 0.3)
    client = await opened(code)
    page = await connected(client)
    pid = int(await drawn(page))
    await page.close()
    await gone(pid)


async def test_a_page_that_no_longer_answers_loses_its_session(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_HEARTBEAT", 0.2)
    monkeypatch.setattr(serving, "_TO_CLOSE", 0.2)
    monkeypatch.setattr("workbench.serve.session._GRACE", 0.2)
    client = await opened(FLOOD)
    page = await connected(client)
    pid = int(await drawn(page))  # from here on it reads nothing, and answers no ping
    await gone(pid)


@pytest.mark.parametrize("code", [CRASH, SILENT], ids=["later", "at once"])
async def test_an_application_that_fails_closes_its_page_and_says_why(opened: Open, capsys, code: str) -> None:
    client = await opened(code)
    page = await connected(client)
    if code == CRASH:
        await drawn(page)
        await page.send_json(["stdin", "x"])
    sentence = "it cannot be." if code == CRASH else "no module of that name"
    assert sentence.encode() in await drawn(page)
    assert (await page.receive()).type == WSMsgType.CLOSE
    assert capsys.readouterr().err == f"workbench: A session ended: {sentence}\n"


async def test_the_server_ends_with_all_its_sessions(opened: Open) -> None:
    client = await opened()
    pids = [int(await drawn(await connected(client))) for _ in range(3)]
    await client.server.close()
    for pid in pids:
        await gone(pid)


def test_a_port_that_is_taken_is_told_and_the_next_free_one_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(
            ServeError, match=rf"^Port {taken} of 127.0.0.1 cannot be listened on \(Address already in use"
        ):
            bound("127.0.0.1", taken)
        monkeypatch.setattr(serving, "FIRST_PORT", taken)
        with bound("127.0.0.1", None) as found:
            assert found.getsockname()[1] > taken
            assert is_local(found)
    with pytest.raises(ServeError, match=r"^--host no\.such\.host\.invalid: there is no such host"):
        bound("no.such.host.invalid", 0)
    with bound("0.0.0.0", 0) as everywhere:
        assert not is_local(everywhere)


def test_paths_and_rights_reach_the_session_as_they_are(tmp_path: Path) -> None:
    strange = tmp_path / "a b; $(touch x) 'q' \"d\""
    words = serving.Served(strange, None, True).words
    assert words == [sys.executable, "-P", "-m", "workbench.serve.child", str(strange), "", "read-only"]
    assert serving.Served(strange, Path("data"), False).words[-2:] == [os.path.abspath("data"), "full"]  # noqa: PTH100
