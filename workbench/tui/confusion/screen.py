"""A run's confusion matrix, as large as the screen: every evaluation's, what changed, and the examples in a cell."""

from __future__ import annotations

import asyncio
from functools import partial

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from tasks.views import Confusion, TableValue
from workbench.inference.protocol import Examples
from workbench.render.format import plain
from workbench.runs.events import Finished
from workbench.runs.store import Run
from workbench.tui.confusion import captions
from workbench.tui.confusion.evaluations import Rival, Shown, Stop, Than, against, kept, matrix_of, rivals, stops
from workbench.tui.confusion.examples import ExamplesPane
from workbench.tui.keys import bindings
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.watcher import Look, Seen, Watcher
from workbench.tui.widgets import matrix
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.confusion_grid import CellGrid
from workbench.tui.widgets.dialogs import ChoiceDialog
from workbench.tui.widgets.matrix import ORDERS
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.shades import names
from workbench.tui.widgets.status import badge, live
from workbench.tui.widgets.table import Passage, lay_out

_WIDE, _NARROW, _LOW = 110, 70, 22
_ERRORS = 40  # of the commonest that are listed


class ConfusionScreen(Page):
    """Follows a run's evaluations. It belongs to the Run screen, and leaves back to it."""

    place = "confusion"
    has_fields = False
    BINDINGS = bindings(place)
    EVERY = 0.25  # seconds between two looks at the run's folder

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.status: Seen = "starting"
        self._watcher = Watcher(run)
        self._stops: list[Stop] = []
        self._at: int | None = None  # which of them is to be seen; None: the last one, whichever that is
        self._shown: Shown | None = None
        self._reference: Shown | Rival | None = None
        self._shares, self._order = False, ORDERS[0]
        self._best, self._finished = 0, False
        self._listing = False  # examples

    def compose(self) -> ComposeResult:
        yield TopBar("run")
        yield Static(markup=False, id="where")
        yield Static(markup=False, id="how")
        yield Static(markup=False, id="cell")
        with Container(id="matrix-and-side"):
            yield CellGrid(id="matrix")
            with Vertical(id="beside"):
                yield Passage(id="errors")
                yield ExamplesPane(self.run, id="behind")
        yield Static(markup=False, id="empty")
        yield BottomBar("confusion")

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._tell())
        self.query_one(CellGrid).focus()
        self._draw()
        self._follow()

    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        """Look, show, wait: the only place where the run's history is read."""
        while True:
            try:
                look = await run_in_thread(self._watcher.look)
            except OSError as error:
                self.query_one("#where", Static).update(f"The run's folder cannot be read: {error.strerror}.")
            else:
                if not self.query(CellGrid):  # the screen was taken down meanwhile
                    return
                self._take(look)
                if look.more:
                    continue
            await asyncio.sleep(self.EVERY)

    def _take(self, look: Look) -> None:
        """Take in what is new in the run's history."""
        history = self._watcher.history
        ended = history.ended
        changed, self.status = look.status != self.status, look.status
        self._finished = isinstance(ended, Finished)
        if isinstance(ended, Finished):
            self._best = ended.best.step
        elif history.evals:
            self._best = history.evals[-1].best.step
        found = stops(history)
        if len(found) != len(self._stops) or look.afresh:
            self._stops = found
            self._see(afresh=look.afresh)
            changed = True
        if changed:
            self._tell()

    @work(exclusive=True, group="see")
    async def _see(self, *, afresh: bool = False) -> None:
        """Show the evaluation that is to be seen; an earlier one is read first."""
        last = len(self._stops) - 1
        if last < 0:
            self._shown = None
        else:
            stop = self._stops[last if self._at is None else min(self._at, last)]
            view = kept(self._watcher.history, stop)
            if view is None and self._shown and self._shown.of(stop) and not afresh:
                view = self._shown.view
            if view is None and (view := await self._read(stop.step)) is None:
                return
            self._shown = Shown(stop, view)
        self._draw()

    async def _read(self, step: int) -> Confusion | None:
        try:
            return matrix_of(await run_in_thread(partial(self._watcher.views, step)))
        except OSError as error:
            sentence = f"The evaluation at step {step:,} cannot be read: {error.strerror}."
            self.app.notify(sentence, severity="error", markup=False)
            return None

    @property
    def _than(self) -> Than | None:
        """What the difference to is shown; none while the reference itself is shown."""
        shown, reference = self._shown, self._reference
        if shown is None or reference is None:
            return None
        if isinstance(reference, Rival):
            return reference.beside(shown)
        if reference.of(shown.stop):
            return None
        return against(shown, reference.stop.short, reference.view, tested=reference.stop.tested)

    def _draw(self) -> None:
        """Show the matrix that is to be seen, the commonest errors in it, and what it is."""
        if shown := self._shown:
            than, shares = self._than, self._shares
            places = matrix.order(shown.view.counts, self._order)
            face = (
                matrix.face(shown.view, places, shares=shares or than.others, than=than.view)
                if than
                else matrix.face(shown.view, places, shares=shares)
            )
            self.query_one(CellGrid).show_face(face)
            rows: list[list[TableValue]] = [
                [plain(true), plain(guess), count, f"{matrix.percent(share)} %"]
                for true, guess, count, share in matrix.most_confused(shown.view, _ERRORS)
            ]
            table = lay_out(["true", "taken for", "count", "share"], rows)
            self.query_one("#errors", Passage).show(table if rows else "There is no error.")
        self._arrange()
        self._tell()

    def _tell(self) -> None:
        """What is shown, in words."""
        shown, described = self._shown, self.run.spec
        name = "  " if self.size.width < _NARROW else f"  {described.task} with {described.cell}   "
        where = []
        if shown:
            following = self._at is None and live(self.status)
            where = [shown.stop.name, "live" * following, plain(shown.view.note)]
        said = ", ".join(filter(None, [*where, "starter data" * (described.data == "starter")]))
        self.query_one("#where", Static).update(Content.assemble(badge(self.status), name, (said, "bold")))
        if shown:
            how = captions.how(
                self._than, names(self.app), self._order, shares=self._shares, kept=bool(self._reference)
            )
            self.query_one("#how", Static).update(Content.styled(how, "$foreground-muted"))
            self._tell_cell()
        else:
            self._tell_nothing()
        self.refresh_bindings()

    @on(CellGrid.Moved)
    def _tell_cell(self) -> None:
        shown = self._shown
        if shown is None:
            return
        true, guess = self.query_one(CellGrid).marked
        parts: list[str | tuple[str, str]] = [(matrix.said(shown.view, true, guess), "bold")]
        if than := self._than:
            difference = matrix.said_of_difference(shown.view, than.view, true, guess, others=than.others)
            parts.append(f"; {than.name}: {difference}")
        self.query_one("#cell", Static).update(Content.assemble(*parts))

    def _tell_nothing(self) -> None:
        sentence = "The first evaluation has not come yet: its matrix will show here."
        if self._watcher.history.evals or not live(self.status):
            sentence = "This run has no confusion matrix to show: b goes back to its other views."
        self.query_one("#empty", Static).update(Content.styled(sentence, "$foreground-muted"))

    def _arrange(self) -> None:
        """The examples beside the matrix where there is room; else in its place."""
        wide, listing, there = self.size.width >= _WIDE, self._listing, self._shown is not None
        self.query_one("#matrix-and-side").display = there
        self.query_one("#how").display = there and self.size.height >= _LOW
        self.query_one("#empty").display = not there
        self.query_one("#matrix").display = wide or not listing
        self.query_one("#cell").display = there and (wide or not listing)
        self.query_one("#beside").display = wide or listing
        self.query_one("#errors").display = not listing
        self.query_one("#behind").display = listing
        self.query_one("#beside").border_title = "examples" if listing else "commonest errors"

    def on_resize(self, event: Resize) -> None:
        self._arrange()
        self._tell()

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        at = len(self._stops) - 1 if self._at is None else self._at
        match action:
            case "shares":
                return (bool(self._stops) and not (self._than and self._than.others)) or None
            case "examples" | "order" | "difference" | "other":
                return bool(self._stops) or None
            case "earlier":
                return at > 0 or None
            case "later":
                return at < len(self._stops) - 1 or None
        return True

    def action_earlier(self) -> None:
        self._step(-1)

    def action_later(self) -> None:
        self._step(1)

    def _step(self, by: int) -> None:
        self._leave_examples()  # they were of the cell as it was
        last = len(self._stops) - 1
        at = max(0, min(last, (last if self._at is None else self._at) + by))
        self._at = None if at == last else at
        self._see()

    def action_shares(self) -> None:
        self._shares = not self._shares
        self._draw()

    def action_order(self) -> None:
        self._order = ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)]
        self._draw()

    def action_difference(self) -> None:
        self._reference = None if self._reference else self._shown
        self._draw()

    @work(exclusive=True, group="rivals")
    async def action_other(self) -> None:
        """Ask which other run to compare with."""
        shown = self._shown
        if shown is None:
            return
        folder = self.session.runs_folder
        try:
            found = await run_in_thread(partial(rivals, folder, self.run, shown.view.labels))
        except OSError as error:
            self.app.notify(f"The runs in {folder} cannot be read: {error.strerror}.", severity="error", markup=False)
            return
        if not found:
            sentence = f"No other run in {folder} has these labels: start another cell on this task in the Lab."
            self.app.notify(sentence, markup=False)
            return

        def chosen(number: int | None) -> None:
            if number is not None:
                self._reference = found[number]
                self._draw()

        question = "Show the difference to which run?"
        self.app.push_screen(ChoiceDialog(question, [(rival.run.id, rival.about) for rival in found]), chosen)

    def action_examples(self) -> None:
        """List the examples of the marked cell."""
        if shown := self._shown:
            true, guess = (shown.view.labels[number] for number in self.query_one(CellGrid).marked)
            self._listing = True
            self._arrange()
            asked = Examples(split="test" if self._finished else "val", true=true, guess=guess)
            pane = self.query_one(ExamplesPane)
            pane.look_for(asked, captions.origin(shown.stop, self._best, finished=self._finished))
            pane.query_one(Passage).focus()

    def action_back(self) -> None:
        """Back to the matrix; from there to the Run screen."""
        if not self._leave_examples():
            self.navigator.go("run")

    def _leave_examples(self) -> bool:
        """Back from the examples to the matrix, if they are shown."""
        shown = self._listing
        if shown:
            self._listing = False
            self.query_one(ExamplesPane).give_up()
            self._arrange()
            self.query_one(CellGrid).focus()
        return shown
