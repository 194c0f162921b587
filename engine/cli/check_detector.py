"""`python -m engine check-detector`: does a detector of one's own keep the contract?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from engine.bring_your_own import Report


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("check-detector")
    def check_detector(
        file: Annotated[
            Path, typer.Argument(help="Python file with a Detector, or a class with fit and decision_function.")
        ],
        seconds: Annotated[float, typer.Option(help="Time budget per detector.")] = 120.0,
        memory_mb: Annotated[float, typer.Option(help="Memory budget per detector, beyond Python's own.")] = 1024.0,
    ) -> None:
        """Run the contract's checks on a detector from a file. The file is run on this machine; it is sent nowhere."""
        from engine.bring_your_own import check_file

        reports = check_file(file, seconds, memory_mb)
        typer.echo("\n\n".join(_text(report) for report in reports))
        if not all(report.passed for report in reports):
            raise typer.Exit(1)


def _text(report: Report) -> str:
    lines = [f"{report.detector} in {report.file}"]
    for verdict in report.verdicts:
        words = verdict.promise if verdict.problem is None else f"{verdict.promise} But {verdict.problem}."
        lines.append(f"  {'passed' if verdict.problem is None else 'FAILED'}  {verdict.check}: {words}")
    if report.stopped is not None:
        lines.append(f"  FAILED  {report.stopped}.")
    if report.us_per_reading is not None:
        lines.append(
            f"  cost    {report.us_per_reading:g} µs per reading of 3 sensors, fits included; peak {report.peak_mb} MB."
        )
    lines.append("  It keeps the contract." if report.passed else "  It does not keep the contract.")
    return "\n".join(lines)
