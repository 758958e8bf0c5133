"""Followers: the processes that train a run beside its worker, which starts them, watches them and ends them. No torch.

A follower ends with the worker, whatever ends it: it reads from a pipe that the worker alone holds open.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from tasks.base import PlainError
from workbench.distributed.place import ConnectionLost, Place
from workbench.runs.run import Run

_GRACE = 10.0  # seconds for the worker to end by itself once a follower died: what waits on a GPU cannot be woken
_NAMED = 5.0  # seconds in which a follower whose connection broke is known to be dead


class FollowerDied(PlainError):
    """A process that trains the run beside the worker ended. The message is one plain sentence."""


class Followers:
    """The processes of ranks 1 to N−1 of a run, on this machine.

    Args:
        device: as the worker was told; empty: as the spec says.
        size: N.
        give_up: ends the worker with a sentence, called from another thread where it does not end by itself.
    """

    def __init__(self, run: Run, device: str, size: int, give_up: Callable[[str], None]) -> None:
        self._run, self._size, self._give_up = run, size, give_up
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # a warning at each start that no parameter is unused
        self._lock = threading.Lock()
        self._fault = ""
        self._faulty, self._settled = threading.Event(), threading.Event()
        self._processes: list[subprocess.Popen[bytes]] = []
        listener = socket.create_server(("127.0.0.1", 0), backlog=size + 8)
        port = listener.getsockname()[1]
        self.place = Place(0, size, 0, size, port, listener.detach())
        try:
            for rank in range(1, size):
                self._start(rank, port, device)
        except BaseException:
            self.close()
            raise

    def explain(self, error: BaseException) -> BaseException:
        """Return what an error of the worker comes from: the death of a follower, where it lost the connection to one.

        The watch ends: the worker tells it.
        """
        if isinstance(error, ConnectionLost):
            self._faulty.wait(_NAMED)
        self._settled.set()
        return FollowerDied(self._fault) if self._fault and isinstance(error, ConnectionLost) else error

    def close(self) -> None:
        """End what still lives."""
        self._settled.set()
        for process in self._processes:
            with suppress(OSError):
                process.kill()
            process.wait()

    def _start(self, rank: int, port: int, device: str) -> None:
        words = [str(self._run.path), str(rank), str(self._size), str(port), *filter(None, [device])]
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "workbench.follower", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._processes.append(process)
        threading.Thread(target=self._watch, args=(rank, process), daemon=True).start()

    def _watch(self, rank: int, process: subprocess.Popen[bytes]) -> None:
        """Wait for a follower's end; one that nobody asked for ends the worker as well."""
        assert process.stdout is not None
        told = process.stdout.read().decode(errors="replace").strip()
        code = process.wait()
        with self._lock:
            if not code or self._settled.is_set() or self._fault:  # 0: it was told to end
                return
            self._fault = self._sentence(rank, code, told)
        self._faulty.set()
        if not self._settled.wait(_GRACE):
            self._give_up(self._fault)

    def _sentence(self, rank: int, code: int, told: str) -> str:
        name = f"Process {rank + 1} of {self._size}"
        if told:
            return f"{name}: {told}"
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        if -code == signal.SIGKILL:
            how += ", as by an administrator or for want of memory"
        return (
            f"{name} died ({how}), and the training ended with it: `workbench resume {self._run.command_name}` goes "
            f"on from the last checkpoint. The log is {self._run.log_file}."
        )
