"""A real Ray cluster of two nodes on this machine, and the command line that hands runs to it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
from executors.folders import TESTS, TOYS
from waiting import until

from workbench.executors.ray.spool import Spool
from workbench.runs.events import Started
from workbench.runs.history import read_history
from workbench.runs.run import Run

ROOT = TESTS.parent
_MAIN = "from workbench.cli import main; main()"


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


class RayCluster:
    """Head and second node, of one CPU each; each is a group of processes that is killed at once."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._temporary = Path(tempfile.mkdtemp(prefix="wray-"))  # short: paths of sockets are
        self.scratch = self._temporary / "scratch"
        self.scratch.mkdir()
        token = self._temporary / "token"
        token.write_text(secrets.token_hex(32))
        self.environment = {
            **os.environ,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "PYTHONPATH": str(ROOT),
            "WORKBENCH_TASKS": str(TOYS / "tasks"),
            "TMPDIR": str(self.scratch),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "WORKBENCH_RUNS": str(folder / "runs"),
        }
        self.runs = folder / "runs"
        self.head: subprocess.Popen[bytes] | None = None
        self.node: subprocess.Popen[bytes] | None = None
        (folder / "config" / "workbench").mkdir(parents=True)
        tables = [
            f'[clusters.{name}]\nexecutor = "ray"\naddress = "{self.address}"\n{more}'
            for name, more in (("shared", "sync_seconds = 1\n"), ("apart", "shared = false\nsync_seconds = 0.5\n"))
        ]
        (folder / "config" / "workbench" / "clusters.toml").write_text("\n".join(tables))

    def start_head(self) -> None:
        self.head = self._start(
            "--head", f"--port={self.port}",
            f"--temp-dir={self._temporary / 'r'}", "--include-dashboard=false",
        )  # fmt: skip
        until(lambda: _listens(self.port), "the head listens")

    def start_node(self) -> None:
        self.node = self._start(f"--address={self.address}")

    def _start(self, *options: str) -> subprocess.Popen[bytes]:
        command = [
            sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start", "--block", *options,
            "--node-ip-address=127.0.0.1", "--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats",
        ]  # fmt: skip
        with (self._temporary / "start.log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=self.environment,
            )

    def kill(self, node: subprocess.Popen[bytes] | None) -> None:
        """Kill a node's processes as the failure of its machine would, but not what Workbench started on it."""
        if node is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(node.pid, signal.SIGKILL)
        node.wait()

    def workbench(self, *words: str, code: int = 0) -> str:
        """Run a command; its stdout."""
        done = subprocess.run(
            [sys.executable, "-P", "-c", _MAIN, *words], capture_output=True, text=True, env=self.environment, cwd="/"
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout

    def train(self, cluster: str, *settings: str, steps: int = 24, pause: float = 0.2) -> Run:
        words = [f"task.pause={pause}", "train.checkpoint_seconds=0.5", *settings]
        chosen = [word for setting in words for word in ("--set", setting)]
        shown = self.workbench(
            "train", "toy", "--cell", "gru", "--max-steps", str(steps), "--on", cluster, "--detach", *chosen
        )
        return Run(self.runs / shown.strip())

    def spool(self, cluster: str) -> Spool:
        return Spool(self.runs, cluster)

    def log(self, cluster: str) -> str:
        return self.spool(cluster).log_file.read_text()

    def close(self) -> None:
        for cluster in ("shared", "apart"):
            for process in self.drivers(cluster):
                process.kill()
        for node in (self.node, self.head):
            self.kill(node)
        shutil.rmtree(self._temporary, ignore_errors=True)

    def drivers(self, cluster: str) -> list[psutil.Process]:
        """Return the driver of a cluster and its session."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                words = process.cmdline()
                if words[-2:] == [str(self.runs), cluster] and "workbench.executors.ray." in words[-3]:
                    found.append(process)
        return sorted(found, key=lambda process: "session" in process.cmdline()[-3])


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def steps_of(run: Run) -> int:
    """Return the last step that a run's events tell."""
    history = read_history(run.events_file)
    return max([event.step for event in history.steps] or [0])


def lives(run: Run) -> list[Started]:
    from workbench.runs.journal import Tail

    return [event for event in Tail(run.events_file).read()[0] if isinstance(event, Started)]


def workers(run: Run) -> list[psutil.Process]:
    """Return the workers on a run, on its folder or on a copy."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            if "workbench.worker" in words and Path(words[-1]).name == run.path.name:
                found.append(process)
    return found
