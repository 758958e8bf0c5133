"""The command palette: every action of the binding table that can be done now, found by its label or its help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

from workbench.tui.keys import TITLES, Action, Place, actions
from workbench.tui.widgets.bars import can, target

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp

_BY_HELP = 0.1  # a command whose help holds what was typed comes after those whose label does


class Command(NamedTuple):
    """What the palette offers."""

    title: str
    help: str
    do: Callable[[], Any]


class Palette(Provider):
    """The actions of the screen under the palette, then those of the other screens that have been shown."""

    async def discover(self) -> Hits:
        for command in commands(self.app, self.screen):
            yield DiscoveryHit(command.title, command.do, help=command.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        words = query.casefold().split()
        for command in commands(self.app, self.screen):
            told = all(word in command.help.casefold() for word in words)
            score = max(matcher.match(command.title), _BY_HELP * told)
            if score > 0:
                yield Hit(score, matcher.highlight(command.title), command.do, text=command.title, help=command.help)


def commands(app: object, screen: Screen[Any]) -> Iterator[Command]:
    """What can be done now, the screen's own actions first."""
    workbench = cast("WorkbenchApp", app)
    for action in actions(workbench.place):
        if can(screen, action):
            yield Command(action.label, action.help, partial(_do, workbench, action, screen))
    for place in TITLES:
        page = workbench.pages.get(place)
        if place == workbench.place or page is None or not page.is_running or not _way_to(place):
            continue
        for action in actions(place):
            if action.place == place and can(page, action):
                title = f"{TITLES[place]}: {action.label}"
                yield Command(title, action.help, partial(_go_and_do, workbench, action, page))
    yield Command("Change theme", "choose among all themes", workbench.action_change_theme)


def _way_to(place: Place) -> bool:
    """Whether one key leads to a place."""
    return any(action.name == f"go('{place}')" for action in actions("everywhere"))


async def _do(app: WorkbenchApp, action: Action, screen: Screen[Any]) -> None:
    await app.run_action(target(action.name), default_namespace=screen)


async def _go_and_do(app: WorkbenchApp, action: Action, page: Screen[Any]) -> None:
    await app.action_go(action.place)
    await _do(app, action, page)
