"""``workbench serve``: what it says, and how it ends with its sessions."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")
import psutil
from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar
from served import serving
from typer.testing import CliRunner
from waiting import HANG, until

from tasks.base import PlainError
from workbench.cli import serve as command
from workbench.cli.app import app


async def shown(socket: ClientWebSocketResponse, *words: str) -> str:
    """Read what a session draws until every word stood there."""
    text = ""
    while not all(word in text for word in words):
        text += (await socket.receive_bytes(timeout=HANG)).decode(errors="replace")
    return text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_the_end_of_the_server_is_that_of_its_sessions(number: int, tmp_path: Path) -> None:
    with serving("--runs", str(tmp_path / "o'ne; $(x) two")) as server:
        assert server.told["readonly"] is False
        assert server.base == f"http://127.0.0.1:{server.told['port']}"
        process = psutil.Process(server.told["pid"])
        async with ClientSession(headers={"Origin": server.base}, cookie_jar=CookieJar(unsafe=True)) as web:
            assert (await web.get(server.base)).status == 403
            assert (await web.get(server.address)).status == 200
            async with web.ws_connect(f"{server.base}/ws?width=100&height=30") as socket:
                await shown(socket, "Workbench", "Start")
                children = process.children(recursive=True)
                assert children
                assert server.end(number) == (0, "The server has ended; trainings go on.\n")
        assert not [child for child in children if child.is_running()]


async def test_a_page_that_is_closed_leaves_no_process(tmp_path: Path) -> None:
    with serving(TEXTUAL_THEME="nord", NO_COLOR="1") as server:
        process = psutil.Process(server.told["pid"])
        async with ClientSession(headers={"Origin": server.base}) as web:
            for _ in range(2):
                async with web.ws_connect(f"{server.base}/ws?token={server.token}") as socket:
                    await shown(socket, "Workbench")
                until(lambda: not process.children(recursive=True), "the end of the application")
            async with web.ws_connect(f"{server.base}/ws?token={server.token}") as socket:
                await shown(socket, "Workbench")
                (child,) = (one for one in process.children() if "workbench.serve.child" in one.cmdline())
                process.kill()  # the application ends with its server, however that ended
                until(lambda: not child.is_running(), "the end of the application")


async def test_a_read_only_server_starts_nothing(runs_folder: Path) -> None:
    with serving("--readonly") as server:
        assert server.told["readonly"] is True
        async with (
            ClientSession(headers={"Origin": server.base}) as web,
            web.ws_connect(f"{server.base}/ws?token={server.token}&width=120&height=36") as socket,
        ):
            text = await shown(socket, " read only ", "names with lstm")
            assert "Start, stay" not in text
            await socket.send_json(["stdin", "sr"])
            await socket.send_json(["stdin", "?"])  # what follows the refused keys is shown
            await shown(socket, "every key")
    assert not runs_folder.exists()


@pytest.mark.parametrize(
    ("words", "readonly", "told"),
    [
        ((), False, "From another machine: `ssh -L "),
        (("--readonly",), True, "Read-only: its pages start, stop, name, delete and write nothing"),
        (("--host", "0.0.0.0"), True, "Nothing is encrypted"),
        (("--host", "0.0.0.0", "--no-readonly"), False, "Whoever has this address can start, stop and delete"),
        (("--public-url", "https://lab.example.org/"), True, "Ctrl-C ends the server and its pages"),
        (("--public-url", "https://lab.example.org", "--no-readonly"), False, "Whoever has this address"),
    ],
)
def test_others_are_shown_only(monkeypatch, words: tuple[str, ...], readonly: bool, told: str) -> None:
    from workbench.serve import server

    served: list[server.Served] = []
    names: list[set[str]] = []

    async def serve(listening, access, what, ready) -> None:
        names.append(access._names)
        served.append(what)
        listening.close()
        ready()

    monkeypatch.setattr(server, "serve", serve)
    result = CliRunner().invoke(app, ["serve", "--port", "0", *words], catch_exceptions=False)
    assert (result.exit_code, [one.readonly for one in served]) == (0, [readonly])
    assert (words[1] if words[:1] == ("--host",) else "127.0.0.1") in names[0]
    assert "/?token=" in result.stdout
    assert len(result.stdout.splitlines()) == 1
    assert told in result.stderr
    if words[:1] == ("--public-url",):
        assert result.stdout.startswith("https://lab.example.org/?token=")
    again = CliRunner().invoke(app, ["serve", "--port", "0", "--json", *words], catch_exceptions=False)
    one, other = result.stdout.strip(), json.loads(again.stdout)["address"]
    assert one.partition("token=")[2] != other.partition("token=")[2]
    assert CliRunner().invoke(app, ["--readonly", "serve", "--no-readonly", "--port", "0"]).exit_code == 0
    assert served[-1].readonly


@pytest.mark.parametrize(
    "url", ["lab.example.org", "ftp://x", "https://", "https://x/?a=1", "https://[", "javascript:x"]
)
def test_a_proxys_address_is_one_of_the_web(url: str) -> None:
    with pytest.raises(PlainError, match=r"^--public-url .*: write the whole address, such as https://lab"):
        command._public(url)


def test_without_the_extra_it_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    result = CliRunner().invoke(app, ["serve"])
    assert isinstance(result.exception, PlainError)
    assert str(result.exception).endswith("`pip install 'workbench-rnn[serve]'` installs it.")


def test_a_port_that_is_taken_is_one_sentence(workbench) -> None:
    with serving() as server:
        refused = workbench("serve", "--port", str(server.told["port"]))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"workbench: Port {server.told['port']} of 127.0.0.1 cannot be listened on (")
    assert refused.stderr.count("\n") == 1


def test_the_command_line_imports_no_web_server() -> None:
    code = "import sys, workbench.cli.app; sys.exit('aiohttp' in sys.modules or 'textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0
