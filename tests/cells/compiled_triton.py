"""Triton kernels compiled for GPUs that need not be there: run as a process of its own, without the interpreter.

    TRITON_CACHE_DIR=FOLDER python tests/cells/compiled_triton.py

prints a line of JSON for each: kernel, columns of the state, and bytes on chip that one program takes.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from cells._kernels.triton import linear
from cells._kernels.triton.tiles import ROWS

KERNELS = {
    "lstm": ["forward", "backward"],
    "gru": ["forward", "backward"],
    "gru_textbook": ["forward", "backward", "reset", "candidate", "backward_candidate", "backward_reset"],
    "rnn": ["forward", "backward"],
}
NUMBERS = {"B": "i32", "H": "i32", "N": "i32", "begin": "i32", "t": "i32", "lengths": "*i32", "offsets": "*i64"}
IN_16_BITS = {"projected", "W", "recurrent", "gates", "d_projected", "d_recurrent", "h_reset", "d_reset"}


def compiled(
    module: str, name: str, capability: int, columns: int, low: str, fused: bool = True, **options: object
) -> dict[str, Any]:
    kernel = getattr(importlib.import_module(f"cells._kernels.triton.kernels.{module}"), name)
    every = {"FUSED": fused, "SAVE": True, "SB": ROWS, "SC": columns, "PRECISION": "ieee", **options}
    constants = {key: value for key, value in every.items() if key in kernel.arg_names}
    signature = {
        key: "constexpr"
        if key in constants
        else NUMBERS.get(key, f"*{low}" if key in IN_16_BITS or options else "*fp32")
        for key in kernel.arg_names
    }
    values = {(kernel.arg_names.index(key),): value for key, value in constants.items()}
    source = ASTSource(fn=kernel, signature=signature, constexprs=values)
    program = triton.compile(
        source, target=GPUTarget("cuda", capability, 32), options={"num_warps": 4 if columns <= 32 else 8}
    )
    return {"kernel": f"{module} {name}", "columns": columns, "fused": fused, "shared": program.metadata.shared}


if __name__ == "__main__":
    for module, names in KERNELS.items():
        for name in names:
            print(json.dumps(compiled(module, name, 90, 16, "bf16")), flush=True)
    for module in ("lstm", "gru", "rnn"):
        print(json.dumps(compiled(module, "backward", 80, 16, "fp32", fused=False)), flush=True)
    print(json.dumps(compiled("lstm", "backward", 80, 64, "fp32")), flush=True)
    for name in ("forward", "backward"):
        for low, form in (("fp32", False), ("fp32", True), ("fp64", True)):  # real; complex with a constant decay
            options = {"ST": linear.CHUNK, "COMPLEX": form, "CONSTANT": form}
            print(json.dumps(compiled("linear", name, 80, linear.COLUMNS, low, False, **options)), flush=True)
