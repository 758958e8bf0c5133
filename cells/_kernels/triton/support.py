"""What Triton needs of a cell and of a machine, found out without importing it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import sysconfig
from functools import cache
from pathlib import Path

import torch

from cells._base import AnyCell
from cells.gru import GRU
from cells.gru_textbook import TextbookGRU
from cells.lstm import LSTM
from cells.rnn import RNN

RECURRENCES: dict[type[AnyCell], str] = {LSTM: "lstm", GRU: "gru", TextbookGRU: "gru_textbook", RNN: "rnn"}
"""The module of each cell's kernels in this package."""
_EQUATIONS = ("project", "initial_state", "step", "gates", "run", "recurrent_matrix")
_LEAST_CAPABILITY = (8, 0)  # bf16 and asynchronous copies: Ampere


def recurrence_of(cell: AnyCell) -> str | None:
    """Return the module of a cell's kernels; none for a cell whose equations are its own, also if derived from ours."""
    for kind, module in RECURRENCES.items():
        if isinstance(cell, kind) and all(getattr(type(cell), name) is getattr(kind, name) for name in _EQUATIONS):
            return module
    return None


@cache
def missing(index: int | None) -> str:
    """Return what Triton lacks to run on a GPU, in one clause; empty: nothing."""
    if not torch.cuda.is_available():
        return "there is no active CUDA driver"
    if torch.version.hip is not None:
        return "the kernels were never tried on AMD"
    if torch.cuda.get_device_capability(index) < _LEAST_CAPABILITY:
        return f"the GPU is older than compute capability {_LEAST_CAPABILITY[0]}.{_LEAST_CAPABILITY[1]}"
    return missing_to_compile()


def missing_to_compile() -> str:
    """Return what Triton lacks to compile a kernel, in one clause; empty: nothing."""
    if sys.platform != "linux":
        return "Triton compiles on Linux only"
    if importlib.util.find_spec("triton") is None:
        return "the package triton is not installed"
    if not (os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang") or shutil.which("cc")):
        return "there is no C compiler, which Triton needs (install gcc)"
    if not Path(sysconfig.get_paths()["include"], "Python.h").is_file():
        return "Python.h is missing, which Triton needs (install python3-dev)"
    return ""
