"""Row of a setting that names a file or folder: completions while it is typed, and at once what is wrong with it."""

from __future__ import annotations

from functools import partial
from textwrap import wrap

from textual import work
from textual.app import ComposeResult
from textual.content import Content

from workbench.config import paths
from workbench.config.fields import Field
from workbench.render.text import printable
from workbench.tui.keys import actions, spoken
from workbench.tui.services.latest import Latest
from workbench.tui.widgets.path_input import PathField
from workbench.tui.widgets.setting_row import SettingRow

_LINES = 3  # below the field at most
_INDENT = 4  # cells
_KEY = next(spoken(action.twin) for action in actions("lab") if action.name == "preview")  # it works in the field


class PathRow(SettingRow):
    """A setting's name and its path; below them its help, its error, or what was seen in it.

    Args:
        folder_key: the setting that would take a folder; empty: none.
        readonly: nothing can be typed.
    """

    def __init__(
        self,
        field: Field,
        default: object,
        entered: str | None = None,
        *,
        folder_key: str = "",
        readonly: bool = False,
    ) -> None:
        super().__init__(field, default, entered)
        self._folder_key = folder_key
        kind = "folder" if field.key.endswith("folder") else "file"
        self._field = PathField(self._editor.value, f"path of a {kind}")
        self._field.disabled = readonly
        self._editor = self._field.input
        self._problem = ""  # of the path as it was looked at last
        self._told = ""  # what a preview of the data found
        self._looks = Latest()
        self.add_class("-path")

    def compose(self) -> ComposeResult:
        yield self._field

    @property
    def wrong(self) -> str:
        """The error of the value as it stands, and of its path as it was looked at last."""
        return super().wrong or self._problem

    def tell(self, words: str) -> None:
        """Show what a preview of the data found, until the path is changed."""
        self._told = words
        self._check()

    def _entered(self) -> None:
        self._problem = self._told = ""
        super()._entered()
        self._look(self.typed)

    def renew(self, default: object, *, forget: bool = False, seen: bool = False) -> None:
        if forget:
            self._looks.forget()
            self._problem = self._told = ""
        super().renew(default, forget=forget, seen=seen)

    @work
    async def _look(self, typed: str) -> None:
        """List the completions, and say what is wrong with the path, once they are known."""
        found = await self._looks.run(partial(self._see, typed))
        if found is None or not self.is_attached:
            return
        offered, problem = found
        self._field.offer(offered)
        if problem != self._problem:
            self._problem = problem
            self._check()
            self.post_message(self.Changed())

    def _see(self, typed: str) -> tuple[list[str], str]:
        key = self.field.key
        folders = key.endswith("folder")
        offered = paths.completions(typed, folders=folders) if typed else []
        return offered, paths.problem(key, typed, folder_key="" if folders else self._folder_key)

    def on_mount(self) -> None:
        self._check()
        if self.typed:  # of another cell's form
            self._look(self.typed)

    def on_resize(self) -> None:
        self._check()

    def render(self) -> Content:
        label = Content.styled(f"▸ {self.title}", "bold $text-accent") if self.changed else Content(f"  {self.title}")
        _, style = self._note()
        parts: list[Content | str | tuple[str, str]] = [label]
        for line in self._below:
            parts += ["\n" + " " * _INDENT, (line, style)]
        return Content.assemble(*parts)

    @property
    def _below(self) -> list[str]:
        """Lines below the field."""
        return wrap(printable(self._note()[0]), max(10, self.size.width - _INDENT), break_on_hyphens=False)[:_LINES]

    @property
    def _lines(self) -> int:
        return 1 + len(self._below)

    def _note(self) -> tuple[str, str]:
        if self.error:
            return self.error, "$text-error"
        if self._told:
            return self._told, "$text-success"
        if self.typed:
            return f"{_KEY} previews it before anything is trained", "$text-accent"
        if self._field.disabled:
            return "a read-only screen opens no file of your own", "$foreground-muted"
        return self.field.help * self._wide, "$foreground-muted"  # the hint tells it where there is little room
