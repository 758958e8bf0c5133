"""Sentences for errors that nothing else has explained."""

from __future__ import annotations

import errno
import os

import pytest

from tasks.base import PlainError
from workbench.config.environment import unexpected

SHOWN = "WORKBENCH_DEBUG=1 shows the traceback."


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/a/file"), "/a/file cannot be used: Permission denied."),
        (OSError(errno.EIO, os.strerror(errno.EIO)), "The machine refused something: Input/output error."),
        (MemoryError(), "This machine ran out of memory."),
    ],
)
def test_the_machines_errors_are_no_defects(error: BaseException, said: str) -> None:
    assert unexpected(error) == f"{said} {SHOWN}"


def test_a_plain_error_says_itself() -> None:
    assert unexpected(PlainError("One sentence.")) == "One sentence."


@pytest.mark.parametrize("error", [KeyError("x"), OSError("a text alone"), AssertionError()])
def test_everything_else_is_a_defect(error: BaseException) -> None:
    assert unexpected(error).startswith(f"This is a defect of Workbench ({type(error).__name__}: ")
    assert unexpected(error).endswith(f"): {SHOWN}")
