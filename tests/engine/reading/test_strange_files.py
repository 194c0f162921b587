"""What people really drop: each file gives a right result, or one sentence with its place and its cure."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from engine.errors import FileProblemError
from engine.reading.evidence import CANNOT_USE, FIXED
from engine.records import time_us
from tests.engine.reading.test_reading import problems, read, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BEGIN = datetime(2026, 1, 5)
ROWS = 40


def at(row: int, pattern: str = "%Y-%m-%d %H:%M:%S") -> str:
    return (BEGIN + timedelta(seconds=10 * row)).strftime(pattern)


def table(
    when: Callable[[int], object] = at,
    number: Callable[[float], str] = "{:.2f}".format,
    mark: str = ",",
    head: tuple[str, ...] = ("timestamp", "temperature"),
) -> str:
    """Return a file of 40 readings from 70.00 upwards in steps of 0.25, ten seconds apart."""
    lines = [mark.join(head), *(f"{when(row)}{mark}{number(70 + row / 4)}" for row in range(ROWS))]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "when",
    [
        lambda row: at(row, "%d-%b-%Y %H:%M:%S"),
        lambda row: at(row, '"%a, %d %b %Y %H:%M:%S GMT"'),
        lambda row: at(row, "%Y%m%dT%H%M%S"),
        lambda row: f"{(BEGIN - datetime(1899, 12, 30)) / timedelta(days=1) + row / 8640:.9f}",
    ],
    ids=["month by name", "mail header", "compact ISO", "Excel's day numbers"],
)
def test_a_time_is_read_however_it_is_written(tmp_path: Path, when: Callable[[int], str]) -> None:
    block = read(write(tmp_path, table(when))).blocks[0]

    assert time_us("2026-01-05T00:00:00Z") == block.times_us[0]
    assert time_us("2026-01-05T00:06:30Z") == block.times_us[-1]


@pytest.mark.parametrize("pattern", ["%m/%d/%Y %I:%M:%S %p", "%d.%m.%y %H:%M"])
def test_half_days_and_short_years_are_read(tmp_path: Path, pattern: str) -> None:
    block = read(write(tmp_path, table(lambda row: (BEGIN + timedelta(hours=18 * row)).strftime(pattern)))).blocks[0]

    assert time_us("2026-01-05T18:00:00Z") == block.times_us[1]
    assert time_us("2026-02-03T06:00:00Z") == block.times_us[-1]


def test_date_and_time_in_two_columns_belong_together(tmp_path: Path) -> None:
    text = table(lambda row: at(row, "%Y-%m-%d,%H:%M:%S"), head=("Date", "Time", "temperature"))

    block = read(write(tmp_path, text)).blocks[0]

    assert time_us("2026-01-05T00:06:30Z") == block.times_us[-1]
    assert block.sensors == ("temperature",)


def test_times_of_day_without_a_date_pass_midnight(tmp_path: Path) -> None:
    text = table(lambda row: (BEGIN + timedelta(hours=9 * row)).strftime("%H:%M:%S"), head=("time", "temperature"))

    times = read(write(tmp_path, text)).blocks[0].times_us

    assert (times[1:] - times[:-1]).tolist() == [9 * 3600 * 1_000_000] * (ROWS - 1)


def test_seconds_from_the_start_are_a_time_and_a_row_number_is_nothing(tmp_path: Path) -> None:
    text = table(lambda row: f"{row},{row * 0.5}", head=("", "t", "T"))

    found = read(write(tmp_path, text))

    assert found.sensors == ("T",)
    assert found.blocks[0].times_us[1] - found.blocks[0].times_us[0] == 500_000


def test_a_zone_in_a_word_is_honoured(tmp_path: Path) -> None:
    block = read(write(tmp_path, table(lambda row: f"{at(row)} CEST"))).blocks[0]

    assert time_us("2026-01-04T22:00:00Z") == block.times_us[0]


def test_a_time_that_cannot_be_read_is_said_with_its_cure(tmp_path: Path) -> None:
    found = problems(write(tmp_path, table(lambda row: f"shift {'ABCDEFGH'[row % 8]}{row}")), CANNOT_USE)

    assert found == ["Column timestamp should hold times, but 'shift A0' cannot be read; write 2026-01-31T12:00:00Z."]


def test_a_year_that_no_calendar_has_is_no_time(tmp_path: Path) -> None:
    times = read(write(tmp_path, table(lambda row: "0000-01-01 00:00:00" if row == 3 else at(row)))).blocks[0].times_us

    assert len(times) == ROWS - 1


@pytest.mark.parametrize(
    ("number", "mark", "first"),
    [
        (lambda x: f'"{1e6 + x:,.2f}"', ",", 1_000_070.0),
        (lambda x: f"{1e6 + x:,.2f}".translate(str.maketrans(",.", ".,")), ";", 1_000_070.0),
        (lambda x: f"{1e6 + x:,.2f}".replace(",", "'"), ",", 1_000_070.0),
        (lambda x: f"{1e6 + x:,.2f}".replace(",", "\u202f").replace(".", ","), ";", 1_000_070.0),
        (lambda x: f'"{x:.2f}"'.replace(".", ","), ",", 70.0),
        (lambda x: f"−{x:.2f}", ",", -70.0),
    ],
    ids=["1,000.0", "1.000,0", "1'000.0", "1 000,0", "quoted decimal comma", "long minus"],
)
def test_a_number_is_read_however_it_is_written(
    tmp_path: Path, number: Callable[[float], str], mark: str, first: float
) -> None:
    values = read(write(tmp_path, table(number=number, mark=mark))).blocks[0].values[:, 0, 0]

    assert first == values[0]
    assert len(set(values.tolist())) == ROWS


def test_a_decimal_point_stays_one_beside_decimal_commas(tmp_path: Path) -> None:
    """Taking every point for a mark between thousands would make 1.5 out of 15."""
    text = "timestamp;a;b;c\n" + "".join(f"{at(row)};1.5;2,5;3,5\n" for row in range(ROWS))

    values = read(write(tmp_path, text)).blocks[0].values[:, 0]

    assert values[0].tolist() == [1.5, 2.5, 3.5]


def test_lines_above_the_header_are_skipped_and_said(tmp_path: Path) -> None:
    path = write(tmp_path, "Report of pump 7\nOwner: works\n" + table())

    assert read(path).sensors == ("temperature",)
    assert problems(path, FIXED) == ["2 lines above the header are no table; they were skipped."]


def test_the_line_that_excel_writes_for_itself_names_the_delimiter(tmp_path: Path) -> None:
    found = read(write(tmp_path, "sep=;\n" + table(mark=";")))

    assert found.sensors == ("temperature",)
    assert found.n_rows == ROWS


def test_one_reading_a_line_becomes_a_column_of_its_sensor(tmp_path: Path) -> None:
    lines = [f"{at(row)},{name},{value}" for row in range(ROWS) for name, value in (("a", 1.0), ("b", 50.0 + row))]

    found = read(write(tmp_path, "timestamp,sensor,value\n" + "\n".join(lines)))

    assert found.sensors == ("a", "b")
    assert found.blocks[0].values[:, 0].tolist() == [[1.0, 50.0 + row] for row in range(ROWS)]


def test_fields_parted_by_blanks_are_read(tmp_path: Path) -> None:
    found = read(write(tmp_path, table(mark="  ", when=lambda row: row)))

    assert found.sensors == ("temperature",)
    assert found.n_rows == ROWS


def test_a_unit_in_the_cells_is_taken_off(tmp_path: Path) -> None:
    found = read(write(tmp_path, table(number="{:.1f} °C".format)))

    assert found.units == ("°C",)
    assert found.blocks[0].values[0, 0, 0] == 70.0


def test_a_number_too_large_to_square_is_missing(tmp_path: Path) -> None:
    path = write(tmp_path, table(number=lambda x: f"{x}e200" if x > 79 else f"{x}"))

    assert problems(path, FIXED) == [
        "3 of 40 cells in temperature are no numbers (the first says '7.925e+201'); they are read as missing."
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
        (b"PK\x03\x04" + bytes(100), "Excel or zip"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], "the gzip file is cut off"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b'[{"t": 1, "v": 2}', "no complete JSON"),
        (table().replace("70.75", '"70.75').encode(), "line 5: a quotation mark is opened and never closed"),
        (table().replace("70.75", "70\x0075").encode(), "line 5: there is a zero byte"),
        (table().encode() * 100 + b"\x00", "line 4101: there is a zero byte"),
        (table(number=lambda x: "much").encode(), "no column holds numbers (the first row says 'much')"),
        (b"\xef\xbb\xbf\n", "the file is empty"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_named_with_its_cure(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "strange.csv"
    path.write_bytes(content)

    with pytest.raises(FileProblemError) as refused:
        read(path)

    assert str(refused.value).startswith("strange.csv")
    assert words in str(refused.value)
    assert "; " in str(refused.value)


def test_a_file_that_may_not_be_read_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, table())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)

    with pytest.raises(FileProblemError, match="it cannot be read \\(Permission denied\\); check its permissions"):
        read(path)
