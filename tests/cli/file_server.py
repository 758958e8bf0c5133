"""A server of files on this machine that fails as networks fail.

Other folders' tests say ``from cli.file_server import …``: pytest puts ``tests/`` on the path, for its conftest.py.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import unquote

Trouble = (
    Literal[
        "none",
        "404",
        "500",
        "wrong bytes",
        "a page",
        "breaks off",
        "breaks off in a chunk",
        "hangs up",
        "stalls",
        "slow",
    ]
    | Literal["held"]
)  # the second half comes when released


class FileServer:
    """Serves ``files`` by their path; a path in ``troubles`` fails so until it is taken out."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.troubles: dict[str, Trouble] = {}
        self.asked: Counter[str] = Counter()
        self.released = threading.Event()
        self.address = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = unquote(handler.path.lstrip("/"))
        self.asked[path] += 1
        trouble = self.troubles.get(path, "none")
        if path not in self.files or trouble in ("404", "500"):
            handler.send_error(500 if trouble == "500" else 404)
            return
        if trouble == "hangs up":
            return
        content = b"<html>Log in to go on.</html>" if trouble == "a page" else self.files[path]
        handler.send_response(200)
        if trouble == "breaks off in a chunk":
            handler.send_header("Transfer-Encoding", "chunked")
        else:
            handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        half = len(content) // 2
        match trouble:
            case "wrong bytes":
                handler.wfile.write(content[:half] + bytes([content[half] ^ 255]) + content[half + 1 :])
            case "breaks off":
                handler.wfile.write(content[:half])
            case "breaks off in a chunk":
                handler.wfile.write(b"%x\r\n" % len(content) + content[:half])
            case "stalls":
                handler.wfile.write(content[:half])
                self.released.wait(30)
            case "held":
                handler.wfile.write(content[:half])
                self.released.wait(120)
                handler.wfile.write(content[half:])
            case "slow":
                for k in range(len(content)):
                    handler.wfile.write(content[k : k + 1])
                    self.released.wait(0.0005)
            case _:
                handler.wfile.write(content)


@contextmanager
def serving(files: Mapping[str, bytes]) -> Iterator[FileServer]:
    served = FileServer(files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        served.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
