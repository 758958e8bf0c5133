"""Clusters that runs may go to, as ``clusters.toml`` of the user and ``workbench.toml`` of a project describe them.

A table is a cluster: ``[clusters.NAME]`` with ``executor`` and the fields of ``SlurmCluster`` or ``RayCluster``.
A project's table replaces single keys of the user's of the same name. ``slurm`` and ``ray`` need no table. No torch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from tasks.base import PlainError, UsageError
from workbench.config.suggestions import did_you_mean
from workbench.runs.job import NAME

LOCAL = "local"
PROJECT_FILE = "workbench.toml"
_LARGEST = 1 << 20  # bytes
_NAME = re.compile(NAME)
_Count = Annotated[int, Meta(ge=0, le=4096)]
_Seconds = Annotated[float, Meta(gt=0)]
_Duration = Annotated[str, Meta(pattern=r"^(\d+|\d+:\d\d(:\d\d)?|\d+-\d+(:\d\d){0,2})?\Z")]
_Size = Annotated[str, Meta(pattern=r"^(\d+[KMGT]?)?\Z")]


class ClusterError(PlainError):
    """A cluster cannot be used in this way. The message is one plain sentence."""


class ClusterUsageError(ClusterError, UsageError):
    """A cluster that was named is unknown, or a file that describes clusters is wrong."""


class SlurmCluster(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Resources that a job asks Slurm for; empty or 0: the cluster's default."""

    executor: ClassVar[str] = "slurm"
    partition: str = ""
    account: str = ""
    qos: str = ""
    constraint: str = ""
    time: _Duration = ""  # limit of one job as sbatch takes it; a longer run is requeued
    memory: _Size = ""
    cpus: _Count = 0  # of a task
    gpus: _Count = 0
    options: tuple[str, ...] = ()  # further ones of sbatch
    modules: tuple[str, ...] = ()
    setup: str = ""  # shell lines before the worker
    container: str = ""  # image in which Apptainer runs the worker
    python: str = ""  # of the nodes; empty: this one
    signal_seconds: Annotated[int, Meta(ge=1, le=65535)] = 120  # before the time limit, to save a checkpoint
    at_once: _Count = 0  # jobs of one submission that run at once; 0: as many as Slurm lets


class RayCluster(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ray cluster that runs already, and what a run asks of it."""

    executor: ClassVar[str] = "ray"
    address: str = "auto"  # HOST:PORT of its head, ray://HOST:PORT of its client server, or auto: found on this machine
    cpus: Annotated[float, Meta(ge=0)] = 1.0
    gpus: Annotated[float, Meta(ge=0)] = 0.0
    shared: bool | None = None  # the nodes see the runs folder; none: each node is asked
    data: str = ""  # folder of the datasets on the nodes, where theirs is another
    python_path: tuple[str, ...] = ()  # folders on the nodes in which the package is found, where it is not installed
    sync_seconds: Annotated[float, Meta(ge=0.1, le=10)] = 5.0  # between two fetches of a run folder that travels
    retries: Annotated[int, Meta(ge=0, le=100)] = 3  # of a run whose node died
    reconnect_seconds: Annotated[float, Meta(ge=0)] = 300.0  # in which a cluster that is gone may come back


Cluster = SlurmCluster | RayCluster
_KINDS: Mapping[str, type[Cluster]] = {kind.executor: kind for kind in (SlurmCluster, RayCluster)}


class Named(msgspec.Struct, frozen=True):
    """A cluster, its name, and the files that describe it."""

    name: str
    cluster: Cluster
    files: tuple[Path, ...] = ()  # none of a cluster that needs no description

    @property
    def about(self) -> str:
        """Executor and place in a few words: ``Slurm, partition gpu``."""
        if isinstance(self.cluster, RayCluster):
            return f"Ray at {self.cluster.address}"
        return "Slurm" + f", partition {self.cluster.partition}" * bool(self.cluster.partition)


def user_file() -> Path:
    """Return the path of the user's own description of clusters."""
    import platformdirs  # not needed by most commands, nor is tomllib

    return Path(platformdirs.user_config_path("workbench")) / "clusters.toml"


def every(project: Path | None = None) -> list[Named]:
    """Return the clusters that are described, then ``slurm`` and ``ray`` where they are not.

    Args:
        project: folder in which ``workbench.toml`` is looked for, and above which; none: the working folder.

    Raises:
        ClusterUsageError: a file cannot be read; it says which, where and why.
    """
    tables: dict[str, dict[str, Any]] = {}
    origins: dict[str, tuple[Path, ...]] = {}
    for file in filter(None, (user_file(), _project_file(project))):
        for name, table in _tables(file).items():
            tables[name] = tables.get(name, {}) | table
            origins[name] = (*origins.get(name, ()), file)
    found = [Named(name, _cluster(name, table, origins[name]), origins[name]) for name, table in tables.items()]
    return found + [Named(name, kind()) for name, kind in _KINDS.items() if name not in tables]


def described(project: Path | None = None) -> list[Named]:
    """Return the clusters that a file describes.

    Raises:
        ClusterUsageError: as ``every``.
    """
    return [named for named in every(project) if named.files]


def find(name: str, project: Path | None = None) -> Named:
    """Return a cluster by its name.

    Raises:
        ClusterUsageError: there is none of that name, or a file that describes clusters cannot be read.
    """
    known = every(project)
    for named in known:
        if named.name == name:
            return named
    names = [LOCAL, *(named.name for named in known)]
    raise ClusterUsageError(
        f"There is no cluster {name!r}{did_you_mean(name, names)} Clusters are described in {user_file()} and in a "
        f"project's {PROJECT_FILE}."
    )


def _project_file(project: Path | None) -> Path | None:
    """Return the description in a folder, or in the nearest above it; ``None`` where that folder is gone or closed."""
    with suppress(OSError):
        folder = project or Path.cwd()
        return next((file for at in (folder, *folder.parents) if (file := at / PROJECT_FILE).is_file()), None)
    return None


def _tables(file: Path) -> dict[str, dict[str, Any]]:
    """Return the tables of a file by the clusters' names; none where there is no file."""
    import tomllib

    try:
        with file.open("rb") as opened:
            raw = tomllib.loads(opened.read(_LARGEST).decode())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ClusterUsageError(f"{file} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ClusterUsageError(f"{file} is no TOML: {error}.") from None
    except RecursionError:
        raise ClusterUsageError(f"{file} is nested too deeply.") from None
    tables = raw.get("clusters", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ClusterUsageError(f"{file}: clusters are tables, as [clusters.NAME].")
    for name in tables:
        if not _NAME.match(name) or name == LOCAL:
            raise ClusterUsageError(
                f"{file}: a cluster cannot be called {name!r}: use letters, digits, dots, dashes and underscores, and "
                f"not {LOCAL}, which is this machine."
            )
    return tables


def _cluster(name: str, table: Mapping[str, Any], files: tuple[Path, ...]) -> Cluster:
    """Raises: ClusterUsageError: a key or a value is wrong."""
    where = f"{files[-1]}: [clusters.{name}]"
    given = dict(table)
    executor = given.pop("executor", name)
    kind = _KINDS.get(executor) if isinstance(executor, str) else None
    if kind is None:
        raise ClusterUsageError(f'{where} names no executor: write executor = "slurm" or executor = "ray".')
    for key in given:
        if key not in kind.__struct_fields__:
            raise ClusterUsageError(f"{where} has no key {key!r}{did_you_mean(key, kind.__struct_fields__)}")
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise ClusterUsageError(f"{where}: {error}.") from None
