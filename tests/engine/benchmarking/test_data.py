"""Reading the public benchmarks."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.benchmarking.data import nab_names, nab_series, skab_names, skab_run
from engine.errors import FileProblemError

SHARED = Path(__file__).resolve().parents[4] / "shared" / "datasets"
shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the public data sets are not beside the project")


def small_nab(folder: Path, rows: int = 200) -> Path:
    """Write two short NAB series in NAB's own layout, one with an anomaly that has a window."""
    rng = np.random.default_rng(1)
    (folder / "data" / "made").mkdir(parents=True)
    (folder / "labels").mkdir()
    for name in ("a", "b"):
        values = rng.normal(size=rows)
        values[150:155] += 20.0 * (name == "a")
        lines = [f"2014-04-{1 + i // 96:02d} {i % 96 // 4:02d}:{i % 4 * 15:02d}:00,{v}" for i, v in enumerate(values)]
        (folder / "data" / "made" / f"{name}.csv").write_text("timestamp,value\n" + "\n".join(lines))
    windows = {"made/a.csv": [["2014-04-02 13:00:00.000000", "2014-04-02 15:00:00.000000"]], "made/b.csv": []}
    (folder / "labels" / "combined_windows.json").write_text(json.dumps(windows))
    return folder


def small_skab(folder: Path, rows: int = 600) -> Path:
    """Write one short SKAB file: two sensors, a fault in the rows 500 to 580."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=(rows, 2))
    values[500:580] += 8.0
    lines = ["datetime;Pressure;Voltage;anomaly;changepoint"]
    for i, (a, b) in enumerate(values):
        truth = float(500 <= i < 580)
        lines.append(f"2020-03-09 10:{i // 60:02d}:{i % 60:02d};{a};{b};{truth};{float(i in (500, 580))}")
    (folder / "data" / "valve1").mkdir(parents=True)
    (folder / "data" / "anomaly-free").mkdir()
    (folder / "data" / "valve1" / "0.csv").write_text("\n".join(lines))
    (folder / "data" / "anomaly-free" / "anomaly-free.csv").write_text("datetime;Pressure;Voltage\n")
    return folder


def test_windows_in_nabs_own_layout_are_mapped_to_the_first_matching_row(tmp_path):
    folder = small_nab(tmp_path)

    assert nab_names(folder) == ["made/a.csv", "made/b.csv"]
    assert nab_series(folder, "made/a.csv").windows == ((148, 156),)
    assert nab_series(folder, "made/b.csv").windows == ()


def test_answers_are_not_part_of_a_skab_block(tmp_path):
    folder = small_skab(tmp_path)
    (name,) = skab_names(folder)

    run = skab_run(folder, name)

    assert run.block.sensors == ("Pressure", "Voltage")
    assert run.truth.sum() == 80
    assert np.flatnonzero(run.changepoints).tolist() == [500, 580]


@pytest.mark.parametrize("names", [nab_names, skab_names])
def test_an_empty_folder_is_refused(names, tmp_path):
    with pytest.raises(FileProblemError, match="name a folder laid out like"):
        names(tmp_path)


def test_a_cell_that_is_no_number_is_named(tmp_path):
    folder = small_nab(tmp_path)
    path = folder / "data" / "made" / "a.csv"
    path.write_text(path.read_text() + "\n2014-04-04 00:00:00,abc")

    with pytest.raises(FileProblemError, match="a value is no number"):
        nab_series(folder, "made/a.csv")


@shared
def test_the_shared_copies_have_50_and_28_files():
    assert len(nab_names(SHARED / "nab")) == 50
    assert len(skab_names(SHARED / "skab")) == 28
    assert sum(len(nab_series(SHARED / "nab", name).windows) for name in nab_names(SHARED / "nab")) == 99
