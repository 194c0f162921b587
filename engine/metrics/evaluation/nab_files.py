"""NAB's files: label windows as JSON or CSV, and a folder of detector results, one CSV per series.

References
----------
Lavin, A. and Ahmad, S. (2015). ICMLA, 38–44; file layout of numenta/NAB.
"""

from __future__ import annotations

import json
from pathlib import Path

from engine.errors import FileProblemError
from engine.metrics.evaluation.report import Report
from engine.metrics.evaluation.tables import Table, read_table
from engine.metrics.nab import PROBATION, PROFILES, NabFile, nab_at_corpus, nab_corpus
from engine.records import time_us

SCORES, TIMES = ("anomaly_score", "score"), ("timestamp", "time")
Windows = dict[str, list[tuple[str, str]]]


def is_windows(file: Path) -> bool:
    """Return whether a file holds NAB label windows: JSON, or CSV with window_start and window_end."""
    if file.suffix.lower() == ".json":
        return True
    with open(file, encoding="utf-8-sig", errors="replace") as lines:
        header = lines.readline().lower()
    return "window_start" in header and "window_end" in header


def judge_nab(
    windows_file: Path, results: Path, threshold: float | None = None, probation: float = PROBATION
) -> Report:
    """Return the NAB score of a result file or of a whole folder in all three profiles.

    Without a threshold the best one for all series together is used, as NAB's optimiser does; that is an optimum on
    the judged data and the report says so.
    """
    windows = read_windows(windows_file)
    files = result_files(results)
    judged = [_nab_file(file, _windows_of(windows, file, results)) for file in files]
    rows = []
    for profile in PROFILES:
        if threshold is None:
            found = nab_corpus(judged, profile, probation)
        else:
            found = nab_at_corpus(judged, threshold, profile, probation)
        reason = found.reasons.get("normalized", "")
        rows.append({"profile": profile, "threshold": threshold, **found.values, "reason": reason})
    bare = sum(not file.windows for file in judged)
    normal = (f"{bare} of them without label windows count as normal",) if bare else ()
    how = "chosen on these series (NAB's optimiser)" if threshold is None else "as given"
    return Report("nab", rows, (f"{len(files)} series, probation {probation:g}, threshold {how}", *normal))


def read_windows(file: Path) -> Windows:
    """Return the label windows (start and end as text) of every series by its relative path."""
    if file.suffix.lower() != ".json":
        table = read_table(file)
        columns = [table.columns[table.need((name,))] for name in ("file", "window_start", "window_end")]
        windows: Windows = {}
        for series, start, end in zip(*columns, strict=True):
            windows.setdefault(series, []).append((start, end))
        return windows
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return {str(series): [(str(a), str(b)) for a, b in spans] for series, spans in data.items()}
    except (OSError, ValueError, AttributeError, TypeError) as problem:
        cure = 'write {"group/series.csv": [["start", "end"], …]}'
        raise FileProblemError(file, "", f"these are no NAB windows ({problem})", cure) from None


def result_files(results: Path) -> list[Path]:
    """Return the result files of a folder, or the one file."""
    if results.is_file():
        return [results]
    files = sorted(results.rglob("*.csv"))
    if not files:
        raise FileProblemError(results, "", "there is no CSV file in it", "give a folder of NAB results")
    return files


def _windows_of(windows: Windows, file: Path, results: Path) -> list[tuple[str, str]]:
    """Return the windows of the series that a result file belongs to; a series without windows is normal.

    `group/series.csv` and NAB's own `group/detector_series.csv` are understood, in a folder or alone.
    """
    name = file.name if results.is_file() else file.relative_to(results).as_posix()
    if name in windows:
        return windows[name]
    group = name.rpartition("/")[0] or file.parent.name
    fits = [key for key in windows if _fits(key, group, file.name, bool(name.rpartition("/")[0]))]
    return windows[max(fits, key=len)] if fits else []


def _fits(key: str, group: str, name: str, grouped: bool) -> bool:
    folder, _, series = key.rpartition("/")
    same_group = folder == group or (not grouped and bool(series))
    return same_group and (name == series or name.endswith(f"_{series}"))


def _nab_file(file: Path, windows: list[tuple[str, str]]) -> NabFile:
    table = read_table(file)
    scores = table.numbers(table.need(SCORES))
    if not windows:
        return NabFile.of(scores, [])
    times = table.times(table.need(TIMES))
    first_rows: dict[int, int] = {}
    for row, at in enumerate(times):
        first_rows.setdefault(at, row)
    return NabFile.of(scores, [_rows(table, first_rows, times, start, end) for start, end in windows])


def _rows(table: Table, first_rows: dict[int, int], times: list[int], start: str, end: str) -> tuple[int, int]:
    """Return the first rows with the window's timestamps; the nearest rows inside when a timestamp is not there."""
    try:
        begins, stops = time_us(start), time_us(end)
    except ValueError:
        wrong = f"its window {start} … {end} is not two times"
        raise FileProblemError(table.file, "", wrong, "write them as 2026-01-05 08:00:00") from None
    if stops < begins:
        raise FileProblemError(table.file, "", f"its window {start} … {end} ends before it starts", "swap the two")
    inside = [row for row, at in enumerate(times) if begins <= at <= stops]
    if not inside:
        raise FileProblemError(table.file, "", f"no row lies in the window {start} … {end}", "check the series")
    first, last = first_rows.get(begins, inside[0]), first_rows.get(stops, inside[-1])
    if last < first:
        raise FileProblemError(table.file, "", f"the time goes back in the window {start} … {end}", "sort the rows")
    return first, last
