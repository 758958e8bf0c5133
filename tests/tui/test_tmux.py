"""A scripted session in a real tmux: start, watch, detach, come back, stop."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "tmux_session.sh"


@pytest.mark.skipif(not (shutil.which("tmux") and shutil.which("flock")), reason="tmux and flock are not here")
@pytest.mark.timeout(120)
def test_a_session_in_tmux() -> None:
    program = Path(sys.executable).with_name("workbench")
    done = subprocess.run([SCRIPT, program], capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("done\n")
