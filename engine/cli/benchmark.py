"""`python -m engine benchmark`: the catalogue on public real data, beside what others published."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

Folder = Annotated[Path, typer.Argument(help="Folder laid out like the benchmark's own repository.")]
Chosen = Annotated[str | None, typer.Option("--detectors", help="Only these, separated by commas.")]
Workers = Annotated[int | None, typer.Option(help="Processes [default: one per core].")]
AsJson = Annotated[bool, typer.Option("--json", help="Rows as JSON instead of a table.")]

NAB_COLUMNS = ("detector", "standard", "low_fp", "low_fn", "threshold", "us", "fit_s", "source")
SKAB_COLUMNS = ("detector", "f1", "far", "mar", "best_f1", "changepoints", "threshold", "us", "fit_s", "source")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="Detectors on public real data, beside published results.", no_args_is_help=True)

    @group.command()
    def nab(folder: Folder, detectors: Chosen = None, workers: Workers = None, as_json: AsJson = False) -> None:
        """Numenta Anomaly Benchmark: normalised score in three profiles, one threshold for all series."""
        from engine.benchmarking.board import nab_board
        from engine.benchmarking.data import nab_names

        rows = nab_board(folder, _runs("nab", folder, nab_names(folder), detectors, workers))
        _show(rows, NAB_COLUMNS, as_json)

    @group.command()
    def skab(folder: Folder, detectors: Chosen = None, workers: Workers = None, as_json: AsJson = False) -> None:
        """Skoltech Anomaly Benchmark: F1, false and missed alarms at each detector's default threshold."""
        from engine.benchmarking.board import skab_board
        from engine.benchmarking.data import skab_names

        rows = skab_board(folder, _runs("skab", folder, skab_names(folder), detectors, workers))
        _show(rows, SKAB_COLUMNS, as_json)

    app.add_typer(group, name="benchmark")


def _runs(kind: str, folder: Path, files: list[str], detectors: str | None, workers: int | None) -> Any:
    from engine.benchmarking.scoring import scored_all
    from engine.catalog import part
    from engine.detectors.scorable import scorable_detectors

    chosen = [name.strip() for name in detectors.split(",")] if detectors else list(scorable_detectors())
    for name in chosen:
        part("detector", name)
    print(f"{len(chosen)} detectors on {len(files)} files.", file=sys.stderr)
    return scored_all(kind, folder, files, chosen, workers, _progress())


def _progress() -> Callable[[int, int], None]:
    shown = [0]

    def on_done(done: int, total: int) -> None:
        tenth = 10 * done // total
        if tenth > shown[0]:
            shown[0] = tenth
            print(f"{10 * tenth} %", file=sys.stderr)

    return on_done


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool) -> None:
    import json

    from engine.benchmarking.board import as_text

    typer.echo(json.dumps(rows, indent=2) if as_json else as_text(rows, columns))
