"""Screen of a network on one text: gates, states, the answer forming, contributions, and units to follow."""

from __future__ import annotations

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.events import Resize
from textual.timer import Timer
from textual.widgets import Input

from workbench.inference.protocol import Inspect
from workbench.render.text import printable
from workbench.runs.run import Run
from workbench.tui.inspect import choosing
from workbench.tui.inspect.inspected_pane import InspectedPane
from workbench.tui.inspect.inspected_panes import InspectedPanes
from workbench.tui.inspect.picture import VIEWS, Choice
from workbench.tui.inspect.question import Question
from workbench.tui.inspect.step_grid import StepGrid
from workbench.tui.inspect.step_pane import StepPane
from workbench.tui.inspect.subject import describe, editable
from workbench.tui.inspect.subject_line import SubjectLine
from workbench.tui.inspect.text_strip import TextStrip
from workbench.tui.inspect.units_pane import UnitsPane
from workbench.tui.inspect.weights import Weights, WeightsFolder, moments
from workbench.tui.inspect.weights_picker import pick_moment, pick_run, pick_second
from workbench.tui.keys import bindings
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.static_text import StaticText
from workbench.tui.widgets.tabs import TabRow

_WIDE, _ABREAST = 110, 170  # columns from which the numbers stand beside the picture, and two pictures abreast
_NO_RUN = """No run is chosen.

r lists the runs whose networks can be inspected: those that have reached their first evaluation.
In another terminal: workbench train names --cell lstm"""
_LAST_PLACE = 3  # index of the views that have parts


class InspectScreen(Page):
    """One text, one or two networks, and the cursor on a step."""

    place = "inspect"
    BINDINGS = bindings(place)
    AUTO_FOCUS = ""  # the picture is focused once there is one
    DEBOUNCE = 0.1  # seconds after a change of the text until it is asked about

    def __init__(self) -> None:
        super().__init__()
        self._chosen = False  # a run was chosen
        self._question = Question()
        self._choice = Choice()
        self._cursor: int | None = None  # the step to read; none: the last one, as the text grows
        self._debounce: Timer | None = None

    def compose(self) -> ComposeResult:
        yield TopBar("inspect")
        yield SubjectLine(id="subject")
        yield StaticText(id="note")
        yield TextStrip(id="strip")
        yield TabRow("tabs")
        with Container(id="body"):
            yield InspectedPanes(id="panes")
            yield UnitsPane()
            yield StepPane()
        yield StaticText(Content.styled(_NO_RUN, "$foreground-muted"), id="empty")
        yield BottomBar("inspect")

    def on_mount(self) -> None:
        self._folder = WeightsFolder(self.session.runs_folder)
        self.query_one(TabRow).offer([*VIEWS])
        self._arrange()
        if self._chosen:  # it was opened for a run, before it was mounted whole
            return
        if self.navigator.opened is not None and self.navigator.opened.best_file.exists():
            self.inspect(self.navigator.opened)
        else:
            self.action_choose_run()

    def on_screen_suspend(self) -> None:
        if self.navigator.place != self.place:  # not under help or the palette
            self._leave()

    def on_unmount(self) -> None:
        self._leave()

    def _leave(self) -> None:
        """End the children: another screen is shown."""
        for panes in self.query(InspectedPanes):
            panes.close()
        for units in self.query(UnitsPane):
            units.close()

    @property
    def _panes(self) -> InspectedPanes:
        return self.query_one(InspectedPanes)

    def inspect(self, run: Run, subject: Inspect | None = None) -> None:
        """Inspect a run's network.

        Args:
            subject: a text or a row; none: the first test row, or an example of the task's where the data are gone.
        """
        self._chosen = True
        self._question.begin(subject, run.spec.settings.example)
        self._cursor = None
        self.query_one(SubjectLine).fill(self._question.subject.text)
        self._show_weights(Weights(run))

    @work(exclusive=True, group="panes")
    async def _show_weights(self, *every: Weights) -> None:
        """Show these weights, each in a pane, and ask them."""
        await self._panes.hold(every)
        self._arrange()
        self._draw()
        self._ask()
        if self.focused is None and self._panes.every:
            self._focus()

    def _ask(self) -> None:
        """Ask every network about the subject."""
        self._debounce = None
        for panes in self.query(InspectedPanes):  # none while the screen is taken down
            panes.ask(self._question.request)
        self.refresh_bindings()

    @on(Input.Changed, "#text")
    def _edited(self, event: Input.Changed) -> None:
        """Ask about the text that is typed, once it stands still for a moment."""
        if self._debounce is not None:
            self._debounce.stop()
            self._debounce = None
        try:
            self._question.read(event.value)
        except ValueError as error:
            self._panes.refuse(str(error))
            self._show_step()
            return
        self._debounce = self.set_timer(self.DEBOUNCE, self._ask)

    @on(Input.Submitted, "#text")
    def action_read(self) -> None:
        """Go from the text to the picture."""
        self._focus()

    def _focus(self) -> None:
        units = self.query_one(UnitsPane)
        if units.display:
            units.listing.focus()
        elif panes := self._panes.every:
            panes[0].grid.focus()

    @on(InspectedPane.Changed)
    def _changed(self) -> None:
        """Show an inspection that has come; where the first row cannot be had, ask about the task's example."""
        panes = self._panes.every
        if not panes:
            return
        if panes[0].problem and self._question.example:
            self._question.fall_back()
            self.query_one(SubjectLine).fill(self._question.subject.text)
            self._ask()
            return
        if painter := panes[0].painter:
            self._question.example = ""
            line = self.query_one(SubjectLine)
            if not line.field.has_focus:
                line.fill(editable(self._question.subject, painter.inspection))
        self._draw()

    def _draw(self) -> None:
        """Draw what is chosen."""
        self._panes.show(self._choice)
        self._show_step()
        self._tell()
        self.refresh_bindings()

    def _tell(self) -> None:
        """Tell the subject's place and what of it was not read."""
        painter = self._panes.painter
        found = painter.inspection if painter else None
        right = next((answer.expected for answer in reversed(found.answers) if answer.expected), "") if found else ""
        right = right if found and found.classes else ""
        place = describe(self._question.subject, found)
        self.query_one(SubjectLine).tell("  ".join(filter(None, [place, f"right: {right}" * bool(right)])))
        notes = self._panes.notes
        note = self.query_one("#note", StaticText)
        note.display = bool(notes)
        note.update(Content.styled(printable(" ".join(notes)), "$text-warning"))

    def _show_step(self) -> None:
        """Show the cursor's step everywhere."""
        panes, painter = self._panes.every, self._panes.painter
        last = len(painter.inspection.symbols) - 1 if painter else 0
        step = last if self._cursor is None else min(self._cursor, last)
        strip = self.query_one(TextStrip)
        strip.display = painter is not None and not painter.inspection.unit
        if painter:
            picture = panes[0].picture
            strip.show(painter.inspection.symbols, picture.background if picture else (), step)
        self._panes.point(step)
        self.query_one(StepPane).show(panes, self._choice, step, beside=self.size.width >= _WIDE)

    @on(StepGrid.Moved)
    def _moved(self, event: StepGrid.Moved) -> None:
        if event.overtaken:
            return
        painter = self._panes.painter
        last = len(painter.inspection.symbols) - 1 if painter else 0
        self._cursor = event.step if event.step < last else None
        self._show_step()

    @on(StepGrid.Chose)
    def _chose(self) -> None:
        """Choose the same unit in both pictures."""
        self._panes.share_chosen()
        self._show_step()

    def _arrange(self) -> None:
        """Put the numbers beside the picture where there is room, else below it."""
        width, panes = self.size.width, self._panes.every
        units = self._choice.view == "units"
        self.set_class(width >= _WIDE, "-beside")
        self.set_class(width >= _ABREAST, "-abreast")
        self._panes.display = bool(panes) and not units
        self.query_one(UnitsPane).display = bool(panes) and units
        self.query_one(StepPane).display = bool(panes)
        self.query_one("#empty").display = not panes
        for name in ("#body", "#tabs", "#subject"):
            self.query_one(name).display = bool(panes)

    def on_resize(self, event: Resize) -> None:
        self._arrange()
        self._show_step()

    @on(TabRow.Chosen)
    def _view_chosen(self, event: TabRow.Chosen) -> None:
        self._choose(self._choice._replace(view=next(view for view in VIEWS if view == event.name)))
        self._arrange()
        if not (isinstance(self.focused, Input | TabRow)):
            self._focus()

    def _choose(self, choice: Choice) -> None:
        self._choice = choice
        self._draw()

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted or not self.query(InspectedPanes):
            return True
        panes, painter, view = self._panes.every, self._panes.painter, self._choice.view
        drawn = painter is not None
        possible = {
            "edit": panes,
            "next_pane": panes,
            "part": painter and len(painter.parts(self._choice)) > 1,
            "layer": painter and len(painter.inspection.cells) > 1 and view in VIEWS[:_LAST_PLACE],
            "order": drawn and view in VIEWS[:_LAST_PLACE],
            "follow": panes and (self._choice.followed or panes[0].grid.chosen is not None),
            "neighbour": panes,
            "compare": panes,
            "weights": panes and len(moments(panes[-1].weights.run)) > 1,
            "twin": self._panes.have_twins,
            "find_units": panes,
            "column": drawn and view != "units",
            "explain": painter and view == "contributions" and painter.inspection.answers,
        }
        return bool(possible.get(action, True)) or None

    def action_edit(self) -> None:
        self.query_one(SubjectLine).field.focus()

    def action_next_pane(self) -> None:
        self.query_one(TabRow).action_step(1)

    def action_part(self) -> None:
        """Draw the next gate, part of the state, or update."""
        if painter := self._panes.painter:
            self._choose(choosing.next_part(self._choice, painter))

    def action_layer(self) -> None:
        if painter := self._panes.painter:
            self._choose(choosing.next_layer(self._choice, painter))

    def action_order(self) -> None:
        self._choose(choosing.next_form(self._choice))

    def action_follow(self) -> None:
        """Follow the chosen unit over the text; again: no more."""
        self._choose(choosing.follow(self._choice, self._panes.painter, self._panes.chosen))

    def action_column(self, by: int) -> None:
        self._panes.widen(by)

    def action_neighbour(self, by: int) -> None:
        self._question.step(by)
        self._cursor = None
        self._ask()

    def action_explain(self) -> None:
        """Measure the contributions to the next of the likeliest answers."""
        painter = self._panes.painter
        if painter and self._question.explain_next(painter.inspection):
            self._ask()

    def action_twin(self) -> None:
        """Show the gates of a cell that hides them by its hand-written twin; again: the cell itself."""
        self._show_weights(*self._panes.with_twins())

    def action_find_units(self) -> None:
        """Search for units that go with a trait; while it searches: give it up."""
        units = self.query_one(UnitsPane)
        if units.searching:
            units.give_up()
            return
        self.query_one(TabRow).choose("units")
        weights = self._panes.weights
        if weights and not units.found_for(weights[0]):
            units.search(weights[0])

    @on(UnitsPane.Chosen)
    def _follow_found(self, event: UnitsPane.Chosen) -> None:
        """Follow a unit of the table, in the part of the state that it was found in."""
        unit, painter = event.unit, self._panes.painter
        if painter is None:
            return
        self._choice = choosing.follow_found(self._choice, painter.inspection, unit)
        self._panes.choose_unit(unit.unit)
        self.query_one(TabRow).choose("states")

    @work(exclusive=True, group="pick")
    async def action_choose_run(self) -> None:
        """Ask for the run whose network is inspected."""
        await pick_run(self, self._folder, lambda one: self.inspect(one.run, self._kept_subject(one.run)))

    def _kept_subject(self, run: Run) -> Inspect | None:
        """Return the present subject where another run of the same task can read it."""
        weights = self._panes.weights
        return self._question.subject if weights and weights[0].run.spec.task == run.spec.task else None

    def action_compare(self) -> None:
        """Ask for a second network, to stand beside the first; with two, show the first alone."""
        first, *second = self._panes.weights
        if second:
            self._show_weights(first)
        else:
            self._pick_second(first)

    @work(exclusive=True, group="pick")
    async def _pick_second(self, first: Weights) -> None:
        await pick_second(self, self._folder, first, lambda second: self._show_weights(first, second))

    def action_weights(self) -> None:
        """Ask which weights of the run are inspected, of two runs the second's."""
        *before, last = self._panes.weights
        pick_moment(self, last, lambda chosen: self._show_weights(*before, chosen))

    def action_back(self) -> None:
        self.navigator.back()
