"""A study that two people start at once: no run is handed over, or trained, twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from made_studies import group, made, toy_plan

from workbench.studies.study import Study

_SUBMIT = """
import sys
from pathlib import Path
from fake_cluster import HERE, FakeCluster
from workbench.executors import jobs
from workbench.studies import submission
from workbench.studies.queue import UNDONE
from workbench.studies.study import AlreadyQueued, Study

fake = FakeCluster()
jobs.of = lambda named: fake
print("ready", flush=True)
sys.stdin.readline()
for path in sys.argv[1:]:
    try:
        handed = submission.submit(Study(Path(path)), HERE, UNDONE)
    except AlreadyQueued:
        handed = []
    print(*(run.id for run in handed), flush=True)
"""
_QUEUE = """
import sys
from pathlib import Path
from workbench.studies import queue
from workbench.studies.study import AlreadyQueued, Study

print("ready", flush=True)
sys.stdin.readline()
for path in sys.argv[1:]:
    try:
        process = queue.start(Study(Path(path)), queue.Orders(only=()))
    except AlreadyQueued:
        print("refused", flush=True)
    else:
        print("started", flush=True)
        process.wait()
"""


def at_once(program: str, studies: list[Study]) -> list[list[str]]:
    """Run a program twice, both at once; the lines that each printed, a study each."""
    path = os.pathsep.join([str(Path(__file__).parent.parent), *sys.path])
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program, *(str(study.path) for study in studies)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        for _ in range(2)
    ]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in both:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    told = [one.communicate()[0].splitlines() for one in both]
    assert [one.returncode for one in both] == [0, 0]
    return told


def test_two_submissions_at_once_hand_each_run_over_once(runs_folder: Path) -> None:
    studies = [made(runs_folder, toy_plan(group("rnn", "gru"), seeds=4), name=f"s{number}") for number in range(8)]
    told = at_once(_SUBMIT, studies)
    handed = Counter(run for lines in told for line in lines for run in line.split())
    assert handed == Counter(study.run(number).id for study in studies for number in range(1, 9))
    assert {member.state for study in studies for member in study.members()} == {"queued"}


def test_of_two_queues_at_once_one_is_started(runs_folder: Path) -> None:
    studies = [made(runs_folder, name=f"s{number}") for number in range(2)]
    told = at_once(_QUEUE, studies)
    assert all("started" in pair for pair in zip(*told, strict=True))
    assert all(not study.queued() for study in studies)
