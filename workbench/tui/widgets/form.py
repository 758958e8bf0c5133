"""Form of the settings of a task's runs: the same names, bounds and help as on the command line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from workbench.config.fields import Field
from workbench.tui.widgets.path_row import PathRow
from workbench.tui.widgets.setting_row import SettingRow

# the settings that are changed most; the rest follows under its own headings
FIRST = (
    *("cell.hidden", "cell.layers", "cell.bidirectional", "cell.dropout"),
    *("train.lr", "train.batch_size", "train.epochs", "train.seed"),
)
_HEADINGS = {"cell": "more of the network", "train": "more of the training", "task": "the task's own"}


class Form(VerticalScroll, can_focus=False):
    """The settings of a task's runs; ``values`` are the changed ones.

    Args:
        readonly: no file can be named: whoever looks on reads none of the user's.
    """

    # to the next setting, which scrolls into view; scrolling alone would hide the one that is being typed in
    BINDINGS = [  # noqa: RUF012
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(self, id: str, *, readonly: bool = False) -> None:
        super().__init__(id=id)
        self._readonly = readonly
        self.rows: dict[str, SettingRow] = {}
        self._first: Sequence[str] = FIRST
        self._headings: list[Static] = []
        self._words: list[str] = []
        self._building = 0
        self._paths: Collection[str] = ()
        self.seen: Mapping[str, object] = {}  # defaults by key that were seen in the user's data

    async def build(
        self,
        fields: Sequence[Field],
        default: Callable[[str], object],
        entered: Mapping[str, str] | None = None,
        *,
        paths: Collection[str] = (),
        own_data: Sequence[str] = (),
    ) -> None:
        """Make rows for these settings: the first ones at once, the rest when the screen has been painted.

        Args:
            entered: texts to put into the rows with these keys, in place of the defaults.
            paths: the keys of those that name a file or folder.
            own_data: those of them that name the data; they come first.
        """
        entered = entered or {}
        self._paths, self._first, self.seen = paths, (*own_data, *FIRST), {}
        self._building += 1
        await self.remove_children()
        self._headings = []
        usual = sorted((f for f in fields if f.key in self._first), key=lambda f: self._first.index(f.key))
        self.rows = {field.key: self._row(field, default, entered) for field in usual}
        await self.mount_all(self.rows.values())
        rest = [field for field in fields if field.key not in self._first]
        self.call_after_refresh(self._build_rest, rest, default, entered, self._building)

    async def _build_rest(
        self, fields: Sequence[Field], default: Callable[[str], object], entered: Mapping[str, str], building: int
    ) -> None:
        if building != self._building:
            return
        widgets: list[Static | SettingRow] = []
        section = ""
        for field in sorted(fields, key=lambda f: list(_HEADINGS).index(f.key.partition(".")[0])):
            if (own := field.key.partition(".")[0]) != section:
                section = own
                self._headings.append(Static(_HEADINGS[section], classes="heading", id=f"of-{section}"))
                widgets.append(self._headings[-1])
            self.rows[field.key] = row = self._row(field, default, entered)
            widgets.append(row)
        await self.mount_all(widgets)
        self._filter()

    def _row(self, field: Field, default: Callable[[str], object], entered: Mapping[str, str]) -> SettingRow:
        key = field.key
        if key in self._paths:
            folder = next((other for other in self._paths if other.endswith("folder")), "")
            return PathRow(field, default(key), entered.get(key), folder_key=folder, readonly=self._readonly)
        row = SettingRow(field, self.seen.get(key, default(key)), entered.get(key))
        row.seen = key in self.seen
        return row

    def search(self, text: str) -> list[SettingRow]:
        """Show the settings that hold each word of ``text``, and return them; all where it is empty."""
        self._words = text.casefold().split()
        return self._filter()

    def _filter(self) -> list[SettingRow]:
        rows = [row for row in self.rows.values() if row.matches(self._words)]
        sections = {f"of-{row.section}" for row in rows if row.field.key not in self._first}
        for widget in (*self.rows.values(), *self._headings):
            shown = widget in rows or widget.id in sections
            if widget.display != shown:  # setting it to the same value would lay out anew
                widget.display = shown
        return rows

    @property
    def values(self) -> dict[str, Any]:
        return {key: row.value for key, row in self.rows.items() if row.changed and not row.wrong}

    @property
    def entered(self) -> dict[str, str]:
        """Return the texts of the changed rows."""
        return {key: row.typed for key, row in self.rows.items() if row.changed}

    @property
    def errors(self) -> dict[str, str]:
        """The errors of the values that have one."""
        return {key: wrong for key, row in self.rows.items() if (wrong := row.wrong)}

    def renew(
        self, default: Callable[[str], object], *, forget: bool = False, seen: Mapping[str, object] | None = None
    ) -> None:
        """Set the unchanged settings to these defaults.

        Args:
            forget: the changed ones too.
            seen: defaults by key that were seen in the user's data, in place of the usual ones.
        """
        self.seen = seen or {}
        for key, row in self.rows.items():
            row.renew(self.seen.get(key, default(key)), forget=forget, seen=key in self.seen)
