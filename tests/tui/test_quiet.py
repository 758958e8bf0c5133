"""Over SSH, in a recorder, for a screen reader: while nothing changes, nothing is written to the terminal."""

from __future__ import annotations

from typing import Any

from textual.message_pump import MessagePump
from waiting import eventually

from workbench.tui.app import WorkbenchApp


async def test_an_idle_screen_writes_nothing(screen, worker, monkeypatch) -> None:
    drawn: list[Any] = []
    ticks: list[int] = []  # number of drawings at each second of the application, of which each passes in no time
    display, count, set_interval = WorkbenchApp._display, WorkbenchApp._count_live_runs, MessagePump.set_interval

    def displayed(app: WorkbenchApp, *what: Any) -> None:
        drawn.append(what)
        display(app, *what)

    def counted(app: WorkbenchApp) -> None:
        ticks.append(len(drawn))
        count(app)

    def often(pump: MessagePump, seconds: float, *given: Any, **named: Any) -> Any:
        return set_interval(pump, seconds / 100, *given, **named)

    monkeypatch.setattr(WorkbenchApp, "_display", displayed)
    monkeypatch.setattr(WorkbenchApp, "_count_live_runs", counted)
    monkeypatch.setattr(MessagePump, "set_interval", often)

    async def quiet(pilot, sign: str) -> None:
        """The application paints the effect of a key, and then nothing for sixty of its seconds."""
        await screen.until(pilot, sign)
        begun = len(ticks)
        await eventually(pilot, lambda: len(ticks) > begun + 60 and ticks[-61] == len(drawn), "it is quiet")

    worker("gru").start().train(10, 200).finish()
    worker().start().train(10, 60)  # and then it is busy with something long
    async with screen.open() as pilot:
        await quiet(pilot, "Workbench")
        await pilot.press("2")
        await quiet(pilot, "finished")
        assert len(drawn) > 2  # what is drawn is seen here
        await pilot.press("enter")
        await quiet(pilot, "best")
