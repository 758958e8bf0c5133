"""Completions of a line of the poem prompt."""

from __future__ import annotations

from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from tasks.poems.constraints import PoemConstraints
from workbench.repl import commands
from workbench.repl.line_input import CommandCompleter
from workbench.runs.writers import constraint_fields

POEM_COMMANDS = commands.available(constraint_fields(PoemConstraints))


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/te", ["temp "]),
        ("/S", ["start ", "seed ", "save ", "show"]),
        ("/form 五", ["五绝", "五律"]),
        ("/tones o", ["on", "off"]),
        ("/model na", ["names-1"]),
        ("/again ", []),
        ("／te", ["temp "]),
        ("／form\u3000五", ["五绝", "五律"]),
        ("/FORM 五", ["五绝", "五律"]),
        ("月", []),
    ],
)
def test_commands_and_what_they_take_are_completed(typed: str, offered: list[str]) -> None:
    completer = CommandCompleter(lambda: POEM_COMMANDS, lambda: ["poems-1", "names-1"])
    assert [one.text for one in completer.get_completions(Document(typed), CompleteEvent())] == offered


def test_constraints_that_a_network_does_not_offer_are_not_completed() -> None:
    completer = CommandCompleter(lambda: commands.available({}), list)
    for typed, offered in {"/f": [], "/t": ["temp ", "top-p ", "top-k "], "/form 五": []}.items():
        assert [one.text for one in completer.get_completions(Document(typed), CompleteEvent())] == offered


def test_files_are_completed(tmp_path: Path) -> None:
    (tmp_path / "poems.txt").touch()
    completer = CommandCompleter(lambda: POEM_COMMANDS, list)
    found = completer.get_completions(Document(f"/save {tmp_path}/po"), CompleteEvent())
    assert [one.text for one in found] == ["ems.txt"]
