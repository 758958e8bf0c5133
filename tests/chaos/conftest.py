"""Faults on purpose: what machines, file systems, terminals, strangers and signals do, tried and counted.

``pytest tests/chaos`` tries a few of each kind; ``make chaos`` (WORKBENCH_CHAOS=whole) all of them, and prints the
table fault | attempts | survived. WORKBENCH_CHAOS_SEED draws other instants and bytes; WORKBENCH_CHAOS_LIST names a
file to which each attempt is appended as a line of JSON: fault, what was tried, why it failed or nothing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chaos.living import end_all
from chaos.programs import Program
from chaos.shim import forker_with
from chaos.tally import PROPERTY, Tally, table
from engine.toy_runs import after, copied, toy, trained
from forker import Forker

from workbench.runs.run import Run

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("chaos")
            if not any(item.iter_markers("timeout")):
                item.add_marker(pytest.mark.timeout(900))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Any:
    """Fail a test at its end where an attempt of it failed."""
    result = yield
    counted = pyfuncitem.funcargs.get("tally")
    if isinstance(counted, Tally) and counted.failures:
        pytest.fail("\n\n".join(counted.failures), pytrace=False)
    return result


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [report for kind in terminalreporter.stats.values() for report in kind if hasattr(report, "when")]
    reports = [report for report in reports if report.when == "call"]
    attempts = [value for report in reports for name, value in report.user_properties if name == PROPERTY]
    if attempts:
        terminalreporter.section("faults on purpose")
        terminalreporter.write_line(table(attempts))


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    return Tally(request.node)


@pytest.fixture(scope="session")
def shimmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forker]:
    """A forker whose children's system calls can be made to fail; skips where there is no C compiler."""
    yield from forker_with(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def program(forker: Forker, tmp_path: Path) -> Program:
    """The command line in a process of its own."""
    return Program(forker, tmp_path)


@pytest.fixture
def struck(shimmed: Forker, tmp_path: Path) -> Program:
    """The command line in a process whose system calls can be made to fail."""
    return Program(shimmed, tmp_path)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter and write; those of pytest are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="workbench-chaos-"))
    folder.chmod(0o777)
    yield folder
    end_all(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_lives_on(tmp_path: Path) -> Iterator[None]:
    """End whatever a test left training."""
    yield
    end_all(tmp_path)


@pytest.fixture(scope="session")
def _models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("models")
    made = {"finished": toy(folder), "stopped": toy(folder, {"train.eval_every": 1}, pause=0.02)}
    trained(made["finished"])
    trained(made["stopped"], after(1))
    for run in made.values():
        run.lock_file.touch()
        run.log_file.touch()
    return made


@pytest.fixture
def finished(_models: dict[str, Run], runs_folder: Path) -> Run:
    """A finished run of the toy."""
    return copied(_models["finished"], runs_folder, "toy-rnn-finished")


@pytest.fixture
def stopped(_models: dict[str, Run], runs_folder: Path) -> Run:
    """A run of the toy that was stopped within its first epoch and can go on."""
    return copied(_models["stopped"], runs_folder, "toy-rnn-stopped")


@pytest.fixture
def good(_models: dict[str, Run], runs_folder: Path) -> Run:
    """A sound run beside the one that is harmed."""
    return copied(_models["finished"], runs_folder, "toy-rnn-good")


def pytest_report_header() -> str:
    return f"chaos: WORKBENCH_CHAOS={os.environ.get('WORKBENCH_CHAOS', 'few')}"
