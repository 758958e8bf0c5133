"""A series in any usual encoding: the same columns and readings, told where bytes alone tell it."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest
from climate_files import course, hours

from tasks.base import DataError
from tasks.climate import own_series, readings, sample
from tasks.climate.settings import Settings

CHINESE, WESTERN = "温度", "Außenluft"


def written(path: Path, name: str, encoding: str, count: int = 300) -> list[float]:
    values = course(count).tolist()
    rows = [f"{t:%Y-%m-%d %H:%M},{value}" for t, value in zip(hours(count), values, strict=True)]
    path.write_bytes("\n".join([f"when,{name}", *rows, ""]).encode(encoding))
    return values


@pytest.mark.parametrize(
    ("name", "encoding", "told"),
    [
        (CHINESE, "utf-8", []),
        (CHINESE, "utf-8-sig", []),
        (CHINESE, "utf-16", []),
        (CHINESE, "utf-32", []),
        (CHINESE, "gb18030", ["own.csv is read as GB18030: save it as UTF-8 if names look wrong."]),
        (WESTERN, "latin-1", ["own.csv is read as Windows-1252: save it as UTF-8 if names look wrong."]),
        ("T (€)", "cp1252", ["own.csv is read as Windows-1252: save it as UTF-8 if names look wrong."]),
    ],
)
@pytest.mark.parametrize("large", [False, True], ids=["whole", "in pieces"])
def test_columns_and_readings_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, encoding: str, told: list[str], *, large: bool
) -> None:
    if large:
        monkeypatch.setattr(sample, "_WHOLE", 0)
        monkeypatch.setattr(sample, "_PIECE", 500)
    values = written(tmp_path / "own.csv", name, encoding)
    settings = Settings(**{**Settings.guess({"csv": str(tmp_path / "own.csv")}), "csv": str(tmp_path / "own.csv")})
    assert (settings.time_column, settings.target, settings.columns[-1]) == ("when", name, name)
    assert own_series.encoding(settings) == told
    assert readings.read([tmp_path / "own.csv"], [name], "when").values[:, 0].tolist() == values


@pytest.mark.parametrize("ending", ["gz", "zip"])
def test_packed_gb18030_is_read_too(tmp_path: Path, ending: str) -> None:
    values = written(tmp_path / "own.csv", CHINESE, "gb18030")
    content, packed = (tmp_path / "own.csv").read_bytes(), tmp_path / f"packed.{ending}"
    if ending == "gz":
        packed.write_bytes(gzip.compress(content))
    else:
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("own.csv", content)
    assert readings.read([packed], [CHINESE], "when").values[:, 0].tolist() == values
    assert Settings.guess({"csv": str(packed)})["target"] == CHINESE


@pytest.mark.parametrize("large", [False, True], ids=["whole", "in pieces"])
def test_a_fault_in_utf_8_names_its_line_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, large: bool
) -> None:
    path = tmp_path / "own.csv"
    written(path, CHINESE, "utf-8")
    lines = path.read_bytes().split(b"\n")
    lines[0] += "，雨量、风速、湿度、气压、日照、云量".encode()
    lines[200] += b"\xff"
    path.write_bytes(b"\n".join(lines))
    if large:
        monkeypatch.setattr(sample, "_WHOLE", 0)
        monkeypatch.setattr(sample, "_PIECE", 500)
        assert sample.take(path) is not None  # some of the file says nothing of a line
    with pytest.raises(DataError, match=r"own\.csv, line 201: bytes that are not UTF-8.*, or save it as UTF-8\.$"):
        readings.read([path], [CHINESE], "when")


@pytest.mark.parametrize("large", [False, True], ids=["whole", "in pieces"])
def test_utf_16_without_a_mark_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, large: bool) -> None:
    if large:
        monkeypatch.setattr(sample, "_WHOLE", 0)
        monkeypatch.setattr(sample, "_PIECE", 500)
    written(tmp_path / "own.csv", "t", "utf-16-le")
    with pytest.raises(DataError, match=r"seems to be UTF-16 text without a mark: save it as UTF-8\.$"):
        Settings.guess({"csv": str(tmp_path / "own.csv")})


def test_a_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "own.csv", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(DataError, match=r"own\.csv is an Excel workbook: save its sheet as CSV\.$"):
        Settings.guess({"csv": str(tmp_path / "own.csv")})
