"""`python -m engine roster …`: read a roster of any system into the class, or write the class as one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="The people of the class.", no_args_is_help=True)
    group.command("import")(import_)
    group.command("export")(export)
    app.add_typer(group, name="roster")


def import_(
    file: Annotated[Path, typer.Argument(help="CSV of Canvas, Moodle, Autolab, nbgrader, Brightspace; or names.")],
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without it only a preview is shown.")] = False,
    mark_missing: Annotated[
        bool, typer.Option("--mark-missing", help="Mark students that it lacks as dropped.")
    ] = False,
    pins: Annotated[Path | None, typer.Option(help="Write handles and PINs of new students here (CSV).")] = None,
) -> None:
    """Preview a roster, and add and update its people with --apply; nobody is ever deleted."""
    from engine.classroom.csv_text import csv_rows
    from engine.classroom.opening import open_class
    from engine.classroom.roster import read_roster
    from engine.errors import FileProblemError

    try:
        roster = read_roster(file.read_bytes(), file=file.name)
    except OSError as problem:
        raise FileProblemError(file.name, "", f"it cannot be read ({problem.strerror})", "check the path") from None
    typer.echo(f"{roster.system}: {len(roster.rows)} people; columns {', '.join(roster.mapping.values())}")
    for row in roster.preview():
        typer.echo("  " + ", ".join(f"{name}={value}" for name, value in row.items() if value))
    for line, text in roster.problems:
        typer.echo(f"line {line}: {text}", err=True)
    if not apply:
        return
    with open_class() as school:
        summary = school.apply_roster(roster, mark_missing=mark_missing)
    typer.echo(str(summary))
    if pins is not None:
        pins.write_text(csv_rows([["handle", "pin"], *([h, p] for h, p in summary.pins.items())]), "utf-8")


def export(
    output: Annotated[Path | None, typer.Option(help="File; standard output without it.")] = None,
) -> None:
    """Write the roster; importing it again changes nothing."""
    from engine.classroom.opening import open_class

    with open_class() as school:
        text = school.roster.write()
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8", newline="")
