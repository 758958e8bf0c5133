"""Driver of a page in a browser: it draws to the server that started it, and ends with it."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from textual.drivers.web_driver import WebDriver

from workbench.render.terminal_gone import leave


class BrowserDriver(WebDriver):
    """Textual's driver; where the server is gone, the process ends. Trainings go on."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._write = partial(self._send)

    def _send(self, data: bytes) -> int:
        """Write all of it; it waits as long as the server has not read what came before."""
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self.fileno, left) :]
            except BrokenPipeError:
                leave()
        return len(data)

    def run_input_thread(self) -> None:
        super().run_input_thread()
        if not self.exit_event.is_set():  # the end of stdin
            leave()
