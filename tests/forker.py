"""The command line in a process of its own that need not import torch anew: forked from one that has.

    python forker.py FD

Started once by each test process, it imports the libraries and nothing of this project. Each request on the socket FD
brings arguments, environment, folder and three open files; a child then runs ``workbench.cli.main`` as the installed
program does, or another function that is named, at will on a terminal that is its own. A worker, a study's queue or an
inference server that it starts is forked too, with all that such a process has: its own session, lock and log, or its
pipes. The wheel, tmux, a fresh process's imports and whatever else needs the program itself start that instead.
"""

from __future__ import annotations

import atexit
import fcntl
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, NoReturn

LIBRARIES = (
    *("torch", "numpy", "msgspec", "safetensors.torch", "typer", "rich.console", "psutil"),
    *("sklearn.metrics", "sklearn.linear_model", "sklearn.feature_extraction.text", "sklearn.naive_bayes"),
    *("sklearn.svm", "sklearn.model_selection", "platformdirs", "requests"),
    *("matplotlib.figure", "matplotlib.backends.backend_svg", "jinja2", "latex2mathml.converter"),
)
_MOST = 1 << 20  # bytes of a request


class Forker:
    """The test's side."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
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
        """As ``subprocess.run`` of the program, with texts.

        Raises:
            subprocess.TimeoutExpired: it took longer; it was killed.
        """
        given = (input or "").encode("utf-8", "surrogateescape")
        done = self.run_bytes(args, cwd, env, given, timeout, function)
        told = (out.decode().replace("\r\n", "\n") for out in (done.stdout, done.stderr))
        return subprocess.CompletedProcess(args, done.returncode, *told)

    def run_bytes(
        self, args: list[str], cwd: Path, env: dict[str, str], input: bytes, timeout: float, function: str
    ) -> subprocess.CompletedProcess[bytes]:
        """As ``subprocess.run`` of the program.

        Raises:
            subprocess.TimeoutExpired: it took longer; it was killed.
        """
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            stdin.write(input)
            stdin.seek(0)
            child = ForkedProgram(self, args, cwd, env, [stdin, stdout, stderr], function)
            try:
                code = child.wait(timeout)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                raise
            told = []
            for file in (stdout, stderr):
                file.seek(0)
                told.append(file.read())
        return subprocess.CompletedProcess(args, code, *told)

    def popen(
        self, args: list[str], cwd: Path, env: dict[str, str], function: str = "workbench.cli:main", **files: Any
    ) -> ForkedProgram:
        """As ``subprocess.Popen`` of the program with ``stdin``, ``stdout``, ``stderr``: a pipe, nothing, or a file."""
        ends = [(0, "rb", "wb"), (1, "wb", "rb"), (1, "wb", "rb")]
        theirs: list[IO[bytes]] = []
        ours: list[IO[bytes] | None] = []
        for name, (end, mode, own_mode) in zip(("stdin", "stdout", "stderr"), ends, strict=True):
            match files.get(name):
                case subprocess.PIPE:
                    pipe = os.pipe()
                    theirs.append(os.fdopen(pipe[end], mode))
                    ours.append(os.fdopen(pipe[1 - end], own_mode))
                case subprocess.DEVNULL | None:
                    theirs.append(os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
                    ours.append(None)
                case file:
                    theirs.append(os.fdopen(os.dup(file), mode))
                    ours.append(None)
        child = ForkedProgram(self, args, cwd, env, theirs, function, terminal=bool(files.get("terminal")))
        for file in theirs:
            file.close()
        child.stdin, child.stdout, child.stderr = ours
        return child

    def subprocess(self) -> SimpleNamespace:
        """In place of the module ``subprocess`` where ``python -P -m MODULE ARGUMENT`` is started."""

        def popen(args: list[str], **files: Any) -> ForkedProgram:
            module = args.index("-m") + 1
            words, function = args[module + 1 :], f"{args[module]}:main"
            return self.popen(words, Path.cwd(), dict(os.environ), function, **files)

        of = subprocess
        return SimpleNamespace(Popen=popen, PIPE=of.PIPE, DEVNULL=of.DEVNULL, TimeoutExpired=of.TimeoutExpired)

    def ask(self, request: dict[str, Any], files: list[IO[bytes]] | None = None) -> int:
        """Send a request, with open files; its answer, a number."""
        with self._one_at_a_time:
            socket.send_fds(self._ours, [json.dumps(request).encode()], [file.fileno() for file in files or ()])
            return int(self._ours.recv(32))


class ForkedProgram:
    """A child of the forker, with what is used of ``subprocess.Popen``."""

    stdin: IO[bytes] | None = None
    stdout: IO[bytes] | None = None
    stderr: IO[bytes] | None = None

    def __init__(
        self,
        forker: Forker,
        args: list[str],
        cwd: Path,
        env: dict[str, str],
        files: list[IO[bytes]],
        function: str,
        terminal: bool = False,
    ) -> None:
        self.returncode: int | None = None
        self._forker, self.args = forker, args
        about = {"args": args, "cwd": str(cwd), "env": env, "function": function, "path": sys.path}
        self.pid = forker.ask({**about, "terminal": terminal}, files)

    def poll(self) -> int | None:
        if self.returncode is None and (status := self._forker.ask({"ended": self.pid})) >= 0:
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float = 600) -> int:
        end, pause = time.monotonic() + timeout, 0.001
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(self.args, timeout)
            time.sleep(pause)
            pause = min(0.02, 1.5 * pause)
        return code

    def communicate(self, timeout: float = 600) -> tuple[str, str]:
        """Read both outputs to their ends, as text."""
        with ThreadPoolExecutor(2) as pool:
            files = (self.stdout, self.stderr)
            reading = [pool.submit(file.read) if file and not file.closed else None for file in files]
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
            told = [one.result().decode().replace("\r\n", "\n") if one else "" for one in reading]
        self.close()
        return told[0], told[1]

    def close(self) -> None:
        for file in (self.stdin, self.stdout, self.stderr):
            if file and not file.closed:
                with suppress(OSError):
                    file.close()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def serve(asked: socket.socket) -> None:
    for name in LIBRARIES:
        __import__(name)
    while True:
        request, files, _, _ = socket.recv_fds(asked, _MOST, 3)
        if not request:
            return
        about = json.loads(request)
        if child := about.get("ended"):
            ended, status = os.waitpid(child, os.WNOHANG)
            asked.send(str(status if ended else -1).encode())
            continue
        child = os.fork()
        if not child:
            asked.close()
            be_the_program(about, files)
        for file in files:
            os.close(file)
        asked.send(str(child).encode())


def be_the_program(request: dict[str, Any], files: list[int]) -> NoReturn:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    if request["terminal"]:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    sys.argv = [str(Path(sys.executable).with_name("workbench")), *request["args"]]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.path[:] = request["path"]
    module, _, name = request["function"].partition(":")

    def program() -> object:
        from workbench.inference import client
        from workbench.runs import launch

        client.subprocess = launch.subprocess = ForkedProcesses  # type: ignore[assignment, attr-defined]
        if {"study", "lab"} & {*request["args"]}:
            from workbench.studies import queue

            queue.subprocess = ForkedProcesses  # type: ignore[assignment, attr-defined]
        if os.environ.get("WORKBENCH_TEST_UNDRAWN") and "report" in request["args"]:
            import undrawn

            from workbench.report import pictures

            pictures.draw = undrawn.draw
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
    for stream in filter(None, (sys.stdout, sys.stderr)):  # none where it was closed before the start
        try:
            stream.flush()
        except OSError:
            code = 120
    os._exit(code if isinstance(code, int) else int(code is not None))


class ForkedModule:
    """``python -P -m MODULE ARGUMENT`` without a new interpreter, with what is used of ``subprocess.Popen``."""

    def __init__(
        self,
        args: list[str],
        *,
        stdin: int,
        stdout: IO[bytes] | int,
        stderr: int,
        pass_fds: list[int] | tuple[()] = (),
        env: dict[str, str] | None = None,
        start_new_session: bool = False,
    ) -> None:
        self.returncode: int | None = None
        sys.stdout.flush()
        piped = stdin == subprocess.PIPE
        there, self_in = os.pipe() if piped else (os.open(os.devnull, os.O_RDONLY), -1)
        self_out, back = os.pipe() if piped else (-1, os.dup(stdout if isinstance(stdout, int) else stdout.fileno()))
        self.pid = os.fork()
        if self.pid:
            os.close(there)
            os.close(back)
            self.stdin = os.fdopen(self_in, "wb") if piped else None
            self.stdout = os.fdopen(self_out, "rb") if piped else None
            return
        if start_new_session:
            os.setsid()
        os.dup2(there, 0)
        os.dup2(back, 1)
        os.dup2(1 if stderr == subprocess.STDOUT else os.open(os.devnull, os.O_WRONLY), 2)
        for file in Path("/proc/self/fd").iterdir():
            if int(file.name) > 2 and int(file.name) not in pass_fds:
                with suppress(OSError):
                    os.close(int(file.name))
        if env is not None:
            os.environ.clear()
            os.environ.update(env)
        module = args.index("-m") + 1
        sys.argv = args[module:]
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        finish(lambda: importlib.import_module(args[module]).main())

    def poll(self) -> int | None:
        if self.returncode is None and (ended := os.waitpid(self.pid, os.WNOHANG))[0]:
            self.returncode = os.waitstatus_to_exitcode(ended[1])
        return self.returncode

    def wait(self, timeout: float = 600) -> int:
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("a forked module", timeout)
            time.sleep(0.002)
        return code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)


class ForkedProcesses:
    """In place of the module ``subprocess``."""

    Popen, TimeoutExpired = ForkedModule, subprocess.TimeoutExpired
    DEVNULL, PIPE, STDOUT = subprocess.DEVNULL, subprocess.PIPE, subprocess.STDOUT


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
