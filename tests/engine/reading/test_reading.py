"""A stranger's CSV is recognised, and every mend, choice and loss is said with its lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import FileProblemError
from engine.reading.choices import Choices
from engine.reading.evidence import CANNOT_USE, CHOOSE, FIXED
from engine.reading.profile import profile_of
from engine.reading.series import Table, table_of
from engine.records import time_us

SHARED = Path(__file__).resolve().parents[4] / "shared" / "datasets"


def read(path: Path, choices: Choices | None = None) -> Table:
    profile = profile_of(path)
    try:
        return table_of(profile.with_choices(choices) if choices else profile)
    finally:
        profile.close()


def problems(path: Path, group: str) -> list[str]:
    profile = profile_of(path)
    try:
        return [p.text for p in [*profile.problems, *table_of(profile).problems] if p.group == group]
    finally:
        profile.close()


def write(folder: Path, text: str, name: str = "upload.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


GUIDE = """timestamp,machine_id,maintenance_status,temperature,vibration,hour,anomaly_label,anomaly_type
2026-01-05T00:00:00,MACHINE_001,operational,72.5,4.2,0,0,normal
2026-01-05T00:00:00,MACHINE_002,operational,71.0,4.0,0,1,oil_leak
2026-01-05T00:00:01,MACHINE_001,operational,72.6,4.3,0,0,normal
2026-01-05T00:00:01,MACHINE_002,operational,71.1,4.1,0,1,oil_leak
"""


def test_the_guides_format_gives_one_block_per_machine_without_labels(tmp_path: Path) -> None:
    """A label in the file must not reach a detector, and the calendar is no sensor."""
    table = read(write(tmp_path, GUIDE))

    assert table.machines == ("MACHINE_001", "MACHINE_002")
    assert table.sensors == ("temperature", "vibration")
    assert table.blocks[1].values[:, 0].tolist() == [[71.0, 4.0], [71.1, 4.1]]
    assert table.blocks[0].times_us[0] == time_us("2026-01-05T00:00:00Z")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_recognised(tmp_path: Path, delimiter: str) -> None:
    table = read(write(tmp_path, GUIDE.replace(",", delimiter)))

    assert table.sensors == ("temperature", "vibration")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_the_encoding_is_recognised(tmp_path: Path, encoding: str) -> None:
    text = "time;Temperatur [°C];Größe\n2026-01-05 00:00:00;1,5;3\n2026-01-05 00:00:01;2,5;4\n"

    table = read(write(tmp_path, text, encoding=encoding))

    assert table.sensors == ("Temperatur", "Größe")
    assert table.units == ("°C", "")
    assert table.blocks[0].values[:, 0, 0].tolist() == [1.5, 2.5]


def test_decimals_that_begin_late_are_not_rounded(tmp_path: Path) -> None:
    """A reader that chooses types from a sample of 20,480 rows turns 70.5 into 71 without a word."""
    rows = [f"{i},{i % 7}" for i in range(25_000)] + ["25000,70.5", "25001,3.25"]

    table = read(write(tmp_path, "time,value\n" + "\n".join(rows) + "\n"))

    assert table.blocks[0].values[-2:, 0, 0].tolist() == [70.5, 3.25]


def test_a_unit_row_is_no_reading(tmp_path: Path) -> None:
    table = read(write(tmp_path, "time,p,t\n,bar,°C\n2026-01-05 00:00:00,1,2\n2026-01-05 00:00:01,1,3\n"))

    assert table.n_rows == 2
    assert table.units == ("bar", "°C")


def test_comment_lines_above_the_header_are_skipped(tmp_path: Path) -> None:
    table = read(
        write(tmp_path, "# exported by X\n# on Monday\n\ntime,p\n2026-01-05 00:00:00,1\n2026-01-05 00:00:01,2\n")
    )

    assert table.n_rows == 2
    assert table.lines.tolist() == [5, 6]


def test_a_file_without_header_and_time_is_read_one_second_apart(tmp_path: Path) -> None:
    path = write(tmp_path, "1.0,2.0\n1.5,2.5\n1.6,2.6\n")

    table = read(path)

    assert table.sensors == ("column_1", "column_2")
    assert np.diff(table.blocks[0].times_us).tolist() == [1_000_000, 1_000_000]
    assert any("one second apart" in text for text in problems(path, FIXED))


def test_bad_cells_are_counted_with_their_lines(tmp_path: Path) -> None:
    rows = [
        "2026-01-05 00:00:00,1",
        "2026-01-05 00:00:01,ERROR",
        "2026-01-05 00:00:02,inf",
        "2026-01-05 00:00:03,",
        "2026-01-05 00:00:04,5",
    ]
    profile = profile_of(write(tmp_path, "time,temperature\n" + "\n".join(rows) + "\n"))

    try:
        bad = next(p for p in profile.problems if "no numbers" in p.text)
        values = table_of(profile).blocks[0].values[:, 0, 0]
    finally:
        profile.close()

    assert "2 of 5 cells in temperature" in bad.text
    assert "'ERROR'" in bad.text
    assert bad.lines == (3, 4)
    assert np.isnan(values).tolist() == [False, True, True, True, False]


def test_rows_of_the_wrong_length_are_left_out_and_counted(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "time,a,b\n2026-01-05 00:00:00,1,2\n2026-01-05 00:00:01,1\n2026-01-05 00:00:02,1,2,3\n2026-01-05 00:00:03,4,5\n",  # noqa: E501
    )

    table = read(path)

    assert table.lines.tolist() == [2, 5]
    assert any("2 lines do not have 3 fields" in text for text in problems(path, CANNOT_USE))


def test_an_ambiguous_date_is_asked_about_and_the_answer_counts(tmp_path: Path) -> None:
    path = write(tmp_path, "time,v\n03/04/2026 00:00:00,1\n03/04/2026 00:00:01,2\n")

    as_april = read(path)
    as_march = read(path, Choices(day_first=False))

    assert any("choose which" in text for text in problems(path, CHOOSE))
    assert as_april.blocks[0].times_us[0] == time_us("2026-04-03T00:00:00Z")
    assert as_march.blocks[0].times_us[0] == time_us("2026-03-04T00:00:00Z")


def test_a_date_above_twelve_settles_the_order(tmp_path: Path) -> None:
    path = write(tmp_path, "time,v\n03/04/2026 00:00:00,1\n13/04/2026 00:00:00,2\n")

    assert any("day first" in text for text in problems(path, FIXED))


@pytest.mark.parametrize(
    ("first", "step"), [(1_767_571_200, 1), (1_767_571_200_000, 1000), (1_767_571_200_000_000, 1_000_000)]
)
def test_epoch_numbers_are_read_in_their_unit(tmp_path: Path, first: int, step: int) -> None:
    table = read(write(tmp_path, f"timestamp,v\n{first},1\n{first + step},2\n{first + 2 * step},2\n"))

    assert table.blocks[0].times_us[0] == time_us("2026-01-05T00:00:00Z")
    assert np.diff(table.blocks[0].times_us).tolist() == [1_000_000, 1_000_000]


def test_an_offset_is_honoured(tmp_path: Path) -> None:
    table = read(write(tmp_path, "time,v\n2026-01-05T02:00:00+02:00,1\n2026-01-05T02:00:01+02:00,2\n"))

    assert table.blocks[0].times_us[0] == time_us("2026-01-05T00:00:00Z")


def test_rows_out_of_order_and_doubled_are_sorted_and_said(tmp_path: Path) -> None:
    path = write(tmp_path, "time,v\n2026-01-05 00:00:02,3\n2026-01-05 00:00:00,1\n2026-01-05 00:00:00,2\n")

    table = read(path)

    assert table.blocks[0].values[:, 0, 0].tolist() == [1.0, 2.0, 3.0]
    assert table.rows[0].tolist() == [1, 2, 0]
    assert any("back in time" in text for text in problems(path, FIXED))
    assert any("share their time" in text for text in problems(path, FIXED))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (b"a,b\n", "header but no readings"),
        (b"a,b\nx,y\nz,w\n", "no column holds numbers"),
        (b"PK\x03\x04rest", "Excel or zip"),
        (b"\x00\x01\x02\x03binary", "binary"),
        (b"PAR1data", "Parquet"),
    ],
)
def test_a_file_of_no_use_is_refused_in_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)

    with pytest.raises(FileProblemError, match=words) as caught:
        profile_of(path)

    assert "bad.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblemError, match="no such file"):
        profile_of(tmp_path / "nowhere.csv")


def test_quoted_cells_keep_their_delimiters(tmp_path: Path) -> None:
    table = read(
        write(tmp_path, 'time,machine,v\n2026-01-05 00:00:00,"pump, left",1\n2026-01-05 00:00:01,"pump, left",2\n')
    )

    assert table.machines == ("pump, left",)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared datasets")
def test_skab_and_nab_files_are_read_as_they_are() -> None:
    skab = read(SHARED / "skab/data/valve1/0.csv")
    nab = read(SHARED / "nab/data/realKnownCause/nyc_taxi.csv")

    assert len(skab.sensors) == 8
    assert skab.n_rows == 1147
    assert nab.sensors == ("value",)
    assert nab.n_rows == 10_320


def test_many_rows_and_columns_come_back_in_the_order_of_the_file(tmp_path):
    """Columns are fetched in groups and rows without a sort: neither may show."""
    n_rows, n_columns = 260_000, 20
    head = ",".join(f"s{at}" for at in range(n_columns))
    rest = ",".join("1" for _ in range(n_columns - 2))
    path = write(tmp_path, head + "\n" + "".join(f"{row},{rest},{-row}\n" for row in range(n_rows)))

    values = read(path).blocks[0].values[:, 0]

    np.testing.assert_array_equal(np.arange(n_rows), values[:, 0])
    np.testing.assert_array_equal(-np.arange(n_rows), values[:, -1])
    assert (values[:, 1:-1] == 1.0).all()


def test_words_and_infinities_among_numbers_are_counted_once_each(tmp_path):
    """Both are read as missing, and the report says how many there were and where the first stood."""
    path = write(tmp_path, "temperature\n1\ninf\nERROR\n-\nnan\n2\n3\n4\n")

    said = problems(path, FIXED)

    assert any("2 of 8 cells in temperature are no numbers (the first says 'inf')" in text for text in said)
    assert any("2 cells in temperature are missing" in text for text in said)
    assert [v for v in read(path).blocks[0].values.ravel() if np.isfinite(v)] == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("cp1251", "время;температура;давление"),
        ("koi8_r", "время;температура;давление"), ("shift_jis", "時刻;温度;圧力"),
        ("gb18030", "时间;温度;压力"), ("euc_kr", "시간;온도;압력"), ("cp850", "Zeit;Temp [°C];Druck"),
    ],
)  # fmt: skip
def test_names_in_other_alphabets_are_read_in_old_encodings(tmp_path: Path, encoding: str, head: str) -> None:
    rows = "".join(f"2026-01-05 00:00:{i:02d};{i % 7}.5;{i % 5}\n" for i in range(40))

    table = read(write(tmp_path, head + "\n" + rows, encoding=encoding))

    assert table.sensors == tuple(name.removesuffix(" [°C]") for name in head.split(";")[1:])


def test_a_flag_that_is_set_where_readings_are_far_out_is_an_answer_not_a_quality(tmp_path: Path) -> None:
    rows = "".join(f"2026-01-05 00:00:{i:02d},{20 + i % 7 + 90 * (i > 50)}.5,{int(i > 50)}\n" for i in range(60))
    profile = profile_of(write(tmp_path, "time,load,flag\n" + rows))

    assert [column.name for column in profile.of_role("label")] == ["flag"]
