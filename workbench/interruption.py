"""Interruption of a computation that asks nobody: reading data, learning word vectors, answering a request.

A signal's handler raises in the main thread, between two instructions of Python.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Interrupted(KeyboardInterrupt):
    """The computation is to end. It is no ``Exception``, so that no handler of errors takes it for one.

    As Ctrl-C does, it goes through where a cell or a task is imported, which catches all that their files may raise.
    """


@contextmanager
def polled(should_stop: Callable[[], bool], seconds: float) -> Iterator[None]:
    """Ask every so often, while the block computes, whether it is to end.

    Nothing is asked where ``seconds`` is 0, or outside the main thread, which alone takes signals.

    Raises:
        Interrupted: it is.
    """
    if not seconds or threading.current_thread() is not threading.main_thread():
        yield
        return
    active = True

    def ask(*_: object) -> None:
        nonlocal active
        if active and should_stop():
            active = False  # raised once: what unwinds is not broken off
            raise Interrupted

    handler = signal.getsignal(signal.SIGALRM)
    try:
        signal.signal(signal.SIGALRM, ask)
        signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
        yield
    finally:
        active = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        # ignored rather than as it was by default: a signal that still waits would end the process
        signal.signal(signal.SIGALRM, signal.SIG_IGN if handler is signal.SIG_DFL else handler)


class Interruptible:
    """Computations of the main thread, each with a number, that another thread can end."""

    def __init__(self) -> None:
        self._number: int | None = None  # of the computation under way
        self._ended: set[int] = set()
        signal.signal(signal.SIGUSR1, self._interrupt)

    @contextmanager
    def computing(self, number: int) -> Iterator[None]:
        """Compute what has a number.

        Raises:
            Interrupted: it was ended, before it began or while it went on.
        """
        self._number = number
        try:
            self._interrupt()
            yield
        finally:
            self._number = None

    def end(self, number: int) -> None:
        """End a computation, from any thread; one that is not under way ends when it begins."""
        self._ended.add(number)
        os.kill(os.getpid(), signal.SIGUSR1)

    def renew(self, number: int) -> None:
        """Let a number be used again."""
        self._ended.discard(number)

    def _interrupt(self, *_: object) -> None:
        if self._number in self._ended:
            self._ended.discard(self._number)
            self._number = None
            raise Interrupted
