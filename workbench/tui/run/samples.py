"""What a network wrote while it learned: the newest on top, what it wrote before below."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tasks.views import Text
from workbench.render.text import printable
from workbench.runs.events import Sample
from workbench.tui.widgets.table import Passage

_KEPT = 30


class Written(tuple[Sample, ...]):
    """Samples that are texts, of one title, the oldest first."""

    @property
    def title(self) -> str:
        return self[-1].view.title

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> list[Written]:
        """The last samples, by their titles."""
        titles = dict.fromkeys(sample.view.title for sample in samples if isinstance(sample.view, Text))
        return [cls([s for s in samples if s.view.title == title][-_KEPT:]) for title in titles]


class WrittenPane(Passage):
    """Texts as they were written, each under its step."""

    def __init__(self, written: Written) -> None:
        super().__init__(_laid_out(written))

    def show_written(self, written: Written) -> None:
        self.show(_laid_out(written))


def _laid_out(written: Written) -> Content:
    parts: list[Content | str | tuple[str, str]] = [(printable(written.title), "$foreground-muted")]
    for sample in reversed(written):
        if isinstance(sample.view, Text):
            style = "bold" if sample is written[-1] else ""
            parts.append((f"\n\nstep {sample.step:,}", "$foreground-muted"))
            parts += [(f"\n  {printable(line)}", style) for line in sample.view.text.split("\n")]
            if sample.view.note:
                parts.append((f"\n  {printable(sample.view.note)}", "$text-warning"))
    return Content.assemble(*parts)
