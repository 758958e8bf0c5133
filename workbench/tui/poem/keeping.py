"""Actions on the marked poem of the Poem screen: copy it, keep it beside the runs, save it to a file."""

from __future__ import annotations

from functools import partial

from textual import work

from workbench.tui.poem import kept_poems
from workbench.tui.poem.dialogs import KeptPoemsDialog, SavePoemDialog
from workbench.tui.poem.generations import PoemList
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.messages import unbroken
from workbench.tui.widgets.page import Page


class PoemKeeping(Page):
    """A page with a list of poems, of which the marked one can be copied, kept and saved."""

    def action_copy(self) -> None:
        marked = self.query_one(PoemList).marked
        assert marked is not None
        self.app.copy_to_clipboard(marked.text)
        self.app.notify("The poem is copied, where the terminal allows it (OSC 52).", markup=False)

    @work(group="keep")
    async def action_keep(self) -> None:
        marked = self.query_one(PoemList).marked
        assert marked is not None
        folder = self.session.runs_folder
        try:
            new = await run_in_thread(partial(kept_poems.keep, folder, marked.entry))
        except OSError as error:
            self._fail(f"The poem could not be kept in {unbroken(folder / kept_poems.NAME)}: {error.strerror}.")
        else:
            self.app.notify(
                f"Kept in {unbroken(folder / kept_poems.NAME)}." if new else "This poem is kept already.", markup=False
            )

    @work(group="keep")
    async def action_kept(self) -> None:
        folder = self.session.runs_folder
        try:
            entries = await run_in_thread(partial(kept_poems.read, folder))
        except OSError as error:
            self._fail(f"{unbroken(folder / kept_poems.NAME)} cannot be read: {error.strerror}.")
        else:
            self.app.push_screen(KeptPoemsDialog(entries, folder / kept_poems.NAME))

    @work(group="keep")
    async def action_save(self) -> None:
        marked = self.query_one(PoemList).marked
        assert marked is not None
        path = await self.app.push_screen_wait(SavePoemDialog(marked.entry, f"poem-{marked.record.request.seed}.txt"))
        if path is not None:
            self.app.notify(f"Written to {unbroken(path)}.", markup=False)

    def _fail(self, sentence: str) -> None:
        self.app.notify(sentence, severity="error", markup=False)
