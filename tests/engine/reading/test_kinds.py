# ruff: noqa: E501
"""The eleven kinds of faults of the review, with random names in random languages: each is read as a person reads it."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.errors import FileProblemError
from engine.reading.choices import Choices
from engine.scoring.score import score_table
from tests.engine.reading.strangers import Readings, csv_of, is_read, names, read, readings

few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(readings(1, 3, rows=120), st.sampled_from([5, 10]))
def test_1_short_files_and_several_rates_are_scored(r: Readings, every: int) -> None:
    """No alarm never means that nothing was looked at."""
    lines = [",".join(["t_stamp", *r.names, "slow"])]
    for row in range(len(r)):
        slow = f"{9 + 0.1 * (row % 7):.2f}" if row % every == 0 else ""
        lines.append(",".join([f"{r.time(row):%Y-%m-%d %H:%M:%S}", *(f"{v:.3f}" for v in r.values[row]), slow]))

    _, table = read("\n".join(lines))
    result = score_table(table)

    assert table.sensors == (*r.names, "slow")
    assert np.isfinite(table.blocks[0].values).all()
    assert result.coverage.scored >= 0.85 * len(r)
    assert all(one.scored >= 0.85 * len(r) for one in result.coverage.sensors)


@few
@given(readings(), st.sampled_from(["%I:%M:%S %p", "%p %I:%M:%S", "%I:%M:%S\u202f%p"]), st.booleans())
def test_2_half_days_are_read_wherever_they_stand(r: Readings, pattern: str, apart: bool) -> None:
    lines = [",".join([*(["Datum", "Uhr"] if apart else ["wann"]), *r.names])]
    for row in range(len(r)):
        when = f"{r.time(row):%Y-%m-%d}{',' if apart else ' '}{r.time(row).strftime(pattern)}"
        lines.append(",".join([when, *(f"{v:.3f}" for v in r.values[row])]))

    assert is_read(r, read("\n".join(lines))[1])


@few
@given(readings(rows=300), st.sampled_from(["%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y"]))
def test_3_years_of_two_digits_are_of_this_century(r: Readings, pattern: str) -> None:
    r.begin = r.begin.replace(hour=20, minute=0) if r.step_s >= 60 else r.begin.replace(day=20)
    r.step_s = max(r.step_s, 60) if r.step_s >= 60 else r.step_s

    _, table = read(csv_of(r, lambda t: f"{t:{pattern} %H:%M:%S}"))

    assert str(np.datetime64(int(table.blocks[0].times_us[0]), "us"))[:4] == str(r.begin.year)
    if r.begin.day > 12 or pattern == "%d.%m.%y":
        assert is_read(r, table)


@few
@given(
    readings(2, 4, rows=200),
    st.sampled_from(["attack_P1", "Is Anomaly", "störung_7", "label.class", "авария", "panne n°3"]),
    names(1, 1),
)
def test_4_answers_are_kept_out_by_name_in_part_and_by_content(r: Readings, label: str, plain: list[str]) -> None:
    assume(plain[0].lower() not in [name.lower() for name in r.names])
    fault = np.arange(200) // 10 == 15
    r.values[fault] *= 1.8
    for name in (label, plain[0]):  # under a plain name the guard finds it: set exactly where readings are far out
        text = csv_of(r).splitlines()
        text = [f"{text[0]},{name}", *(f"{line},{int(on)}" for line, on in zip(text[1:], fault, strict=True))]

        profile, table = read("\n".join(text))

        assert [column.name for column in profile.of_role("label")] == [name]
        assert is_read(r, table)


@few
@given(readings(2, 4), names(3, 3), st.booleans(), st.booleans())
def test_5_one_reading_a_line_becomes_a_column_of_its_sensor(
    r: Readings, heads: list[str], by_sensor: bool, quality: bool
) -> None:
    r.values[:] = np.array([3.0, 70.0, 500.0, 9000.0])[: len(r.names)] + (r.values % 1.0)
    pairs = [(row, at) for row in range(len(r)) for at in range(len(r.names))]
    pairs = sorted(pairs, key=lambda pair: (pair[1], pair[0])) if by_sensor else pairs
    lines = [";".join([heads[0], heads[1], heads[2], *(["Güte"] if quality else [])])]
    lines += [
        ";".join(
            [
                r.names[at],
                f"{r.time(row):%Y-%m-%dT%H:%M:%S}",
                f"{r.values[row, at]:.3f}",
                *(["Good"] if quality else []),
            ]
        )
        for row, at in pairs
    ]

    assert is_read(r, read("\n".join(lines))[1])


@few
@given(readings(2, 4), st.sampled_from(["# ", "#", "", "// "]), st.booleans(), st.integers(0, 4))
def test_6_the_header_is_found_under_metadata_and_with_units(r: Readings, mark: str, units: bool, above: int) -> None:
    lines = csv_of(r).splitlines()
    head = [f"{mark}exported by station {n}" for n in range(above)] + [mark + lines[0]]
    if units:
        head.append("," + ",".join(["bar", "°C", "rpm", "m/s"][: len(r.names)]))

    profile, table = read("\n".join([*head, *lines[1:]]))

    assert is_read(r, table)
    assert profile.lines[0] == len(head) + 1
    if units:
        assert table.units == ("bar", "°C", "rpm", "m/s")[: len(r.names)]


@few
@given(
    readings(1, 3),
    st.sampled_from([-999.0, -9999.0, 9999.0, 65535.0, 32767.0]),
    st.sampled_from(["Good/Bad", "192/0", "gut/schlecht", "OK/ERROR", "1/0"]),
)
def test_7_what_is_marked_bad_or_stands_for_nothing_is_missing(r: Readings, sentinel: float, words: str) -> None:
    r.values[:] = 50 + r.values % 10
    good, bad = words.split("/")
    marked, nothing = np.arange(len(r)) % 17 == 3, np.arange(len(r)) % 23 == 5
    lines = [f"timestamp,{','.join(r.names)},{r.names[0]}_quality"]
    for row in range(len(r)):
        cells = [f"{v:.3f}" for v in r.values[row]]
        cells[0] = "0" if marked[row] else f"{sentinel:g}" if nothing[row] else cells[0]
        lines.append(",".join([f"{r.time(row):%Y-%m-%d %H:%M:%S}", *cells, bad if marked[row] else good]))

    _, table = read("\n".join(lines))

    assert list(table.sensors) == r.names
    assert np.isnan(table.blocks[0].values[:, 0, 0]).tolist() == (marked | nothing).tolist()


@few
@given(readings(1, 4))
def test_8_unquoted_decimal_commas_are_refused_with_the_cause_and_read_when_told(r: Readings) -> None:
    text = csv_of(r, number=lambda v: f"{v:.3f}".replace(".", ","))

    with pytest.raises(FileProblemError, match=f"{len(r.names) + 1} names but {2 * len(r.names) + 1} fields"):
        read(text)

    assert is_read(r, read(text, Choices(decimal=","))[1])


@few
@given(readings(1, 3), st.sampled_from(["_start", "export_time", "zuletzt"]), st.sampled_from([1e0, 1e3, 1e6]))
def test_9_the_clock_is_the_column_with_distinct_rising_even_steps(r: Readings, other: str, unit: float) -> None:
    begin = r.begin_us / 1e6
    lines = [f"{other},{','.join(r.names)},tick"]
    lines += [
        f"{r.begin:%Y-%m-%d %H:%M:%S},{','.join(f'{v:.3f}' for v in r.values[row])},{(begin + r.step_s * row) * unit:.0f}"
        for row in range(len(r))
    ]

    assert is_read(r, read("\n".join(lines))[1])


@few
@given(readings(2, 3, rows=120), st.integers(20, 60))
def test_9_an_hour_that_comes_twice_keeps_the_order_and_is_named(r: Readings, turn: int) -> None:
    r.step_s = 300
    text = csv_of(r, lambda t: f"{t - timedelta(hours=1) if t >= r.time(turn) else t:%Y-%m-%d %H:%M:%S}")

    _, table = read(text)

    assert is_read(r, table)
    assert any(f"one hour at line {turn + 2}" in problem.text for problem in table.problems)


@few
@given(
    readings(1, 3),
    st.sampled_from(["TRUE/FALSE", "ON/OFF", "Open/Closed", "Ein/Aus", "да/нет", "marche/arrêt", "run/stop", "是/否"]),
)
def test_10_switches_are_read_as_0_and_1(r: Readings, words: str) -> None:
    on, off = words.split("/")
    text = csv_of(r).splitlines()
    states = [on if row // 7 % 2 else off for row in range(len(r))]
    text = [f"{text[0]},switch", *(f"{line},{state}" for line, state in zip(text[1:], states, strict=True))]

    _, table = read("\n".join(text))

    assert list(table.sensors) == [*r.names, "switch"]
    found = table.blocks[0].values[:, 0, -1]
    assert len(set(found[np.array(states) == on])) == 1
    assert set(found.tolist()) == {0.0, 1.0}


def _zip(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("daten/messung.csv", text)
    return out.getvalue()


@few
@given(
    readings(1, 3),
    st.sampled_from(
        [
            "gzip",
            "zip",
            "utf-16",
            "blanks",
            "json",
            "jsonl",
            "columns",
            "quoted lines",
            "pairs",
            "line protocol",
            "tabs",
        ]
    ),
)
def test_11_what_was_refused_for_a_wrong_reason_is_read(r: Readings, container: str) -> None:
    r.names[:] = (
        [name.replace("/", "_").replace(".", "_").replace("-", "_") for name in r.names]
        if container in ("pairs", "line protocol")
        else r.names
    )
    assume(len(set(r.names)) == len(r.names))
    text = csv_of(r)
    rows = [
        {"zeit": f"{r.time(row):%Y-%m-%dT%H:%M:%SZ}", **dict(zip(r.names, r.values[row].tolist(), strict=True))}
        for row in range(len(r))
    ]
    made = {
        "gzip": lambda: gzip.compress(text.encode(), mtime=0),
        "zip": lambda: _zip(text),
        "utf-16": lambda: text.encode("utf-16"),
        "blanks": lambda: csv_of(r, "{:%Y-%m-%dT%H:%M:%S}".format, mark="   ").encode(),
        "tabs": lambda: (
            text.replace(",", "\t").encode("cp1252", errors="replace")
            if text.isascii()
            else text.replace(",", "\t").encode()
        ),
        "json": lambda: json.dumps({"status": "ok", "data": {"rows": rows}}).encode(),
        "jsonl": lambda: "\n".join(json.dumps(row) for row in rows).encode(),
        "columns": lambda: json.dumps({name: [row[name] for row in rows] for name in rows[0]}).encode(),
        "quoted lines": lambda: "\n".join(f'"{line}"' for line in text.splitlines()).encode(),
        "pairs": lambda: "\n".join(" ".join(f"{name}={value}" for name, value in row.items()) for row in rows).encode(),
        "line protocol": lambda: "\n".join(
            f"messung,ort=halle {','.join(f'{name}={value}' for name, value in list(row.items())[1:])} {r.begin_us * 1000 + at * r.step_s * 10**9}"
            for at, row in enumerate(rows)
        ).encode(),
    }[container]()

    assert is_read(r, read(made)[1])
