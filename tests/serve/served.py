"""A server in a process of its own, as a person starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from waiting import HANG

# tests that run in the background (`nohup make test &`) have SIGINT and SIGHUP ignored, which a server would keep so
COMMAND = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "signal.signal(signal.SIGHUP, signal.SIG_DFL); from workbench.cli import main; main()"
)


class Server:
    """A server that answers."""

    def __init__(self, process: subprocess.Popen[str], told: dict[str, Any]) -> None:
        self.process = process
        self.told = told
        self.address = str(told["address"])
        self.base, self.token = self.address.split("/?token=")

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """End it by a signal; its exit code and what it told."""
        self.process.send_signal(number)
        _, told = self.process.communicate(timeout=HANG)
        return self.process.returncode, told


@contextmanager
def serving(*words: str, **environment: str) -> Iterator[Server]:
    """Start ``workbench serve`` on a free port."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", COMMAND, "serve", "--port", "0", "--json", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield Server(process, json.loads(line))
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
