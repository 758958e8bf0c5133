"""A process that trained with others ends at once; any other one as Python does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """\
import atexit
from workbench.distributed import ending
atexit.register(lambda: print("taken down"))
print("done")
{noted}
ending.end_process(3)
"""


@pytest.mark.parametrize(
    ("noted", "printed"), [("", "done\ntaken down\n"), ("ending.note_others(2)", "done\n")], ids=["alone", "several"]
)
def test_a_process_ends(noted: str, printed: str) -> None:
    words = [sys.executable, "-c", _PROGRAM.format(noted=noted)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stdout) == (3, printed)
