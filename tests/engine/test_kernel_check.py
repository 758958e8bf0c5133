"""The kernel of a training: told in its events, compared on the first batch, replaced where it is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from engine.comparing import differences, saved
from engine.toy_runs import after, only, toy, trained

from cells._kernels import KERNELS, fused
from cells._kernels.native import library
from workbench.config import spec
from workbench.engine import checkpoint, data, kernel_check, loop, network
from workbench.engine.trained_run import load_trained
from workbench.runs import branches
from workbench.runs.events import Finished, Started
from workbench.runs.run import Run

LONG = {"train.epochs": 2, "cell.layers": 2, "cell.dropout": 0.3}
TORCH = {"cell.kernel": "torch"}


@pytest.fixture(autouse=True)
def _asked_at_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)


def started(run: Run, *args: Any) -> Started:
    return only(Started, trained(run, *args))[0]


def model_of(run: Run) -> tuple[Any, Any, Any, torch.Tensor]:
    """A run's network as it begins, its task, its data, and the rows of a batch."""
    task, examples = data.load(run.spec)
    torch.manual_seed(0)
    return network.build(run.spec, task), task, examples, torch.arange(16)


def wrong(how: Any) -> Any:
    """The kernel, with its outputs changed."""
    right = fused.run
    return lambda *given: (how(right(*given)[0]), right(*given)[1])


def test_the_setting_has_the_kernels_that_there_are() -> None:
    field = next(field for field in spec.fields("toy") if field.key == "cell.kernel")
    assert tuple(field.choices) == KERNELS


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", "bilstm"])
def test_the_kernel_and_its_difference_are_told(runs_folder: Path, cell: str) -> None:
    told = started(toy(runs_folder, {**TORCH, **LONG}, cell=cell))
    assert told.kernel == "torch"
    equal = re.fullmatch(
        r"computed by torch's own function, (?:equal to the Python cell to (\S+)|the same as .* to the last bit)",
        told.kernel_note,
    )
    assert equal
    assert float(equal[1] or 0) < 1e-4
    assert told.kernel_words == f"torch ({told.kernel_note})"


@pytest.mark.parametrize("cell", ["min-gru", "lru"])
@pytest.mark.parametrize(
    ("kernel", "by"), [("native", "compiled C"), ("torch", "torch's operations, one a step"), ("auto", "compiled C")]
)
def test_an_elementwise_linear_cell_says_by_what_it_is_scanned(
    runs_folder: Path, kernel: str, by: str, cell: str
) -> None:
    if by == "compiled C" and not library.load():
        pytest.skip(library.reason())
    told = started(toy(runs_folder, {"cell.kernel": kernel, **LONG}, cell=cell))
    assert told.kernel == ("torch" if kernel == "torch" else "native")
    assert told.kernel_note.startswith(f"computed by {by}")
    assert re.search(", (equal to the Python cell to [0-9]e-[5-9]|the same as)", told.kernel_note)


def test_an_elementwise_linear_cell_without_a_compiler(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_found", lambda: "no C compiler was found")
    told = started(toy(runs_folder, cell="min-gru"))
    assert told.kernel == "torch"
    assert told.kernel_note.startswith("computed by torch's operations, one a step (no C compiler was found), ")


@pytest.mark.parametrize(
    ("cell", "kernel", "told", "note"),
    [
        ("rnn", "reference", "reference", ""),
        ("gru-textbook", "torch", "reference", "torch has no function of its equations: the Python cell computes"),
        ("torch-gru", "reference", "torch", ""),
    ],
)
def test_a_cell_without_the_kernel_is_computed_all_the_same(
    runs_folder: Path, cell: str, kernel: str, told: str, note: str
) -> None:
    first = started(toy(runs_folder, {"cell.kernel": kernel}, cell=cell))
    assert (first.kernel, first.kernel_note) == (told, note)
    asked_in_vain = [line for line in first.notes if line.startswith(f"cell.kernel={kernel} cannot be had")]
    assert len(asked_in_vain) == bool(note)


@pytest.mark.parametrize(
    ("how", "apart"),
    [(lambda outputs: outputs * 1.01, "[12]e-2"), (lambda outputs: outputs + torch.nan, "nan")],
    ids=["scaled", "no numbers"],
)
def test_a_wrong_kernel_is_found_and_replaced(
    runs_folder: Path, how: Any, apart: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, plain = toy(runs_folder, {**TORCH, **LONG}), toy(runs_folder, {"cell.kernel": "reference", **LONG})
    monkeypatch.setattr(fused, "run", wrong(how))
    first = started(run)
    assert first.kernel == "reference"
    assert re.search(f"The kernel torch differs from the Python cell by {apart}: ", " ".join(first.notes))
    trained(plain)
    assert not differences(saved(run), saved(plain))


def test_a_kernel_with_a_wrong_gradient_alone_is_found(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def backward(outputs: torch.Tensor) -> torch.Tensor:
        return outputs.detach() + 2 * (outputs - outputs.detach())

    monkeypatch.setattr(fused, "run", wrong(backward))
    first = started(toy(runs_folder, TORCH))
    assert first.kernel == "reference"
    assert "differs from the Python cell by 1e0" in first.kernel_note


def test_a_kernel_that_fails_is_replaced(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Any:
        raise RuntimeError("no such instruction\nat 0x0")

    monkeypatch.setattr(fused, "run", broken)
    events = trained(toy(runs_folder, TORCH))
    (first,) = only(Started, events)
    assert first.kernel_note == (
        "the kernel torch failed on the first batch (no such instruction): the Python cell computes"
    )
    assert only(Finished, events)


def test_memory_that_runs_out_is_no_fault_of_the_kernel(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Any:
        raise MemoryError

    monkeypatch.setattr(fused, "run", full)
    with pytest.raises(MemoryError):
        trained(toy(runs_folder, TORCH))


@pytest.mark.parametrize("kernel", ["torch", "reference"])
def test_the_check_leaves_the_training_as_it_was(
    runs_folder: Path, kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {**LONG, "cell.kernel": kernel}
    checked, unchecked = (toy(runs_folder, values, cell="lstm", dropout=0.3) for _ in range(2))
    trained(checked, after(5))
    trained(checked)  # on resuming it is compared again
    monkeypatch.setattr(kernel_check, "check", lambda *_: kernel_check.Computed(kernel, "", []))
    trained(unchecked)
    assert not differences(saved(checked), saved(unchecked))


def test_the_check_touches_neither_weights_nor_gradients_nor_generators(runs_folder: Path) -> None:
    model, task, examples, rows = model_of(toy(runs_folder, TORCH, dropout=0.3))
    task.loss(model, examples, rows).backward()
    before = {
        name: (weight.clone(), None if weight.grad is None else weight.grad.clone(), weight.data_ptr())
        for name, weight in model.named_parameters()
    }
    drawn = checkpoint.generators(torch.device("cpu"))
    assert kernel_check.check(model, task, examples, rows, None).kernel == "torch"
    assert not differences(drawn, checkpoint.generators(torch.device("cpu")))
    now = {name: (weight.detach(), weight.grad, weight.data_ptr()) for name, weight in model.named_parameters()}
    assert not differences({n: list(v) for n, v in before.items()}, {n: list(v) for n, v in now.items()})
    assert model.training


def test_a_rounding_that_is_the_python_cell_s_own_is_no_difference(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_check, "_BOUND", 0.0)
    model, task, examples, rows = model_of(toy(runs_folder, {**TORCH, "cell.hidden": 33}, cell="lstm"))
    monkeypatch.setattr(kernel_check, "_ROUNDINGS", 1e3)
    assert kernel_check.check(model, task, examples, rows, None).kernel == "torch"
    monkeypatch.setattr(kernel_check, "_ROUNDINGS", 0.0)
    assert kernel_check.check(model, task, examples, rows, None).kernel == "reference"


def test_a_task_that_knows_no_small_batch_keeps_its_kernel(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, task, examples, rows = model_of(toy(runs_folder, TORCH))

    def refuse(*_: object) -> Any:
        raise ValueError("a batch has 16 rows")

    monkeypatch.setattr(task, "loss", refuse, raising=False)
    computed = kernel_check.check(model, task, examples, rows, None)
    assert computed == ("torch", "computed by torch's own function, not compared with the Python cell", [])
    assert network.kernel(model) == "torch"


def test_a_run_of_another_kernel_is_the_same_run(runs_folder: Path) -> None:
    run = toy(runs_folder, {**TORCH, **LONG})
    trained(run, after(5))
    model = load_trained(run)[1]
    assert network.kernel(model) == "torch"
    branch = branches.begin(run, "last", {"cell.kernel": "reference"}, runs_folder)
    assert started(branch).kernel == "reference"
    assert spec.changed(branch.spec)["cell.kernel"] == "reference"
    assert "cell.kernel" not in spec.changed(toy(runs_folder).spec)


def test_a_lost_gradient_is_a_difference(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = fused.run

    def without_bias(cell: Any, *given: Any) -> Any:
        kept, cell.bias_ih = cell.bias_ih, torch.nn.Parameter(cell.bias_ih.detach().clone())
        try:
            return right(cell, *given)
        finally:
            cell.bias_ih = kept

    monkeypatch.setattr(fused, "run", without_bias)
    first = started(toy(runs_folder, TORCH))
    assert (first.kernel, "differs from the Python cell by inf" in first.kernel_note) == ("reference", True)


def test_what_a_training_computed_by_the_python_cell_an_evaluation_does_too(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, right = toy(runs_folder, TORCH), toy(runs_folder, TORCH)
    trained(right)
    monkeypatch.setattr(fused, "run", wrong(lambda outputs: outputs * 1.01))
    trained(run)
    for one, kernel in ((run, "reference"), (right, "torch")):
        assert [recurrent.kernel for recurrent in network.recurrences(load_trained(one)[1])] == [kernel]


def test_a_run_that_goes_on_by_another_kernel_says_so(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = toy(runs_folder, {**TORCH, "train.checkpoint_seconds": 0})
    trained(run, after(4))
    assert run.last_file.exists()
    monkeypatch.setattr(fused, "run", wrong(lambda outputs: outputs * 1.01))
    (first,) = only(Started, trained(run))
    assert any("computed by the kernel torch before, and is by reference now" in note for note in first.notes)
