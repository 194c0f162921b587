"""`python -m engine score FILE`: score any sensor CSV."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from engine.reading.profile import Profile


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("score")(score)


def score(
    file: Annotated[Path, typer.Argument(help="A CSV of readings; delimiter, time and units are recognised.")],
    detector: Annotated[str, typer.Option(help="Name of the detector; see `detectors`.")] = "mahalanobis",
    out: Annotated[Path | None, typer.Option(help="Write a score and an alarm for each row to this CSV.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    threshold: Annotated[float | None, typer.Option(help="Alarm from this score; else the detector's own.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="A parameter, as NAME=VALUE; may repeat.")] = None,
    month_first: Annotated[bool, typer.Option("--month-first", help="Read 03/04 as March 4th.")] = False,
) -> None:
    """Score a file of readings with one detector and say where it alarms."""
    from engine.reading.profile import Choices, profile_of
    from engine.reading.series import table_of
    from engine.scoring.score import save_scores, score_table, summary, summary_json

    profile = profile_of(file)
    try:
        day_first = False if month_first else profile.day_first
        table = table_of(profile.with_choices(Choices(day_first=day_first)))
    finally:
        profile.close()
    _say_what_was_found(profile, [*profile.problems, *table.problems])
    result = score_table(table, detector, _parameters(set_ or []), threshold=threshold)
    if out is not None:
        save_scores(table, [result], out)
    if json_output:
        print(summary_json(table, result))
        return
    for line in _lines(summary(table, result)):
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


def _say_what_was_found(profile: Profile, problems: list) -> None:  # type: ignore[type-arg]
    roles = ", ".join(f"{column.name} ({column.role})" for column in profile.columns if column.role != "ignore")
    print(f"{profile.file}: {profile.n_rows:,} rows; {roles}", file=sys.stderr)
    for problem in problems:
        at = f" (line {', '.join(map(str, problem.lines))})" if problem.lines else ""
        print(f"  {problem.group}: {problem.text}{at}", file=sys.stderr)


def _lines(found: dict[str, object]) -> list[str]:
    lines = [
        f"{found['alarmed_rows']} of {found['rows']} rows alarm ({found['detector']}, threshold {found['threshold']:g})"
    ]
    for machine in found["machines"]:  # type: ignore[attr-defined]
        lines.append(f"{machine['machine_id']}: {machine['readings']} readings, {machine['alarms']} alarms")
        lines += [
            f"  {alarm['start']} to {alarm['end']}  peak {alarm['peak_score']:.3g}"
            for alarm in machine["strongest_alarms"]
        ]
    return lines
