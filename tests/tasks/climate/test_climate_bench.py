"""Tables of the climate bench: a method's figures stand by their fold, and none may be missing."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tasks.climate.baseline_metrics import RIDGE, RIDGE_AT_EDGE

FILE = Path(__file__).parents[3] / "bench" / "climate.py"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the bench, its runs' histories made up: a method's RMSE is 10 for the usual split, 11 for fold 1, …."""
    found = importlib.util.spec_from_file_location("bench_climate", FILE)
    assert found
    assert found.loader
    monkeypatch.setattr(sys, "path", [*sys.path, str(FILE.parent)])  # last, as where it is run
    module = importlib.util.module_from_spec(found)
    monkeypatch.setitem(sys.modules, "bench_climate", module)
    found.loader.exec_module(module)
    monkeypatch.setattr(module, "run_of", lambda *_, fold: SimpleNamespace(events_file=fold))
    monkeypatch.setattr(module, "metrics_of", lambda history, split: {"rmse_c": 5.0 + history.fold})
    return module


def cross_validate(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, names: list[str], heads: Sequence[str] = ("residual",)
) -> Any:
    def history(fold: int) -> Any:
        methods = {split: {names[fold]: {"rmse_c": 10.0 + fold}} for split in ("val", "test")}
        return SimpleNamespace(fold=fold, baseline=SimpleNamespace(methods=methods))

    monkeypatch.setattr(bench, "read_history", history)
    return bench.cross_validate(argparse.Namespace(cells=["gru", "lstm"], heads=heads, folds=len(names) - 1, seeds=2))


def test_a_regression_whose_penalty_is_at_the_grids_end_is_the_same_method(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = cross_validate(bench, monkeypatch, [RIDGE, RIDGE, RIDGE_AT_EDGE, RIDGE])
    one = {"usual": 10.0, "folds": [11.0, 12.0, 13.0]}
    assert figures["rmse_c"][RIDGE] == {"val": one, "test": one}
    assert figures["rmse_c"]["lstm"]["test"] == {"usual": 5.0, "folds": [6.0, 7.0, 8.0]}
    assert set(figures["rmse_c"]) == {RIDGE, "gru", "lstm"}
    assert f"{RIDGE_AT_EDGE}: fold 2\n" in capsys.readouterr().out


def test_a_method_without_figures_for_a_fold_ends_the_bench(bench: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"ridge has no figures for fold 2 \(0: the usual split\)"):
        cross_validate(bench, monkeypatch, [RIDGE, RIDGE, "last value", RIDGE])


def test_a_head_of_a_preset_has_a_line_of_its_own(bench: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = cross_validate(bench, monkeypatch, [RIDGE, RIDGE, RIDGE], ["residual", "strong"])
    assert set(figures["rmse_c"]) == {RIDGE, "gru", "lstm", "gru, strong", "lstm, strong"}


def test_a_paired_gain_is_drawn_in_blocks_of_a_folds_days(bench: ModuleType) -> None:
    """Two folds of eight days with four windows each: day d of fold 1 gains d, of fold 2 a hundred more."""
    days = np.repeat(np.arange(20_000, 20_008), 4)
    folds = {
        number: bench.FoldErrors(
            network=np.full(32, 10.0), baselines={RIDGE: 10.0 + more + days - 20_000}, days=days + 50 * number
        )
        for number, more in ((1, 0), (2, 100))
    }
    daily, longer, single = (bench.paired_gain(folds, RIDGE, days=count) for count in (1, 3, 8))
    for found in (daily, longer, single):
        assert found["gain_c2"] == pytest.approx(53.5)
        assert found["by_fold_c2"] == pytest.approx([3.5, 103.5])
        assert (found["mse_c2"], found["baseline_mse_c2"]) == pytest.approx((10.0, 63.5))
        assert found["gain_share"] == pytest.approx(53.5 / 63.5)
        assert found["interval_c2"][0] < 53.5 < found["interval_c2"][1]
    assert [found["blocks"] for found in (daily, longer, single)] == [16, 6, 2]
    assert single["interval_c2"] == pytest.approx([3.5, 103.5])  # two blocks: both drawn from either fold
    assert np.diff(longer["interval_c2"]) > np.diff(daily["interval_c2"])
