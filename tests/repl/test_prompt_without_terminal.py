"""The prompt on a terminal that goes without a hang-up."""

from __future__ import annotations

import sys

from closed_terminal import Terminal

from workbench.render.terminal_gone import EXIT_CODE

# reading may see the end before the thread that waits for it does: that thread ends the process all the same
PROMPT = """
import threading
from workbench.repl.line_input import line_reader
try:
    line_reader(list, list, str)()
finally:
    threading.Event().wait()
"""


def test_the_prompt_ends_with_its_terminal(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with Terminal(sys.executable, "-c", PROMPT) as terminal:
        terminal.shows("诗".encode())
        assert terminal.close() == EXIT_CODE
