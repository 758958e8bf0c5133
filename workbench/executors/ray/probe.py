"""Probe of a Ray cluster: ``python -P -m workbench.executors.ray.probe RUNS_FOLDER``, its description on stdin.

It prints question, answer and whether that is good, a list of JSON a line. A process of its own: Ray ends one that
cannot reach its cluster. No torch.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from tasks.base import PlainError
from workbench.executors.clusters import RayCluster
from workbench.executors.ray.training import NodeDied

_WAIT_SECONDS = 100.0


def main() -> int:
    """Probe the cluster.

    Returns:
        the exit code; 0: every question has an answer.
    """
    cluster = msgspec.json.decode(sys.stdin.buffer.read(), type=RayCluster)
    runs = Path(sys.argv[1])
    from workbench.executors.ray import connection

    try:
        connection.connect(cluster)
    except PlainError as error:
        say("reached", str(error), good=False)
        return 0
    import ray

    have = ray.cluster_resources()
    nodes = sum(node["Alive"] for node in ray.nodes())
    what = f"{nodes} node{'s' * (nodes != 1)}, {have.get('CPU', 0):g} CPUs, {have.get('GPU', 0):g} GPUs"
    say("reached", f"{cluster.address}: {what}", good=True)
    shortage = connection.Resources().shortage(cluster.cpus, cluster.gpus)
    if "the cluster has" in shortage:
        say("room for a run", f"A run {shortage}.", good=False)
        return 0
    token = runs / f".seen-{secrets.token_hex(4)}"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        token.touch()
        actor = connection.RayActor(cluster.cpus, cluster.gpus)
        end = time.monotonic() + _WAIT_SECONDS

        def tick() -> None:
            if time.monotonic() > end:
                raise connection.NotReached(
                    f"No node took the probe within {_WAIT_SECONDS:.0f} s{f': a run {shortage}' * bool(shortage)}."
                )

        seen = actor.ask("look", str(token), list(cluster.python_path), tick=tick)
        actor.close()
    except (PlainError, NodeDied) as error:
        say("probe", str(error), good=False)
        return 0
    except OSError as error:
        say("runs folder", f"{runs} cannot be written: {error.strerror}.", good=False)
        return 0
    finally:
        with suppress(OSError):
            token.unlink()
    say("probe", f"Node {seen['node']} ran it.", good=True)
    sees = "sees it" if seen["sees"] else "does not see it: run folders travel"
    say("runs folder", f"{runs}: the node {sees}.", good=bool(seen["sees"]) or not cluster.shared)
    say("Python", f"{seen['python']} ({seen['executable']})", good=True)
    if "error" in seen:
        say("Workbench", f"The node cannot import it: {seen['error']}", good=False)
        return 0
    say("Workbench", seen["workbench"], good=True)
    say("torch", seen["torch"], good=True)
    gpu = f"{seen['gpu']} ({seen['gpus']} visible)" if seen["gpus"] else "none visible to a run"
    say("GPU", gpu, good=bool(seen["gpus"]) or not cluster.gpus)
    return 0


def say(question: str, answer: str, *, good: bool) -> None:
    print(json.dumps([question, answer, good]), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    sys.exit(main())
