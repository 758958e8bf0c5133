"""A stranger's checkpoint and task state: whatever they hold, one plain sentence, or they work."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from engine.toy_runs import after, trained
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.base import PlainError
from workbench.config import spec
from workbench.engine import checkpoint, data, loop
from workbench.engine.checkpoint import CheckpointError
from workbench.engine.state import TrainingState
from workbench.engine.trainer import Trainer
from workbench.runs import store
from workbench.runs.run import Run

CPU = torch.device("cpu")
FUZZ = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)
        made = store.create(tmp_path_factory.mktemp("runs"), spec.make("toy", "lstm"))
        trained(made, after(4))
    return made


def packed(content: bytes) -> bytes:
    """The same archive, deflated: a bomb would be."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member.filename, old.read(member))
    return out.getvalue()


@given(at=st.integers(0, 999_999), bit=st.integers(0, 7))
@FUZZ
def test_a_flipped_bit_of_a_checkpoint_is_told(run: Run, tmp_path: Path, at: int, bit: int) -> None:
    content = bytearray(run.last_file.read_bytes())
    content[at * len(content) // 1_000_000] ^= 1 << bit
    (tmp_path / "last.pt").write_bytes(content)
    try:
        state = checkpoint.load_last(tmp_path / "last.pt", CPU)
    except PlainError:
        return
    assert state is not None  # a bit that nothing depends on
    whole = checkpoint.load_last(run.last_file, CPU)
    assert whole is not None
    assert all(torch.equal(state["model"][name], tensor) for name, tensor in whole["model"].items())


@given(st.binary(max_size=200) | st.integers(0, 4000))
@FUZZ
def test_anything_in_place_of_best_weights_is_one_sentence(run: Run, tmp_path: Path, what: bytes | int) -> None:
    content = what if isinstance(what, bytes) else run.best_file.read_bytes()[:what]
    (tmp_path / "best.safetensors").write_bytes(content)
    model = torch.nn.Linear(1, 1)
    with pytest.raises(CheckpointError, match=r"is damaged|another network"):
        checkpoint.load_best(tmp_path / "best.safetensors", model)


def lying(header: dict[str, Any], size: int = 8) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(size)


@pytest.mark.parametrize(
    "content",
    [
        lying({"weight": {"dtype": "F32", "shape": [1 << 40, 1], "data_offsets": [0, 8]}}),
        lying({"weight": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 1 << 50]}}),
        lying({"weight": {"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]}}),
        lying({"weight": {"dtype": "X9", "shape": [1, 1], "data_offsets": [0, 8]}}),
        lying({"weight": [[[[]]]]}),
        struct.pack("<Q", 1 << 62) + b"{}",
        struct.pack("<Q", 200_000) + b"[" * 200_000,
        safetensors.torch.save({"weight": torch.zeros(1, 1, dtype=torch.int64), "bias": torch.zeros(1)}),
        safetensors.torch.save({"weight": torch.zeros(2, 1), "bias": torch.zeros(1)}),
    ],
)
def test_a_header_that_lies_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "best.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"is damaged|another network"):
        checkpoint.load_best(tmp_path / "best.safetensors", torch.nn.Linear(1, 1))


def moments(state: dict[str, Any], change: Callable[[torch.Tensor], torch.Tensor]) -> dict[str, Any]:
    inner = {k: {**v, "exp_avg": change(v["exp_avg"])} for k, v in state["optimizer"]["state"].items()}
    return {"optimizer": {**state["optimizer"], "state": inner}}


WRONG: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "a negative step": lambda s: {"position": {**s["position"], "step": -5}},
    "a batch past the epoch's end": lambda s: {"position": {**s["position"], "batch": 10**9}},
    "a step in words": lambda s: {"position": {**s["position"], "step": "seven"}},
    "alarms that are a number": lambda s: {"position": {**s["position"], "alarms": 3}},
    "no position": lambda s: {"position": [1, 2]},
    "generators of another kind": lambda s: {"generators": {"cpu": torch.zeros(3)}},
    "endless generators": lambda s: {"generators": {"cpu": torch.zeros(1, dtype=torch.uint8).expand(1 << 40)}},
    "no generators": lambda s: {"generators": None},
    "moments of another shape": lambda s: moments(s, lambda m: m.flatten()[:1]),
    "weights that are numbers": lambda s: {"model": dict.fromkeys(s["model"], 1.0)},
    "a schedule that is a list": lambda s: {"schedule": [1]},
    "an average of one": lambda s: {"average": [torch.zeros(1)]},
    "a schema that is none": lambda s: {"schema": None},
}


@pytest.mark.parametrize("how", WRONG)
def test_a_whole_checkpoint_with_another_content_is_damaged(run: Run, tmp_path: Path, how: str) -> None:
    copy = Run(tmp_path / "copy")
    copy.path.mkdir()
    for name in ("spec.json", "task.json"):
        (copy.path / name).write_bytes((run.path / name).read_bytes())
    state = torch.load(run.last_file, weights_only=True)
    torch.save({**state, **WRONG[how](state)}, copy.last_file)
    with pytest.raises(CheckpointError, match=r"is damaged|another network"):
        Trainer(copy, TrainingState())


def test_a_packed_checkpoint_is_not_unpacked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "last.pt").write_bytes(packed(run.last_file.read_bytes()))
    with pytest.raises(CheckpointError, match="is damaged"):
        checkpoint.load_last(tmp_path / "last.pt", CPU)


STATES: dict[str, dict[str, Any]] = {
    "names": {"labels": ["a", "b"], "train_counts": [1, 2], "cache": "x"},
    "imdb": {"labels": ["a", "b"], "train_counts": [1, 2], "vocabulary": ["w"], "characters": [], "cache": "x"},
    "reviews": {"labels": ["a", "b"], "train_counts": [1, 2], "vocabulary": ["w"], "characters": ["w"], "cache": "x"},
    "poems": {"vocabulary": ["，", "。", "月"], "prosody": [], "train_counts": [1] * 14, "cache": "x"},
    "climate": {"step": 3600, "day": 24, "mean": [0.0] * 9, "spread": [1.0] * 9, "cache": "x", "start": 0},
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_subnormal=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize("task", STATES)
@given(changed=st.data())
@FUZZ
def test_a_task_state_of_any_content_is_used_or_told(task: str, changed: st.DataObject) -> None:
    name = changed.draw(st.sampled_from(sorted(STATES[task])))
    state = {**STATES[task], name: changed.draw(ANYTHING)}
    described = spec.make(task, "rnn")
    sentence = ""
    try:
        data.task_of(described, state)
    except PlainError as error:
        sentence = str(error)
    assert "\n" not in sentence


@pytest.mark.parametrize("name", ["../../x", "a/b", "/etc/passwd"])
def test_a_cache_name_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(PlainError, match=r"task.json is damaged.*cache"):
        data.task_of(spec.make("names", "rnn"), {**STATES["names"], "cache": name})
