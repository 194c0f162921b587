"""`python -m engine profile FILE`: what was understood of a stranger's file, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from engine.cli import reading_options as options


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("profile")(profile)


def profile(
    file: Annotated[
        Path, typer.Argument(help="A table of readings: CSV, Excel, Parquet, JSON and others, packed or not.")
    ],
    json_output: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
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
    """Read a file and say what each column was taken for, why, how sure that is, and what else it could be."""
    from engine.reading.series import table_of
    from engine.reading.summary import summary_of

    choices = options.choices_from(time, sensors, label, machine, long, day_first, decimal, skip, sheet, cycles)
    found = options.read(file, choices, forget)
    table = table_of(found)
    if json_output:
        problems = [
            {"group": p.group, "text": p.text, "lines": list(p.lines)} for p in (*found.problems, *table.problems)
        ]
        print(json.dumps({"summary": summary_of(found, table), **found.as_json(), "problems": problems}, indent=2))
        return
    print(summary_of(found, table))
    for one in found.notes.decisions:
        others = f"; or {', '.join(one.others[:5])}" if one.others else ""
        flag = f" ({one.flag})" if one.flag else ""
        print(f"  {one.stage:9} {one.what}: {one.value} ({100 * one.sure:.0f} %), {one.why}{others}{flag}")
    for problem in (*found.problems, *table.problems):
        at = f" (line {', '.join(map(str, problem.lines))})" if problem.lines else ""
        print(f"  {problem.group}: {problem.text}{at}")
