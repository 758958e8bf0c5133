"""Dialogs of the Poem screen: the list of kept poems, and the file name for saving one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from workbench.render.text import printable
from workbench.tui.poem import kept_poems
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.dialogs import Dialog
from workbench.tui.widgets.table import Passage

_NONE = "Nothing is kept yet. k (or ^g) keeps the marked poem."


class KeptPoemsDialog(Dialog[None]):
    """The kept poems, the newest on top, and the file that holds them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,l,ctrl+l,q", "close", show=False)]
    AUTO_FOCUS = "Passage"

    def __init__(self, entries: Sequence[str], path: Path) -> None:
        super().__init__()
        self._entries, self._path = entries, path

    def compose(self) -> ComposeResult:
        parts: list[str | tuple[str, str]] = []
        for entry in reversed(self._entries):
            for line in entry.split("\n"):
                made_by = line.startswith("— ")
                parts.append((f"{printable(line)}\n", "$foreground-muted") if made_by else f"{printable(line)}\n")
            parts.append("\n")
        with Vertical(id="dialog") as dialog:
            dialog.border_title = f"kept poems ({len(self._entries)})"
            dialog.border_subtitle = "Esc closes"
            yield Passage(Content.assemble(*parts) if parts else Content.styled(_NONE, "$foreground-muted"), id="kept")
            yield Static(printable(str(self._path)), markup=False, classes="hint")

    def action_close(self) -> None:
        self.dismiss()


class SavePoemDialog(Dialog[Path | None]):
    """Writes a poem to a file that the person names; its result is the path, none where nothing was written."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", show=False)]
    AUTO_FOCUS = "Input"

    def __init__(self, entry: str, name: str) -> None:
        super().__init__()
        self._entry, self._name = entry, name
        self._existing: Path | None = None  # the file that Enter replaces

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = "save the poem"
            dialog.border_subtitle = "Esc: not"
            yield Static(
                Content.styled(f"Enter writes it to this file in {printable(str(Path.cwd()))}:", "bold"), markup=False
            )
            yield Input(self._name, compact=True, id="name")
            yield Static(markup=False, id="answer")

    @on(Input.Changed)
    def _renamed(self) -> None:
        self._existing = None
        self._say("")

    @on(Input.Submitted)
    @work(exclusive=True)
    async def _save(self) -> None:
        name = self.query_one(Input).value.strip()
        if not name:
            self._say("Give the file a name.")
            return
        path = Path(name).expanduser().absolute()
        try:
            await run_in_thread(partial(kept_poems.save, path, self._entry, replace=path == self._existing))
        except FileExistsError:
            self._existing = path
            self._say(f"{path.name} is there already: Enter once more replaces it, another name leaves it alone.")
        except (OSError, ValueError, RuntimeError) as error:  # a name that is none, a ~ of nobody's
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            self._say(f"Nothing could be written to {path}: {why}. Take another name.")
        else:
            self.dismiss(path)

    def _say(self, sentence: str) -> None:
        self.query_one("#answer", Static).update(Content.styled(printable(sentence), "$text-warning"))

    def action_close(self) -> None:
        self.dismiss(None)
