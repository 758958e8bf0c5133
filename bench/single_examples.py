"""Names a processor second: batches through the cells beside the classic loop of one name at a time.

    python bench/single_examples.py [--seconds 3]

The classic loop is what labs write: one name a step, one-hot letters, a Python loop over them, ``nn.Linear`` on
``cat(x, h)`` (an RNN has one, an LSTM four), log-softmax, backward, plain gradient descent. Beside it stands the same
network of ``cells.build`` on batches of 128 names of unequal lengths, trained in the same way, by the kernels and
by the cell's Python loop. Hidden 128, 18 classes, names of 3 to 12 letters out of 57, drawn at random; one thread. The
sides take turns of equal processor time, and a figure is examples trained over processor seconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` and ``climate`` are packages too

import torch
from machine import ended_by_signals, tell_load
from torch import Tensor, nn
from torch.nn import functional as F

import cells
from workbench.engine import devices

LETTERS, HIDDEN, CLASSES, BATCH, ROUNDS = 57, 128, 18, 128, 5
SHORTEST, LONGEST = 3, 12


class ClassicRNN(nn.Module):
    """One name: h = tanh(W [x; h] + b), classes from the last h."""

    def __init__(self) -> None:
        super().__init__()
        self.step, self.head = nn.Linear(LETTERS + HIDDEN, HIDDEN), nn.Linear(HIDDEN, CLASSES)

    def forward(self, name: Tensor) -> Tensor:
        h = torch.zeros(1, HIDDEN)
        for x in name:  # (1,I)
            h = torch.tanh(self.step(torch.cat((x, h), 1)))
        return self.head(h)


class ClassicLSTM(nn.Module):
    """One name, a layer for each gate."""

    def __init__(self) -> None:
        super().__init__()
        self.i, self.f, self.g, self.o = (nn.Linear(LETTERS + HIDDEN, HIDDEN) for _ in range(4))
        self.head = nn.Linear(HIDDEN, CLASSES)

    def forward(self, name: Tensor) -> Tensor:
        h = c = torch.zeros(1, HIDDEN)
        for x in name:  # (1,I)
            both = torch.cat((x, h), 1)
            c = torch.sigmoid(self.f(both)) * c + torch.sigmoid(self.i(both)) * torch.tanh(self.g(both))
            h = torch.sigmoid(self.o(both)) * torch.tanh(c)
        return self.head(h)


class Batched(nn.Module):
    """The same network on a padded batch."""

    def __init__(self, cell: str, kernel: str) -> None:
        super().__init__()
        self.recurrent = cells.build(cell, LETTERS, HIDDEN, kernel=kernel)
        self.head = nn.Linear(HIDDEN, CLASSES)

    def forward(self, names: Tensor, lengths: Tensor) -> Tensor:
        outputs = self.recurrent(names, lengths)[0]  # (B,T,H)
        return self.head(outputs[torch.arange(len(lengths)), lengths - 1])


def train(network: nn.Module, examples: int, *given: Tensor) -> int:
    """One step of plain gradient descent on one name or one batch; return its examples."""
    scores = network(*given)
    loss = F.nll_loss(F.log_softmax(scores, 1), torch.randint(CLASSES, (examples,)))
    network.zero_grad()
    loss.backward()
    with torch.no_grad():
        for parameter in network.parameters():
            assert parameter.grad is not None
            parameter.sub_(parameter.grad, alpha=0.005)
    return examples


def draw() -> tuple[Tensor, Tensor]:
    """Return a batch of one-hot names (B,T,I) and their lengths."""
    lengths = torch.randint(SHORTEST, LONGEST + 1, (BATCH,))
    return F.one_hot(torch.randint(LETTERS, (BATCH, LONGEST)), LETTERS).float(), lengths


def speeds(sides: dict[str, Callable[[], int]], seconds: float) -> dict[str, float]:
    """Examples a processor second of each side, in turns."""
    examples, spent = dict.fromkeys(sides, 0), dict.fromkeys(sides, 0.0)
    for side in sides.values():
        side()  # the first warms up
    for _ in range(ROUNDS):
        for name, side in sides.items():
            began = time.process_time()
            while (now := time.process_time()) - began < seconds / ROUNDS:
                examples[name] += side()
            spent[name] += now - began
    return {name: examples[name] / spent[name] for name in sides}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="processor seconds of each side (default 3)")
    options = parser.parse_args()
    ended_by_signals()
    tell_load()
    devices.configure_process(1)
    torch.manual_seed(0)
    names, lengths = draw()
    places = iter(range(10**9))

    def one(network: nn.Module) -> int:
        row = next(places) % BATCH
        return train(network, 1, names[row, : int(lengths[row]), None])

    print(f"hidden {HIDDEN}, batches of {BATCH}, one thread · examples a processor second\n")
    print(f"{'':6}{'one by one':>12}{'Python loop':>14}{'times':>8}{'kernel':>12}{'times':>8}")
    for cell, classic in (("rnn", ClassicRNN()), ("lstm", ClassicLSTM())):
        loop, kernel = Batched(cell, "reference"), Batched(cell, "auto")
        sides: dict[str, Callable[[], int]] = {"one": partial(one, classic)}
        sides["loop"] = partial(train, loop, BATCH, names, lengths)
        sides["kernel"] = partial(train, kernel, BATCH, names, lengths)
        found = speeds(sides, options.seconds)
        print(
            f"{cell:6}{found['one']:>12,.0f}{found['loop']:>14,.0f}{found['loop'] / found['one']:>8.0f}"
            f"{found['kernel']:>12,.0f}{found['kernel'] / found['one']:>8.0f}"
            f"   ({kernel.recurrent.choice(names.device).kernel})"
        )


if __name__ == "__main__":
    main()
