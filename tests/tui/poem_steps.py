"""Steps of a person on the Poem screen, with a fake network."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from fake_network import FakeNetwork

from workbench.inference import session
from workbench.inference.protocol import Generate
from workbench.tui.app import WorkbenchApp
from workbench.tui.keys import bindings
from workbench.tui.poem.form import DEFAULT_REQUEST, GenerationForm
from workbench.tui.poem.generations import PoemList
from workbench.tui.poem.screen import PoemScreen
from workbench.tui.widgets.page import Page


class Bare(Page):
    """In the Lab's place: it costs nothing to paint."""

    place = "lab"
    BINDINGS = bindings(place)


def staged(monkeypatch: pytest.MonkeyPatch) -> FakeNetwork:
    """The fake networks' network, with the Poem screen alone to be painted."""
    made = FakeNetwork()
    monkeypatch.setitem(WorkbenchApp.SCREENS, "lab", Bare)
    monkeypatch.setattr(session, "Client", made.client)
    monkeypatch.setattr(PoemScreen, "EVERY", 0.2)
    return made


def usual(**asked: object) -> Generate:
    """Return the request of the form as it is first shown, with these changes."""
    return msgspec.structs.replace(DEFAULT_REQUEST, **asked)


async def opened(screen: Any, pilot: Any, *keys: str) -> None:
    """The Poem screen with the form ready; then these keys."""
    await pilot.press("4")
    await screen.until(pilot, "beginning", "form")
    await pilot.pause()
    await pilot.press(*keys)


def entered(pilot: Any, **values: object) -> None:
    """Put values into the form."""
    rows = pilot.app.screen.query_one(GenerationForm).rows
    for name, value in values.items():
        rows[name].put(value)


async def reading(pilot: Any, *keys: str) -> None:
    """The poems have the focus; then these keys."""
    pilot.app.screen.query_one(PoemList).focus()
    await pilot.pause()
    await pilot.press(*keys)
    await pilot.pause()
