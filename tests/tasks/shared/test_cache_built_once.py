"""Of several processes that need the same result at once, one builds it and the others wait."""

from __future__ import annotations

import errno
import fcntl
import os
import selectors
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from waiting import HANG, until

from tasks.shared.datasets import cache, preparing
from workbench import interruption

# builds under a name: tells that it builds, and waits for the file GO; the result is what the cache holds
BUILDER = """
import sys, time
from pathlib import Path
import torch
from tasks.shared.datasets import cache
place, kind = Path(sys.argv[1]), sys.argv[2]
def told(result):
    with (place / "built").open("a") as file:
        file.write("x")
    while not (place / "GO").exists():
        time.sleep(0.01)
    return result
if kind == "tensors":
    tensors, _ = cache.tensors("one", lambda: told(({"numbers": torch.arange(3)}, {"cache": "one"})))
    print(tensors["numbers"].tolist())
else:
    print(cache.value("one", lambda: told([0, 1, 2]), list[int]))
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path


def begun(place: Path, kind: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", BUILDER, str(place), kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def building(place: Path, times: int) -> None:
    """Wait until so many builds have begun."""
    file = place / "built"
    until(lambda: file.exists() and len(file.read_text()) >= times, f"{times} builds")


@pytest.mark.parametrize("kind", ["tensors", "value"])
def test_one_of_four_builds(place: Path, kind: str) -> None:
    every = [begun(place, kind) for _ in range(4)]
    waiting = []  # all but the builder say that they wait
    with selectors.DefaultSelector() as said:
        for process in every:
            said.register(process.stderr, selectors.EVENT_READ, process)  # type: ignore[arg-type]
        while len(waiting) < 3:
            for key, _ in said.select():
                said.unregister(key.fileobj)
                waiting.append(key.data)
    (place / "GO").touch()
    results = [process.communicate()[0].strip() for process in every]
    assert results == ["[0, 1, 2]"] * 4
    assert (place / "built").read_text() == "x"


def test_a_builder_that_is_killed_leaves_the_building_to_another(place: Path) -> None:
    first = begun(place, "tensors")
    building(place, 1)
    second = begun(place, "tensors")
    first.send_signal(signal.SIGKILL)
    first.communicate()
    building(place, 2)
    (place / "GO").touch()
    assert second.communicate()[0].strip() == "[0, 1, 2]"


def test_a_folder_in_place_of_the_lock_costs_the_waiting_alone(place: Path) -> None:
    (place / "cache" / "values" / ".one.json.lock").mkdir(parents=True)
    (place / "GO").touch()
    assert begun(place, "value").communicate()[0].strip() == "[0, 1, 2]"


@pytest.mark.parametrize("lock", ["tensors/.one.safetensors.lock", "values/.one.json.lock"])
def test_waiting_ends_with_a_stop(place: Path, lock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(preparing, "report_progress", said.append)

    def ask() -> object:
        if lock.startswith("tensors"):
            return cache.tensors("one", lambda: pytest.fail("built"))
        return cache.value("one", lambda: pytest.fail("built"), int)

    path = place / "cache" / lock
    path.parent.mkdir(parents=True)
    held = path.open("wb")
    fcntl.flock(held, fcntl.LOCK_EX)
    hang = threading.Timer(HANG, held.close)
    hang.start()
    try:
        with pytest.raises(interruption.Interrupted), interruption.polled(lambda: bool(said), 0.05):
            ask()
    finally:
        hang.cancel()
        held.close()
    assert said == ["Another process is preparing the same: waiting for it …"]


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EIO])
def test_without_locks_each_builds_and_keeps(
    place: Path, error: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", refused)
    assert cache.value("one", lambda: 3, int) == 3
    assert cache.value("one", lambda: pytest.fail("built again"), int) == 3
    assert capsys.readouterr().err == ""
