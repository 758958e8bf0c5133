"""Dialog for the name, note and tags of runs: of one run all three, of several the note and the tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static, TextArea

from workbench.render.text import printable, readable
from workbench.runs import metadata
from workbench.runs.folder import RunError
from workbench.runs.metadata import RunMetadata
from workbench.runs.run import Run
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.dialogs import Dialog

DIFFERENT = "The runs' notes differ: what is written here replaces them all."


class Edit(NamedTuple):
    """Change of the metadata of runs; what is ``None`` stays as it is in each."""

    name: str | None = None
    note: str | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def of(self, about: RunMetadata) -> RunMetadata:
        """Return a run's metadata as changed.

        Raises:
            MetadataError: no run can be given them.
        """
        return metadata.edited(about, name=self.name, note=self.note, add=self.add, remove=self.remove)


def shared(every: Sequence[RunMetadata]) -> RunMetadata:
    """Return what several runs' metadata have in common: the name and the note of all, the tags that each has."""
    first, *others = every
    return RunMetadata(
        name=first.name if all(one.name == first.name for one in others) else "",
        note=first.note if all(one.note == first.note for one in others) else "",
        tags=tuple(tag for tag in first.tags if all(tag in one.tags for one in others)),
    )


def difference(before: RunMetadata, name: str, note: str, tags: str) -> Edit:
    """Return the change from what the dialog showed to what stands in its fields.

    Args:
        tags: as typed, separated by blanks or commas.
    """
    typed = tuple(dict.fromkeys(tags.replace(",", " ").split()))
    return Edit(
        None if name == before.name else name,
        None if note == before.note else note,
        tuple(tag for tag in typed if tag not in before.tags),
        tuple(tag for tag in before.tags if tag not in typed),
    )


class DescriptionDialog(Dialog[bool]):
    """Writes name, note and tags of runs; its result says whether anything was written."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False),
        Binding("ctrl+s", "save", show=False, priority=True),
    ]
    AUTO_FOCUS = "Input"

    def __init__(self, runs: Sequence[Run], every: Sequence[RunMetadata]) -> None:
        super().__init__()
        self._runs = runs
        common = shared(every)  # a stranger's file may hold what a terminal obeys
        self._before = RunMetadata(
            name=printable(common.name),
            note="\n".join(map(printable, readable(common.note).split("\n"))),
            tags=tuple(map(printable, common.tags)),
        )
        self._differ = len({about.note for about in every}) > 1

    def compose(self) -> ComposeResult:
        before, one = self._before, len(self._runs) == 1
        with Vertical(id="dialog") as dialog:
            dialog.border_title = printable(self._runs[0].id) if one else f"{len(self._runs)} runs"
            dialog.border_subtitle = "Enter or ^s saves, Esc: not"
            if one:
                yield Static("name, by which the run can be found", classes="label")
                yield Input(before.name, compact=True, id="name", max_length=metadata.LONGEST_NAME)
            yield Static("tags, with blanks between them", classes="label")
            yield Input(" ".join(before.tags), compact=True, id="tags")
            yield Static("note", classes="label")
            yield TextArea(
                before.note,
                compact=True,
                id="note",
                tab_behavior="focus",
                placeholder=DIFFERENT if self._differ else "",
            )
            yield Static(markup=False, id="answer")

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _changed(self) -> None:
        self._say("")

    @on(Input.Submitted)
    def action_save(self) -> None:
        self._save()

    @work(exclusive=True)
    async def _save(self) -> None:
        names = self.query("#name").results(Input)
        edit = difference(
            self._before,
            next((field.value for field in names), self._before.name),
            self.query_one(TextArea).text,
            self.query_one("#tags", Input).value,
        )
        if edit == Edit():
            self.dismiss(False)
            return
        try:
            await run_in_thread(lambda: write(self._runs, edit))
        except RunError as error:
            self._say(str(error))
        else:
            self.dismiss(True)

    def _say(self, sentence: str) -> None:
        self.query_one("#answer", Static).update(Content.styled(printable(sentence), "$text-warning"))

    def action_close(self) -> None:
        self.dismiss(False)


def write(runs: Sequence[Run], edit: Edit) -> None:
    """Change the metadata of runs: of all, or of none where one of them cannot be given the words.

    Raises:
        RunError: they are none that a run can be given, or cannot be written.
    """
    changed = [(run, edit.of(metadata.read(run))) for run in runs]
    for run, about in changed:
        metadata.write(run, about)
