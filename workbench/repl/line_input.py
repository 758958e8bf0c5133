"""Line input of the poem prompt: history, completion, a toolbar with the settings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import platformdirs
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.output import create_output
from rich.cells import cell_len, set_cell_size

from workbench.render.output import unguarded
from workbench.render.terminal_gone import end_with_terminal
from workbench.render.text import printable
from workbench.repl.commands import Command, split


class CommandCompleter(Completer):
    """Completes commands and their arguments.

    Args:
        commands: the commands of the network that writes.
        models: the ids of the runs that can write.
    """

    def __init__(self, commands: Callable[[], Sequence[Command]], models: Callable[[], Iterable[str]]) -> None:
        self._commands, self._models = commands, models
        self._files = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        words = split(document.text_before_cursor)
        if len(words) == 1:
            (name,) = words
            for command in self._commands():
                if command.name.startswith(name.lower()):
                    yield Completion(
                        command.name + " " * bool(command.argument), -len(name), command.name, command.help
                    )
        elif words:
            yield from self._arguments(words[0].lower(), words[1], complete_event)

    def _arguments(self, name: str, begun: str, complete_event: CompleteEvent) -> Iterator[Completion]:
        if name == "save":
            for file in self._files.get_completions(Document(begun), complete_event):
                yield Completion(file.text, file.start_position, printable(file.display_text))
        else:
            for choice in self._choices(name):
                if choice.startswith(begun):
                    yield Completion(choice, -len(begun), printable(choice))

    def _choices(self, name: str) -> Iterable[str]:
        if name == "model":
            return self._models()
        return next((command.choices for command in self._commands() if command.name == name), ())


def line_reader(
    commands: Callable[[], Sequence[Command]], models: Callable[[], Iterable[str]], toolbar: Callable[[], str]
) -> Callable[[], str]:
    """Return a function that reads a line from the terminal.

    It raises ``KeyboardInterrupt`` on Ctrl-C and ``EOFError`` on Ctrl-D, as ``input`` does.

    Args:
        commands: the commands of the network that writes.
        models: the ids of the runs that can write.
        toolbar: the text below the line.
    """
    end_with_terminal((0, 1, 2))
    session: PromptSession[str] = PromptSession(
        "诗 › ",
        history=_history(),
        completer=CommandCompleter(commands, models),
        bottom_toolbar=lambda: printable(toolbar()),
        output=create_output(unguarded(sys.stdout)),
        enable_history_search=True,
    )
    return session.prompt


def command_list(commands: Sequence[Command], width: int) -> str:
    """List commands with their arguments and help, aligned; a help that is longer than its line goes on below itself.

    Args:
        width: cells of a line.
    """
    widest = max(cell_len(_usage(command)) for command in commands)
    lines = []
    for command in commands:
        first, *more = _wrapped(command.help, width - widest - 4)
        lines.append(f"  {set_cell_size(_usage(command), widest)}  {first}")
        lines += [" " * (widest + 4) + line for line in more]
    return "\n".join(lines)


def _wrapped(text: str, width: int) -> list[str]:
    """Break a text between its words into lines of so many cells, where no word is wider."""
    lines: list[str] = []
    for word in text.split():
        if lines and cell_len(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def _usage(command: Command) -> str:
    return f"/{command.name} {command.argument}".rstrip()


def _history() -> History:
    """The history of typed lines in a file; in memory where none can be written."""
    path = Path(platformdirs.user_state_path("workbench")) / "poem-history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(path)
