"""The poll loop: what it reads, when it waits, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator

import pytest
from textual.css.query import NoMatches
from waiting import Clock

from workbench.tui.services import polling
from workbench.tui.services.polling import poll


class Reader:
    """Reads numbers; a test says what the wait and the showing do."""

    def __init__(self, last: int, more: bool = False) -> None:
        self._numbers: Iterator[int] = iter(range(last + 1))
        self.last, self.more = last, more
        self.shown: list[int] = []
        self.errors: list[str] = []
        self.seconds: float | None = 0.0

    def read(self) -> int:
        number = next(self._numbers)
        if number == 1:
            raise PermissionError(13, "Permission denied")
        return number

    async def show(self, number: int) -> bool:
        self.shown.append(number)
        if number == self.last:
            raise NoMatches
        return self.more

    def failed(self, error: OSError) -> None:
        self.errors.append(str(error.strerror))

    def interval(self) -> float | None:
        return self.seconds


async def test_it_reads_on_after_an_error_and_ends_with_its_screen() -> None:
    reader = Reader(3)
    await asyncio.wait_for(poll(reader.read, reader.show, reader.failed, reader.interval), 5)
    assert reader.shown == [0, 2, 3]
    assert reader.errors == ["Permission denied"]


async def test_nothing_is_read_between_two_looks_before_it_is_woken() -> None:
    reader, wake = Reader(2), asyncio.Event()
    reader.seconds = None
    polling = asyncio.create_task(poll(reader.read, reader.show, reader.failed, reader.interval, wake))
    while not reader.shown:
        await asyncio.sleep(0)
    wake.set()  # while nothing is to be read
    await asyncio.sleep(0.02)
    assert reader.shown == [0]
    reader.seconds = 0.0
    wake.set()
    await asyncio.wait_for(polling, 5)
    assert reader.shown == [0, 2]


async def test_where_there_is_more_to_read_nothing_is_waited_for() -> None:
    reader = Reader(5, more=True)
    reader.seconds = 60.0

    def failed(error: OSError) -> None:
        reader.seconds = 0.0

    async def show(number: int) -> bool:
        reader.seconds = 60.0
        return await reader.show(number)

    await asyncio.wait_for(poll(reader.read, show, failed, reader.interval), 5)
    assert reader.shown == [0, 2, 3, 4, 5]


async def test_after_a_slow_reading_nothing_is_read_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, clock = Reader(0), Clock()
    waited: list[float] = []

    async def wait_for(waiting: Awaitable[object], seconds: float) -> None:
        asyncio.ensure_future(waiting).cancel()
        waited.append(seconds)
        raise asyncio.CancelledError

    def read() -> int:
        clock.sleep(3.0)
        return 7

    reader.seconds = 1.0
    monkeypatch.setattr(polling, "time", clock)
    monkeypatch.setattr(polling.asyncio, "wait_for", wait_for)
    with pytest.raises(asyncio.CancelledError):
        await poll(read, reader.show, reader.failed, reader.interval)
    assert waited == [12.0]
