"""Folders as people download them: recognised, read, labels apart, provenance and licence noted."""

import json

import numpy as np
import pytest

from engine.errors import LabError
from engine.importing.formats import chosen_sensors, intervals, kind_of, read_folder
from engine.importing.licence import UNKNOWN, licence_of
from engine.importing.recording import different, load_recording, plain_name, recording_names, save_recording
from engine.records import SECOND_US, time_us

START = time_us("2026-01-05T08:00:00Z")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def nab(tmp_path):
    """Return a folder laid out as NAB's own repository."""
    rows = "".join(f"2026-01-05 08:{m:02d}:00,{m * 1.5}\n" for m in range(60))
    write(tmp_path / "NAB" / "data" / "real" / "cpu.csv", "timestamp,value\n" + rows)
    write(tmp_path / "NAB" / "data" / "real" / "disk.csv", "timestamp,value\n" + rows)
    windows = {"real/cpu.csv": [["2026-01-05 08:10:00", "2026-01-05 08:12:00"]], "real/disk.csv": []}
    write(tmp_path / "NAB" / "labels" / "combined_windows.json", json.dumps(windows))
    write(tmp_path / "NAB" / "LICENSE.txt", "MIT License\n\nCopyright Somebody\n")
    return tmp_path / "NAB"


@pytest.fixture
def skab(tmp_path):
    """Return a folder laid out as SKAB's."""
    head = "datetime;Pressure;Volume Flow RateRMS;anomaly;changepoint\n"
    rows = "".join(f"2026-01-05 08:00:{s:02d};{s};{60 - s};{float(20 <= s < 30)};{float(s == 20)}\n" for s in range(60))
    for name in ("valve1/0.csv", "valve1/1.csv", "valve2/0.csv"):
        write(tmp_path / "SKAB" / "data" / name, head + rows)
    return tmp_path / "SKAB"


@pytest.fixture
def secom(tmp_path):
    """Return SECOM's two files, small."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(40, 30))
    values[:, 3] = 1.0
    values[5:, 4] = np.nan
    rows = "\n".join(" ".join("NaN" if np.isnan(v) else f"{v:.3f}" for v in row) for row in values)
    write(tmp_path / "secom" / "secom.data", rows + "\n")
    labels = "\n".join(f'{1 if n == 7 else -1} "19/07/2008 {10 + n // 60:02d}:{n % 60:02d}:00"' for n in range(40))
    write(tmp_path / "secom" / "secom_labels.data", labels + "\n")
    return tmp_path / "secom"


@pytest.fixture
def kaggle(tmp_path):
    """Return a table as on Kaggle: two machines in a column, a label, a text, a time of its own kind."""
    head = "Date,Machine_ID,Air temperature [K],Torque [Nm],Machine failure,Remark\n"
    rows = "".join(
        f"2026-01-05T08:{m:02d}:00Z,M{k},{300 + m},{40 - m},{int(m > 50)},ok\n" for m in range(60) for k in (1, 2)
    )
    write(tmp_path / "kaggle" / "predictive.csv", head + rows)
    return tmp_path / "kaggle"


def only(folder, **options):
    (found,) = read_folder(folder, **options)
    return found


def test_each_kind_is_recognised(nab, skab, secom, kaggle):
    assert [kind_of(folder) for folder in (nab, skab, secom, kaggle)] == ["nab", "skab", "secom", "table"]


def test_each_nab_series_is_a_plant_with_its_windows_apart(nab):
    first, second = read_folder(nab)

    assert [one.recording.name for one in (first, second)] == ["nab_cpu", "nab_disk"]
    assert first.recording.machines == ("cpu",)
    assert first.recording.sensors == ("value",)
    assert first.answers == {"cpu": [(START + 600 * SECOND_US, START + 720 * SECOND_US + 1)]}
    assert second.answers == {}
    assert first.recording.origin.licence.startswith("MIT")


def test_the_experiments_of_skab_are_the_machines_of_one_plant(skab):
    found = only(skab)

    assert found.recording.machines == ("valve1-0", "valve1-1", "valve2-0")
    assert found.recording.sensors == ("pressure", "volume_flow_raterms")
    assert found.answers["valve2-0"] == [(START + 20 * SECOND_US, START + 30 * SECOND_US)]
    assert found.recording.step_us == SECOND_US


def test_labels_never_become_sensors(nab, skab, secom, kaggle):
    for folder in (nab, skab, secom, kaggle):
        for one in read_folder(folder):
            assert not {"anomaly", "changepoint", "machine_failure", "label"} & set(one.recording.sensors)


def test_secom_keeps_the_sensors_that_vary_and_reads_its_times(secom):
    found = only(secom, most_sensors=10)

    recording = found.recording
    assert len(recording.sensors) == 10
    assert "sensor_004" not in recording.sensors
    assert "sensor_005" not in recording.sensors
    assert recording.tracks[0].times_us[0] == time_us("2008-07-19T10:00:00Z")
    assert found.answers == {"line-1": [(time_us("2008-07-19T10:07:00Z"), time_us("2008-07-19T10:08:00Z"))]}
    assert "10 of 30 sensors" in recording.origin.notes[0]


def test_secom_without_its_labels_is_refused_with_the_cure(secom):
    (secom / "secom_labels.data").unlink()

    with pytest.raises(LabError, match="download both files"):
        only(secom)


def test_a_table_gives_the_machines_of_its_column_and_units_of_its_header(kaggle):
    found = only(kaggle)

    assert found.recording.machines == ("M1", "M2")
    assert found.recording.sensors == ("air_temperature", "torque")
    assert found.recording.units == ("K", "Nm")
    assert set(found.answers) == {"M1", "M2"}


def test_files_with_other_columns_are_other_plants(kaggle):
    write(kaggle / "other.csv", "time,rpm\n" + "".join(f"2026-01-05T08:{m:02d}:00Z,{m}\n" for m in range(30)))

    assert sorted(one.recording.name for one in read_folder(kaggle)) == ["kaggle_other", "kaggle_predictive"]


def test_a_pattern_chooses_files(nab):
    assert [one.recording.name for one in read_folder(nab, only="real/d*")] == ["nab"]
    with pytest.raises(LabError, match="no file fits"):
        list(read_folder(nab, only="unreal/*"))


def test_a_folder_without_data_is_refused(tmp_path):
    with pytest.raises(LabError, match=r"there is no \.csv"):
        kind_of(tmp_path)
    with pytest.raises(LabError, match="it is no folder"):
        kind_of(tmp_path / "missing")


def test_where_it_is_from_and_its_licence_are_kept(nab, tmp_path):
    first, _ = read_folder(nab)
    save_recording(first.recording, tmp_path, first.answers)

    back = load_recording(tmp_path, "nab_cpu")

    assert recording_names(tmp_path) == ("nab_cpu",)
    assert back.origin == first.recording.origin
    assert back.origin.files[0][0] == "data/real/cpu.csv"
    assert len(back.origin.files[0][1]) == 64
    assert back.origin.licence_file == "LICENSE.txt"
    np.testing.assert_array_equal(back.tracks[0].values, first.recording.tracks[0].values)


def test_no_licence_is_said_not_guessed(kaggle, tmp_path):
    assert licence_of(kaggle) == (UNKNOWN, "")


def test_a_changed_recording_is_refused(nab, tmp_path):
    first, _ = read_folder(nab)
    folder = save_recording(first.recording, tmp_path)
    (folder / "readings.npz").write_bytes(b"other")

    with pytest.raises(LabError, match="import it again"):
        load_recording(tmp_path, "nab_cpu")


def test_labels_lie_in_a_file_that_a_recording_never_holds(skab, tmp_path):
    found = only(skab)
    folder = save_recording(found.recording, tmp_path, found.answers)

    assert "answers" not in (folder / "about.json").read_text(encoding="utf-8")
    assert set(json.loads((folder / "answers.json").read_text(encoding="utf-8"))) == set(found.recording.machines)
    assert not hasattr(load_recording(tmp_path, found.recording.name), "answers")


@pytest.mark.parametrize(
    ("text", "name"),
    [("Volume Flow RateRMS", "volume_flow_raterms"), ("1st", "s_1st"), ("°%", "sensor"), ("a" * 90, "a" * 40)],
)
def test_names_become_plain(text, name):
    assert plain_name(text, "sensor") == name


def test_names_stay_different():
    assert different(["a", "a", "b", "a"]) == ["a", "a_2", "b", "a_3"]


def test_labelled_stretches_are_half_open():
    times = np.arange(6, dtype=np.int64) * SECOND_US

    found = intervals(times, np.array([True, False, False, True, True, True]))

    assert found == [(0, SECOND_US), (3 * SECOND_US, 6 * SECOND_US)]


def test_a_sensor_that_never_varies_goes_first():
    values = np.array([[1.0, 1.0, np.nan], [1.0, 2.0, 3.0], [1.0, 3.0, 4.0]])

    assert chosen_sensors(values, 1) == [1]
    assert chosen_sensors(values, 5) == [1, 2]
