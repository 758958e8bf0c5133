"""Who looks on while a cell is computed: a transform, tracer or mode that knows torch's operations, but no kernel."""

from __future__ import annotations

import torch


def watched() -> bool:
    """Return whether a transform of ``torch.func``, forward-mode differentiation, a compiler or a tracer is at work.

    A dispatch mode is one too: of its tensors some are fake.
    """
    return (
        torch._C._are_functorch_transforms_active()
        or torch.autograd.forward_ad._current_level >= 0
        or torch.compiler.is_compiling()
        or torch.jit.is_tracing()  # type: ignore[attr-defined,no-untyped-call]
        or torch._C._len_torch_dispatch_stack() > 0
    )
