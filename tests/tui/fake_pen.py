"""A network that writes what a test says, a character at a time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

from fake_worker import FakeWorker

from tasks.poems.prosody import GROUPS, Prosody
from workbench.inference.protocol import Begun, Character, End, Generate
from workbench.runs.store import Run, RunError

_IN = {"先": "天年前边烟泉眠弦", "阳": "光霜乡", "东": "风同中", "屑": "雪绝别灭", "月": "月", "质": "日", "纸": "水"}
_IN |= {"皓": "草", "祃": "夜", "寒": "看", "翰": "看", "支": "思疑", "寘": "思"}

_LINES = [_IN.get(name, "") for name in GROUPS]


class Ink:
    """What the fake networks write, when, and what was asked of them."""

    def __init__(self) -> None:
        self.text = "明月光。疑是地上霜。"
        self.others = ["白日依山尽，", "黄河入海流。", "欲穷千里目，", "更上一层楼。"]  # of several candidates
        self.scores: list[float | None] = [-3.5, -3.25, -4.0, -3.75]  # none: given up
        self.notes: list[str] = []
        self.refused: Exception | None = None  # what opening or writing raises
        self.asked: list[Generate] = []
        self.opened: list[str] = []
        self.closed: list[str] = []
        self._flows = threading.Event()
        self._drops = threading.Semaphore(0)
        self._flows.set()

    def dam(self) -> None:
        """From now on a character needs a ``drop``."""
        self._flows.clear()

    def drop(self, characters: int) -> None:
        for _ in range(characters):
            self._drops.release()

    def flow(self) -> None:
        """Whatever waits is written."""
        self._flows.set()
        self._drops.release()

    def wait(self) -> None:
        if not self._flows.is_set():
            assert self._drops.acquire(timeout=10)

    def client(self, run: Run) -> FakeClient:
        return FakeClient(self, run)


class FakeClient:
    def __init__(self, ink: Ink, run: Run) -> None:
        if isinstance(ink.refused, RunError):
            raise ink.refused
        self._ink, self._run = ink, run
        ink.opened.append(run.id)

    def generate(self, asked: Generate) -> Iterator[Begun | Character | End]:
        self._ink.asked.append(asked)
        if self._ink.refused:
            raise self._ink.refused
        yield Begun(text=asked.start, notes=self._ink.notes)
        texts = self._ink.others if asked.best_of > 1 else [self._ink.text]
        for place in range(max(map(len, texts))):
            for number, text in enumerate(texts[: asked.best_of]):
                if place < len(text):
                    self._ink.wait()
                    choices = [(text[place], 0.5), ("另", 0.25), ("", 0.004)][: asked.choices]
                    yield Character(text=text[place], log_probability=-1.0, candidate=number, choices=choices)
        scores = self._ink.scores[: asked.best_of] if asked.best_of > 1 else []
        sure = [score for score in scores if score is not None]
        yield End(reason="ended", scores=scores, best=scores.index(max(sure)) if sure else 0)

    def close(self) -> None:
        self._ink.closed.append(self._run.id)


def book(*, empty: bool = False) -> Prosody:
    """A rhyme book of a few characters."""
    return Prosody() if empty else Prosody(_LINES)


def able(worker: FakeWorker, **state: object) -> FakeWorker:
    """A run that has weights, and a task's state; of the poems' with a rhyme book of a few characters."""
    worker.run.best_file.write_bytes(b"weights")
    worker.run.tensors_file.write_bytes(b"lines")
    worker.run.task_file.write_text(json.dumps({"prosody": _LINES, **state}))
    return worker
