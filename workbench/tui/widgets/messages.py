"""Messages in the corner of the screen: wrapped so that names and paths stay whole, closed by a key."""

from __future__ import annotations

from pathlib import Path

from rich.cells import cell_len, chop_cells
from textual.app import App
from textual.events import Event, Key
from textual.notifications import SeverityLevel

_ROOM = 84  # cells of a message at most, with its frame
_AROUND = 4  # cells of a message's frame and of the screen's margin
_LINES = 4  # of a path at most
_KEPT_SPACE = "\N{NO-BREAK SPACE}"


def unbroken(path: Path | str) -> str:
    """Return a path for a message: it is not broken at its spaces."""
    return str(path).replace(" ", _KEPT_SPACE)


def wrapped(message: str, room: int) -> str:
    """Return a message in lines of ``room`` cells; a word or path longer than a line is broken after a separator."""
    lines: list[str] = []
    for paragraph in message.split("\n"):
        line: str | None = None
        for word in paragraph.split(" "):
            longer = word if line is None else f"{line} {word}"
            if cell_len(longer) <= room:
                line = longer
                continue
            *whole, rest = _broken(word, room)
            lines += ([line] if line else []) + whole
            line = rest
        lines.append(line or "")
    return "\n".join(lines).replace(_KEPT_SPACE, " ")


def _broken(word: str, room: int) -> list[str]:
    """Return a word in lines, broken after slashes; in a name only where that is longer than a line."""
    lines = [""]
    for part in _parts(word):
        if cell_len(lines[-1] + part) <= room:
            lines[-1] += part
        else:
            lines += chop_cells(part, room)
    lines = [line for line in lines if line] or [""]
    if "/" in word and len(lines) > _LINES:  # the beginning and the name are told
        lines[_LINES // 2 : -_LINES // 2] = ["…"]
    return lines


def _parts(word: str) -> list[str]:
    parts = word.split("/")
    return [f"{part}/" for part in parts[:-1]] + parts[-1:]


class Messages(App[None]):
    """An application whose messages are read in full and closed by a key."""

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a message, wrapped for the present width."""
        room = max(12, min(_ROOM, int(self.size.width * 0.94)) - _AROUND)
        text = message if markup and "[" in message else wrapped(message, room)
        super().notify(text, title=title, severity=severity, timeout=timeout, markup=markup)

    def action_close_messages(self) -> None:
        """Close all messages."""
        self.clear_notifications()

    async def on_event(self, event: Event) -> None:
        """Close the messages at Esc, before it does anything else; in a dialog it answers the dialog."""
        esc = isinstance(event, Key) and not event.is_forwarded and event.key == "escape"
        if esc and self._notifications and not self.screen.is_modal:
            self.clear_notifications()
            return
        await super().on_event(event)
