"""A network that writes what a test says, a character at a time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

from fake_worker import FakeWorker
from waiting import HANG

from tasks.poems.prosody import GROUPS, Prosody
from workbench.inference.protocol import Begun, Character, End, Generate
from workbench.runs.folder import RunError
from workbench.runs.run import Run

_CHARACTERS = {
    "先": "天年前边烟泉眠弦",
    "阳": "光霜乡",
    "东": "风同中",
    "屑": "雪绝别灭",
    "月": "月",
    "质": "日",
    "纸": "水",
}
_CHARACTERS |= {"皓": "草", "祃": "夜", "寒": "看", "翰": "看", "支": "思疑", "寘": "思"}

_LINES = [_CHARACTERS.get(name, "") for name in GROUPS]


class FakeNetwork:
    """Texts that the fake networks write, their timing, and the requests that came."""

    def __init__(self) -> None:
        self.text = "明月光。疑是地上霜。"
        self.others = ["白日依山尽，", "黄河入海流。", "欲穷千里目，", "更上一层楼。"]  # of several candidates
        self.scores: list[float | None] = [-3.5, -3.25, -4.0, -3.75]  # none: given up
        self.notes: list[str] = []
        self.refused: Exception | None = None  # what opening or writing raises
        self.requests: list[Generate] = []
        self.opened: list[str] = []
        self.closed: list[str] = []
        self._free = threading.Event()
        self._released = threading.Semaphore(0)
        self._free.set()

    def hold(self) -> None:
        """Hold back every character until ``release``."""
        self._free.clear()

    def release(self, characters: int) -> None:
        """Let so many characters be written."""
        for _ in range(characters):
            self._released.release()

    def release_all(self) -> None:
        """Write whatever waits, and everything after it at once."""
        self._free.set()
        self._released.release()

    def wait(self) -> None:
        if not self._free.is_set():
            assert self._released.acquire(timeout=HANG)

    def client(self, run: Run) -> FakeClient:
        return FakeClient(self, run)


class FakeClient:
    """An inference client without a process."""

    def __init__(self, network: FakeNetwork, run: Run) -> None:
        if isinstance(network.refused, RunError):
            raise network.refused
        self._network, self._run = network, run
        network.opened.append(run.id)

    def generate(self, request: Generate) -> Iterator[Begun | Character | End]:
        self._network.requests.append(request)
        if self._network.refused:
            raise self._network.refused
        yield Begun(text=request.start, notes=self._network.notes)
        texts = self._network.others if request.best_of > 1 else [self._network.text]
        for place in range(max(map(len, texts))):
            for number, text in enumerate(texts[: request.best_of]):
                if place < len(text):
                    self._network.wait()
                    choices = [(text[place], 0.5), ("另", 0.25), ("", 0.004)][: request.choices]
                    yield Character(text=text[place], log_probability=-1.0, candidate=number, choices=choices)
        scores = self._network.scores[: request.best_of] if request.best_of > 1 else []
        sure = [score for score in scores if score is not None]
        yield End(reason="ended", scores=scores, best=scores.index(max(sure)) if sure else 0)

    def close(self) -> None:
        self._network.closed.append(self._run.id)

    def end(self) -> None:
        """End what is under way: nothing is, here."""


def rhyme_book(*, empty: bool = False) -> Prosody:
    """Return a rhyme book of a few characters."""
    return Prosody() if empty else Prosody(_LINES)


def with_weights(worker: FakeWorker, **state: object) -> FakeWorker:
    """Give a run weights and a task's state: that of the poems, with a rhyme book of a few characters."""
    worker.run.best_file.write_bytes(b"weights")
    worker.run.tensors_file.write_bytes(b"lines")
    worker.run.task_file.write_text(json.dumps({"prosody": _LINES, **state}))
    return worker
