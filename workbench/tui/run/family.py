"""Line and list of a run's family: the run that it was branched from, its siblings, and its own branches."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from workbench.render.text import printable
from workbench.runs.lineage import Relative
from workbench.runs.run import Run
from workbench.tui.widgets.dialogs import ChoiceDialog
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.progress import Fragment, fit_to_width
from workbench.tui.widgets.static_text import StaticText

_LONGEST = 60  # characters of a run's id


class FamilyLine(StaticText):
    """Parent, siblings and branches in words; hidden for a run that has none."""

    def __init__(self) -> None:
        super().__init__(id="family")
        self._pieces: list[Fragment] = []

    def on_mount(self) -> None:
        self.display = False

    def show(self, family: Sequence[Relative]) -> None:
        """Show another family."""
        self._pieces = _words(family)
        self.display = len(family) > 1
        self._fit()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        if self.display:
            self.update(fit_to_width(self._pieces, self.content_size.width or self.size.width))


def _words(family: Sequence[Relative]) -> list[Fragment]:
    own = next((one for one in family if one.relation == "this"), None)
    parent = next((one for one in family if one.relation == "parent"), None)
    siblings = sum(one.relation == "sibling" for one in family)
    children = sum(one.relation == "child" for one in family)
    pieces: list[Fragment] = []
    if parent and own and own.step is not None:
        gone = "" if parent.run else " (deleted or moved)"
        name = printable(parent.id, _LONGEST)
        pieces.append(Content.assemble("branch of ", (name, "bold"), f" at step {own.step:,}{gone}"))
    counted = [_counted(siblings, "sibling", "siblings"), _counted(children, "branch", "branches")]
    return [*pieces, *filter(None, counted), ("k: the tree", "$foreground-muted")]


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}" if count else ""


def pick_relative(page: Page, family: Sequence[Relative]) -> None:
    """Show the tree of a run's family on a screen, and open the run that is chosen in it."""
    family = list(family)

    def open_chosen(chosen: int | None) -> None:
        if chosen is None or family[chosen].relation == "this":
            return
        if run := family[chosen].run:
            page.navigator.open_run(Run(run.path))
        else:
            page.app.notify(f"{family[chosen].id} was deleted or moved.", severity="error", markup=False)

    page.app.push_screen(ChoiceDialog("The run's family: which is to be shown?", entries(family)), open_chosen)


def entries(family: Sequence[Relative]) -> list[tuple[str, str]]:
    """Return the tree as entries of a list: each run below its parent, and what it is to the run that is shown."""
    return [(_branch(one) + printable(one.id, _LONGEST), " " * (2 * one.depth + 2) + _relation(one)) for one in family]


def _branch(one: Relative) -> str:
    return "  " * (one.depth - 1) + "└ " if one.depth else ""


def _relation(one: Relative) -> str:
    words = {"this": "this run", "child": "a branch", "descendant": "a branch of the one above"}.get(
        one.relation, one.relation
    )
    step = "" if one.step is None else f", branched off at step {one.step:,}"
    return words + step + ("" if one.run else ", deleted or moved")
