"""Writing ``events.jsonl``: whole lines, also after a kill and on a full disk."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import event_makers as make
import pytest

from workbench.runs import journal
from workbench.runs.events import encode
from workbench.runs.history import read_history
from workbench.runs.journal import Journal

LINE = encode(make.step(2))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def test_every_event_is_one_write_of_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[bytes] = []
    real = os.write
    writer = Journal(path)
    monkeypatch.setattr(journal.os, "write", lambda fd, line: (writes.append(line), real(fd, line))[1])
    for k in range(3):
        writer.append(make.step(k))
    monkeypatch.undo()
    writer.close()
    assert writes == [encode(make.step(k)) for k in range(3)]
    assert path.read_bytes() == b"".join(writes)


@pytest.mark.parametrize("kept", [1, len(LINE) // 2, len(LINE) - 1])
def test_a_line_that_a_killed_writer_tore_is_ended(path: Path, kept: int) -> None:
    path.write_bytes(encode(make.step(1)) + LINE[:kept])
    writer = Journal(path)
    writer.append(make.started(1))
    writer.append(make.step(3))
    writer.close()
    history = read_history(path)
    assert history.started == make.started(1)
    # without its last byte, the line's end, an event is whole
    assert [e.step for e in history.steps] == [1, 3]
    assert path.read_bytes().count(b"\n\n") == 0


def test_a_whole_file_is_gone_on_with_as_it_is(path: Path) -> None:
    path.write_bytes(encode(make.step(1)))
    writer = Journal(path)
    writer.append(make.step(2))
    writer.close()
    assert path.read_bytes() == encode(make.step(1)) + LINE


FULL = """
import errno, resource, sys
from pathlib import Path
sys.path.insert(0, {here!r})
import event_makers as make
from workbench.runs.journal import Journal
from workbench.runs.history import read_history

path, room = Path(sys.argv[1]), int(sys.argv[2])
writer = Journal(path)
writer.append(make.step(1))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, hard))
for attempt in range(2):
    try:
        writer.append(make.step(2))
    except OSError as error:
        assert error.errno in (errno.ENOSPC, errno.EFBIG), error
    else:
        sys.exit("no error")
assert path.with_name("reserve").stat().st_size >= 1024
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))  # as giving up the reserve makes room
writer.give_up_reserve()
assert not path.with_name("reserve").exists()
writer.append(make.failed(2, "The disk is full."))
writer.append(make.step(3))
writer.close()
"""


@pytest.mark.parametrize("room", [0, 1, len(LINE) // 2, len(LINE) - 1])
def test_a_full_disk_raises_and_the_next_event_starts_on_a_line_of_its_own(path: Path, room: int) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    script = FULL.format(here=str(Path(__file__).parent))
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), str(room)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    history = read_history(path)
    assert history.ended == make.failed(2, "The disk is full.")
    assert [e.step for e in history.steps] in ([1, 3], [1, 2, 3])  # 2 where all but the line's end fitted
    lines = path.read_bytes().split(b"\n")
    assert lines[0] + b"\n" == encode(make.step(1))
    assert lines[-3:] == [encode(make.failed(2, "The disk is full."))[:-1], encode(make.step(3))[:-1], b""]


def test_the_reserve_goes_with_its_writer(path: Path) -> None:
    writer = Journal(path)
    assert path.with_name("reserve").stat().st_size == 32 * 1024
    writer.close()
    assert not path.with_name("reserve").exists()
    assert path.exists()


def test_a_disk_too_full_for_the_reserve_still_takes_events(path: Path) -> None:
    path.with_name("reserve").mkdir()  # it cannot be written
    writer = Journal(path)
    writer.append(make.step(1))
    writer.close()
    assert [e.step for e in read_history(path).steps] == [1]
