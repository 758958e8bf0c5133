"""Slurm's commands, run and read as text. No torch."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from workbench.executors.clusters import ClusterError
from workbench.runs.launch import LOCK_FD

_SECONDS = 30  # of a question
_SUBMIT_SECONDS = 120
_UNKNOWN = "Invalid job id"
_OF_THE_SITE = ("SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT")


class Refused(ClusterError):
    """Slurm answered that it does not do this, or is not there to answer; ``said`` is its own last line."""

    def __init__(self, sentence: str, said: str = "") -> None:
        super().__init__(sentence)
        self.said = said


def call(*words: str, given: bytes = b"", seconds: float = _SECONDS) -> str:
    """Run a command of Slurm's.

    Args:
        given: its stdin.

    Returns:
        its stdout.

    Raises:
        Refused: it is not on this machine, does not answer, or fails.
    """
    try:
        done = subprocess.run(words, input=given, capture_output=True, timeout=seconds, env=_environment(), check=False)
    except FileNotFoundError:
        raise Refused(
            f"Slurm's command {words[0]} is not on this machine: use --on on a login node of the cluster."
        ) from None
    except OSError as error:
        raise Refused(f"Slurm's command {words[0]} cannot be started: {error.strerror}.") from None
    except subprocess.TimeoutExpired:
        raise Refused(f"Slurm does not answer: {words[0]} was given {seconds:.0f} s.") from None
    if done.returncode:
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        said = lines[-1].removeprefix(f"{words[0]}: ").removeprefix("error: ").strip() if lines else ""
        raise Refused(f"Slurm refuses {words[0]}: {said.rstrip('.') or f'exit code {done.returncode}'}.", said)
    return done.stdout.decode(errors="replace")


def submit(options: Sequence[str], script: bytes) -> str:
    """Submit a batch script, and return the id of its job.

    Raises:
        Refused: as ``call``.
    """
    said = call("sbatch", *options, given=script, seconds=_SUBMIT_SECONDS)
    job = said.strip().partition(";")[0]  # the cluster's name follows where there are several
    if not job.isdecimal():
        raise Refused(f"Slurm's sbatch answered {said.strip()[:100]!r} where a job's number was expected.")
    return job


def about_jobs(*words: str) -> str:
    """Run a command that asks about jobs; empty where Slurm knows none of them.

    Raises:
        Refused: as ``call``.
    """
    try:
        return call(*words)
    except Refused as error:
        if _UNKNOWN in error.said:
            return ""
        raise


def largest_array() -> int:
    """Return the number of tasks that an array job may have (``MaxArraySize``).

    Raises:
        Refused: as ``call``.
    """
    for line in call("scontrol", "show", "config").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "MaxArraySize" and value.strip().isdecimal():
            return max(1, int(value))
    return 1000


def _environment() -> dict[str, str]:
    """Return the environment that a job inherits: not that of the job in which this process may run itself."""
    return {
        name: value
        for name, value in os.environ.items()
        if name != LOCK_FD and (not name.startswith("SLURM_") or name in _OF_THE_SITE)
    }
