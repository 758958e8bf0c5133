"""The gate before stdout and stderr: what passes, what is replaced, and how a failure is told."""

from __future__ import annotations

import ast
import errno
import io
import os
import sys
from pathlib import Path

import msgspec
import pytest
from hostile_run import HOSTILE, hostile, obeyed
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

import workbench
from workbench.render import output
from workbench.render.console import PrintableConsole
from workbench.render.streams import print_json


def stream(encoding: str = "utf-8") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)


def guarded(monkeypatch: pytest.MonkeyPatch, encoding: str = "utf-8") -> io.TextIOWrapper:
    """Stdout behind the gate, in the test itself: pytest has streams of its own for fixtures."""
    raw = stream(encoding)
    monkeypatch.setattr(sys, "stdout", raw)
    monkeypatch.setattr(sys, "stderr", stream())
    output.guard()
    return raw


def written(raw: io.TextIOWrapper) -> str:
    assert isinstance(raw.buffer, io.BytesIO)
    return raw.buffer.getvalue().decode(raw.encoding)


def test_line_breaks_and_tabs_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = guarded(monkeypatch)
    print("a\tb\n诗\u3000", hostile())
    assert written(raw).startswith("a\tb\n诗\u3000 ")
    assert obeyed(written(raw)) == set()


def test_there_is_no_way_round_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = guarded(monkeypatch)
    assert not hasattr(sys.stdout, "buffer")
    sys.stdout.writelines(["\x1b[2J"])
    assert written(raw) == "�[2J"
    assert output.unguarded(sys.stdout).buffer is raw.buffer  # for a library's own sequences


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("ascii", "---|..* ?? '?"), ("latin-1", "---|·.× ?? 'é"), ("gbk", "─—–│·…× 诗 'é")],
)
def test_what_cannot_be_encoded_is_replaced(monkeypatch: pytest.MonkeyPatch, encoding: str, expected: str) -> None:
    raw = guarded(monkeypatch, encoding)
    print("─—–│·…× 诗 ⠁é", end="")
    assert written(raw) == expected


def test_json_holds_nothing_that_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = guarded(monkeypatch)
    value = {hostile("key"): [hostile(), "诗\u3000\U000e0041"]}
    print_json(value)
    print_json({"path": "a\udcff"})
    first, second = written(raw).splitlines()
    assert obeyed(first) == set()
    assert msgspec.json.decode(first) == value
    assert "诗" in first
    assert msgspec.json.decode(second) == {"path": "a�"}


def test_json_is_whole_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = guarded(monkeypatch, "latin-1")
    print_json(["诗", "é", "𝄞"])
    assert msgspec.json.decode(written(raw)) == ["诗", "é", "𝄞"]


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_failure_of_stdout_is_told_also_where_a_library_kept_it() -> None:
    full = output.Output(Full(), name="stdout", closed=False)
    with pytest.raises(output.Unwritable, match=r"^stdout cannot be written: No space left on device\.$"):
        full.write("x")
    with pytest.raises(output.Unwritable):
        full.finish()
    assert output.Output(Full(), name="stderr", closed=False).write("x") == 1  # nobody can be told


def test_text_of_every_renderable_is_made_printable() -> None:
    file = io.StringIO()
    console = PrintableConsole(file=file, force_terminal=True, color_system="truecolor", width=400)
    table = Table(title=hostile("title"))
    table.add_column(hostile("head"))
    table.add_row(Text(hostile("cell"), "red"))
    console.print(table, Text(hostile()), HOSTILE, markup=False)
    assert "\x1b[31m" in file.getvalue()
    assert obeyed(file.getvalue()) == set()


def test_ascii_is_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    console = PrintableConsole(file=(file := io.StringIO()))
    console.print("─│ 诗 ⣿")
    assert file.getvalue() == "-| 诗 #\n"
    monkeypatch.setenv("WORKBENCH_ASCII", "0")
    console = PrintableConsole(file=(file := io.StringIO()))
    console.print("─│")
    assert file.getvalue() == "─│\n"
    assert list(console.render("x")) == [Segment("x"), Segment.line()]


def test_no_other_console_is_made() -> None:
    """Rich's own ``Console`` would pass texts by the gate."""
    package = Path(workbench.__file__).parent
    makers = []
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            name = node.func if isinstance(node, ast.Call) else None
            called = name.id if isinstance(name, ast.Name) else name.attr if isinstance(name, ast.Attribute) else ""
            if called == "Console":
                makers.append(file)
    assert makers == []
