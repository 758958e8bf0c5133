"""Generation beside the Poem screen: the replies of an inference session as they come."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing, suppress

from workbench.inference.protocol import Begun, Character, End, Generate
from workbench.inference.session import InferenceSession
from workbench.runs.run import Run
from workbench.tui.services.threads import run_in_thread


async def stream(
    session: InferenceSession, run: Run, request: Generate, stopped: threading.Event, opened: Callable[[], None]
) -> AsyncIterator[Begun | Character | End]:
    """Yield the beginning, each character and the end, on the screen's loop.

    Args:
        stopped: ends the generation when it is set.
        opened: called on the loop when the network is ready to write.

    Raises:
        RunError: the run has no weights, or its process is gone; one sentence says why.
        ValueError: the beginning or a setting cannot be used; one sentence says why.
    """
    loop = asyncio.get_running_loop()
    replies: asyncio.Queue[Begun | Character | End | None] = asyncio.Queue()

    def on_loop(call: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the screen has been left
            loop.call_soon_threadsafe(call)

    def generate() -> None:
        with session.request(run) as client:
            on_loop(opened)
            if stopped.is_set():
                return
            with closing(client.generate(request)) as generation:  # leaving it early cancels it
                for reply in generation:
                    if stopped.is_set():
                        return
                    on_loop(lambda reply=reply: replies.put_nowait(reply))  # type: ignore[misc]

    generating = asyncio.ensure_future(run_in_thread(generate))
    generating.add_done_callback(lambda _: replies.put_nowait(None))
    try:
        while (reply := await replies.get()) is not None:
            yield reply
        await generating
    finally:
        generating.cancel()
