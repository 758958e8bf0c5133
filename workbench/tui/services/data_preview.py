"""Preview of a task's data, read by ``workbench data preview`` in a child process."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tasks.base import Settings
from tasks.preview import Preview
from workbench.command_process import CommandProcess, typed

_MOST = 4 << 20  # bytes of a preview
_GONE = "The process that read the data is gone: look once more."


class PreviewError(Exception):
    """There is no preview; the message is one plain sentence."""


def words_for(task: str, settings: Settings, data: Path | None) -> list[str]:
    """Return the words of ``workbench data preview`` for a task's settings: those that were changed, or guessed.

    Args:
        data: the data folder that the user named.
    """
    usual, words = type(settings)(), ["data", "preview", task, "--json"]
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        if value != getattr(usual, name) or (settings.own_data and name in settings.guessed):
            words += ["--set", f"task.{name}={typed(value)}"]
    return [*words, *(["--data", str(data)] if data else [])]


class PreviewProcess:
    """One preview. ``read`` waits: call it on a thread; ``close`` on any."""

    def __init__(self, task: str, settings: Settings, data: Path | None) -> None:
        self._words = words_for(task, settings, data)
        self._process: CommandProcess | None = None
        self._closed = False

    def read(self) -> Preview:
        """Start the child and return what it found.

        Raises:
            PreviewError: the data cannot be read, or the child was ended.
        """
        try:
            self._process = process = CommandProcess(self._words)
        except OSError as error:
            raise PreviewError(f"The data could not be looked into: {error.strerror}.") from None
        if self._closed:
            process.close()
        found = b""
        while (chunk := process.output()) and len(found) <= _MOST:
            found += chunk
        if self._closed or chunk:
            raise PreviewError(_GONE)
        if sentence := process.failure():
            raise PreviewError(sentence)
        try:
            return msgspec.json.decode(found, type=Preview)
        except msgspec.DecodeError:
            raise PreviewError(_GONE) from None

    @property
    def told(self) -> str:
        """The last line that the child told: a progress, or that the data are the starter set's."""
        return self._process.told() if self._process else ""

    def close(self) -> None:
        """End the child and wait for it."""
        self._closed = True
        if self._process is not None:
            self._process.close()
