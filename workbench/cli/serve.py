"""Command ``serve``: the laboratory in a browser."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from importlib.util import find_spec
from typing import Annotated
from urllib.parse import urlsplit

import typer

from tasks.base import PlainError
from workbench.cli.options import Ascii, Data, Json, Runs, data_folder
from workbench.config.spec import SpecError
from workbench.render.streams import narrate, print_json
from workbench.runs.locations import root

_LOOPBACK = "127.0.0.1"
_MISSING = "A browser needs textual-serve: `pip install 'workbench-rnn[serve]'` installs it."


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench serve, then open the address that it prints")(serve)


def serve(
    context: typer.Context,
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="P", min=0, max=65535, help="Without it the first free one from 8000 on."),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="H", help="Where it listens; any other than 127.0.0.1 is read-only.")
    ] = _LOOPBACK,
    readonly: Annotated[
        bool | None,
        typer.Option(
            "--readonly/--no-readonly", help="Show only; without either where others than this machine reach it."
        ),
    ] = None,
    public_url: Annotated[
        str, typer.Option("--public-url", metavar="URL", help="Address of a reverse proxy that leads here, with TLS.")
    ] = "",
    runs: Runs = None,
    data: Data = None,
    ascii_only: Ascii = False,
    json: Json = False,
) -> None:
    """Show the laboratory in a browser, where there is no good terminal.

    The address holds a token, on this machine too: whoever has it has the laboratory. Each page is a session of its
    own. Ctrl-C ends the server and its sessions; trainings go on.
    """
    if find_spec("textual_serve") is None or find_spec("aiohttp") is None:
        raise PlainError(_MISSING)
    public = _public(public_url)
    from workbench.serve import server
    from workbench.serve.access import Access

    listening = server.bound(host, port)
    local = server.is_local(listening)
    if readonly is None:
        readonly = not local or bool(public)
    readonly = readonly or bool(context.find_root().params.get("readonly"))
    for name, given in (("WORKBENCH_RUNS", runs), ("WORKBENCH_DATA", data)):
        if given is not None:
            os.environ[name] = str(given.absolute())  # for the sessions' children
    served = server.Served(root(runs), data_folder(data), readonly)
    token = secrets.token_urlsafe(24)
    number = listening.getsockname()[1]
    address = f"{public or f'http://{_name(host, listening)}:{number}'}/?token={token}"

    def ready() -> None:
        if json:
            print_json({"address": address, "host": host, "port": number, "readonly": readonly, "pid": os.getpid()})
        else:
            print(address, flush=True)
            for line in _notes(number, local=local, proxied=bool(public), readonly=readonly):
                narrate(line)

    access = Access(token, local=local, host=host, public_url=public)
    asyncio.run(server.serve(listening, access, served, ready))
    narrate("The server has ended; trainings go on.")


def _notes(port: int, *, local: bool, proxied: bool, readonly: bool) -> list[str]:
    """Return what is told beside the address."""
    notes = []
    if local and not proxied:
        tunnel = f"ssh -L {port}:127.0.0.1:{port} {socket.gethostname()}"
        notes.append(f"From another machine: `{tunnel}` there, then the same address in its browser.")
    elif not proxied:
        notes.append("Nothing is encrypted: token and screen can be read on the way. docs/browser.md has the cure.")
    if readonly:
        notes.append("Read-only: its pages start, stop, name, delete and write nothing (--no-readonly).")
    else:
        notes.append("Whoever has this address can start, stop and delete trainings as you can (--readonly).")
    return [*notes, "Ctrl-C ends the server and its pages; trainings go on."]


def _name(host: str, listening: socket.socket) -> str:
    """Return the host of the address: this machine's name where it listens on all of its addresses."""
    if listening.getsockname()[0] in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def _public(url: str) -> str:
    """Return a reverse proxy's address without a slash at its end.

    Raises:
        SpecError: it is no address of the web.
    """
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        named = False
    if url and (not named or parts.query or parts.fragment):
        raise SpecError(f"--public-url {url}: write the whole address, such as https://lab.example.org.")
    return url.rstrip("/")
