"""A question with a few answers, each saying what will happen."""

from __future__ import annotations

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
            yield OptionList(
                *(
                    Option(
                        Content.assemble(
                            (answer.label[0], "bold underline"),
                            (answer.label[1:], "bold"),
                            (f"\n  {answer.explanation}", "$foreground-muted"),
                        )
                    )
                    for answer in self._answers
                ),
                markup=False,
                compact=True,
            )
            yield Static("Enter chooses", classes="hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.query_one(OptionList).highlighted = self._marked

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
