"""`python -m engine evaluate TRUTH PREDICTIONS`: all metrics of files from anywhere, as a table or JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""

    @app.command()
    def evaluate(
        truth: Annotated[Path, typer.Argument(help="Truth: intervals, rows, NAB windows, SKAB file or folder.")],
        predictions: Annotated[
            Path, typer.Argument(help="Predictions in the same form; NAB and SKAB: file or folder.")
        ],
        form: Annotated[str, typer.Option("--format", help="auto, intervals, rows, nab or skab.")] = "auto",
        threshold: Annotated[float | None, typer.Option(help="Alarm = score ≥ threshold.")] = None,
        period: Annotated[float | None, typer.Option(help="Seconds from row to row.")] = None,
        window: Annotated[int | None, typer.Option(help="VUS, R-AUC and PATE width in rows.")] = None,
        tolerance: Annotated[float, typer.Option(help="Seconds by which an interval may start early.")] = 0.0,
        probation: Annotated[float, typer.Option(help="NAB: share of first rows not judged.")] = 0.15,
        rolling: Annotated[bool, typer.Option("--rolling", help="SKAB: 30-row rolling change points.")] = False,
        seed: Annotated[int, typer.Option(help="Seed of random baseline and bootstrap.")] = 0,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    ) -> None:
        """Judge predictions against truth: every metric beside its baselines, undefined values with their reason."""
        from engine.metrics.evaluation.judge import Options, judge

        options = Options(form, threshold, period, window, tolerance, probation, rolling, seed)
        report = judge(truth, predictions, options)
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=1) if as_json else report.text())
