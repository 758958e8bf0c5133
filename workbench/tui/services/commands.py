"""Commands of the command line, each in a process of its own: what they import is never imported by the screen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from workbench.runs.folder import RunError


def run_command(words: Sequence[str], seconds: float, failure: str) -> str:
    """Run a command and return what it printed.

    Args:
        seconds: after which it is ended.
        failure: the beginning of a sentence, such as ``No picture was drawn``.

    Raises:
        RunError: it failed; the message is the command's own sentence, or says why there is none.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "workbench.cli", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RunError(f"{failure}: it took more than {seconds:.0f} seconds.") from None
    except OSError as error:
        raise RunError(f"{failure}: {error.strerror}.") from None
    if done.returncode:
        told = done.stderr.strip().splitlines()
        raise RunError(told[-1].removeprefix("workbench: ") if told else f"{failure}.")
    return done.stdout.strip()
