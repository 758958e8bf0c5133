"""The command line in a process of its own that need not import torch anew: forked from one that has.

    python forker.py FD

Started once by each test process, it imports the libraries and nothing of this project. Each request on the socket FD
brings arguments, environment, folder and three open files; a child then runs ``workbench.cli.main`` as the installed
program does, or another function that is named. A worker that it starts is forked too, with all that a worker's process
has: its own session, lock and log. Terminals, signals, the wheel and whatever else needs the program itself start that
instead.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

LIBRARIES = ("torch", "torch._dynamo", "numpy", "msgspec", "safetensors.torch", "typer", "rich.console", "psutil")
_MOST = 1 << 20  # bytes of a request


class Forker:
    """The test's side."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            fd = theirs.fileno()
            self._process = subprocess.Popen([sys.executable, "-P", __file__, str(fd)], pass_fds=[fd])

    def close(self) -> None:
        self._ours.close()
        self._process.wait(timeout=20)

    def run(
        self,
        args: list[str],
        cwd: Path,
        env: dict[str, str],
        input: str | None = None,
        timeout: float = 120,
        function: str = "workbench.cli:main",
    ) -> subprocess.CompletedProcess[str]:
        """As ``subprocess.run`` of the program.

        Raises:
            subprocess.TimeoutExpired: it took longer; it was killed.
        """
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            stdin.write((input or "").encode("utf-8", "surrogateescape"))
            stdin.seek(0)
            asked = {"args": args, "cwd": str(cwd), "env": env, "function": function, "path": sys.path}
            request = json.dumps(asked).encode()
            files = [stdin, stdout, stderr]
            self._ours.settimeout(timeout)
            socket.send_fds(self._ours, [request], [file.fileno() for file in files])
            child = int(self._ours.recv(32))
            try:
                status = int(self._ours.recv(32))
            except TimeoutError:
                os.kill(child, signal.SIGKILL)
                self._ours.settimeout(20)
                self._ours.recv(32)
                raise subprocess.TimeoutExpired(args, timeout) from None
            told = []
            for file in (stdout, stderr):
                file.seek(0)
                told.append(file.read().decode().replace("\r\n", "\n"))
        return subprocess.CompletedProcess(args, os.waitstatus_to_exitcode(status), *told)


def serve(asked: socket.socket) -> None:
    for name in LIBRARIES:
        __import__(name)
    while True:
        request, files, _, _ = socket.recv_fds(asked, _MOST, 3)
        if not request:
            return
        child = os.fork()
        if not child:
            asked.close()
            be_the_program(json.loads(request), files)
        for file in files:
            os.close(file)
        asked.send(str(child).encode())
        asked.send(str(os.waitpid(child, 0)[1]).encode())


def be_the_program(request: dict[str, Any], files: list[int]) -> NoReturn:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = [str(Path(sys.executable).with_name("workbench")), *request["args"]]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.path[:] = request["path"]
    module, _, name = request["function"].partition(":")

    def program() -> object:
        from workbench.runs import launch

        launch.subprocess = ForkedProcesses  # type: ignore[assignment, attr-defined]
        return getattr(importlib.import_module(module), name)()

    finish(program)


def finish(program: Callable[[], object]) -> NoReturn:
    """Run it to its end and leave as an interpreter does."""
    code: object = 0
    try:
        code = program()
    except SystemExit as leaving:
        code = leaving.code
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


class ForkedWorker:
    """``python -P -m workbench.worker RUN`` without a new interpreter, with what is used of ``subprocess.Popen``."""

    def __init__(
        self, args: list[str], *, stdout: IO[bytes], pass_fds: list[int], env: dict[str, str], **_: object
    ) -> None:
        self.returncode: int | None = None
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid:
            return
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        for number in (1, 2):
            os.dup2(stdout.fileno(), number)
        for file in Path("/proc/self/fd").iterdir():
            if int(file.name) > 2 and int(file.name) not in pass_fds:
                with suppress(OSError):
                    os.close(int(file.name))
        os.environ.clear()
        os.environ.update(env)
        sys.argv = args[-2:]
        from workbench.worker import main

        finish(main)

    def poll(self) -> int | None:
        if self.returncode is None and (ended := os.waitpid(self.pid, os.WNOHANG))[0]:
            self.returncode = os.waitstatus_to_exitcode(ended[1])
        return self.returncode

    def wait(self, timeout: float = 600) -> int:
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("workbench.worker", timeout)
            time.sleep(0.002)
        return code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


class ForkedProcesses:
    """In place of the module ``subprocess``."""

    Popen, DEVNULL, STDOUT = ForkedWorker, subprocess.DEVNULL, subprocess.STDOUT


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
