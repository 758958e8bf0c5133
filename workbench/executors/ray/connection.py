"""Connection to a Ray cluster, and actors on its nodes; Ray's errors as plain sentences. Imports Ray. No torch."""

from __future__ import annotations

import os

# before Ray is imported: no report of its usage goes to its makers, and the worker's devices are the cluster's to give
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

# isort: split
import logging
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import ray
from ray import cloudpickle, exceptions

from workbench.executors.clusters import ClusterError, RayCluster
from workbench.executors.ray import node as node_module
from workbench.executors.ray.training import NodeDied

_TICK_SECONDS = 0.5
_KNOCK_SECONDS = 10.0
_AWAY_SECONDS = 60.0  # in which an actor that cannot be reached may answer again
_FRESH_SECONDS = 3.0  # for which the cluster's resources are as they were asked
_FINAL = ("ersion mismatch", "different version", "nauthenticated", "authentication", "token")
_SETTINGS = {"logging_level": logging.ERROR, "log_to_driver": False}


class NotReached(ClusterError):
    """The cluster does not answer now, and may do so later."""


def connect(cluster: RayCluster) -> None:
    """Connect this process to a cluster.

    Raises:
        NotReached: it does not answer.
        ClusterError: it refuses, as it will again.
    """
    _knock(cluster.address)
    try:
        ray.init(address=cluster.address, namespace="workbench", **_SETTINGS)
    except Exception as error:  # Ray raises its own, grpc's, and Python's
        reason = sentence(error)
        if any(word in str(error) for word in _FINAL):
            raise ClusterError(f"The Ray cluster at {cluster.address} refuses: {reason}") from None
        raise NotReached(f"The Ray cluster at {cluster.address} is not reached: {reason}") from None
    cloudpickle.register_pickle_by_value(node_module)


def _knock(address: str) -> None:
    """Look whether anybody answers at an address; Ray itself tries for minutes.

    Raises:
        NotReached: nobody does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_SECONDS).close()
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NotReached(f"The Ray cluster at {address} is not reached: {why}.") from None


def sentence(error: BaseException) -> str:
    """Return an error's message as one line of 300 characters at most."""
    words = " ".join((str(error) or type(error).__name__).split())
    return words if len(words) <= 300 else words[:299] + "…"


class Resources:
    """Resources of the cluster: those that there are, and those that are free."""

    def __init__(self) -> None:
        self._asked = 0.0
        self._all: dict[str, float] = {}
        self._free: dict[str, float] = {}

    def shortage(self, cpus: float, gpus: float) -> str:
        """Return what the cluster lacks for a run, in a few words; empty: nothing that is known."""
        if time.monotonic() - self._asked > _FRESH_SECONDS:
            with suppress(Exception):
                self._all, self._free = ray.cluster_resources(), ray.available_resources()
            self._asked = time.monotonic()
        for name, need in (("GPU", gpus), ("CPU", cpus)):
            total, free = self._all.get(name, 0.0), self._free.get(name, 0.0)
            if need > total:
                return f"needs {need:g} {name}{'s' * (need != 1)}: the cluster has {total:g}"
            if need > free:
                return f"needs {need:g} {name}{'s' * (need != 1)}: {free:g} of {total:g} free"
        return ""


class RayActor:
    """Actor on a node of the cluster, asked from a thread of its own."""

    def __init__(self, cpus: float, gpus: float) -> None:
        options = {"num_cpus": cpus, "num_gpus": gpus, "max_concurrency": 4, "max_restarts": 0}
        self._handle: Any = ray.remote(node_module.Node).options(**options).remote()

    def ask(self, method: str, *arguments: Any, tick: Callable[[], None] | None = None) -> Any:
        """Return an answer.

        Raises:
            NodeDied: there will be none.
            ClusterError: the method failed on the node.
        """
        away = 0.0
        while True:
            try:
                asked = getattr(self._handle, method).remote(*arguments)
                while not ray.wait([asked], timeout=_TICK_SECONDS)[0]:
                    if tick:
                        tick()
                return ray.get(asked)
            except exceptions.ActorUnavailableError as error:
                away = away or time.monotonic()
                if time.monotonic() - away > _AWAY_SECONDS:
                    raise NodeDied(sentence(error)) from None
                time.sleep(_TICK_SECONDS)
            except exceptions.RayActorError as error:
                raise NodeDied(sentence(error)) from None
            except exceptions.RayTaskError as error:
                raise ClusterError(f"The node failed at {method}: {sentence(error.cause)}") from None
            except exceptions.RayError as error:
                raise NodeDied(sentence(error)) from None

    def tell(self, method: str) -> None:
        """Ask without waiting for the answer."""
        with suppress(exceptions.RayError):
            getattr(self._handle, method).remote()

    def close(self) -> None:
        """End the actor; its keeper ends the worker."""
        with suppress(Exception):
            ray.kill(self._handle)
