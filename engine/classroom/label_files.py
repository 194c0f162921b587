"""Labels from and to CSV: intervals, or one row per reading; what can be mended is mended and said."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.catalog import parts
from engine.classroom.csv_text import CsvText, csv_rows, read_csv_text
from engine.errors import FileProblemError, nearest
from engine.records import Label, iso_time, time_us

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER = ["machine_id", "start", "end", "type", "confidence", "sensors", "note"]
NAMES = {
    "machine": "machine_id",
    "asset": "machine_id",
    "start_time": "start",
    "begin": "start",
    "end_time": "end",
    "stop": "end",
    "fault": "type",
    "anomaly_type": "type",
    "comment": "note",
    "time": "timestamp",
    "anomaly": "label",
    "is_anomaly": "label",
    "anomaly_label": "label",
}
MOST_BYTES = 4 << 20  # a week with a row for every ten seconds has 2.5 MB
# What a column of labels may hold; -1 stands for normal as in files of -1 and 1, and an empty cell for unlabelled.
_NORMAL = "0 -1 0.0 -1.0 false f no n normal ok okay good healthy inlier nan na n/a null none - nein falsch"
_STRANGE = "1 1.0 true t yes y x anomaly anomalous abnormal outlier fault faulty failure bad alarm ja wahr"
NORMAL, STRANGE = frozenset(("", *_NORMAL.split())), frozenset(_STRANGE.split())
CONFIDENCE_WORDS = {"sure": 1.0, "maybe": 0.5}


@dataclass(frozen=True)
class LabelFile:
    """Labels read from a file, with what was mended on the way, in words for the preview."""

    labels: tuple[Label, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Bounds:
    """What labels may refer to: the machines and the span of the student's data."""

    machines: tuple[str, ...]
    start_us: int
    end_us: int
    max_intervals: int = 500


def read_labels(raw: bytes | str, bounds: Bounds, file: str = "labels.csv", *, merge: bool = True) -> LabelFile:
    """Return the labels of a CSV file; `merge` joins overlapping ones of a machine (not wanted for alarms).

    Raises
    ------
    FileProblemError
        For the first thing that cannot be mended: line, offending text and what to write. Never an attempt.
    """
    table = read_csv_text(raw, file, MOST_BYTES)
    header = [NAMES.get(name.strip().lower(), name.strip().lower()) for name in table.header]
    places: tuple[str, ...] = ()
    if "timestamp" in header and "label" in header:
        labels, notes = _from_rows(table, header, bounds, file)
    else:
        labels, notes = _from_intervals(table, header, bounds, file)
        places = _places(table)
    checked, more = check_labels(labels, bounds, file, merge=merge, places=places)
    return LabelFile(checked, (*notes, *more))


def check_labels(
    labels: Sequence[Label],
    bounds: Bounds,
    file: str = "labels",
    *,
    merge: bool = True,
    places: Sequence[str] = (),
) -> tuple[tuple[Label, ...], list[str]]:
    """Return labels in order and inside the data; the form and the brush use it as well as the file reader.

    `places` says where each label stands ("line 7"); "label 6" without it.
    """
    notes, kept = [], []
    for at, label in enumerate(labels, start=1):
        place = places[at - 1] if places else f"label {at}"
        _known_machine(label.machine, bounds, file, place)
        start, end = max(label.start_us, bounds.start_us), min(label.end_us, bounds.end_us)
        if label.end_us < label.start_us:
            raise FileProblemError(file, place, "it ends before it starts", "swap start and end")
        if label.end_us == label.start_us:
            raise FileProblemError(file, place, "it starts and ends at one moment", "write an end after the start")
        if end <= start:
            raise FileProblemError(file, place, "it lies outside the data", _span_words(bounds))
        if (start, end) != (label.start_us, label.end_us):
            notes.append(f"{place} was cut to the span of the data")
            label = replace(label, start_us=start, end_us=end)
        kept.append(label)
    kept.sort(key=lambda x: (x.machine, x.start_us, x.end_us))
    joined = _merged(kept) if merge else kept
    if len(joined) < len(kept):
        notes.append(f"{len(kept) - len(joined)} overlapping labels were merged")
    if len(joined) > bounds.max_intervals:
        wrong = f"{len(joined)} labels are more than the {bounds.max_intervals} that this assignment takes"
        raise FileProblemError(file, "", wrong, "keep the ones you are surest of")
    return tuple(joined), notes


def write_labels(labels: Sequence[Label]) -> str:
    """Return labels as CSV; reading it again gives the same labels."""
    rows = [HEADER]
    for x in labels:
        sure = "" if x.confidence is None else f"{x.confidence:g}"
        span = [iso_time(x.start_us), iso_time(x.end_us)]
        rows.append([x.machine, *span, x.fault, sure, " ".join(x.sensors), x.note])
    return csv_rows(rows)


def template(bounds: Bounds) -> str:
    """Return an example file for the download button."""
    start = bounds.start_us
    example = Label(bounds.machines[0], start, start + 1_800_000_000, "bearing_failure", 0.8, (), "hum gets louder")
    return write_labels([example])


def _from_intervals(table: CsvText, header: list[str], bounds: Bounds, file: str) -> tuple[list[Label], list[str]]:
    for name in ("machine_id", "start", "end"):
        if name not in header and not (name == "machine_id" and len(bounds.machines) == 1):
            near = nearest(name, header)
            cure = f"rename {near!r} to {name!r}" if near else f"add a column {name!r}; see the template"
            raise FileProblemError(file, "line 1", f"there is no column {name!r}", cure)
    labels = []
    for at in range(1, len(table.rows)):
        row = dict(zip(header, (v.strip() for v in table.values(at)), strict=False))
        line = table.lines[at]
        labels.append(_label(row, bounds, file, line))
    return labels, []


def _label(row: dict[str, str], bounds: Bounds, file: str, line: int) -> Label:
    machine = row.get("machine_id") or bounds.machines[0]
    _known_machine(machine, bounds, file, f"line {line}")
    return Label(
        machine=machine,
        start_us=_time(row.get("start", ""), file, line),
        end_us=_time(row.get("end", ""), file, line),
        fault=row.get("type", "")[:60],
        confidence=_confidence(row.get("confidence", ""), file, line),
        sensors=tuple(row.get("sensors", "").replace(",", " ").replace(";", " ").split())[:20],
        note=row.get("note", "")[:500],
    )


def _from_rows(table: CsvText, header: list[str], bounds: Bounds, file: str) -> tuple[list[Label], list[str]]:
    """One row per reading with 0 or 1: runs of 1 become intervals, each reading lasting until the next."""
    runs: dict[str, list[tuple[int, bool]]] = {}
    for at in range(1, len(table.rows)):
        row = dict(zip(header, (v.strip() for v in table.values(at)), strict=False))
        line = table.lines[at]
        machine = row.get("machine_id") or bounds.machines[0]
        _known_machine(machine, bounds, file, f"line {line}")
        mark = _is_strange(row.get("label", ""), file, line)
        runs.setdefault(machine, []).append((_time(row.get("timestamp", ""), file, line), mark))
    labels = [label for machine, readings in sorted(runs.items()) for label in _runs(machine, sorted(readings))]
    longest = max((label.end_us - label.start_us for label in labels), default=0) / 60e6
    return labels, [f"we read {len(labels)} intervals, the longest {longest:.0f} min"]


def _is_strange(text: str, file: str, line: int) -> bool:
    """Return whether a cell of a column of labels says anomaly: a word, a fault's name, or a whole number."""
    word = text.lower()
    if word in NORMAL or word in STRANGE or word in parts("fault"):
        return word not in NORMAL
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if value not in (-1.0, 0.0) and not (value >= 1 and value.is_integer()):
        cure = "write 1 for an anomaly and 0 for normal"
        raise FileProblemError(file, f"line {line}", f"{text[:40]!r} is no label", cure)
    return value > 0


def _places(table: CsvText) -> tuple[str, ...]:
    """Return the line of every row after the header."""
    found, line, seen = [], 1, 0
    for row in table.rows[1:]:
        line, seen = line + table.text.count("\n", seen, row[0].start), row[0].start
        found.append(f"line {line}")
    return tuple(found)


def _runs(machine: str, readings: list[tuple[int, bool]]) -> list[Label]:
    gaps = sorted(b - a for (a, _), (b, _) in itertools.pairwise(readings) if b > a)
    step = gaps[len(gaps) // 2] if gaps else 1_000_000
    found: list[Label] = []
    start = None
    for at_us, mark in [*readings, (readings[-1][0] + step, False)]:
        if mark and start is None:
            start = at_us
        elif not mark and start is not None:
            found.append(Label(machine, start, max(at_us, start + 1)))
            start = None
    return found


def _merged(labels: list[Label]) -> list[Label]:
    out: list[Label] = []
    for label in labels:
        last = out[-1] if out else None
        if last is not None and last.machine == label.machine and label.start_us < last.end_us:
            note = "; ".join(dict.fromkeys(n for n in (last.note, label.note) if n))
            out[-1] = replace(last, end_us=max(last.end_us, label.end_us), fault=last.fault or label.fault, note=note)
        else:
            out.append(label)
    return out


def _known_machine(machine: str, bounds: Bounds, file: str, place: str) -> None:
    if machine not in bounds.machines:
        near = nearest(machine, bounds.machines)
        cure = f"write {near!r}" if near else f"use one of: {', '.join(bounds.machines)}"
        raise FileProblemError(file, place, f"your data has no machine {machine[:60]!r}", cure)


def _time(text: str, file: str, line: int) -> int:
    try:
        return time_us(text)
    except ValueError:
        cure = "write times as 2026-03-02T09:30:00+00:00"
        raise FileProblemError(file, f"line {line}", f"{text[:40]!r} is no time", cure) from None


def _confidence(text: str, file: str, line: int) -> float | None:
    if not text:
        return None
    try:
        value = CONFIDENCE_WORDS.get(text.lower())
        value = float(text.replace(",", ".")) if value is None else value
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        cure = "write a number from 0 to 1, or sure or maybe"
        raise FileProblemError(file, f"line {line}", f"{text[:40]!r} is no confidence", cure)
    return value


def _span_words(bounds: Bounds) -> str:
    return f"the data runs from {iso_time(bounds.start_us)} to {iso_time(bounds.end_us)}"
