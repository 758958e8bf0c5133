"""Progress reports of slow preparations: marked lines of the worker's log, which the screen and the prompt show."""

from __future__ import annotations

import sys

PROGRESS_MARK = "· "


def report_progress(sentence: str) -> None:
    """Print a marked line on stderr."""
    print(PROGRESS_MARK + sentence, file=sys.stderr, flush=True)
