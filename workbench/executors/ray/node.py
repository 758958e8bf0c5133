"""Actor of Ray that trains one run on a node. It is sent to the nodes by value: nothing but the standard library here.

The node needs Workbench all the same, for the worker, which a keeper (``keeper.py``) starts and ends with this actor.
Every method may be asked twice: an answer may be lost on its way.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

KEEPER = "workbench.executors.ray.keeper"
PREFIX = "workbench-ray-"  # of the scratch folders
LAST = "last.pt"  # relies on all other files
BACK = re.compile(
    r"task\.json|task\.safetensors|network\.txt|best\.safetensors|last\.pt|start\.pt|start\.safetensors|kept-\d+\.pt"
)
_HELD = ".held"  # locked as long as somebody uses the scratch folder
_BLOCK = 1 << 16
_OLD_SECONDS = 60.0  # of a scratch folder that nobody holds
_START_SECONDS = 300.0  # of a keeper's imports, on a slow file system
_LOOK = """
import json, torch, workbench
gpus = torch.cuda.device_count()
name = torch.cuda.get_device_name(0) if gpus else ""
print(json.dumps({"workbench": workbench.__version__, "torch": torch.__version__, "gpus": gpus, "gpu": name}))
"""
_TRIES = 20  # of a snapshot while files are replaced


class Node:
    """Worker on a run's folder, or on a copy of it in a scratch folder."""

    def __init__(self) -> None:
        self._scratch: Path | None = None
        self._folder = Path()
        self._held: BinaryIO | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._answer: dict[str, Any] = {}
        self._words: list[str] = []
        self._answered, self._ended = threading.Event(), threading.Event()
        self._code: int | None = None
        self._open: dict[str, BinaryIO] = {}

    def place(self) -> dict[str, str]:
        """Return the node's name and Python."""
        return {"node": socket.gethostname(), "python": platform.python_version()}

    def sees(self, folder: str, job: str) -> bool:
        """Return whether a run's folder is the very one that waits as a job."""
        try:
            return bool(json.loads((Path(folder) / "job.json").read_bytes())["id"] == job)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def look(self, file: str, python_path: list[str]) -> dict[str, Any]:
        """Return whether the node sees a file, its Python, and what that finds: Workbench, torch, GPUs; or an error."""
        own = {**os.environ, "PYTHONPATH": _joined(python_path)}
        done = subprocess.run([sys.executable, "-P", "-c", _LOOK], capture_output=True, env=own, check=False)
        found = {"sees": os.path.exists(file), "executable": sys.executable, **self.place()}  # noqa: PTH110
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            return {**found, "error": "".join(last)}
        return {**found, **json.loads(done.stdout)}

    def prepare(self, name: str) -> None:
        """Make an empty scratch folder for a run's copy, and remove those that nobody holds any more."""
        if self._scratch is None:
            clear(Path(tempfile.gettempdir()))
            self._scratch = Path(tempfile.mkdtemp(prefix=PREFIX))
            self._held = (self._scratch / _HELD).open("wb")
            fcntl.flock(self._held.fileno(), fcntl.LOCK_SH)
            self._folder = self._scratch / name
            self._folder.mkdir()

    def put(self, name: str, offset: int, part: bytes) -> None:
        """Write a part of a file of the run."""
        with (self._folder / Path(name).name).open("r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(part)

    def start(self, folder: str, job: str, environment: dict[str, str], python_path: list[str]) -> dict[str, Any]:
        """Start a worker.

        Args:
            folder: the run's; empty: the copy in the scratch folder.
            environment: variables of it, where the node has none of that name.
            python_path: folders in which the package is found.

        Returns:
            ``pid``, ``version`` of Workbench and ``stamps`` of the copy's files; or ``refused``: a sentence.
        """
        if self._keeper is None:
            self._folder = Path(folder) if folder else self._folder
            stamps = {} if folder else {name: _stamp(self._folder / name) for name in self._names()}
            self._launch(job, environment, python_path)
            if not self._answered.wait(_START_SECONDS):
                self._answer = {"refused": f"On node {socket.gethostname()} no worker began in {_START_SECONDS:.0f} s."}
            self._answer["stamps"] = stamps
        return self._answer

    def _launch(self, job: str, environment: dict[str, str], python_path: list[str]) -> None:
        own = {**environment, **os.environ}
        own["PYTHONPATH"] = _joined(python_path)
        scratch = str(self._scratch or "")
        if scratch:
            own["WORKBENCH_RUNS"] = scratch  # the run is named by its id alone
        self._keeper = subprocess.Popen(
            [sys.executable, "-P", "-m", KEEPER, str(self._folder), job, scratch],
            stdin=subprocess.PIPE,  # its end tells the keeper that this process is gone
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=own,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._keeper is not None
        assert self._keeper.stdout is not None
        for line in self._keeper.stdout:
            try:
                said = json.loads(line)
                if "code" in said:
                    self._code = said["code"]
                else:
                    self._answer = said
                    self._answered.set()
            except (ValueError, TypeError):
                self._words = [*self._words, line.decode(errors="replace").strip()][-20:]
        self._keeper.wait()
        if not self._answered.is_set():
            self._answer = {"refused": self._no_keeper()}
            self._answered.set()
        elif self._code is None and (pid := self._answer.get("pid")):
            with suppress(OSError):  # its keeper was killed: it goes with it
                os.kill(pid, 9)
            self._code = -9
        self._ended.set()

    def _no_keeper(self) -> str:
        said = self._words[-1] if self._words else "it said nothing"
        if "No module named" in said:
            return (
                f"Python {sys.executable} of node {socket.gethostname()} finds no Workbench of this version ({said}): "
                "install it there, or name its folder on the nodes as python_path of the cluster."
            )
        return f"No worker could be started on node {socket.gethostname()}: {said}"

    def wait(self, seconds: float) -> int | None:
        """Wait for the worker's end, but no longer than so many seconds.

        Returns:
            its exit code, negative of a signal; ``None``: it trains.
        """
        return self._code if self._ended.wait(seconds) else None

    def changes(self, known: dict[str, list[int]], events: int, log: int) -> dict[str, Any] | None:
        """Open the files of the copy that have changed, so that they are read as they are now.

        ``last.pt`` is opened first and the events' end is looked up last: what a checkpoint relies on is never older.

        Args:
            known: stamps of the files that came back.
            events, log: bytes of either that are known.

        Returns:
            ``files`` as name, stamp and size, ``gone`` names, and the ends of the whole lines of ``events`` and of
            ``log``; ``None``: files are being replaced just now.
        """
        for _ in range(_TRIES):
            for file in self._open.values():
                file.close()
            self._open.clear()
            names = sorted(self._names(), key=lambda name: name != LAST)
            found = []
            try:
                for name in names:
                    file = (self._folder / name).open("rb")
                    self._open[name] = file
                    stamp = _stamp(file.fileno())
                    if known.get(name) == stamp:
                        self._open.pop(name).close()
                    else:
                        found.append([name, stamp, stamp[2]])
            except FileNotFoundError:
                time.sleep(0.01)
                continue
            return {
                "files": found,
                "gone": [name for name in known if name not in names],
                "events": self._end_of("events.jsonl", events),
                "log": self._end_of("worker.log", log),
            }
        return None

    def part(self, name: str, offset: int, size: int) -> bytes:
        """Read a part of a file that ``changes`` opened, of the events or of the log."""
        if file := self._open.get(name):
            file.seek(offset)
            return file.read(size)
        with (self._folder / name).open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def stop(self) -> None:
        """Request that the worker on the copy saves a checkpoint and ends."""
        with suppress(OSError):
            (self._folder / "STOP").touch()

    def end(self) -> None:
        """End the worker, and remove the scratch folder."""
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()
            self._ended.wait(30.0)
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _names(self) -> list[str]:
        return [name for name in os.listdir(self._folder) if BACK.fullmatch(name)]  # noqa: PTH208

    def _end_of(self, name: str, known: int) -> int:
        """Return the end of a file's last whole line, or of the file once the worker has ended."""
        try:
            with (self._folder / name).open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                while end > known and not self._ended.is_set():
                    begin = max(known, end - _BLOCK)
                    file.seek(begin)
                    if (newline := file.read(end - begin).rfind(b"\n")) >= 0:
                        return begin + newline + 1
                    end = begin
                return max(end, known)
        except FileNotFoundError:
            return known


def clear(folder: Path) -> None:
    """Remove the scratch folders of this user that nobody holds."""
    for left in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if left.is_symlink() or left.stat().st_uid != os.getuid():
                continue
            if time.time() - left.stat().st_mtime < _OLD_SECONDS:
                continue
            with (left / _HELD).open("ab") as held:
                fcntl.flock(held.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)


def _joined(python_path: list[str]) -> str:
    return os.pathsep.join([*python_path, *filter(None, [os.environ.get("PYTHONPATH")])])


def _stamp(file: Path | int) -> list[int]:
    found = os.fstat(file) if isinstance(file, int) else file.stat()
    return [found.st_ino, found.st_mtime_ns, found.st_size]
