"""Slurm's answers, read: squeue, sacct, ``scontrol show job``; and the words that are made of them."""

from __future__ import annotations

import os

import pytest
from executors.fake_slurm import FakeSlurm

from workbench.executors.slurm import states, words
from workbench.executors.slurm.commands import Refused
from workbench.executors.slurm.states import State

SHOWN = (
    "JobId=8 ArrayJobId=7 ArrayTaskId=3 JobName=a b JobState=TIMEOUT Reason=TimeLimit Dependency=(null) "
    "ExitCode=0:15 RunTime=00:01:02 TimeLimit=00:01:00 NodeList=n2 MinMemoryNode=2G Features=(null)\n"
    "JobId=7 ArrayJobId=7 ArrayTaskId=4-5,9%2 JobState=PENDING Reason=Resources NodeList=(null) TimeLimit=UNLIMITED\n"
)


@pytest.mark.parametrize(
    ("shown", "tasks"),
    [
        ("12", ["12"]),
        ("12_3", ["12_3"]),
        ("12_[3-5,9%2]", ["12_3", "12_4", "12_5", "12_9"]),
        ("12_[0-8:4]", ["12_0", "12_4", "12_8"]),
        ("12_[1-2,...]", ["12_1", "12_2"]),  # cut short
    ],
)
def test_compressed_ids(shown: str, tasks: list[str]) -> None:
    assert list(states.expanded(shown)) == tasks


def test_all_jobs_are_one_question(slurm: FakeSlurm) -> None:
    slurm.say(
        "squeue", "7_0|RUNNING|None|n1|UNLIMITED|0\n7_[1-2%1]|PENDING|Resources||1:00|4G\n9|COMPLETING|None|n2|1:00|0\n"
    )
    found = states.ask(["7_0", "7_1", "7_2", "9", "11"])
    assert found == {
        "7_0": State("RUNNING", "", "n1", "", "0"),
        "7_1": State("PENDING", "Resources", "", "1:00", "4G"),
        "7_2": State("PENDING", "Resources", "", "1:00", "4G"),
        "9": State("COMPLETING", "", "n2", "1:00", "0"),
    }
    (call,) = slurm.calls("squeue")
    assert call[call.index("--jobs") + 1] == "11,7,9"
    assert [found[job].waits for job in ("7_0", "7_1", "9")] == [False, True, False]
    assert not any(state.ended for state in found.values())


def test_jobs_that_slurm_has_forgotten_are_none(slurm: FakeSlurm) -> None:
    slurm.say("squeue", error="slurm_load_jobs error: Invalid job id specified", code=1)
    slurm.say("scontrol", error="slurm_load_jobs error: Invalid job id specified", code=1)
    assert states.ask(["7"]) == {} == states.ends(["7"])


def test_a_controller_that_is_down_is_told(slurm: FakeSlurm) -> None:
    error = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
    slurm.say("squeue", error=error, code=1)
    with pytest.raises(Refused, match="Unable to contact slurm controller"):
        states.ask(["7"])


def test_commands_that_are_missing_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Refused, match="squeue is not on this machine: use --on on a login node"):
        states.ask(["7"])


def test_the_controller_remembers_without_accounting(slurm: FakeSlurm) -> None:
    slurm.say("scontrol", SHOWN)
    found = states.ends(["7_3", "7_4", "7_5"])
    assert found["7_3"] == State("TIMEOUT", "TimeLimit", "n2", "00:01:00", "2G", "0:15")
    assert found["7_4"].waits
    assert found["7_5"].waits
    assert slurm.calls("scontrol") == [["show", "job", "--oneliner", "7"]]


def test_the_accounting_is_asked_first(slurm: FakeSlurm) -> None:
    slurm.say("sacct", f"7_3|CANCELLED by {os.getuid()}|0:0|00:10:00|n1|4G\n7_4|COMPLETED|0:0|00:10:00|n2|4G\n")
    found = states.ends(["7_3"])
    assert found == {"7_3": State("CANCELLED", "", "n1", "00:10:00", "4G", "0:0", str(os.getuid()))}
    assert not slurm.calls("scontrol")


def test_an_end_that_the_accounting_missed_is_the_controller_s_to_tell(slurm: FakeSlurm) -> None:
    slurm.say("sacct", "7_3|RUNNING|0:0|00:10:00|n1|4G\n9|RUNNING|0:0|00:10:00|n1|4G\n")
    slurm.say("scontrol", SHOWN)
    found = states.ends(["7_3", "9"])
    assert found["7_3"].state == "TIMEOUT"
    assert "9" not in found


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("Resources", "Resources (all nodes that fit are busy)"),
        ("ReqNodeNotAvail, UnavailableNodes:n2", "ReqNodeNotAvail, UnavailableNodes:n2 (the nodes that it needs are"),
        ("QOSMaxJobsPerUserLimit", "QOSMaxJobsPerUserLimit (your account's limit is reached)"),
        ("SomethingNew", "SomethingNew"),
        ("", ""),
    ],
)
def test_reasons_of_waiting(reason: str, told: str) -> None:
    assert words.waiting(reason).startswith(told)


@pytest.mark.parametrize(
    ("state", "began", "last", "sentence"),
    [
        (
            State("TIMEOUT", node="n1", limit="00:10:00"),
            True,
            "",
            "Slurm ended job 12_3 on n1 at its time limit of 00:10:00: set time in [clusters.big] for a longer one.",
        ),
        (
            State("OUT_OF_MEMORY", node="n1", memory="4G"),
            True,
            "",
            "Slurm ended job 12_3 on n1, which took more memory than the 4G that it asked for: set memory in "
            "[clusters.big] for more.",
        ),
        (State("NODE_FAIL", node="n2"), True, "", "The node n2 of Slurm job 12_3 failed."),
        (State("CANCELLED", by="0"), False, "", "Slurm job 12_3 was cancelled by root before it began."),
        (State("CANCELLED"), True, "", "Slurm job 12_3 was cancelled."),
        (
            State("FAILED", node="n1", exit_code="127:0"),
            False,
            "/var/spool/job: line 12: module: command not found",
            "Slurm job 12_3 ended on n1 with exit code 127 before its worker began: /var/spool/job: line 12: module: "
            "command not found.",
        ),
        (State("FAILED", node="n1", exit_code="0:9"), True, "", "Slurm job 12_3 ended on n1 with signal 9."),
    ],
)
def test_ends_in_plain_words(state: State, began: bool, last: str, sentence: str) -> None:
    assert words.ending("12_3", "big", state, began=began, last_line=last) == sentence
