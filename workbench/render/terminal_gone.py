"""End of a process whose terminal is gone, by whatever way: a hang-up, a killed client, a closed pseudo-terminal.

The hang-up signal comes only to a terminal's own session, and may be ignored. Without it, reads return nothing at once
and writes fail or wait for ever, so that the process would stay, busy, until somebody kills it.
"""

from __future__ import annotations

import os
import select
import termios
import threading
from collections.abc import Iterable
from typing import NoReturn

EXIT_CODE = 129  # as a shell reports a process that a hang-up ended
_EVERY = 1.0  # seconds between two looks; a closed pseudo-terminal is told at once
_GONE = select.POLLHUP | select.POLLERR


def end_with_terminal(descriptors: Iterable[int]) -> None:
    """End this process within about a second of the end of a terminal; descriptors that are none do not count.

    A daemon thread waits for it: a thread that is blocked on the terminal does not delay it. Nothing is flushed or
    restored, as there is nothing to restore. Children in sessions of their own, such as trainings, go on.
    """
    terminals = sorted({descriptor for descriptor in descriptors if os.isatty(descriptor)})
    if terminals:
        threading.Thread(target=_wait, args=(terminals,), daemon=True, name="terminal-gone").start()


def leave() -> NoReturn:
    """End this process now, without a word to the terminal."""
    os._exit(EXIT_CODE)


def _wait(terminals: list[int]) -> None:
    poller = select.poll()
    for descriptor in terminals:
        poller.register(descriptor, 0)  # an end is reported whatever is asked for
    pause = threading.Event()
    while True:
        reported = poller.poll(1000 * _EVERY)
        if any(events & _GONE for _, events in reported) or not all(map(_answers, terminals)):
            leave()
        if reported:  # some systems cannot poll a terminal, and say so at once
            pause.wait(_EVERY)


def _answers(descriptor: int) -> bool:
    """Return whether a terminal still has attributes: one that hung up has none."""
    try:
        termios.tcgetattr(descriptor)
    except termios.error:
        return False
    return True
