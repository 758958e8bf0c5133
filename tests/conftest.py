"""What every test stands on: folders of its own, the toy task, and the real data where it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from forker import Forker

if TYPE_CHECKING:
    from fake_cluster import FakeCluster

TESTS = Path(__file__).parent
TOYS = TESTS / "toys"
SHARED = TESTS.parent.parent / "shared" / "data"

# before anything imports tasks or cells: the toys are found like any other
os.environ["WORKBENCH_TASKS"] = str(TOYS / "tasks")
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
# what is compiled is kept, also where the machine has it otherwise: a thousand processes would each compile the project
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# handed on under another name: the workers of xdist begin with this process's environment
_NAMED = os.environ.pop("WORKBENCH_DATA", None) or os.environ.get("WORKBENCH_TEST_DATA")
os.environ["WORKBENCH_TEST_DATA"] = _NAMED or ""
_KERNELS = os.environ.pop("WORKBENCH_TEST_KERNELS", None)

Workbench = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def of_all_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all the test processes share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def kernels(of_all_processes: Path) -> Path:
    """The compiled kernels' folder: they are built once, also for a suite in a test of this one."""
    return Path(_KERNELS) if _KERNELS else of_all_processes / "kernels"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernels: Path) -> None:
    """Runs, cache and data of the machine's user are never touched; nothing is downloaded."""
    monkeypatch.setenv("WORKBENCH_KERNELS", str(kernels))
    monkeypatch.delenv("WORKBENCH_KERNEL_LEVEL", raising=False)
    monkeypatch.setenv("WORKBENCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))  # the user's clusters are described there
    monkeypatch.setenv("WORKBENCH_MIRROR", "http://127.0.0.1:9")
    monkeypatch.delenv("WORKBENCH_DATA", raising=False)


@pytest.fixture
def nothing_came_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pretrained model is here."""
    from workbench.runs import locations

    monkeypatch.setattr(locations, "shipped", lambda: tmp_path / "nothing")


@pytest.fixture(autouse=True)
def denormals() -> Iterator[None]:
    """The engine flushes denormal floats in its process; the next test's process is this one, and may want them."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture(autouse=True, scope="module")
def one_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """One thread while cells and tasks are tested: the tensors are small, and the tests themselves run side by side."""
    if not {"cells", "tasks"} & set(request.path.relative_to(TESTS).parts):
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def real_data() -> Path:
    """The folder of the real datasets; the test is skipped where there is none."""
    for folder in (Path(_NAMED) if _NAMED else None, SHARED):
        if folder and (folder / "names").is_dir():
            return folder.resolve()
    pytest.skip("no real data: name its folder with WORKBENCH_DATA")


@pytest.fixture
def runs_folder(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def fake_cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """The one cluster that there is: nothing of it trains."""
    from fake_cluster import FakeCluster

    from workbench.executors import jobs

    fake = FakeCluster()
    monkeypatch.setattr(jobs, "of", lambda named: fake)
    return fake


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    with closing(Forker()) as one:
        yield one


@pytest.fixture(scope="module")
def forked_servers(forker: Forker) -> Iterator[None]:
    """An inference client's child is forked from a process that has imported torch."""
    from workbench.inference import client

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "subprocess", forker.subprocess())
        yield


@pytest.fixture
def workbench(forker: Forker, tmp_path: Path) -> Workbench:
    """The command line in a process of its own, run in an empty folder."""
    here = tmp_path / "here"
    here.mkdir()

    def call(*args: object, input: str | None = None, timeout: float = 120, **env: str) -> subprocess.CompletedProcess:
        return forker.run([str(arg) for arg in args], here, {**os.environ, "COLUMNS": "120", **env}, input, timeout)

    return call
