"""What the compiled kernels compute depends on nothing but their inputs: not on memory that was never written, not on a
row's neighbours, and not on the turn in which threads come.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from cell_oracles import parameters, some_state
from native_oracles import NAMES, Case, draw, errors, forced, near, passes, results
from torch import Tensor

import cells
from cells._kernels.native.library import Level

__all__ = ["passes"]
LENGTHS = (3, 6, 1, 4, 6, 2, 2, 5, 1, 6, 3)
CASES = [Case(name, (11, 6, 5, 21), LENGTHS, layers=2, both=True) for name in NAMES]
EACH_CASE = pytest.mark.parametrize("case", CASES, ids=NAMES)
EACH_ARITHMETIC = pytest.mark.parametrize("lowered", [False, True], ids=["float32", "bf16"])
MAIN = """
import hashlib, sys
sys.path[:0] = sys.argv[1:]
import torch
from native_oracles import NAMES, Case
torch.set_num_threads(1)
digest = hashlib.sha256()
for name in NAMES:
    for lowered in (False, True):
        case = Case(name, (11, 6, 5, 21), (3, 6, 1, 4, 6, 2, 2, 5, 1, 6, 3), layers=2, both=True)
        for value in case.values("native", lowered=lowered).values():
            digest.update(value.numpy().tobytes())
from cells._kernels.native import library
print(library.load() is not None, digest.hexdigest())
"""


@pytest.fixture
def filled() -> Iterator[None]:
    """torch fills the memory that it hands out with NaN."""
    torch.use_deterministic_algorithms(True)
    before = torch.utils.deterministic.fill_uninitialized_memory
    torch.utils.deterministic.fill_uninitialized_memory = True
    assert bool(torch.empty(9).isnan().all())
    yield
    torch.utils.deterministic.fill_uninitialized_memory = before
    torch.use_deterministic_algorithms(False)


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.mark.parametrize("level", list(Level)[:4], ids=lambda level: level.title)
@EACH_CASE
def test_memory_that_torch_never_wrote(
    case: Case, level: Level, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    forced(level, monkeypatch)
    clean = case.values("native", lowered=level >= Level.AVX512BF16)
    request.getfixturevalue("filled")
    same(case.values("native", lowered=level >= Level.AVX512BF16), clean)


def test_memory_that_c_never_wrote(passes: list[Level], kernels: Path) -> None:
    """glibc fills what malloc hands out, here with 0x7f: 3e38; elsewhere the variable is not heard."""
    here = Path(__file__).parent
    said = []
    for fill in ("0", "128"):
        done = subprocess.run(
            [sys.executable, "-P", "-c", MAIN, str(here), str(here.parent), str(Path(cells.__file__).parents[1])],
            env={**os.environ, "MALLOC_PERTURB_": fill, "WORKBENCH_KERNELS": str(kernels)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert said[0].startswith("True ")
    assert len(set(said)) == 1


@EACH_ARITHMETIC
@EACH_CASE
def test_the_same_call_computes_the_same(case: Case, lowered: bool, passes: list[Level]) -> None:
    """Bit for bit with as many threads, to rounding with another number."""
    found = {}
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        try:
            first, again = (case.values("native", lowered=lowered) for _ in range(2))
        finally:
            torch.set_num_threads(1)
        same(first, again)
        found[threads] = first
    for threads in (2, 3):
        near(found[threads], found[1], *((2e-2, 1e-4) if lowered else (2e-6, 1e-6)))
        assert torch.equal(found[threads]["outputs"], found[1]["outputs"])  # no sum goes over rows
        assert torch.equal(found[threads]["gradient of x"], found[1]["gradient of x"])


@EACH_ARITHMETIC
@EACH_CASE
def test_a_row_alone_is_what_it_is_in_the_batch(case: Case, lowered: bool, passes: list[Level]) -> None:
    net, x = case.net("native"), draw(11, 6, 5)
    state = some_state(net, 11)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=lowered):
        outputs, last = net(x, torch.tensor(LENGTHS), state, return_state=True)
        for row, length in enumerate(LENGTHS):
            one = slice(row, row + 1)
            start = type(state)(*(part[:, one] for part in state))
            alone, after = net(x[one], torch.tensor([length]), start, return_state=True)
            assert torch.equal(alone, outputs[one])
            for part, whole in zip(after, last, strict=True):
                assert torch.equal(part, whole[:, one])


@EACH_CASE
def test_evaluation_computes_what_training_does(case: Case, passes: list[Level]) -> None:
    """Without gradients nothing is kept of the gates, and the outputs are the same bits."""
    net, x, lengths = case.net("native"), draw(11, 6, 5), torch.tensor(LENGTHS)
    outputs, last = net(x, lengths, return_state=True)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            again, after = net(x, lengths, return_state=True)
        assert torch.equal(again, outputs)
        assert all(map(torch.equal, after, last))
    assert len(passes) == 3 * 4


def test_several_python_threads_at_once(passes: list[Level]) -> None:
    nets = {case: case.net("native") for case in CASES}
    right = {case: case.values("native") for case in CASES}

    def work(number: int) -> dict[str, Tensor]:
        case = CASES[number % len(CASES)]
        state = some_state(nets[case], 11)
        leaves = {"x": draw(11, 6, 5).requires_grad_()}
        for part in state:
            part.requires_grad_()
        leaves |= state._asdict()
        outputs, last = nets[case](leaves["x"], torch.tensor(LENGTHS), state, return_state=True)
        return results(outputs, last, leaves | parameters(nets[case]))

    torch.set_num_threads(2)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(work, range(24)))
    finally:
        torch.set_num_threads(1)
    for number, values in enumerate(found):
        near(values, right[CASES[number % len(CASES)]])
        assert errors(values, right[CASES[number % len(CASES)]])["outputs"][0] == 0


FORK = """
import os, sys
sys.path[:0] = sys.argv[1:]
import torch
from native_oracles import Case
case = Case("lstm", (11, 6, 5, 21))
torch.set_num_threads(2)
before = case.values("native")["outputs"]
child = os.fork()
if not child:
    torch.set_num_threads(1)  # as the workers of torch's DataLoader do
    os._exit(not torch.equal(case.values("native")["outputs"], before))
assert os.waitpid(child, 0)[1] == 0
again = case.values("native")["outputs"]
assert torch.equal(again, before)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_computes_with_one_thread(passes: list[Level], kernels: Path) -> None:
    """The parent's threads are not the child's: with several, torch's own operations hang as well."""
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-P", "-c", FORK, str(here), str(here.parent), str(Path(cells.__file__).parents[1])],
        env={**os.environ, "WORKBENCH_KERNELS": str(kernels)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
