"""The queue of a study: what it starts, how many at once, on which device; what stops it; what costs no other run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from fake_workers import Worker, Workers
from fake_workers import workers as workers
from made_studies import append, finish, group, made, toy_plan
from runs import event_makers

from workbench.runs import launch
from workbench.runs.run import Run
from workbench.studies import queue
from workbench.studies.queue import Orders, Queue
from workbench.studies.study import AlreadyQueued, Study


def six(runs_folder: Path) -> Study:
    return made(runs_folder, toy_plan(group("rnn"), seeds=6))


def states(study: Study) -> list[str]:
    return [member.state for member in study.members()]


def test_as_many_at_once_as_were_asked_for_each_once_in_the_plans_order(runs_folder: Path, workers: Workers) -> None:
    study = six(runs_folder)
    work = Queue(study, Orders(jobs=2))
    most = 0
    while work.work():
        assert work.work()  # asked again before anything ended: nothing more is started
        most = max(most, len(workers.live))
        workers.end(workers.live[-1])
    assert most == 2
    assert workers.names == [f"grid-{number:02d}" for number in range(1, 7)]
    assert states(study) == ["finished"] * 6
    assert work.refused == 0


@pytest.mark.parametrize(
    ("only", "started"),
    [
        (queue.UNDONE, ["grid-02", "grid-03", "grid-04", "grid-06"]),
        (("failed",), ["grid-02"]),
        (("stopped", "lost"), ["grid-03", "grid-04"]),
        (("waiting",), ["grid-06"]),
    ],
)
def test_what_is_finished_or_unreadable_is_not_started(
    runs_folder: Path, workers: Workers, only: tuple[str, ...], started: list[str]
) -> None:
    study = six(runs_folder)
    finish(study, 1, {"accuracy": 0.5})
    append(study.begin(2), event_makers.started(), event_makers.failed(3))
    append(study.begin(3), event_makers.started(), event_makers.stopped(3))
    append(study.begin(4), event_makers.started())  # killed
    study.begin(5).spec_file.write_text("{")
    work = Queue(study, Orders(jobs=6, only=only))
    assert work.work()
    assert workers.names == started


def test_a_run_that_fails_costs_no_other_and_is_not_started_again(runs_folder: Path, workers: Workers) -> None:
    study = six(runs_folder)
    work = Queue(study, Orders(jobs=1))
    for how in ("finished", "failed", "lost", "failed", "finished", "finished"):
        assert work.work()
        workers.end(workers.live[0], how)
    assert not work.work()
    assert states(study) == ["finished", "failed", "lost", "failed", "finished", "finished"]
    again = Queue(study, Orders(jobs=3, only=("failed",)))
    assert again.work()
    assert workers.names[6:] == ["grid-02", "grid-04"]


def test_a_run_that_cannot_be_started_costs_no_other(runs_folder: Path, workers: Workers, capsys) -> None:
    study = six(runs_folder)
    workers.refusing = {"grid-01", "grid-04"}
    work = Queue(study, Orders(jobs=6))
    assert work.work()
    assert workers.names == ["grid-02", "grid-03", "grid-05", "grid-06"]
    assert work.refused == 2
    assert "Run 1 of grid was not started: The disk that holds grid-01 is full." in capsys.readouterr().out


def test_a_run_whose_description_cannot_be_read_costs_no_other(runs_folder: Path, workers: Workers) -> None:
    study = six(runs_folder)
    raw = msgspec.json.decode(study.study_file.read_bytes())
    raw["runs"][2]["spec"]["task"] = "gone"
    study.study_file.write_bytes(msgspec.json.encode(raw))
    work = Queue(Study(study.path), Orders(jobs=6))
    assert work.work()
    assert (len(workers.names), work.refused) == (5, 1)
    assert "grid-03" not in workers.names


def test_what_another_process_trains_is_counted_and_waited_for(runs_folder: Path, workers: Workers) -> None:
    """Two of an earlier queue's where there is room for one, and one that somebody resumes by hand meanwhile."""
    study = six(runs_folder)
    earlier = [workers.start(study.begin(number)) for number in (1, 2)]
    work = Queue(study, Orders(jobs=1))
    for worker in earlier:  # whichever of them ends first: the other one still fills the room
        assert work.work()
        assert workers.names == ["grid-01", "grid-02"]
        worker.end()
    by_hand = workers.start(study.begin(3))
    assert work.work()
    assert work.work()
    assert workers.names == ["grid-01", "grid-02", "grid-03"]
    by_hand.end()
    assert work.work()
    assert workers.names == ["grid-01", "grid-02", "grid-03", "grid-04"]
    assert len(workers.live) == 1


def test_what_another_process_finished_meanwhile_is_not_started(runs_folder: Path, workers: Workers) -> None:
    study = six(runs_folder)
    work = Queue(study, Orders(jobs=1))
    assert work.work()
    finish(study, 2, {"accuracy": 0.5})
    workers.end("grid-01")
    assert work.work()
    assert workers.names == ["grid-01", "grid-03"]


def test_a_stop_ends_what_trains_and_starts_nothing(runs_folder: Path, workers: Workers, monkeypatch) -> None:
    study = six(runs_folder)
    work = Queue(study, Orders(jobs=2))
    assert work.work()
    monkeypatch.setattr(queue.time, "sleep", lambda _: None)
    work.stop()
    assert states(study) == ["stopped", "stopped", "waiting", "waiting", "waiting", "waiting"]
    assert not work.work()


@pytest.fixture
def as_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """``main`` sets how this process takes signals; what was before comes back."""
    every = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in every]
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    monkeypatch.setattr(queue, "_POLL_SECONDS", 0.01)
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    for number, handler in zip(every, before, strict=True):
        signal.signal(number, handler)


def run_main(monkeypatch: pytest.MonkeyPatch, study: Study, orders: Orders) -> int:
    monkeypatch.setattr(sys, "argv", ["queue", str(study.path), msgspec.json.encode(orders).decode()])
    return queue.main()


@pytest.mark.parametrize("by", ["the file STOP", "SIGTERM"])
def test_a_stop_that_comes_as_a_run_ends_starts_no_other(
    runs_folder: Path, workers: Workers, monkeypatch, as_process: None, by: str
) -> None:
    study = six(runs_folder)

    def ends_at_once(run: Run, device: str = "", threads: int = 0, *, gpus: str = "") -> Worker:
        worker = workers.start(run, device, threads, gpus=gpus)
        if len(workers.names) == 2:
            study.request_stop() if by == "the file STOP" else signal.raise_signal(signal.SIGTERM)
        worker.end()
        return worker

    monkeypatch.setattr(launch, "start", ends_at_once)
    assert run_main(monkeypatch, study, Orders(jobs=1)) == 0
    assert workers.names == ["grid-01", "grid-02"]
    assert states(study) == ["finished"] * 2 + ["waiting"] * 4
    assert (study.queued(), study.stop_requested()) == (False, False)


def test_the_exit_code_says_whether_all_were_started(
    runs_folder: Path, workers: Workers, monkeypatch, as_process: None, capsys
) -> None:
    study = six(runs_folder)
    workers.refusing = {"grid-05"}
    monkeypatch.setattr(
        launch, "start", lambda *args, **kw: (worker := workers.start(*args, **kw)) and (worker.end(), worker)[1]
    )
    assert run_main(monkeypatch, study, Orders(jobs=2)) == 1
    assert states(study).count("finished") == 5
    workers.refusing = set()
    assert run_main(monkeypatch, study, Orders(jobs=2)) == 0
    assert states(study) == ["finished"] * 6
    with_lock = study.acquire_lock()
    assert run_main(monkeypatch, study, Orders()) == 1
    assert capsys.readouterr().err == "Study grid is already being run: `workbench study show grid`.\n"
    with_lock.close()
    monkeypatch.setattr(sys, "argv", ["queue"])
    assert queue.main() == 2


def test_the_real_launcher_hands_the_lock_on(runs_folder: Path) -> None:
    """In a process of its own the queue has the lock before it runs, and after its launcher let go of it."""
    study = made(runs_folder, toy_plan(group("rnn")))
    finish(study, 1, {"accuracy": 0.5})
    process = queue.start(study, Orders())
    process.send_signal(signal.SIGSTOP)  # it would soon be done
    assert study.queued()
    with pytest.raises(AlreadyQueued):
        queue.start(study, Orders())
    process.send_signal(signal.SIGCONT)
    assert process.wait(timeout=120) == 0
    assert not study.queued()
    assert study.log_file.read_text() == ""
