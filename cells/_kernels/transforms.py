"""Who looks on while a cell is computed: a transform that knows torch's operations, but no kernel of ours."""

from __future__ import annotations

import torch


def watched() -> bool:
    """Return whether a transform of ``torch.func``, forward-mode differentiation or a compiler is at work."""
    return (
        torch._C._are_functorch_transforms_active()
        or torch.autograd.forward_ad._current_level >= 0
        or torch.compiler.is_compiling()
    )
