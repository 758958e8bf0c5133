"""One configuration of a generation: every interface has its defaults and bounds."""

from __future__ import annotations

import inspect
import re

import msgspec
import pytest
from typer.testing import CliRunner

from workbench.cli.app import app
from workbench.cli.poem import poem
from workbench.config.generation import DEFAULTS, FIELDS, SEEDS, GenerationConfig
from workbench.inference import protocol
from workbench.inference.protocol import Generate
from workbench.repl import commands
from workbench.repl.settings import PromptSettings

NAMES = list(FIELDS)
COMMANDS = {"temperature": "temp", "best_of": "best"}
OUT = {"seed": SEEDS, "top_p": 1.01, "temperature": 100.5, "repetition": 101, "best_of": 257, "length": 0, "top_k": -1}


def test_every_field_has_help_and_two_bounds() -> None:
    assert list(GenerationConfig.__struct_fields__) == NAMES
    for field in FIELDS.values():
        assert field.help
        assert field.bounds.count(",") >= 1
        assert field.read(field.default) == field.default


def test_a_request_has_its_fields_and_defaults() -> None:
    assert issubclass(Generate, GenerationConfig)
    assert msgspec.structs.asdict(Generate()).items() >= msgspec.structs.asdict(DEFAULTS).items()
    assert msgspec.structs.asdict(PromptSettings().request()) == msgspec.structs.asdict(Generate())


@pytest.mark.parametrize("name", NAMES)
def test_a_value_out_of_bounds_is_refused_everywhere(name: str) -> None:
    value = OUT[name]
    with pytest.raises(ValueError, match=f"generation.{name} cannot be"):
        FIELDS[name].read(value)
    with pytest.raises(ValueError, match="This line is no request"):
        protocol.request(msgspec.json.encode({"ask": "generate", name: value}))
    option = f"--{name.replace('_', '-')}"
    result = CliRunner().invoke(app, ["poem", option, str(value)])
    assert str(result.exception).startswith(f"{option} cannot be ")
    command, text = commands.parse(f"/{COMMANDS.get(name, name.replace('_', '-'))} {value}", {})
    assert command
    assert command.change
    with pytest.raises(ValueError, match=re.escape(f"/{command.name} takes a number from")):
        command.change(PromptSettings(), text)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "seed"])
def test_the_command_line_has_its_default(name: str) -> None:
    assert inspect.signature(poem).parameters[name].default == getattr(DEFAULTS, name)
