"""`python -m engine regrade-notebook FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("regrade-notebook")(regrade_notebook)


def regrade_notebook(
    file: Annotated[Path, typer.Argument(help="A lab notebook, exported from a lesson or a comparison.")],
) -> None:
    """Grade a lab notebook again; ends with 1 when anything differs from what the file says."""
    from engine.errors import LabError
    from lessons.notebook import read_notebook
    from lessons.regrade import regrade

    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise LabError(f"{file.name}: the file cannot be read; give the JSON file that was exported.") from None
    found = regrade(read_notebook(text, file.name))
    for name, value in found.score.items():
        print(f"{name}: {value:g}")
    for difference in found.differences:
        print(f"differs: {difference}")
    print("same score" if found.same else f"{len(found.differences)} differences")
    if not found.same:
        raise typer.Exit(1)
