"""Screen of a run's confusion matrices: of every evaluation, their differences, and the examples in a cell."""

from __future__ import annotations

from functools import partial

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from tasks.views import Confusion
from workbench.inference.protocol import Examples, Inspect
from workbench.render.format import percent
from workbench.render.text import printable
from workbench.runs.events import Finished
from workbench.runs.folder import RunError
from workbench.runs.run import Run
from workbench.tui.confusion.evaluations import (
    EvaluationPoint,
    ShownMatrix,
    evaluation_points,
    matrix_in_history,
    matrix_of,
    other_runs,
)
from workbench.tui.confusion.examples import ExamplesPane
from workbench.tui.confusion.matrix_view import MatrixView, error_rows, examples_caption
from workbench.tui.keys import bindings
from workbench.tui.services.polling import poll
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.unreadable import UNREADABLE, unreadable
from workbench.tui.services.watcher import Look, Seen, Watcher
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.confusion_grid import CellGrid
from workbench.tui.widgets.dialogs import ChoiceDialog
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.shades import color_names
from workbench.tui.widgets.static_text import StaticText
from workbench.tui.widgets.status import badge, live
from workbench.tui.widgets.table import Passage, lay_out

_WIDE, _LOW = 110, 22
_ENTRY = 60  # characters of an example in a list


class ConfusionScreen(Page):
    """Screen that follows a run's evaluations. It belongs to the Run screen, and goes back to it."""

    place = "confusion"
    has_fields = False
    BINDINGS = bindings(place)
    EVERY = 0.25  # seconds between two looks at the run's folder

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.status: Seen = "starting"
        self._watcher = Watcher(run)
        self._points: list[EvaluationPoint] = []
        self._at: int | None = None  # index of the evaluation to show; None: the last one, as they come
        self._matrix = MatrixView()
        self._best, self._finished = 0, False  # step of the best weights
        self._listing = False  # examples are shown

    def compose(self) -> ComposeResult:
        yield TopBar("run")
        yield StaticText(id="evaluation")
        yield StaticText(id="caption")
        yield StaticText(id="cell")
        with Container(id="matrix-and-side"):
            yield CellGrid(id="matrix")
            with Vertical(id="beside"):
                yield Passage(id="errors")
                yield ExamplesPane(self.run, id="examples-pane")
        yield StaticText(id="empty")
        yield BottomBar("confusion")

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._tell())
        self.query_one(CellGrid).focus()
        self._draw()
        self._follow()

    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        """Follow the run: the only place where its history is read."""
        await poll(self._watcher.look, self._take, self._unreadable, lambda: self.EVERY)

    def _unreadable(self, error: OSError | RunError) -> None:
        self.query_one("#evaluation", Static).update(unreadable("The run's folder", error))

    async def _take(self, look: Look) -> bool:
        """Take in what is new in the run's history; return whether there is more."""
        if not self.query(CellGrid):  # the screen is being taken down
            return False
        history = self._watcher.history
        ended = history.ended
        changed, self.status = look.status != self.status, look.status
        self._finished = isinstance(ended, Finished)
        if history.best:
            self._best = history.best.step
        points = evaluation_points(history, self.run.spec.settings)
        if len(points) != len(self._points) or look.restarted:
            self._points = points
            self._load(afresh=look.restarted)
            changed = True
        if changed:
            self._tell()
        return look.more

    @work(exclusive=True, group="load")
    async def _load(self, *, afresh: bool = False) -> None:
        """Load and show the chosen evaluation; the views of an earlier one are read from the file."""
        last, shown = len(self._points) - 1, self._matrix.shown
        if last < 0:
            self._matrix.shown = None
        else:
            point = self._points[last if self._at is None else min(self._at, last)]
            view = matrix_in_history(self._watcher.history, point)
            if view is None and shown and shown.is_of(point) and not afresh:
                view = shown.view
            if view is None and (view := await self._read(point.step)) is None:
                return
            self._matrix.shown = ShownMatrix(point, view)
        self._draw()

    async def _read(self, step: int) -> Confusion | None:
        try:
            return matrix_of(await run_in_thread(partial(self._watcher.views, step)))
        except UNREADABLE as error:
            self.app.notify(unreadable(f"The evaluation at step {step:,}", error), severity="error", markup=False)
            return None

    def _draw(self) -> None:
        """Draw the matrix and the list of its commonest errors."""
        if shown := self._matrix.shown:
            self.query_one(CellGrid).show_display(self._matrix.displays(shown.view))
            errors = error_rows(shown.view)
            table = lay_out(["true", "taken for", "count", "%"], errors)
            self.query_one("#errors", Passage).show(table if errors else "There is no error.")
        self._arrange()
        self._tell()

    def _tell(self) -> None:
        """Describe the shown evaluation, the form of the matrix and the marked cell in words."""
        shown, spec = self._matrix.shown, self.run.spec
        evaluation = []
        if shown:
            following = self._at is None and live(self.status)
            evaluation = [shown.point.name, "live" * following, printable(shown.view.note)]
        words = ", ".join(filter(None, [*evaluation, "starter data" * (spec.data == "starter")]))
        name = f"  {spec.task} with {spec.cell}   "
        if badge(self.status).cell_length + cell_len(name + words) > self.size.width - 2:
            name = "  "
        self.query_one("#evaluation", Static).update(Content.assemble(badge(self.status), name, (words, "bold")))
        if shown:
            self._tell_form()
            self._tell_cell()
        else:
            self._tell_nothing()
        self.refresh_bindings()

    @on(CellGrid.Fitted)
    def _tell_form(self) -> None:
        caption = self._matrix.caption(color_names(self.app), self.query_one(CellGrid).note)
        self.query_one("#caption", Static).update(Content.styled(caption, "$foreground-muted"))

    @on(CellGrid.Moved)
    def _tell_cell(self) -> None:
        if shown := self._matrix.shown:
            text, difference = self._matrix.cell_text(shown.view, *self.query_one(CellGrid).marked)
            self.query_one("#cell", Static).update(Content.assemble((text, "bold"), difference))

    def _tell_nothing(self) -> None:
        sentence = "The first evaluation has not come yet: its matrix will show here."
        if self._watcher.history.evals or not live(self.status):
            sentence = "This run has no confusion matrix to show: b goes back to its other views."
        self.query_one("#empty", Static).update(Content.styled(sentence, "$foreground-muted"))

    def _arrange(self) -> None:
        """Show the examples beside the matrix where there is room, else in its place."""
        wide, listing, there = self.size.width >= _WIDE, self._listing, self._matrix.shown is not None
        self.query_one("#matrix-and-side").display = there
        self.query_one("#caption").display = there and self.size.height >= _LOW
        self.query_one("#empty").display = not there
        self.query_one("#matrix").display = wide or not listing
        self.query_one("#cell").display = there and (wide or not listing)
        self.query_one("#beside").display = wide or listing
        self.query_one("#errors").display = not listing
        self.query_one("#examples-pane").display = listing
        self.query_one("#beside").border_title = "examples" if listing else "commonest errors"

    def on_resize(self, event: Resize) -> None:
        self._arrange()
        self._tell()

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        at = len(self._points) - 1 if self._at is None else self._at
        match action:
            case "shares":
                return (
                    bool(self._points) and not (self._matrix.reference and self._matrix.reference.other_rows)
                ) or None
            case "examples" | "order" | "difference" | "other" | "picture":
                return bool(self._points) or None
            case "inspect":
                return (self._listing and any(one.row >= 0 for one in self.query_one(ExamplesPane).listed)) or None
            case "earlier":
                return at > 0 or None
            case "later":
                return at < len(self._points) - 1 or None
        return True

    def action_picture(self) -> None:
        self.write_picture([self.run], "confusion", *["--shares"] * self._matrix.shares)

    def action_earlier(self) -> None:
        self._step(-1)

    def action_later(self) -> None:
        self._step(1)

    def _step(self, by: int) -> None:
        self._leave_examples()  # they were of the cell as it was
        last = len(self._points) - 1
        at = max(0, min(last, (last if self._at is None else self._at) + by))
        self._at = None if at == last else at
        self._load()

    def action_shares(self) -> None:
        self._matrix.shares = not self._matrix.shares
        self._draw()

    def action_order(self) -> None:
        self._matrix.next_order()
        self._draw()

    def action_difference(self) -> None:
        self._matrix.toggle_reference()
        self._draw()

    @work(exclusive=True, group="other runs")
    async def action_other(self) -> None:
        """Ask for another run to compare with."""
        shown = self._matrix.shown
        if shown is None:
            return
        folder = self.session.runs_folder
        try:
            others = await run_in_thread(partial(other_runs, folder, self.run, shown.view.labels))
        except UNREADABLE as error:
            self.app.notify(unreadable(f"The runs in {folder}", error), severity="error", markup=False)
            return
        if not others:
            sentence = f"No other run in {folder} has these labels: start another cell on this task in the Lab."
            self.app.notify(sentence, markup=False)
            return

        def chosen(number: int | None) -> None:
            if number is not None:
                self._matrix.compare_with(others[number])
                self._draw()

        question = "Show the difference to which run?"
        choices = [(other.label, other.description) for other in others]
        self.app.push_screen(ChoiceDialog(question, choices), chosen)

    def action_examples(self) -> None:
        """List the examples of the marked cell."""
        if shown := self._matrix.shown:
            true, guess = (shown.view.labels[number] for number in self.query_one(CellGrid).marked)
            self._listing = True
            self._arrange()
            request = Examples(split="test" if self._finished else "val", true=true, guess=guess)
            pane = self.query_one(ExamplesPane)
            pane.list_examples(request, examples_caption(shown.point, self._best, finished=self._finished))
            pane.query_one(Passage).focus()

    def action_inspect(self) -> None:
        """Ask for one of the examples listed, and look inside the network on it."""
        examples = [one for one in self.query_one(ExamplesPane).listed if one.row >= 0]

        def chosen(number: int | None) -> None:
            if number is not None:
                self.navigator.inspect(self.run, Inspect(row=examples[number].row))

        entries = [
            (printable(one.text, _ENTRY), f"its class {percent(one.true)} %, predicted {percent(one.guess)} %")
            for one in examples
        ]
        self.app.push_screen(ChoiceDialog("Inspect which example?", entries), chosen)

    def action_back(self) -> None:
        """Go back from the examples to the matrix, from the matrix to the Run screen."""
        if not self._leave_examples():
            self.navigator.go("run")

    def _leave_examples(self) -> bool:
        """Go back from the examples to the matrix; return whether they were shown."""
        listing = self._listing
        if listing:
            self._listing = False
            self.query_one(ExamplesPane).cancel()
            self._arrange()
            self.query_one(CellGrid).focus()
        return listing
