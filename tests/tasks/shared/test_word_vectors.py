"""word2vec comes out the same each time, and is learnt once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tasks.shared.text import word_vectors
from tasks.shared.text.settings import TextSettings

SENTENCES = [[2, 4 + k % 9, 5 + k % 7, 4 + k % 3, 3] for k in range(60)]  # numbers 2 to 12 of 15


def learnt(count: int = 15, source: str = "some", **settings: object) -> Tensor:
    chosen = TextSettings(**{"embedding": 6, "word2vec_epochs": 2, **settings})  # type: ignore[arg-type]
    return word_vectors.word2vec(chosen, count, lambda: SENTENCES, source=source)


def test_word2vec_gives_each_word_of_the_texts_a_vector_and_the_others_zeros() -> None:
    found = learnt()
    assert found.shape == (15, 6)
    assert found.dtype == torch.float32
    assert (found.abs().sum(1) > 0).tolist() == [2 <= number <= 12 for number in range(15)]


def test_what_shapes_the_vectors_shapes_them() -> None:
    usual = learnt()
    assert not torch.equal(usual, learnt(word2vec="skip-gram"))
    assert not torch.equal(usual, learnt(word2vec_epochs=3))
    assert learnt(embedding=7).shape == (15, 7)
    assert torch.equal(learnt(count=20)[:15], usual)


def test_vectors_are_learnt_once(capsys: pytest.CaptureFixture[str]) -> None:
    def never() -> list[list[int]]:
        raise AssertionError

    found = learnt()
    assert capsys.readouterr().err.count("word2vec") == 1
    chosen = TextSettings(embedding=6, word2vec_epochs=2, dropout=0.9, min_count=7)  # what does not shape them
    assert torch.equal(word_vectors.word2vec(chosen, 15, never, source="some"), found)
    assert capsys.readouterr().err == ""
    with pytest.raises(AssertionError):
        word_vectors.word2vec(chosen, 15, never, source="other")


def test_one_thread_learns_the_same_vectors_in_every_process(tmp_path: Path) -> None:
    """Python's hashes differ from process to process, and gensim takes them by default."""
    code = (
        "from tasks.shared.text import word_vectors\n"
        "from tasks.shared.text.settings import TextSettings\n"
        "settings = TextSettings(embedding=6, word2vec_epochs=2)\n"
        f"found = word_vectors.word2vec(settings, 15, lambda: {SENTENCES}, source='some')\n"
        "print(found.numpy().tobytes().hex())\n"
    )
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    own = {"PYTHONHASHSEED": seed, "WORKBENCH_CACHE": str(tmp_path / "other"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **own}, stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.strip() == learnt().numpy().tobytes().hex()
