"""Negative log-likelihoods of poems under the network, and the tables that are made of them.

Shapes: B batch, T time, P positions that are scored, W width of an output, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from tasks.base import Metrics
from tasks.poems import forms
from tasks.poems.lexicon import Lexicon
from tasks.poems.model import Network
from tasks.shared.sequences.ragged import Ragged
from tasks.views import Table

_LARGEST_EXPONENT = 700  # nats whose exponential is still a number
_CHUNK = 1024  # positions that are scored at a time


def token_nll(network: Network, outputs: Tensor, targets: Tensor) -> Tensor:
    """The NLL of each target (P,) under the network's outputs (P,W), in nats (P,)."""
    scores = network.scorer(len(outputs))
    chunks = zip(torch.split(outputs, _CHUNK), torch.split(targets, _CHUNK), strict=True)
    return torch.cat([F.cross_entropy(scores(o).float(), t, reduction="none") for o, t in chunks])


def prompt_nll(network: Network, prompts: Sequence[Sequence[int]]) -> Tensor:
    """The NLL of each token after the first of prompts of one length T+1, in nats (B,T)."""
    codes = torch.tensor(prompts, device=network.head.weight.device)  # (B,T+1)
    outputs, _ = network(codes[:, :-1])
    return token_nll(network, outputs.flatten(0, 1), codes[:, 1:].flatten()).view(len(prompts), -1)


def predictions(network: Network, poems: Ragged, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs (P,W) at every position of some poems, and the token that follows there (P,); no padding."""
    codes, lengths = poems.padded(rows)  # (B,T+1)
    lengths = lengths - 1
    outputs, _ = network(codes[:, :-1], lengths)  # (B,T,W)
    within = (torch.arange(codes.shape[1] - 1) < lengths[:, None]).flatten().nonzero()[:, 0].to(codes.device)  # (P,)
    return outputs.flatten(0, 1)[within], codes[:, 1:].flatten()[within]


def nll_metrics(network: Network, poems: Ragged, batches: Iterable[Tensor], characters: Tensor) -> Metrics:
    """``loss`` and ``nll`` in nats per token, punctuation and end counted; ``nll_hanzi`` over characters; perplexity.

    Args:
        batches: row numbers of the poems.
        characters: (V,) bool on the CPU, the tokens that count as characters.
    """
    total = torch.zeros(4, dtype=torch.float64)  # nats and tokens, nats and characters
    for rows in batches:
        outputs, targets = predictions(network, poems, rows)
        nats = token_nll(network, outputs, targets).double().cpu()  # (P,)
        hanzi = characters[targets.cpu()]
        total += torch.stack([nats.sum(), torch.tensor(len(nats)), nats[hanzi].sum(), hanzi.sum()])
    nll, nll_hanzi = float(total[0] / total[1]), float(total[2] / total[3])
    return {
        "loss": nll,
        "nll": nll,
        "nll_hanzi": nll_hanzi,
        "perplexity": math.exp(nll) if nll < _LARGEST_EXPONENT else math.inf,
    }


def surprise_table(tokens: Sequence[str], nats: Sequence[float]) -> Table:
    """The NLL of each token of a beginning, its form first, and their mean."""
    rows: list[list[str | int | float | None]] = [[token, value] for token, value in zip(tokens, nats, strict=True)]
    return Table(
        title="surprise",
        columns=["character", "nats"],
        rows=[*rows, ["mean", sum(nats) / len(nats)]],
        note="−ln p after all before",
    )


def held_out_table(
    network: Network, poems: Ragged, row: Tensor, lexicon: Lexicon, never_sampled: Sequence[int]
) -> Table:
    """A held-out poem line by line, beside the most probable token at each of its places.

    Args:
        row: (1,) its number.
        never_sampled: tokens that are left out of the guesses.
    """
    outputs, targets = predictions(network, poems, row)
    scores = network.scores(outputs)  # (P,V)
    guesses = scores.index_fill(1, torch.tensor(never_sampled, device=scores.device), -torch.inf).argmax(1)  # (P,)
    truth, guessed = (
        "".join(lexicon.token(code) or "※" for code in codes[1:]) for codes in (targets.tolist(), guesses.tolist())
    )
    form, guessed_form = (lexicon.vocabulary[int(codes[0])] for codes in (targets, guesses))
    rows: list[list[str | int | float | None]] = []
    at = 0
    for line in forms.lines(truth[:-1]):
        rows.append([line, guessed[at : at + len(line)]])
        at += len(line)
    right = int((guesses == targets).sum())
    return Table(
        title=f"a held-out poem ({form})",
        columns=["truth", "most probable"],
        rows=rows,
        note=f"{right} of {len(targets)} guessed right, the form ({guessed_form}) counted; ※ end, unknown",
    )
