"""`python -m tests.files FOLDER`: read and score the files of the review.

And compare with what a person reads in them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from engine.errors import LabError
from engine.reading.profile import Profile, profile_of
from engine.reading.series import Table, table_of
from engine.records import SECOND_US
from engine.scoring.score import score_table
from tests.files.expectations import FILES, Expected

MOST_OTHERS = 2


def main(folder: Path) -> int:
    """Print a line for each file and how many passed; 1 = some failed."""
    failed = 0
    for name, expected in FILES.items():
        wrong = problems_of(folder / name, expected)
        failed += bool(wrong)
        print(f"{'FAIL' if wrong else 'ok  '} {name}" + "".join(f"\n       {one}" for one in wrong))
    print(f"{len(FILES) - failed} passed, {failed} failed")
    return int(failed > 0)


def problems_of(path: Path, expected: Expected) -> list[str]:
    """Return what differs from what is expected, one sentence each."""
    try:
        profile = profile_of(path)
        table = table_of(profile)
    except LabError as problem:
        said = str(problem)
        return [] if expected.refused and expected.refused in said else [f"refused: {said}"]
    if expected.refused:
        return [f"read, but should be refused with {expected.refused!r}"]
    return [*_reading(profile, table, expected), *_ledger(profile), *_alarms(table, expected)]


def _reading(profile: Profile, table: Table, expected: Expected) -> list[str]:
    steps = np.concatenate([np.diff(block.times_us) for block in table.blocks]) / SECOND_US
    begin = np.datetime_as_string(np.datetime64(int(table.blocks[0].times_us[0]), "us"), unit="ms")
    said = " ".join(problem.text for problem in (*profile.problems, *table.problems))
    pairs = [
        ("clock", expected.clock, None if expected.clock is None else profile.clock_names),
        ("begin", expected.begin and f"{expected.begin}.000"[:23], expected.begin and begin),
        ("step", expected.step_s, expected.step_s and float(np.median(steps))),
        ("rows", expected.rows, table.n_rows),
        ("ticks", expected.ticks, sum(len(block) for block in table.blocks)),
        ("sensors", expected.sensors or table.sensors, table.sensors),
        ("number of sensors", expected.n_sensors or len(table.sensors), len(table.sensors)),
        ("units", expected.units or table.units, table.units),
        ("machines", expected.n_machines, len(table.machines)),
        ("labels", expected.labels, tuple(column.name for column in profile.of_role("label"))),
    ]
    wrong = [f"{what}: expected {want!r}, got {got!r}" for what, want, got in pairs if want != got]
    ignored = {column.name for column in profile.of_role("ignore")}
    wrong += [f"column {name} should be left out" for name in expected.left_out if name not in ignored]
    wrong += [f"nobody says {words!r}" for words in expected.said if words not in said]
    for sensor, n in expected.missing:
        values = table.blocks[0].values[:, 0, table.sensors.index(sensor)] if sensor in table.sensors else np.zeros(0)
        if int(np.isnan(values).sum()) != n:
            wrong.append(f"{sensor}: expected {n} missing readings, got {int(np.isnan(values).sum())}")
    return wrong


def _ledger(profile: Profile) -> list[str]:
    ledger = profile.ledger
    total = ledger.head + ledger.read + ledger.n_dropped
    return [] if total == ledger.records else [f"ledger: {ledger.records} records in the file, {total} accounted for"]


def _alarms(table: Table, expected: Expected) -> list[str]:
    """The fault must be met by an alarm at default settings, with at most two others; and something must be scored."""
    result = score_table(table)
    if result.coverage is None or result.coverage.scored < 0.5 * result.coverage.of:
        return [f"hardly anything was scored: {result.coverage.text if result.coverage else ''}"]
    runs = [run for rows in table.rows for run in result.alarm_runs(rows)]
    if expected.fault is None:
        return [f"{len(runs)} alarms, but there is no fault"] if len(runs) > MOST_OTHERS else []
    first, last = expected.fault
    hits = [run for run in runs if run[0] <= last and run[1] >= first]
    wrong = [] if hits else [f"no alarm meets the fault {expected.fault}; alarms: {runs[:5]}"]
    if len(runs) - len(hits) > MOST_OTHERS:
        wrong.append(f"{len(runs) - len(hits)} other alarms")
    return wrong


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/cases/files")))
