"""Command palette: the actions of the table of keys that are possible now, searched by label and help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from textual.app import App
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

from workbench.tui.keys import TITLES, Action, Place, actions
from workbench.tui.session import navigator_of
from workbench.tui.widgets.bars import can, target
from workbench.tui.widgets.messages import unbroken

_BY_HELP = 0.1  # a command whose help holds what was typed comes after those whose label does


class PaletteEntry(NamedTuple):
    """Entry of the command palette."""

    title: str
    help: str
    run: Callable[[], object]


class Palette(Provider):
    """The actions of the screen under the palette, then those of the other screens that have been shown."""

    async def discover(self) -> Hits:
        for entry in entries(self.app, self.screen):
            yield DiscoveryHit(entry.title, entry.run, help=entry.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        words = query.casefold().split()
        for entry in entries(self.app, self.screen):
            in_help = all(word in entry.help.casefold() for word in words)
            score = max(matcher.match(entry.title), _BY_HELP * in_help)
            if score > 0:
                yield Hit(score, matcher.highlight(entry.title), entry.run, text=entry.title, help=entry.help)


def entries(app: App[object], screen: Screen[Any]) -> Iterator[PaletteEntry]:
    """Return the actions that are possible now, the screen's own first."""
    navigator = navigator_of(app)
    for action in actions(navigator.place):
        if can(screen, action):
            yield PaletteEntry(action.label, action.help, partial(_run, app, action, screen))
    for place in TITLES:
        page = navigator.pages.get(place)
        if place == navigator.place or page is None or not page.is_running or not _has_key(place):
            continue
        for action in actions(place):
            if action.place == place and can(page, action):
                title = f"{TITLES[place]}: {action.label}"
                yield PaletteEntry(title, action.help, partial(_go_and_run, app, action, page))
    if not navigator.session.readonly:
        yield PaletteEntry("Screenshot", "write the screen as it is to an SVG file", partial(_take_screenshot, app))
    yield PaletteEntry("Change theme", "choose among all themes", app.action_change_theme)


def _take_screenshot(app: App[object]) -> None:
    """Write the screen under the palette to a new file in the current folder, and say where it is."""

    def take() -> None:
        try:
            path = app.save_screenshot(path=str(Path.cwd()))
        except OSError as error:
            where = unbroken(error.filename or "the current folder")
            app.notify(f"Nothing could be written to {where}: {error.strerror}.", severity="error", markup=False)
        else:
            app.notify(f"Written to {unbroken(path)}.", markup=False)

    app.call_after_refresh(take)


def _has_key(place: Place) -> bool:
    """Return whether one key leads to a place."""
    return any(action.name == f"go('{place}')" for action in actions("everywhere"))


async def _run(app: App[object], action: Action, screen: Screen[Any]) -> None:
    await app.run_action(target(action.name), default_namespace=screen)


async def _go_and_run(app: App[object], action: Action, page: Screen[Any]) -> None:
    await navigator_of(app).action_go(action.place)
    await _run(app, action, page)
