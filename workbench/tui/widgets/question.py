"""A question with a few answers, each saying what will happen."""

from __future__ import annotations

from textwrap import fill
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option


class Answer(NamedTuple):
    """What a person can choose: the key's letter is the first of the label."""

    value: str
    label: str
    explanation: str


class Ask(ModalScreen[str]):
    """Gives back the value of the answer; the last one is Esc's.

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
            yield OptionList(*(Option(_written(answer, 72)) for answer in self._answers), markup=False, compact=True)
            yield Static("Enter chooses", classes="hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.query_one(OptionList).highlighted = self._marked

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit)

    def on_option_list_option_highlighted(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """Explanations wrapped under their answers; of the marked one alone where there is no room for all."""
        answers, question = self.query_one(OptionList), self.query_one("#question")
        width = max(12, answers.scrollable_content_region.width)
        written = [_written(answer, width) for answer in self._answers]
        dialog = self.query_one("#dialog")
        around = dialog.gutter.height + answers.styles.margin.height + question.outer_size.height
        around += sum(hint.outer_size.height for hint in self.query(".hint"))
        room = int(self.size.height * 0.94) - around
        if sum(len(one.plain.splitlines()) for one in written) > room:
            written = [
                one if index == answers.highlighted else _written(answer, 0)
                for index, (one, answer) in enumerate(zip(written, self._answers, strict=True))
            ]
        for index, one in enumerate(written):
            answers.replace_option_prompt_at_index(index, one)
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


def _written(answer: Answer, width: int) -> Content:
    """The label with the letter that chooses it, and below it, where that has a width, what will happen."""
    label = Content.assemble((answer.label[0], "bold underline"), (answer.label[1:], "bold"))
    if not width:
        return label
    below = fill(answer.explanation, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    return Content.assemble(label, (f"\n{below}", "$foreground-muted"))
