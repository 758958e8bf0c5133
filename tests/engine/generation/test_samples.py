"""Samples that the engine makes for any writer: shown, measured, and as answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tasks.base import Evaluation, Settings
from tasks.shared.sequences.sampling import choose
from tasks.views import Text
from tasks.writer import GeneratedText, Guide, SampleRequest, Writer
from workbench.engine.generation import samples
from workbench.engine.generation.decoding import generate

START, END, LETTERS = 0, 1, "abcd"


class Plain(Writer):
    """A writer that declares nothing beyond what it must, over a network that is a table of the next token."""

    def __init__(self) -> None:
        super().__init__(Settings(), {})

    @classmethod
    def load(cls, settings: Any, folder: Any) -> Any:
        raise NotImplementedError

    def build(self, make_recurrent: Any) -> nn.Module:
        raise NotImplementedError

    def batches(self, data: Any, split: Any, size: int, generator: Any) -> Sequence[Any]:
        return ()

    def loss(self, model: nn.Module, data: Any, rows: Any) -> Tensor:
        raise NotImplementedError

    def evaluate(self, model: nn.Module, data: Any, split: Any, batch_size: int) -> Evaluation:
        return Evaluation(metrics={"loss": 1.0})

    @property
    def end(self) -> int:
        return END

    @property
    def never_sampled(self) -> Sequence[int]:
        return (START,)

    def prompt(self, text: str) -> list[int]:
        if set(text) - set(LETTERS):
            raise ValueError(f"The network never saw {text}.")
        return [START, *(2 + LETTERS.index(letter) for letter in text)]

    def token(self, code: int) -> str:
        return "" if code < 2 else LETTERS[code - 2]

    def read(self, model: nn.Module, codes: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        return model(codes[:, -1]), state


class Counting(Plain):
    """A writer that measures its texts."""

    def measurement_request(self) -> SampleRequest:
        return SampleRequest(start="a", seed=7, limit=9, count=16)

    def sample_metrics(self, texts: Sequence[GeneratedText]) -> dict[str, float | None]:
        return {"ended": sum(one.ended for one in texts) / len(texts)}


@pytest.fixture
def table() -> nn.Module:
    torch.manual_seed(0)
    return nn.Embedding(2 + len(LETTERS), 2 + len(LETTERS)).eval()


def test_a_writer_that_declares_the_least_is_sampled_and_answers(table: nn.Module) -> None:
    task = Plain()
    view = samples.sample(task, table)
    assert isinstance(view, Text)
    assert set(view.text) <= set(LETTERS)
    (answer,) = samples.predict(task, table, "ab")
    assert isinstance(answer, Text)
    assert answer.title == "ab"
    assert answer.text == "ab" + "".join(token.text for token in generate(task, table, "ab", limit=200))
    with pytest.raises(ValueError, match="never saw x"):
        samples.predict(task, table, "x")
    with pytest.raises(ValueError, match="knows no form"):
        task.guide("", {"form": "x"})
    assert task.guide("", {}) is None
    assert samples.evaluate(task, table, None, "val", 1).metrics == {"loss": 1.0}  # type: ignore[arg-type]


def test_measured_texts_are_drawn_row_by_row_from_one_generator(table: nn.Module) -> None:
    """As one call of ``choose`` a step for all rows, the finished ones too, would draw them."""
    task = Counting()
    generator, codes = torch.Generator().manual_seed(7), torch.tensor([task.prompt("a")] * 16)
    with torch.inference_mode():
        for _ in range(9):
            tokens, _ = choose(table(codes[:, -1]), generator=generator, never_sampled=task.never_sampled)
            codes = torch.cat([codes, torch.where(codes[:, -1] == END, END, tokens)[:, None]], 1)
    rows = ["".join(map(task.token, row)) for row in codes.tolist()]
    texts = samples.sample_batch(task, table, task.measurement_request())
    assert [one.text for one in texts] == rows
    assert [one.ended for one in texts] == (codes[:, -1] == END).tolist()
    assert 0 < sum(one.ended for one in texts) < 16
    metrics = samples.evaluate(task, table, None, "val", 1).metrics  # type: ignore[arg-type]
    assert metrics == {"loss": 1.0, "ended": sum(one.ended for one in texts) / 16}


def test_a_guide_that_declares_the_least_shows_every_token_and_takes_any_length(table: nn.Module) -> None:
    class OnlyB(Guide):
        def allowed(self, codes: Sequence[int]) -> Tensor:
            return torch.arange(2 + len(LETTERS)) == (2 + LETTERS.index("b") if len(codes) < 4 else END)

    guide = OnlyB()
    assert [token.text for token in generate(Plain(), table, guide=guide)] == ["b", "b", "b", ""]
    assert guide.notes == ()
    guide.check_length("", 1)
