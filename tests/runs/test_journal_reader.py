"""Reading ``events.jsonl`` while it is written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import event_makers as make
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from workbench.runs.events import Event, decode, encode
from workbench.runs.journal import Tail

GARBAGE = st.one_of(
    st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"")).filter(lambda b: decode(b) is None),
    st.sampled_from([b"", b'{"event":"applause","time":1}', b"\0" * 40, encode(make.step(9))[:25]]),
)


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Event], list[bytes]]:
    """Events, and a file of them with garbage lines between, cut anywhere into writes."""
    pieces = draw(st.lists(make.ANY | GARBAGE, max_size=8))
    whole = b"".join(p + b"\n" if isinstance(p, bytes) else encode(p) for p in pieces)
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    events = [decode(encode(p)) for p in pieces if not isinstance(p, bytes)]
    return events, [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


@budget(deadline=None, max_examples=100)
@given(streams())
def test_however_the_bytes_arrive_the_events_are_the_same(stream: tuple[list[Event], list[bytes]]) -> None:
    events, writes = stream
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        tail, seen = Tail(path), []
        for written in writes:
            with path.open("ab") as file:
                file.write(written)
            new, restarted = tail.read()
            assert not restarted
            seen += new
        assert seen == events
        assert Tail(path).read() == (events, False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def test_a_file_that_is_not_there_yet_is_waited_for(path: Path) -> None:
    tail = Tail(path)
    assert tail.read() == ([], False)
    path.write_bytes(encode(make.step(1)))
    assert tail.read() == ([make.step(1)], False)
    assert tail.read() == ([], False)


def test_a_torn_line_is_kept_until_its_rest_comes(path: Path) -> None:
    line = encode(make.step(1))
    path.write_bytes(line[:30])
    tail = Tail(path)
    assert tail.read() == ([], False)
    with path.open("ab") as file:
        file.write(line[30:] + encode(make.step(2))[:5])
    assert tail.read() == ([make.step(1)], False)


def test_a_torn_line_that_was_given_up_hides_nothing_after_it(path: Path) -> None:
    path.write_bytes(encode(make.step(1)) + encode(make.step(2))[:30])
    tail = Tail(path)
    tail.read()
    with path.open("ab") as file:
        file.write(b"\n" + encode(make.step(3)))
    assert tail.read() == ([make.step(3)], False)


@pytest.mark.parametrize("unfinished", [b"", b'{"event":"st'])
def test_a_file_that_was_replaced_is_read_from_its_start(path: Path, unfinished: bytes) -> None:
    path.write_bytes(encode(make.step(1)) + unfinished)
    tail = Tail(path)
    tail.read()
    beside = path.with_name("beside")
    beside.write_bytes(b"".join(encode(make.step(k)) for k in range(5, 9)))
    os.replace(beside, path)
    assert tail.read() == ([make.step(k) for k in range(5, 9)], True)
    assert tail.read() == ([], False)


@pytest.mark.parametrize("left", [[], [make.step(7)]])
def test_a_file_that_shrank_is_read_from_its_start(path: Path, left: list[Event]) -> None:
    path.write_bytes(b"".join(encode(make.step(k)) for k in range(3)))
    tail = Tail(path)
    tail.read()
    path.write_bytes(b"".join(map(encode, left)))
    assert tail.read() == (left, True)
    assert tail.read() == ([], False)


def test_a_file_that_went_and_came_again_is_another_one(path: Path) -> None:
    path.write_bytes(encode(make.step(1)))
    held = path.open("rb")  # so that the file system gives another inode
    tail = Tail(path)
    tail.read()
    path.unlink()
    assert tail.read() == ([], False)
    path.write_bytes(encode(make.step(2)) + encode(make.step(3)))
    assert tail.read() == ([make.step(2), make.step(3)], True)
    held.close()
