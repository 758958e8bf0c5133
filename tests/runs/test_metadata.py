"""Name, note and tags of a run: kept beside its description, read whatever stands there."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from workbench.config.spec import RunSpec
from workbench.runs import locations, metadata, store
from workbench.runs.folder import NotOpened, RunError
from workbench.runs.metadata import MetadataError, RunMetadata
from workbench.runs.run import Run
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


WRONG = {
    "name": [
        ("n" * 201, "has 201 characters: a run's name has 200 at most"),
        ("two\nlines", "one line"),
        ("last", "newest"),
    ],
    "note": [("n" * 20_001, "has 20,001 characters"), ("\udcff", "is not UTF-8")],
    "tag": [("two words", "no single word"), ("a,b", "no single word"), ("", "no single word"), ("t" * 61, "has 61")],
}


@pytest.mark.parametrize(
    ("kind", "text", "why"), [(kind, text, why) for kind, every in WRONG.items() for text, why in every]
)
def test_what_no_run_can_be_given_is_refused(kind: str, text: str, why: str) -> None:
    with pytest.raises(MetadataError, match=why) as said:
        metadata.edited(WHOLE, **({"add": [text]} if kind == "tag" else {kind: text}))
    assert str(said.value).startswith(f"The {kind} ")
    assert str(said.value).endswith(".")
    assert "\n" not in str(said.value)


def test_there_are_not_more_tags_than_can_be_shown() -> None:
    with pytest.raises(MetadataError, match="51 tags: a run has 50 at most"):
        metadata.edited(RunMetadata(), add=[f"tag{number}" for number in range(51)])


def test_nothing_wrong_is_written(runs_folder: Path, described: RunSpec) -> None:
    run = store.create(runs_folder, described)
    for wrong in (RunMetadata(tags=("two words",)), RunMetadata(name="n" * 201)):
        with pytest.raises(MetadataError):
            metadata.write(run, wrong)
    assert not run.metadata_file.exists()


def test_what_is_not_given_stays() -> None:
    assert metadata.edited(WHOLE) == WHOLE
    changed = metadata.edited(WHOLE, name=" \u200bnarrow ", add=["gpu", "late", "late"], remove=["draft", "none"])
    assert changed == RunMetadata(name="narrow", note=WHOLE.note, tags=("gpu", "late"), study="grid")
    assert metadata.edited(WHOLE, name="", note="").label == ""


@pytest.mark.parametrize(
    ("about", "label"),
    [
        (RunMetadata(), ""),
        (RunMetadata(name="wide"), "wide"),
        (RunMetadata(name="layers 2", study="grid"), "grid: layers 2"),
        (RunMetadata(study="grid"), ""),
    ],
)
def test_the_label_is_study_and_name(about: RunMetadata, label: str) -> None:
    assert about.label == label


def test_a_model_of_the_program_is_not_described(runs_folder: Path, described: RunSpec, monkeypatch) -> None:
    run = store.create(runs_folder / "pretrained", described, name="names-toy")
    monkeypatch.setattr(locations, "shipped", lambda: runs_folder / "pretrained")
    with pytest.raises(RunError, match="pretrained/names-toy came with the program"):
        metadata.write(run, WHOLE)
    assert not run.metadata_file.exists()


@budget(deadline=None, max_examples=60)
@given(st.text(max_size=300), st.text(max_size=50), st.lists(st.text(max_size=70), max_size=3))
def test_whatever_is_entered_is_refused_or_read_back(name: str, note: str, tags: list[str]) -> None:
    try:
        about = metadata.edited(RunMetadata(), name=name, note=note, add=tags)
    except MetadataError:
        return
    with TemporaryDirectory() as place:
        run = Run(Path(place))
        metadata.write(run, about)
        assert metadata.read(run) == about
