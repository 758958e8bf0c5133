"""CUDA graphs of functions: recorded once for each shape, then replayed in one launch.

A function that is captured takes tensors and returns tensors, draws no random numbers, and never waits for the device.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

import torch
from torch import Tensor

Function = Callable[..., tuple[Tensor, ...]]

WARM_UPS = 2  # before a capture: libraries load and allocate


def bucket(length: int) -> int:
    """Return the number of steps that sequences of ``length`` steps are padded to: at most a quarter more."""
    unit = max(1, (1 << (length - 1).bit_length()) // 8)
    return -(-length // unit) * unit


def pad(sequence: Tensor, rows: Tensor, count: int) -> Tensor:
    """Return a tensor (count, …) of zeros with a sequence (M, …) in the given rows (M,)."""
    return sequence.new_zeros(count, *sequence.shape[1:]).index_copy(0, rows, sequence)


def capture(function: Function, inputs: tuple[Tensor, ...]) -> Function:
    """Record a function as a CUDA graph.

    Returns:
        a function of inputs of the same shapes, whose outputs are its caller's own.

    Raises:
        RuntimeError: the function cannot be captured.
    """
    device = inputs[0].device
    held = tuple(tensor.detach().clone() for tensor in inputs)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.device(device):
        aside: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):
                function(*held)
        torch.cuda.current_stream(device).wait_stream(aside)
        with torch.cuda.graph(graph):
            outputs = function(*held)

    def replay(*given: Tensor) -> tuple[Tensor, ...]:
        for tensor, new in zip(held, given, strict=True):
            tensor.copy_(new)
        graph.replay()
        return tuple(output.clone() for output in outputs)  # the next replay writes over them

    return replay


class Captures:
    """Graphs by key, those used last; a shape is captured when it comes for the second time.

    Args:
        limit: graphs that are kept; each keeps its inputs and outputs on the device.
        capture: records a function, as ``capture`` does.

    Attributes:
        refused: why a key's function is not captured, in one clause.
    """

    def __init__(self, limit: int = 8, capture: Callable[[Function, tuple[Tensor, ...]], Function] = capture) -> None:
        self._limit, self._capture = limit, capture
        self._graphs: OrderedDict[Hashable, Function | None] = OrderedDict()  # none: seen once
        self.refused: dict[Hashable, str] = {}

    def run(
        self, key: Hashable, function: Function, inputs: Callable[[], tuple[Tensor, ...]]
    ) -> tuple[Tensor, ...] | None:
        """Return what the captured function gives, or ``None`` where its caller computes it as it stands.

        Args:
            key: tells apart whatever changes the recorded work: shapes, dtypes, device, settings.
            inputs: makes the function's inputs, where it is replayed.
        """
        if key in self.refused or _captured_already():
            return None
        if key not in self._graphs:
            self._keep(key, None)
            return None
        known, given = self._graphs.pop(key), inputs()
        if known is None:
            try:
                known = self._capture(function, given)
            except RuntimeError as error:  # torch.AcceleratorError and torch.OutOfMemoryError are RuntimeErrors
                self.refuse(key, str(error).strip().partition("\n")[0])
                return None
        self._keep(key, known)
        return known(*given)

    def refuse(self, key: Hashable, reason: str) -> None:
        """Never capture what belongs to ``key``."""
        self.refused[key] = reason
        self._graphs.pop(key, None)

    def _keep(self, key: Hashable, graph: Function | None) -> None:
        self._graphs[key] = graph
        while len(self._graphs) > self._limit:
            self._graphs.popitem(last=False)


def _captured_already() -> bool:
    """Return whether the caller itself is being captured."""
    started: bool = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return started and torch.cuda.is_current_stream_capturing()
