"""`python -m engine score FILE`: score any table of sensor readings."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli import reading_options as options

if TYPE_CHECKING:
    from engine.reading.evidence import Problem
    from engine.reading.profile import Profile
    from engine.reading.series import Table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("score")(score)


def score(
    file: Annotated[
        Path, typer.Argument(help="A table of readings: CSV, Excel, Parquet, JSON and others, packed or not.")
    ],
    detector: Annotated[str | None, typer.Option(help="Name of the detector; see `detectors`.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the result: .csv, .parquet, .json or .html by its ending.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    threshold: Annotated[float | None, typer.Option(help="Alarm from this score; else the detector's own.")] = None,
    confirm: Annotated[int, typer.Option(min=1, help="Readings at the threshold that an alarm needs.")] = 1,
    hold_off: Annotated[int, typer.Option(min=0, help="Readings below it that do not end an alarm.")] = 10,
    set_: Annotated[list[str] | None, typer.Option("--set", help="A parameter, as NAME=VALUE; may repeat.")] = None,
    time: options.Time = None,
    sensors: options.Sensors = None,
    label: options.Label = None,
    machine: options.Machine = None,
    long: options.Long = None,
    day_first: options.DayFirst = None,
    decimal: options.Decimal = None,
    skip: options.Skip = None,
    sheet: options.Sheet = None,
    cycles: options.Cycles = None,
    forget: options.Forget = False,
) -> None:
    """Score a file of readings with one detector and say where it alarms."""
    from engine.reading.series import table_of
    from engine.reading.summary import summary_of
    from engine.scoring.outputs import answer_of, save_result
    from engine.scoring.policy import Policy
    from engine.scoring.recommended import DETECTOR
    from engine.scoring.score import score_table

    choices = options.choices_from(time, sensors, label, machine, long, day_first, decimal, skip, sheet, cycles)
    profile = options.read(file, choices, forget)
    table = table_of(profile)
    _say_what_was_found(profile, table, summary_of(profile, table))
    result = score_table(table, detector or DETECTOR, _parameters(set_ or []), threshold=threshold)
    policy = Policy(result.threshold, confirm, hold_off)
    found = answer_of(profile, table, result, policy)
    if out is not None:
        save_result(profile, table, [result], out, policy)
    if json_output:
        print(json.dumps(found, indent=2))
        return
    for line in _lines(found):
        print(line)


def _parameters(texts: list[str]) -> dict[str, str]:
    from engine.errors import ParameterError

    found = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise ParameterError(f"--set takes NAME=VALUE, got {text!r}.")
        found[name.strip()] = value.strip()
    return found


def _say_what_was_found(profile: Profile, table: Table, said: str) -> None:
    roles = ", ".join(f"{column.name} ({column.role})" for column in profile.columns if column.role != "ignore")
    print(f"{profile.file}: {said}", file=sys.stderr)
    print(f"  columns: {roles}", file=sys.stderr)
    problems: list[Problem] = [*profile.problems, *table.problems]
    for problem in problems:
        at = f" (line {', '.join(map(str, problem.lines))})" if problem.lines else ""
        print(f"  {problem.group}: {problem.text}{at}", file=sys.stderr)


def _lines(found: dict[str, Any]) -> list[str]:
    scored = found["scored"]
    lines = [scored["text"]]
    lines += [
        f"  {one['sensor']}: {one['why_not']}"
        for one in scored["sensors"]
        if one["why_not"] and one["scored"] < 0.9 * one["of"]
    ]
    if scored["scored"] == 0:
        return lines
    lines.append(
        f"{found['alarmed_rows']} of {found['rows']} rows alarm ({found['detector']}, threshold {found['threshold']:g})"
    )
    for machine in found["machines"]:
        lines.append(f"{machine['machine_id']}: {machine['readings']} readings, {machine['alarms']} alarms")
        for alarm in machine["strongest_alarms"]:
            blamed = ", ".join(f"{one['sensor']} {100 * one['share']:.0f} %" for one in alarm["sensors"][:3])
            line = f"  {alarm['start']} to {alarm['end']}  peak {alarm['peak_score']:.3g}"
            lines.append(f"{line}  {blamed}" if blamed else line)
    return lines
