"""Name, note and tags of a run: kept beside its description, read whatever stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.config.spec import RunSpec
from workbench.runs import metadata, store
from workbench.runs.folder import NotOpened, RunError
from workbench.runs.metadata import RunMetadata
from workbench.runs.store import NameTaken

WHOLE = RunMetadata(name="wide", note="两层\nand more", tags=("draft", "gpu"), study="grid")


def test_a_run_is_created_with_its_metadata(runs_folder: Path, described: RunSpec) -> None:
    run = store.create(runs_folder, described, WHOLE)
    assert metadata.read(run) == WHOLE
    assert {path.name for path in run.path.iterdir()} == {"spec.json", "metadata.json"}
    assert [path.name for path in runs_folder.iterdir()] == [run.id]


def test_metadata_can_be_changed_and_taken_away(runs_folder: Path, described: RunSpec) -> None:
    run = store.create(runs_folder, described)
    assert metadata.read(run) == RunMetadata()
    metadata.write(run, WHOLE)
    assert metadata.read(run) == WHOLE
    metadata.write(run, RunMetadata())
    assert metadata.read(run) == RunMetadata()


def test_a_name_is_given_once(runs_folder: Path, described: RunSpec) -> None:
    assert store.create(runs_folder, described, name="grid-01").id == "grid-01"
    with pytest.raises(NameTaken):
        store.create(runs_folder, described, name="grid-01")
    assert [path.name for path in runs_folder.iterdir()] == ["grid-01"]


@pytest.mark.parametrize("content", [b"", b"[", b"[]", b'{"tags": 3}', b'{"tags": ["two words"]}', b"\xff"])
def test_damaged_metadata_are_none(runs_folder: Path, described: RunSpec, content: bytes) -> None:
    run = store.create(runs_folder, described)
    run.metadata_file.write_bytes(content)
    assert metadata.read(run) == RunMetadata()


def test_a_link_is_not_followed(runs_folder: Path, described: RunSpec, tmp_path: Path) -> None:
    run = store.create(runs_folder, described)
    run.metadata_file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotOpened):
        metadata.read(run)


@pytest.mark.parametrize("wrong", [RunMetadata(tags=("two words",)), RunMetadata(name="n" * 201)])
def test_what_no_run_can_be_given_is_refused(runs_folder: Path, described: RunSpec, wrong: RunMetadata) -> None:
    run = store.create(runs_folder, described)
    with pytest.raises(RunError, match="cannot be described so"):
        metadata.write(run, wrong)
    assert not run.metadata_file.exists()
