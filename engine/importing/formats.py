"""Recognises what kind of data set a folder holds and reads it: NAB, SKAB, SECOM, or plain CSV tables."""

from __future__ import annotations

import csv
import fnmatch
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import FileProblemError, LabError
from engine.importing.licence import digest_of, licence_of
from engine.importing.recording import Origin, Recording, Track, different, plain_name
from engine.reading.profile import Profile, labels_of, profile_of
from engine.reading.series import NO_MACHINE, table_of
from engine.records import SECOND_US, time_us

if TYPE_CHECKING:
    from engine.records import BoolArray, FloatArray, IntArray

    Answers = dict[str, list[tuple[int, int]]]
KINDS = ("nab", "skab", "secom", "table")
MOST_SENSORS = 24  # of a table with hundreds of columns: those with most readings that vary
NOT_DATA = ("series.csv", "combined_windows.csv", "combined_labels.csv", "about.csv")


@dataclass(frozen=True)
class Imported:
    """A recording and its answers; the answers go nowhere but into the instructors' file."""

    recording: Recording
    answers: Answers = field(default_factory=dict)


@dataclass(frozen=True)
class _File:
    """One file as tracks, with its labelled intervals."""

    path: Path
    tracks: tuple[Track, ...]
    sensors: tuple[str, ...]
    units: tuple[str, ...]
    answers: Answers
    notes: tuple[str, ...]


def kind_of(folder: Path) -> str:
    """Return which kind of data set a folder holds.

    Raises
    ------
    FileProblemError
        When there is nothing that can be read.
    """
    if not folder.is_dir():
        raise FileProblemError(folder, "", "it is no folder", "name the folder that you downloaded")
    if any(folder.glob("**/secom*.data")):
        return "secom"
    files = _tables(folder)
    if not files:
        raise FileProblemError(folder, "", "there is no .csv, .txt or secom.data in it", "name another folder")
    heads = [path.open(encoding="utf-8", errors="replace").readline().strip().lower() for path in files[:5]]
    if all(head.startswith("datetime;") for head in heads):
        return "skab"
    return "nab" if all(head == "timestamp,value" for head in heads) else "table"


def read_folder(
    folder: Path, kind: str | None = None, name: str | None = None, only: str = "*", most_sensors: int = MOST_SENSORS
) -> Iterator[Imported]:
    """Yield what a folder holds as recordings.

    Parameters
    ----------
    kind
        One of KINDS; None = recognised.
    name
        Name of the plant, or the first part of it where a folder gives several; None = the folder's.
    only
        Pattern for the files' paths, such as `realKnownCause/*`.

    Raises
    ------
    LabError
        When nothing can be read.
    """
    chosen = kind or kind_of(folder)
    if chosen not in KINDS:
        raise LabError(f"kind must be one of: {', '.join(KINDS)}, got {chosen!r}.")
    stem = plain_name(name or folder.resolve().name)
    if chosen == "secom":
        yield _secom(folder, stem, most_sensors)
        return
    files = [path for path in _tables(folder) if fnmatch.fnmatch(path.relative_to(folder).as_posix(), f"*{only}")]
    if not files:
        raise FileProblemError(folder, "", f"no file fits {only!r}", "give another pattern with --only")
    read = [_read(path, folder, most_sensors) for path in files]
    groups: dict[tuple[str, ...], list[_File]] = {}
    for at, one in enumerate(read):
        key = (str(at),) if chosen == "nab" else one.sensors  # a NAB series is a plant: each has a unit of its own
        groups.setdefault(key, []).append(one)
    names = [f"{stem}_{plain_name(g[0].path.stem)}" if len(groups) > 1 else stem for g in groups.values()]
    for unique, group in zip(different(names), groups.values(), strict=True):
        yield _joined(unique, chosen, folder, group)


def _tables(folder: Path) -> list[Path]:
    data = folder / "data"
    inside = data if data.is_dir() and any(data.rglob("*.csv")) else folder
    return sorted(path for path in inside.rglob("*.csv") if path.name.lower() not in NOT_DATA)


def _read(path: Path, folder: Path, most_sensors: int) -> _File:
    profile = profile_of(path)
    try:
        table = table_of(profile)
        labels = _labels(profile)
        notes = tuple(one.text for one in (*profile.problems, *table.problems) if not one.text.endswith("are kept."))
        spans = [_windows(folder, path, block.times_us) for block in table.blocks]
    finally:
        profile.close()
    keep = chosen_sensors(np.concatenate([block.values[:, 0] for block in table.blocks]), most_sensors)
    if len(keep) < len(table.sensors):
        notes += (f"{path.name}: {len(keep)} of {len(table.sensors)} sensors are kept (--most-sensors).",)
    names = different([plain_name(table.sensors[at], "sensor") for at in keep])
    stem = _machine_name(path, folder)
    tracks, answers = [], {}
    for block, rows, span in zip(table.blocks, table.rows, spans, strict=True):
        told = re.sub(r"[^A-Za-z0-9_.-]+", "-", block.machines[0]).strip("-._") or "machine"
        machine = stem if block.machines[0] == NO_MACHINE else told
        track = _without_doubles(Track(machine, block.times_us, block.values[:, 0][:, keep]))
        tracks.append(track)
        if len(track.times_us) < len(block):
            double = len(block) - len(track.times_us)
            notes += (f"{machine}: {double} readings share their time with another; the first is kept.",)
        found = span if labels is None else intervals(block.times_us, labels[rows])
        if found:
            answers[machine] = found
    units = tuple(table.units[at] for at in keep)
    return _File(path, tuple(tracks), tuple(names), units, answers, notes)


def _machine_name(path: Path, folder: Path) -> str:
    """Return a machine's name from its file's path below the data: valve1/0.csv is valve1-0."""
    data = folder / "data"
    inside = path.relative_to(data if data in path.parents else folder).with_suffix("")
    parts = inside.parts[-2:] if inside.name.isdigit() else inside.parts[-1:]
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", "-".join(parts)).strip("-._") or "machine"


def _labels(profile: Profile) -> BoolArray | None:
    """Return the label of each row where the file holds one; changes of state are not labels."""
    columns = [column for column in profile.of_role("label") if "change" not in column.name.lower()]
    return labels_of(profile, columns[0].name) if columns else None


def chosen_sensors(values: FloatArray, most: int) -> list[int]:
    """Return the columns of values (n, n_sensors) to keep, in their order: those that vary, with fewest gaps."""
    there = (~np.isnan(values)).mean(axis=0)
    with np.errstate(all="ignore"):
        varies = np.array([len(np.unique(column[~np.isnan(column)])) > 1 for column in values.T])
    worth = np.flatnonzero((there > 0) & varies) if varies.any() else np.flatnonzero(there > 0)
    best = worth[np.argsort(-there[worth], kind="stable")][:most]
    return sorted(int(at) for at in best)


def intervals(times_us: IntArray, labels: BoolArray) -> list[tuple[int, int]]:
    """Return the labelled stretches as half-open intervals; the last one ends after its last reading."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], labels.astype(np.int8), [0]))))
    step = int(np.median(np.diff(times_us))) if len(times_us) > 1 else SECOND_US
    ends = np.concatenate((times_us, [times_us[-1] + step])) if len(times_us) else times_us
    return [(int(times_us[start]), int(ends[stop])) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def _without_doubles(track: Track) -> Track:
    """Keep the first of readings that share their time: a machine is read once at a time."""
    times, first = np.unique(track.times_us, return_index=True)
    return Track(track.machine, times.astype(np.int64), track.values[first])


def _windows(folder: Path, path: Path, times: IntArray) -> list[tuple[int, int]]:
    """Return NAB's label windows of a series, from either of the two forms that they come in."""
    if not (folder / "data").is_dir():
        return []
    name = path.relative_to(folder / "data").as_posix() if (folder / "data") in path.parents else path.name
    listed, original = folder / "combined_windows.csv", folder / "labels" / "combined_windows.json"
    if listed.is_file():
        with listed.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["file"] == name]
        return [(time_us(row["window_start"]), time_us(row["window_end"]) + 1) for row in rows]
    if original.is_file():
        spans = json.loads(original.read_text(encoding="utf-8")).get(name, [])
        return [(time_us(begin), time_us(end) + 1) for begin, end in spans]
    return []


def _joined(name: str, kind: str, folder: Path, files: list[_File]) -> Imported:
    tracks = [track for one in files for track in one.tracks]
    names = different([track.machine for track in tracks])
    renamed = tuple(Track(new, t.times_us, t.values) for new, t in zip(names, tracks, strict=True))
    owners = [(one, track.machine) for one in files for track in one.tracks]
    answers = {n: o.answers[m] for n, (o, m) in zip(names, owners, strict=True) if m in o.answers}
    licence, licence_file = licence_of(folder)
    origin = Origin(
        kind=kind,
        folder=folder.resolve().name,
        files=tuple((one.path.relative_to(folder).as_posix(), digest_of(one.path)) for one in files),
        licence=licence,
        licence_file=licence_file,
        notes=tuple(dict.fromkeys(note for one in files for note in one.notes)),
    )
    title = name.replace("_", " ").capitalize()
    return Imported(Recording(name, title, files[0].sensors, renamed, origin, files[0].units), answers)


def _secom(folder: Path, name: str, most_sensors: int) -> Imported:
    """Read SECOM's two files: 590 columns without names, and a label and a time for each row.

    References
    ----------
    McCann, M., Johnston, A. (2008). SECOM. UCI Machine Learning Repository, doi 10.24432/C54305.
    """
    path = sorted(folder.glob("**/secom*.data"))[0]
    said = sorted(folder.glob("**/secom_labels.data"))
    path = next((one for one in sorted(folder.glob("**/secom*.data")) if one not in said), path)
    if not said:
        raise FileProblemError(folder, "", "secom_labels.data is missing", "download both files; it holds the times")
    try:
        values = np.genfromtxt(path, ndmin=2)
        rows = [line.split(maxsplit=1) for line in said[0].read_text(encoding="utf-8").splitlines() if line.strip()]
        labels = np.array([int(row[0]) == 1 for row in rows])
        times = np.array([_secom_time(row[1]) for row in rows], np.int64)
    except (ValueError, IndexError):
        raise FileProblemError(path, "", "it is not laid out like SECOM", "import it as --kind table") from None
    if len(values) != len(times):
        wrong = f"{len(values)} rows, but {len(times)} labels"
        raise FileProblemError(path, "", wrong, "download both files again")
    order = np.argsort(times, kind="stable")
    keep = chosen_sensors(values, most_sensors)
    sensors = tuple(f"sensor_{at + 1:03d}" for at in keep)
    track = _without_doubles(Track("line-1", times[order], values[order][:, keep]))
    answers = {"line-1": intervals(times[order], labels[order])}
    notes = (f"{len(keep)} of {values.shape[1]} sensors are kept: those that vary, with fewest gaps.",)
    one = _File(path, (track,), sensors, ("",) * len(sensors), answers, notes)
    return _joined(name, "secom", folder, [one])


def _secom_time(text: str) -> int:
    """Return a time such as "19/07/2008 11:55:00" (day first) in microseconds."""
    day, month, year, clock = re.split(r"[/ ]", text.strip().strip('"'), maxsplit=3)
    return time_us(f"{year}-{month}-{day}T{clock}")
