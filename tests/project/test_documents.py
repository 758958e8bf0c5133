"""The documents name what there is: files, commands, options, settings, cells and tasks."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

import cells
import tasks
from workbench.cli.app import app
from workbench.config import spec

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))
    if path.name != "CHANGELOG.md"  # what was written of an earlier version stays
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
PATH = re.compile(r"`((?:\.\./)?[\w.-]+(?:/[\w.-]+)+/?|[\w-]+\.(?:md|toml))`")
BLOCK = re.compile(r"```console\n(.*?)```", re.S)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def commands() -> dict[str, set[str]]:
    """Every command with its options; a group's commands by both words."""
    found: dict[str, set[str]] = {}

    def visit(words: str, command: Any) -> None:
        found[words] = {
            option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        for name, inner in getattr(command, "commands", {}).items():
            visit(f"{words} {name}".strip(), inner)

    visit("", typer.main.get_command(app))
    return found


def lines(text: str) -> list[str]:
    """Calls of the program in a document's console blocks: continued lines joined, comments left out."""
    every = [line for block in BLOCK.findall(text) for line in block.replace("\\\n", " ").split("\n")]
    return [line[2:].partition(" #")[0].strip() for line in every if line.startswith("$ ") and "workbench" in line]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files(name: str) -> None:
    links = [link for link in LINK.findall(read(name)) if "://" not in link]
    assert [link for link in links if not ((ROOT / name).parent / link).exists()] == []


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_paths_that_are_named_exist(name: str) -> None:
    paths = PATH.findall(read(name))
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_help_text_in_the_guide_is_the_programs(workbench) -> None:
    block = re.search(r"\$ workbench --help\n(.*?)```", read("docs/command-line.md"), re.S)
    assert block
    assert block[1].split() == workbench("--help", COLUMNS="80").stdout.split()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_and_options_are_the_programs(name: str) -> None:
    wrong = []
    for line in lines(read(name)):
        words = re.split(r"\s+", line[line.index("workbench") :])[1:]
        if not line.startswith("workbench") and "ssh" not in line:
            continue
        command = next((w for w in (" ".join(words[:2]), *words[:1]) if w in commands()), "")
        if words and not command and not words[0].startswith("-"):
            wrong.append(line)
        used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        wrong += [f"{line}: {option}" for option in used - commands()[command] - commands()[""] - {"--help", "-h"}]
    assert wrong == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_settings_are_those_of_some_task(name: str) -> None:
    known = {field.key for task in tasks.available() for field in spec.fields(task)}
    named = re.findall(r"\b((?:cell|train|task)\.[a-z_]+)=", read(name))
    assert [key for key in named if key not in known and not key.startswith("cell.")] == []


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_cells_and_tasks_of_a_readme_are_here(name: str) -> None:
    tables = re.findall(r"^\| (`[^|]+`) \|", read(name), re.M)
    named = {one for cell in tables for one in re.findall(r"`([\w-]+)`", cell)}
    assert len(named) > 10
    assert named <= {*cells.available(), *tasks.available()}


def test_both_readmes_link_to_the_same() -> None:
    english, chinese = (set(LINK.findall(read(name))) for name in ("README.md", "README.zh-CN.md"))
    assert english - {"README.zh-CN.md"} == chinese - {"README.md"}


@pytest.mark.parametrize("name", ["run", "confusion", "poem", "studies", "memory", "inspect"])
def test_pictures_are_light_and_place_every_character(name: str) -> None:
    picture = read(f"docs/pictures/{name}.svg")
    assert len(picture) < 60_000
    texts = re.findall(r'<text x="([\d ]+)"[^>]*>([^<]+)</text>', picture)
    assert len(texts) > 20
    unescaped = [(x, re.sub(r"&\w+;|&#\w+;", "&", text)) for x, text in texts]
    assert [text for x, text in unescaped if len(x.split()) != len(text)] == []
