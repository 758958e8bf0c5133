"""Texts far longer than any of the data's: refused with their length and the setting, before they take the memory."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import torch

from tasks.base import DataError
from tasks.imdb.settings import Settings
from tasks.imdb.task import Task
from tasks.names.settings import Settings as NamesSettings
from tasks.names.task import Task as NamesTask
from tasks.shared.text import task as text_task
from workbench.engine.generation import samples

STATE: dict[str, Any] = {
    "labels": ["a", "b"],
    "train_counts": [1, 1],
    "vocabulary": ["good"],
    "characters": [],
    "cache": "x",
}


class Words:
    """Data with one long text among short ones."""

    class words:
        lengths = torch.tensor([3, 12, 4])

    rows: ClassVar = {"train": torch.tensor([0, 2])}

    @classmethod
    def read(cls, form: str) -> type[words]:
        return cls.words


def test_an_endless_text_of_the_data_names_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_task, "_LONGEST_WHOLE", 10)
    with pytest.raises(DataError, match=r"A text of the data has 12 tokens, and task.longest=0 reads all of them: set"):
        Task(Settings(longest=0), STATE).batches(Words, "train", 2, None)  # type: ignore[arg-type]
    assert len(Task(Settings(longest=100), STATE).batches(Words, "train", 2, None)) == 1  # type: ignore[arg-type]


def test_an_endless_text_to_predict_names_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_task, "_LONGEST_WHOLE", 10)
    model = torch.nn.Linear(1, 1)
    with pytest.raises(ValueError, match=r"The text has 12 tokens, and at most 10 are read at once.*task.longest"):
        Task(Settings(longest=0), STATE).predict(model, "good " * 12)


def test_a_megabyte_is_no_name() -> None:
    state = {"labels": ["a"], "train_counts": [1], "cache": "x"}
    with pytest.raises(ValueError, match="The text has 1,000,000 characters, and at most 100 are read: give a shorter"):
        samples.predict(NamesTask(NamesSettings(), state), torch.nn.Linear(1, 1), "a" * 1_000_000)


def test_a_long_text_is_quoted_by_its_beginning() -> None:
    with pytest.raises(ValueError, match=r"^'#{59}…' holds no word: type a sentence\.$"):
        Task(Settings(), STATE).predict(torch.nn.Linear(1, 1), "#" * 5_000)
