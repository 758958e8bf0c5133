"""The models that come with the program: asked from anywhere, never changed, and nothing of a machine in them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from workbench.runs import store
from workbench.runs.events import Finished
from workbench.runs.folder import RunError
from workbench.runs.history import read_history
from workbench.runs.locations import shipped
from workbench.runs.run import Run

MODELS = store.listing(shipped())
MOST = {"names-lstm": 2e6, "poems-lstm": 20e6}  # bytes


def test_each_is_there() -> None:
    assert {model.path.name for model in MODELS} == MOST.keys()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.path.name)
def test_a_model_is_small_has_a_card_and_tells_nothing_of_a_machine(model: Run) -> None:
    assert sum(file.stat().st_size for file in model.path.iterdir()) <= MOST[model.path.name]
    assert model.status() == "finished"
    assert model.spec.data_dir == ""
    history = read_history(model.events_file)
    assert history.started
    assert (history.started.host, history.started.pid) == ("", 0)
    assert isinstance(history.ended, Finished)
    card = (model.path / "README.md").read_text(encoding="utf-8")
    for part in ("## Data", "licence", "## Training", "workbench train", "## Figures", "## Not for"):
        assert part in card
    for file in ("README.md", "spec.json", "events.jsonl"):
        assert not re.search(r"/(home|root|work|tmp|Users)/", (model.path / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.path.name)
def test_a_model_is_never_changed(model: Run) -> None:
    for act in (model.acquire_lock, lambda: store.remove(model)):
        with pytest.raises(RunError, match="came with the program: it can be asked, not changed"):
            act()
    assert model.best_file.exists()


def test_a_bare_machine_is_told_the_language_of_a_name(workbench, runs_folder: Path) -> None:
    result = workbench("predict", "pretrained/names-lstm", "Satoshi")
    assert result.returncode == 0, result.stderr
    assert "Japanese" in result.stdout
    assert not runs_folder.exists()


@pytest.mark.parametrize("start", "日红山夜湖海月")
def test_a_bare_machine_writes_regulated_verse(workbench, runs_folder: Path, start: str) -> None:
    held = ("--form", "七绝", "--rhyme", "天", "--tones", "--distinct", "--novel")
    result = workbench("poem", "--start", start, *held, "--seed", 1, "--json", WORKBENCH_DATA="")
    assert result.returncode == 0, result.stderr
    told = msgspec.json.decode(result.stdout)
    assert told["run"] == "pretrained/poems-lstm"
    assert re.fullmatch(rf"{start}.{{6}}，.{{7}}。.{{7}}，.{{7}}。", told["text"])
    checks = told["checks"]
    assert (checks["form"], checks["rhymed"], checks["regulated"], checks["repeated"]) == ("七绝", True, True, [])
    assert not runs_folder.exists()
