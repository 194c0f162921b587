"""`python -m engine difficulty`: how well the best one-line rule does on data with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def difficulty(
        data: Annotated[Path, typer.Argument(help="Readings: CSV, Parquet or JSON lines as `dataset` writes them.")],
        truth: Annotated[Path, typer.Argument(help="Truth: CSV as `dataset --truth` writes it.")],
        json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Print the best one-line rule, found with hindsight, and its event-F1."""
        import json as json_text

        from engine.dataset_reading import read_block, read_truth
        from engine.difficulty import CAPS, best_one_liner

        block = read_block(data)
        rule, event_f1 = best_one_liner(block, read_truth(truth))
        levels = [level for level in ("easy", "medium", "hard") if event_f1 <= CAPS[level]]
        if json:
            typer.echo(json_text.dumps({"rule": rule, "event_f1": event_f1, "levels": levels}))
            return
        allowed = f"under the cap of: {', '.join(levels)}" if levels else "above the cap of every level"
        typer.echo(f"best one-liner: {rule}, event-F1 {event_f1:.4f} ({allowed})")
