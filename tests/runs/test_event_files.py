"""Event files for TensorBoard, read back record by record."""

from __future__ import annotations

import builtins
import math
import struct
from pathlib import Path

import event_makers as make
import msgspec
import pytest

from workbench.runs import event_files, metadata
from workbench.runs.events import Event, encode
from workbench.runs.folder import RunError
from workbench.runs.metadata import RunMetadata
from workbench.runs.run import Run

LIVED: list[Event] = [
    make.started(),
    make.step(10),
    msgspec.structs.replace(make.step(11), loss=None),
    make.evaluation(10, 0.75),
    msgspec.structs.replace(make.evaluation(11), train={"accuracy": 0.875}),
    make.finished(12),
]


@pytest.fixture
def written() -> None:
    """What writes the files is an extra."""
    pytest.importorskip("tensorboardX")


def lived(run: Run, *events: Event) -> Run:
    run.events_file.write_bytes(b"".join(map(encode, events or LIVED)))
    return run


def read(path: Path) -> list:
    """Return the events of a file; their checksums are right."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import masked_crc32c

    content, found = path.read_bytes(), []
    while content:
        size = struct.unpack("<Q", content[:8])[0]
        data, rest = content[12 : 12 + size], content[16 + size :]
        assert struct.unpack("<I", content[8:12])[0] == masked_crc32c(content[:8])
        assert struct.unpack("<I", content[12 + size : 16 + size])[0] == masked_crc32c(data)
        found.append(Event.FromString(data))
        content = rest
    return found


def scalars(events: list) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for event in events:
        for value in event.summary.value:
            if value.WhichOneof("value") == "simple_value":
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def texts(events: list) -> dict[str, str]:
    return {
        value.tag.removesuffix("/text_summary"): value.tensor.string_val[0].decode()
        for event in events
        for value in event.summary.value
        if value.metadata.plugin_data.plugin_name == "text"
    }


@pytest.mark.usefixtures("written")
def test_the_curves_and_the_test_are_there(run: Run, tmp_path: Path) -> None:
    (path,) = event_files.write([lived(run)], tmp_path / "board")
    assert path == tmp_path / "board" / run.id / event_files.FILE
    events = read(path)
    assert events[0].file_version == "brain.Event:2"
    found = scalars(events)
    assert found["val/accuracy"] == [(10, 0.75), (11, 0.5)]
    assert found["train_sample/accuracy"] == [(11, 0.875)]
    assert found["test/accuracy"] == [(12, 0.5)]
    (first, loss), (second, not_finite) = found["train/loss"]
    assert (first, loss, second) == (10, make.step(10).loss, 11)
    assert math.isnan(not_finite)
    assert [step for step, _ in found["train/lr"]] == [step for step, _ in found["train/gradient_norm"]] == [10, 11]
    assert {event.wall_time for event in events} <= {event.time for event in LIVED}


@pytest.mark.usefixtures("written")
def test_settings_note_and_network_are_texts_and_settings_are_hyperparameters(run: Run, tmp_path: Path) -> None:
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

    metadata.write(run, RunMetadata(name="a|b", note="**bold** \x1b[31m", study="grid"))
    run.network_file.write_text("LSTM(3, 4)\n  (x)")
    events = read(event_files.write([lived(run)], tmp_path)[0])
    told = texts(events)
    assert "| cell.hidden | 4 |" in told["settings"].splitlines()
    assert "| name | grid: a\\|b |" in told["settings"].splitlines()
    assert told["note"] == "**bold** \x1b[31m"
    assert told["network"] == "    LSTM(3, 4)\n      (x)"
    values = {value.tag: value for event in events for value in event.summary.value}
    assert "_hparams_/session_end_info" in values
    about = values["_hparams_/session_start_info"].metadata.plugin_data
    hparams = HParamsPluginData.FromString(about.content).session_start_info.hparams
    assert (about.plugin_name, hparams["cell"].string_value, hparams["cell.hidden"].number_value) == (
        "hparams",
        "lstm",
        4,
    )
    assert hparams["cell.bidirectional"].WhichOneof("kind") == "bool_value"
    assert hparams["name"].string_value == "grid: a|b"


@pytest.mark.usefixtures("written")
def test_written_again_a_file_is_replaced(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        (path,) = event_files.write([lived(run)], tmp_path)
    assert [file.name for file in path.parent.iterdir()] == [event_files.FILE]
    assert scalars(read(path))["test/accuracy"] == [(12, 0.5)]
    before = path.read_bytes()
    lived(run, make.started(), make.step(10), make.evaluation(10, 0.75))  # it goes on elsewhere, with other events
    (path,) = event_files.write([run], tmp_path)
    assert path.read_bytes() != before
    assert "test/accuracy" not in scalars(read(path))
    assert not any("session_end_info" in value.tag for event in read(path) for value in event.summary.value)


@pytest.mark.usefixtures("written")
def test_what_cannot_be_written_is_said_before_anything_is(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no figures yet: let it train first"):
        event_files.write([run], tmp_path / "board")
    lived(run)
    twin = Run(tmp_path / "elsewhere" / run.id)
    twin.path.mkdir(parents=True)
    twin.spec_file.write_bytes(run.spec_file.read_bytes())
    lived(twin)
    with pytest.raises(RunError, match="Two of these runs are called"):
        event_files.write([run, twin], tmp_path / "board")
    with pytest.raises(RunError, match="holds the runs themselves: name another folder"):
        event_files.write([run], run.path.parent)
    assert not (tmp_path / "board").exists()
    (tmp_path / "board").write_text("")
    with pytest.raises(RunError, match="cannot be written: "):
        event_files.write([run], tmp_path / "board")


def test_where_the_extra_is_missing_the_sentence_names_it(run: Run, tmp_path: Path, monkeypatch) -> None:
    genuine = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith("tensorboardX"):
            raise ImportError(name)
        return genuine(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RunError) as said:
        event_files.write([lived(run)], tmp_path / "board")
    assert str(said.value).endswith("`pip install 'workbench-rnn[tensorboard]'` installs it.")
    assert not (tmp_path / "board").exists()
