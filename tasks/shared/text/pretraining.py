"""Pre-training of a classifier's embedding and recurrence: they learn to guess each text's next words first.

A network that reads both ways guesses the next word with its forward direction and the one before with its backward
direction, which in one layer see nothing of each other.

Source: A. M. Dai and Q. V. Le, Semi-supervised Sequence Learning, NIPS 2015; the scores of many words at little cost:
E. Grave et al., Efficient Softmax Approximation for GPUs, ICML 2017.

Shapes: B batch, T time, D directions, O output size, V words, P positions that are guessed.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from tasks.shared.classification.model import SequenceClassifier
from tasks.shared.datasets import cache
from tasks.shared.datasets.cache import Encoding
from tasks.shared.datasets.progress import report_progress

_VERSION = 1  # of what is learnt: a change makes every cached network an old one
_FREQUENT = (1_000, 8_000)  # where groups of rarer words begin, whose scores come of fewer numbers
_LR, _WEIGHT_DECAY, _CLIP = 3e-3, 0.01, 1.0
_SEED = 1
BATCH = 32  # texts a step: it takes thousands of steps

Codes = Callable[[Tensor], tuple[Tensor, Tensor]]  # rows (B,) → codes (B,T) or (B,T,…), lengths (B,) on the CPU


class NextWords(nn.Module):
    """Loss of the next words by the forward outputs, and of those before by the backward ones.

    Args:
        width: O.
        directions: D.
        words: V, in the order of their frequency.
    """

    def __init__(self, width: int, directions: int, words: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(_head(width, words) for _ in range(directions))

    def forward(self, outputs: Tensor, codes: Tensor, lengths: Tensor) -> Tensor:
        """Return the mean cross-entropy over all guesses, (), in nats.

        Args:
            outputs: (B,T,D·O).
            codes: (B,T), the words.
            lengths: (B,) on the CPU.
        """
        after = torch.arange(1, codes.shape[1], device=codes.device) < lengths.to(codes.device)[:, None]  # (B,T-1)
        parts = outputs.chunk(len(self.heads), -1)  # D × (B,T,O)
        guesses = [(parts[0][:, :-1], codes[:, 1:])]
        if len(parts) == 2:
            guesses.append((parts[1][:, 1:], codes[:, :-1]))
        losses = [_loss(head, seen[after], of[after]) for head, (seen, of) in zip(self.heads, guesses, strict=True)]
        return torch.stack(losses).mean()


def _head(width: int, words: int) -> nn.Module:
    groups = [end for end in _FREQUENT if end < words]
    return nn.AdaptiveLogSoftmaxWithLoss(width, words, groups) if groups else nn.Linear(width, words)


def _loss(head: nn.Module, outputs: Tensor, words: Tensor) -> Tensor:
    """Return the mean cross-entropy of P guesses, (): (P,O), (P,) → ()."""
    if isinstance(head, nn.AdaptiveLogSoftmaxWithLoss):
        loss: Tensor = head(outputs, words).loss
        return loss
    return F.cross_entropy(head(outputs), words)


def pretrain(
    model: SequenceClassifier,
    epochs: int,
    codes_of: Codes,
    batches: Callable[[Generator], Sequence[Tensor]],
    *,
    words: int,
    source: str,
) -> None:
    """Set the weights of ``model.input`` and ``model.recurrent`` to pre-trained ones; cached.

    The key holds the weights that they begin from, and so seed, cell and sizes. No random number of the training is
    drawn.

    Args:
        epochs: passes over the texts.
        batches: draws the batches of a pass, as row numbers.
        words: V.
        source: names the texts as they are read.
    """
    parts = nn.ModuleDict({"input": model.input, "recurrent": model.recurrent})  # type: ignore[dict-item]
    drops = (model.blank.p, model.input_dropout.p, model.dropout.p)
    key = cache.key(_VERSION, source, epochs, drops, repr(parts), _digest(parts))

    def learn() -> Encoding:
        losses = _learn(model, parts, epochs, codes_of, batches, words)
        return {name: tensor.cpu() for name, tensor in parts.state_dict().items()}, {"losses": losses}

    tensors, _ = cache.tensors(f"pretrained-{key}", learn)
    parts.load_state_dict(tensors)


def _learn(
    model: SequenceClassifier,
    parts: nn.Module,
    epochs: int,
    codes_of: Codes,
    batches: Callable[[Generator], Sequence[Tensor]],
    words: int,
) -> list[float]:
    """Train on the guesses; return each pass's mean loss."""
    device = next(model.parameters()).device
    draw = Generator().manual_seed(_SEED)
    losses = []
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(_SEED)
        recurrent = model.recurrent
        guesses = NextWords(recurrent.output_size, recurrent.directions, words).to(device)
        weights = [*parts.parameters(), *guesses.parameters()]
        optimizer = torch.optim.AdamW(weights, _LR, weight_decay=_WEIGHT_DECAY, fused=True)
        passes = [batches(draw) for _ in range(epochs)]
        steps = sum(map(len, passes))
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, _LR, total_steps=steps + 1, pct_start=0.1, cycle_momentum=False
        )
        model.train()
        for number, rows_of in enumerate(passes, 1):
            total = torch.zeros((), device=device)
            for rows in rows_of:
                codes, lengths = codes_of(rows)
                if codes.shape[1] < 2:  # nothing follows
                    continue
                outputs, _ = recurrent(model.features(codes), lengths)
                loss = guesses(model.dropout(outputs), codes[..., 0] if codes.dim() == 3 else codes, lengths)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(weights, _CLIP)
                optimizer.step()
                schedule.step()
                total += loss.detach()
            losses.append(float(total) / len(rows_of))
            report_progress(
                f"Pre-training, pass {number} of {epochs}: the words around are guessed with a perplexity of "
                f"{math.exp(min(losses[-1], 50)):,.0f}."
            )
    return losses


def _digest(module: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
