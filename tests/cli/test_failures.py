"""What can go wrong with a training, through the real command line: one sentence, its exit code, nothing lost."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import torch
from engine.toy_runs import after, contents, nothing_lost, toy, trained
from forker import Forker
from processes import Start, the_run
from sentences import says
from waiting import HANG

from tasks.shared.datasets import locations
from workbench import worker
from workbench.cli import main
from workbench.runs import store
from workbench.runs.events import Failed
from workbench.runs.history import read_history
from workbench.runs.run import Run


class Trap:
    """Whoever unpickles it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> object:
        return os.mkdir, (str(self.folder),)


def failed(run: Run) -> Failed:
    history = read_history(run.events_file)
    assert run.status() == "failed"
    assert isinstance(history.ended, Failed)
    return history.ended


def only_run(folder: Path) -> Run:
    (run,) = store.listing(folder)
    return run


LIMIT = 60 * 1024  # bytes: the events fit, the weights do not


def limited_program() -> None:
    """The command line where no file may be larger: what ``ulimit -f`` sets."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))
    main()


def test_a_full_disk_by_the_limit_on_a_files_size(stopped: Run, workbench, forker: Forker, tmp_path: Path) -> None:
    before = contents(stopped)
    assert len(before["last.pt"]) > LIMIT > 2 * len(before["events.jsonl"])
    words, function = ["resume", stopped.id, "--headless"], f"{__name__}:limited_program"
    limited = forker.run(words, tmp_path, dict(os.environ), timeout=HANG, function=function)
    sentence = says(limited, 1, f"The disk that holds {stopped.path} is full (step")
    assert f"free some space, then `workbench resume {stopped.id}`" in sentence
    assert failed(stopped).message in sentence
    nothing_lost(stopped, before)
    again = workbench("resume", stopped.id, "--headless")
    assert again.returncode == 0, again.stderr
    assert stopped.status() == "finished"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "workbench-test", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here: " + mounted.stderr.decode().strip())
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path, but: int) -> Path:
    """Fill a disk, but for some bytes."""
    room = shutil.disk_usage(disk).free - but
    filler = disk / "filler"
    filler.write_bytes(b"\0" * room)
    return filler


@pytest.mark.parametrize("left", [96 * 1024, 0])
@pytest.mark.skipif(not shutil.which("mount") or os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk(small_disk: Path, workbench, left: int) -> None:
    run = toy(small_disk, {"train.epochs": 2, "train.eval_every": 1, "cell.hidden": 64}, cell="lstm", pause=0.02)
    trained(run, after(1))
    before = contents(run)
    filler = fill(small_disk, but=left)
    result = workbench("resume", run.path, "--headless")
    sentence = says(result, 1, f"The disk that holds {run.path} is full")
    assert "free some space, then `workbench resume" in sentence
    if left:  # begun, and broken off at a checkpoint
        assert failed(run).message == sentence
    nothing_lost(run, before)
    filler.unlink()
    again = workbench("resume", run.path, "--headless")
    assert again.returncode == 0, again.stderr
    assert run.status() == "finished"
    assert not [file for file in run.path.iterdir() if file.name.startswith(".")]


_TOY = Path(__file__).parents[1] / "toys" / "tasks" / "toy" / "task.py"
BUG = next(line for line, text in enumerate(_TOY.read_text().splitlines(), 1) if "a bug of the toy" in text)


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ("oom", "The GPU ran out of memory at step 19: start again with a smaller --batch-size (it is 16) or --hidden"),
        ("nan", "The loss stopped being a number by step 20 (epoch 2): start again with a lower --lr (it is 0.01)"),
        ("exit", "toy/task.py, line "),
        ("defect", f"toy/task.py, line {BUG}: AssertionError: a bug of the toy. The traceback is in"),
    ],
)
def test_a_training_that_breaks_off(workbench, runs_folder: Path, trouble: str, sentence: str) -> None:
    # a checkpoint a step, the last one before the trouble
    result = workbench(
        *("train", "toy", "--headless", "--json", "--set", f"task.trouble={trouble}", "--set", "task.trouble_step=20")
    )
    said = says(result, 1, sentence)
    told = msgspec.json.decode(result.stdout.splitlines()[-1])
    assert told["status"] == "failed"
    assert told["message"] in said
    assert told["best"]["step"] == 12
    run = only_run(runs_folder)
    assert failed(run).message == told["message"]
    assert "Traceback" in run.log_file.read_text()  # for whoever looks into it
    assert torch.load(run.last_file, weights_only=True)["position"]["step"] == 19
    best = run.best_file.read_bytes()
    # the toy's trouble comes at a life's own 20th step: this life has five to make
    again = workbench("resume", run.id, "--headless")
    assert again.returncode == 0, again.stderr
    assert "Training from step 19" in again.stderr
    history = read_history(run.events_file)
    assert [e.step for e in history.evals] == [12, 24]
    assert history.ended.best.step == 24 or run.best_file.read_bytes() == best


def cut(run: Run, _: Path) -> None:
    os.truncate(run.last_file, run.last_file.stat().st_size // 2)


def trap(run: Run, proof: Path) -> None:
    torch.save({"schema": 1, "model": Trap(proof)}, run.last_file)
    torch.load(run.last_file, weights_only=False)
    proof.rmdir()  # it was there: this is a real trap


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (cut, "last.pt is damaged and the run cannot go on from it: put a copy back, or start the run anew."),
        (trap, "last.pt holds code, not only weights: it was refused, and none of it was run."),
    ],
)
def test_a_checkpoint_that_cannot_be_used(
    stopped: Run, workbench, tmp_path: Path, damage: Callable[[Run, Path], None], sentence: str
) -> None:
    proof = tmp_path / "the code ran"
    damage(stopped, proof)
    before = contents(stopped)
    assert sentence in says(workbench("resume", stopped.id, "--headless"), 1, f"{stopped.path}/")
    assert sentence in failed(stopped).message
    assert not proof.exists()
    nothing_lost(stopped, before)
    assert workbench("predict", stopped.id, "012").returncode == 0


def test_a_second_worker_is_refused(start: Start, workbench, forker: Forker, runs_folder: Path, tmp_path: Path) -> None:
    first = start("train", "toy", "--headless", "--epochs", 1000, "--set", "task.pause=0.05")
    run = the_run(runs_folder)
    refused = f"Run {run.id} is already running: watch it with `workbench watch {run.id}`."
    assert says(workbench("resume", run.id, "--headless"), 1, "") == refused
    second = forker.run([str(run.path)], tmp_path, dict(os.environ), timeout=HANG, function="workbench.worker:main")
    assert (second.returncode, second.stdout, second.stderr) == (1, "", refused + "\n")
    assert says(workbench("rm", run.id, "--yes"), 1, "") == (
        f"Run {run.id} is running: stop it first with `workbench stop {run.id}`."
    )
    assert run.status() == "running"
    assert workbench("stop", run.id).returncode == 0
    assert first.wait(HANG) == 0
    assert run.events_file.read_bytes().count(b'"event":"started"') == 1


def doomed_program() -> None:
    """The command line whose workers are killed before their first event."""
    worker.main = lambda: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment, return-value]
    main()


def test_a_worker_that_dies_without_a_word_is_no_success(stopped: Run, forker: Forker, tmp_path: Path) -> None:
    """Resumed, and killed before its first event: the run's last event is still the earlier ``stopped``."""
    before = contents(stopped)
    words, function = ["resume", stopped.id, "--headless"], f"{__name__}:doomed_program"
    result = forker.run(words, tmp_path, dict(os.environ), timeout=HANG, function=function)
    sentence = says(result, 1, f"Run {stopped.id} is lost: its worker vanished at step")
    assert f"`workbench resume {stopped.id}` goes on from its last checkpoint." in sentence
    nothing_lost(stopped, before)


def broken_names(tmp_path: Path) -> Path:
    shutil.copytree(locations.starter("names"), tmp_path / "data" / "names")
    return tmp_path / "data"


def test_a_dataset_that_is_not_there(workbench, tmp_path: Path, runs_folder: Path) -> None:
    data = broken_names(tmp_path)
    (data / "names" / "Greek.txt").unlink()
    said = "put the names data there, or name another folder with --data."
    lacking = says(workbench("train", "names", "--headless", "--data", data), 1, f"{data}/names lacks Greek.txt: ")
    assert lacking.endswith(said)
    empty = says(workbench("train", "names", "--headless", WORKBENCH_DATA=str(tmp_path)), 1, f"{tmp_path}/names lacks")
    assert "Arabic.txt and 17 more" in empty
    assert not list(runs_folder.glob("*"))  # nothing was begun


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Papadopoulos\nNik\xff\xfeos\n", "is not UTF-8 text at byte 16: "),
        (b"\n  \n", "holds no name: fetch it again."),
    ],
)
def test_a_broken_dataset_file(workbench, tmp_path: Path, runs_folder: Path, content: bytes, said: str) -> None:
    data = broken_names(tmp_path)
    (data / "names" / "Greek.txt").write_bytes(content)
    result = workbench("train", "names", "--headless", "--data", data)
    assert says(result, 1, f"{data}/names/Greek.txt {said}")
    assert failed(only_run(runs_folder)).step == 0


def test_a_device_that_is_not_here(workbench, runs_folder: Path) -> None:
    if torch.cuda.device_count() > 63:
        pytest.skip("this machine has every GPU")
    result = workbench("train", "toy", "--headless", "--device", "cuda:63")
    assert says(result, 1, "Device cuda:63 cannot be used: ").endswith("Use --device auto or cpu.")
    assert not runs_folder.exists()
