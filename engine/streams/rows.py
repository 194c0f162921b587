"""Rows as they leave the engine: the guide's columns, as JSON lines, CSV or dicts.

A `Rows` is a table held by columns. Labels are columns like others, put there only by code on an instructor's path.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from engine.plant.features import CALENDAR_FEATURES, GUIDE_FEATURES
from engine.records import STATUS_WORDS, iso_times

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.records import Block, FloatArray, TruthEvent

KEY_COLUMNS = ("timestamp", "machine_id", "maintenance_status")
LABEL_COLUMNS = ("anomaly_label", "anomaly_type")
WHOLE_NUMBERS = frozenset(CALENDAR_FEATURES)
FEATURE_DECIMALS = 4


@dataclass(frozen=True)
class Rows:
    """A table of rows: `data[i]` holds column `columns[i]`; `times_us` is the event time of each row."""

    columns: tuple[str, ...]
    data: tuple[list[Any], ...]
    times_us: list[int]

    def __len__(self) -> int:
        return len(self.times_us)

    def column(self, name: str) -> list[Any]:
        """Return one column."""
        return self.data[self.columns.index(name)]

    def dicts(self) -> list[dict[str, Any]]:
        """Return each row as a dict in the order of the columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*self.data, strict=True)]

    def json_rows(self) -> list[bytes]:
        """Return each row as JSON without line end."""
        return [orjson.dumps(row) for row in self.dicts()]

    def json_lines(self) -> bytes:
        """Return the rows as JSON lines."""
        text = bytearray()
        for row in self.dicts():
            text += orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        return bytes(text)

    def csv_lines(self) -> bytes:
        """Return the rows as CSV without the header; a missing reading is an empty field."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(zip(*self.data, strict=True))
        return text.getvalue().encode()

    def csv_header(self) -> bytes:
        """Return the CSV header line."""
        return (",".join(self.columns) + "\n").encode()

    def part(self, at: Sequence[int]) -> Rows:
        """Return the rows at those places."""
        data = tuple([column[i] for i in at] for column in self.data)
        return Rows(self.columns, data, [self.times_us[i] for i in at])


def join_rows(parts: Sequence[Rows]) -> Rows:
    """Return the rows one after the other; all must have the same columns."""
    if len(parts) == 1:
        return parts[0]
    data = tuple([value for part in parts for value in part.data[i]] for i in range(len(parts[0].columns)))
    return Rows(parts[0].columns, data, [at for part in parts for at in part.times_us])


def rows_of(
    block: Block,
    features: Mapping[str, FloatArray] | None = None,
    truth: Iterable[TruthEvent] | None = None,
    wanted_features: Sequence[str] = GUIDE_FEATURES,
    times: Sequence[str] | None = None,
) -> Rows:
    """Return the block as rows, tick by tick and machine by machine.

    Parameters
    ----------
    features
        Derived columns (n_ticks, n_machines) by name; those in `wanted_features` are taken, in that order.
    truth
        The faults that were there: adds `anomaly_label` and `anomaly_type`. Instructors' paths only.
    times
        The timestamp of each tick as text; None = ISO 8601, whole seconds where all of the block's ticks are.
    """
    n_ticks, n_machines = len(block), block.n_machines
    texts = iso_times(block.times_us) if times is None else times
    words = [STATUS_WORDS[code] for code in block.status.ravel()]
    columns = [*KEY_COLUMNS, *block.sensors]
    data: list[list[Any]] = [
        [text for text in texts for _ in range(n_machines)],
        list(block.machines) * n_ticks,
        words,
        *(_plain(block.values[:, :, i]) for i in range(block.n_sensors)),
    ]
    if truth is not None:
        columns += LABEL_COLUMNS
        data += _labels(block, truth)
    for name in wanted_features:
        if features is not None and name in features:
            columns.append(name)
            data.append(_feature(name, features[name]))
    return Rows(tuple(columns), tuple(data), np.repeat(block.times_us, n_machines).tolist())


def _plain(values: FloatArray) -> list[Any]:
    flat = values.ravel()
    numbers: list[Any] = flat.tolist()
    if np.isnan(flat).any():
        return [None if number != number else number for number in numbers]
    return numbers


def _feature(name: str, values: FloatArray) -> list[Any]:
    if name in WHOLE_NUMBERS:
        whole: list[Any] = np.asarray(values).astype(np.int64).ravel().tolist()
        return whole
    return _plain(np.asarray(np.round(values, FEATURE_DECIMALS), np.float64))


def _labels(block: Block, truth: Iterable[TruthEvent]) -> list[list[Any]]:
    kinds = np.full((len(block), block.n_machines), "normal", dtype=object)
    for event in truth:
        if event.benign or event.machine not in block.machines:
            continue
        inside = (block.times_us >= event.onset_us) & (block.times_us < event.end_us)
        kinds[inside, block.machines.index(event.machine)] = event.fault
    flat = kinds.ravel().tolist()
    return [[int(kind != "normal") for kind in flat], flat]
