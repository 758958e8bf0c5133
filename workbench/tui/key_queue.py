"""Keys typed ahead: over a slow line a person's ``/drop`` may come all at once."""

from __future__ import annotations

from textual.app import App
from textual.events import Event, Key

from workbench.tui.keys import OPENING


class Ahead(App[None]):
    """A key that opens a text field opens it before the next key is looked at, which then is typed into it.

    Otherwise the letters behind it would find the screen as it was, and each do what it does there.
    """

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key) and not event.is_forwarded:
            found = self.screen.active_bindings.get(event.key)
            typed = self.focused is not None and self.focused.check_consume_key(event.key, event.character)
            if found and found.enabled and not typed and found.binding.action in OPENING:
                await self.run_action(found.binding.action, found.node)
                return
        await super().on_event(event)
