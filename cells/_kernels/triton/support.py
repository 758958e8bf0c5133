"""Requirements of Triton on a machine, found out without importing it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import sysconfig
from functools import cache
from pathlib import Path

import torch

_LEAST_CAPABILITY = (8, 0)  # bf16 and asynchronous copies: Ampere


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
