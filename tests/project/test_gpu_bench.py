"""The GPU benchmark's planning, and what it says where there is no GPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCH)])
    import gpu

    return gpu


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_says_in_a_sentence_that_there_is_no_gpu() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH / "gpu.py")], capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"Nothing was measured: torch {torch.__version__} sees no NVIDIA GPU here.\n"


def test_names_the_packages_that_are_missing(gpu) -> None:  # type: ignore[no-untyped-def]
    assert gpu.missing(["torch", "no_such_package", "json"]) == ["no_such_package"]
    assert gpu.missing(gpu.NEEDED.split()) == []


def test_time_is_shared_out_and_what_is_left_goes_to_later_parts(gpu, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    clock, given = Clock(), {}

    def part(name: str, takes: float):  # type: ignore[no-untyped-def]
        def run(deadline):  # type: ignore[no-untyped-def]
            given[name] = deadline.left()
            clock.now += takes
            return ["the last case"] if takes > given[name] else []

        return run

    parts = [gpu.Part("a", 10, part("a", 4)), gpu.Part("b", 20, part("b", 30)), gpu.Part("c", 20, part("c", 1))]
    assert gpu.carry_out(parts, 100, clock) == {}
    assert given == {"a": 20, "b": 48, "c": 66}
    said = capsys.readouterr().out
    assert "## b (48 s)" in said
    assert "skipped" not in said


def test_a_part_says_what_it_skipped_and_one_that_fails_ends_no_other(gpu, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    def fail(deadline):  # type: ignore[no-untyped-def]
        raise RuntimeError("CUDA error: an illegal memory access\nmore")

    parts = [gpu.Part("a", 1, fail), gpu.Part("b", 1, lambda deadline: ["imdb fp32", "poems fp32"])]
    assert gpu.carry_out(parts, 10, Clock()) == {"a": "RuntimeError: CUDA error: an illegal memory access"}
    said = capsys.readouterr().out
    assert "failed: RuntimeError: CUDA error: an illegal memory access\n" in said
    assert "skipped for want of time or need: imdb fp32; poems fp32\n" in said


def test_a_deadline_never_has_less_than_nothing_left(gpu) -> None:  # type: ignore[no-untyped-def]
    clock = Clock()
    deadline = gpu.Deadline(5, clock)
    assert deadline.allows(5)
    clock.now += 7
    assert deadline.left() == 0
    assert not deadline.allows(0.1)


def test_parts_are_chosen_by_name(gpu) -> None:  # type: ignore[no-untyped-def]
    parts = [gpu.Part(name, 1, lambda deadline: []) for name in ("parity", "ratios", "two GPUs")]
    assert gpu.chosen(parts, "") == parts
    assert gpu.chosen(parts, "two GPUs, parity") == [parts[0], parts[2]]
    with pytest.raises(ValueError, match="no part 'speed': they are parity, ratios, two GPUs"):
        gpu.chosen(parts, "speed")


def test_the_comparisons_begin_with_the_default_cell_and_cover_all(gpu) -> None:  # type: ignore[no-untyped-def]
    import gpu_cells

    cases = gpu_cells.cases()
    assert len(cases) == len(set(map(str, cases))) == 5 * 5 * 4
    assert {case.name for case in cases[:20]} == {"lstm"}
    assert str(cases[0]) == "names lstm bfloat16 padded"
