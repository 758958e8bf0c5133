"""Reports of runs of the toy, and what a page holds."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec

from workbench.report import content, writing
from workbench.report.content import Subject
from workbench.report.document import Format
from workbench.report.words import Language
from workbench.runs.events import Finished, decode, encode
from workbench.runs.run import Run

VOID = {"meta", "img", "source", "br", "link"}


class Page(HTMLParser):
    """Tags, attributes and shown text of a page; it must close every tag that it opens."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += data

    def __getitem__(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def report(subject: Subject | Run, folder: Path, form: Format = "html", language: Language = "en") -> str:
    """Write a report into a folder and return its text."""
    subject = Subject([subject]) if isinstance(subject, Run) else subject
    drawn = folder / "drawn"
    drawn.mkdir(parents=True)
    document = content.build(subject, form, language, drawn)
    return writing.write(document, form, folder / ("r.html" if form == "html" else "r")).read_text(encoding="utf-8")


def changed(run: Run, **fields: Any) -> Run:
    """Change what a finished run's last event holds."""
    *lines, last = run.events_file.read_bytes().splitlines(keepends=True)
    ended = decode(last)
    assert isinstance(ended, Finished)
    run.events_file.write_bytes(b"".join([*lines, encode(msgspec.structs.replace(ended, **fields))]))
    return run
