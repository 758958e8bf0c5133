"""Dialogs: a question with a few answers, a choice from a list, and the questions before runs are left or stopped."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Sequence
from textwrap import fill
from typing import ClassVar, NamedTuple, TypeVar

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from workbench.runs.run import Run

T = TypeVar("T")
DETACH, STOP, CANCEL = "detach", "stop", "cancel"  # answers to the questions on runs


class Answer(NamedTuple):
    """An answer: its label's first letter is its key, its explanation says what it does."""

    value: str
    label: str
    explanation: str


class Dialog(ModalScreen[T]):
    """A screen over another one that is answered once: of keys that were typed ahead, the first one counts."""

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Return an answer and leave; nothing happens where there was one, or where another screen is shown."""
        if self._answered or not self.is_current:
            return AwaitComplete(sleep(0))
        self._answered = True
        return super().dismiss(result)

    _answered = False


class QuestionDialog(Dialog[str]):
    """A question; returns the value of the answer, on Esc that of the last one.

    Args:
        marked: the answer that Enter gives at the start.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", show=False)]

    def __init__(self, question: str, answers: list[Answer], *, marked: int = 0) -> None:
        super().__init__()
        self._marked = marked
        self._question = question
        self._answers = answers

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(Content.styled(self._question, "bold"), markup=False, id="question")
            yield OptionList(
                *(Option(_render_answer(answer, 72)) for answer in self._answers), markup=False, compact=True
            )
            yield Static("Enter chooses", classes="hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.query_one(OptionList).highlighted = self._marked

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit)

    def on_option_list_option_highlighted(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """Wrap the explanations under their answers; that of the marked one alone where there is no room for all."""
        answers, question = self.query_one(OptionList), self.query_one("#question")
        width = max(12, answers.scrollable_content_region.width)
        prompts = [_render_answer(answer, width) for answer in self._answers]
        dialog = self.query_one("#dialog")
        around = dialog.gutter.height + answers.styles.margin.height + question.outer_size.height
        around += sum(hint.outer_size.height for hint in self.query(".hint"))
        room = int(self.size.height * 0.94) - around
        if sum(len(one.plain.splitlines()) for one in prompts) > room:
            prompts = [
                one if index == answers.highlighted else _render_answer(answer, 0)
                for index, (one, answer) in enumerate(zip(prompts, self._answers, strict=True))
            ]
        for index, prompt in enumerate(prompts):
            answers.replace_option_prompt_at_index(index, prompt)
        answers.styles.max_height = max(2, room)
        answers.refresh(layout=True)
        answers.call_after_refresh(answers.scroll_to_highlight)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._answers[event.option_index].value)

    def on_key(self, event: Key) -> None:
        for answer in self._answers:
            if event.character and event.character.lower() == answer.label[0].lower():
                event.stop()  # it answers this question alone, whatever it does on the screen below
                self.dismiss(answer.value)
                return

    def action_back(self) -> None:
        self.dismiss(self._answers[-1].value)


def _render_answer(answer: Answer, width: int) -> Content:
    """Return the label, its key underlined, and below it the explanation, unless ``width`` is 0."""
    label = Content.assemble((answer.label[0], "bold underline"), (answer.label[1:], "bold"))
    if not width:
        return label
    below = fill(answer.explanation, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    return Content.assemble(label, (f"\n{below}", "$foreground-muted"))


class ChoiceDialog(Dialog[int | None]):
    """A list of entries, each with a description; returns the number of the chosen one, or ``None``.

    Args:
        marked: the entry that Enter chooses at the start.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,b,q", "back", show=False)]

    def __init__(self, question: str, entries: Sequence[tuple[str, str]], *, marked: int = 0) -> None:
        super().__init__()
        self._marked = marked
        self._question = question
        self._entries = entries

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(Content.styled(self._question, "bold"), markup=False)
            yield OptionList(
                *(
                    Option(Content.assemble((name, "bold"), (f"\n  {about}", "$foreground-muted")))
                    for name, about in self._entries
                ),
                markup=False,
                compact=True,
            )
            yield Static("Enter chooses, b goes back", classes="hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.query_one(OptionList).highlighted = self._marked

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)

    def action_back(self) -> None:
        self.dismiss(None)


def leave(live: list[Run]) -> QuestionDialog:
    """Return the question what becomes of the runs that are training when the user leaves."""
    one = len(live) == 1
    subject = f"{live[0].id} is training." if one else f"{len(live)} runs are training."
    command = f"workbench watch {live[0].command_name}" if one else "workbench"
    return QuestionDialog(
        f"{subject} You are leaving.",
        [
            Answer(DETACH, "Detach", f"Training goes on without this screen. Come back with: {command}"),
            Answer(
                STOP,
                "Stop and keep a checkpoint",
                f"{'It saves' if one else 'Each saves'} a checkpoint and ends; resume goes on from there.",
            ),
            Answer(CANCEL, "Cancel", "Stay here. Nothing changes."),
        ],
    )


def stop(run: Run) -> QuestionDialog:
    """Return the question whether a run is to stop; of one that waits for a cluster, to be cancelled."""
    job = run.job
    if job and job.state == "queued" and not run.trains():
        return QuestionDialog(
            f"Cancel {run.id}?",
            [
                Answer(STOP, "Take it from the queue", f"{job.place} is cancelled; the run can be resumed later."),
                Answer(CANCEL, "Keep waiting", "Nothing changes."),
            ],
        )
    return QuestionDialog(
        f"Stop {run.id}?",
        [
            Answer(STOP, "Stop", "It saves a checkpoint and ends; resume goes on from there."),
            Answer(CANCEL, "Keep training", "Nothing changes."),
        ],
    )
