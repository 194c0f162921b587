"""`python -m engine gradebook …`: fill the LMS's own file, or write one from scratch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Grades into Canvas, Moodle, Brightspace and nbgrader's form.", no_args_is_help=True)
    group.command("fill")(fill)
    group.command("write")(write)
    app.add_typer(group, name="gradebook")


def fill(
    assignment: Annotated[str, typer.Argument(help="Id of the assignment.")],
    file: Annotated[Path, typer.Argument(help="The gradebook as the LMS exported it.")],
    output: Annotated[Path, typer.Option(help="Where the filled file goes.")],
    missing: Annotated[str, typer.Option(help="Students without a submission: blank, zero or 'leave out'.")] = "blank",
) -> None:
    """Fill one column of the LMS's file; every other byte stays as it was."""
    from engine.classroom.gradebook_cells import Missing
    from engine.classroom.opening import open_class
    from engine.errors import FileProblemError

    try:
        raw = file.read_bytes()
    except OSError as problem:
        raise FileProblemError(file.name, "", f"it cannot be read ({problem.strerror})", "check the path") from None
    with open_class() as school:
        filled = school.gradebook.fill(assignment, raw, cast("Missing", missing))
    output.write_bytes(filled.content)
    where = f"{'the new column' if filled.added else 'column'} {filled.column!r}"
    typer.echo(f"{filled.system}: {len(filled.matched)} cells filled in {where}", err=True)
    if filled.not_in_class:
        typer.echo(f"not in the class: {', '.join(filled.not_in_class)}", err=True)
    for handle, cure in filled.cures:
        typer.echo(f"not in the file: {handle} ({cure})", err=True)
    for handle, reason in filled.left_out:
        typer.echo(f"left out: {handle} ({reason})", err=True)


def write(
    assignment: Annotated[str, typer.Argument(help="Id of the assignment.")],
    system: Annotated[str, typer.Option(help="canvas, moodle, brightspace, long or lines.")] = "canvas",
    missing: Annotated[str, typer.Option(help="Students without a submission: blank, zero or 'leave out'.")] = "blank",
    output: Annotated[Path | None, typer.Option(help="File; standard output without it.")] = None,
) -> None:
    """Write a gradebook file from scratch."""
    from engine.classroom.gradebook_cells import Missing
    from engine.classroom.opening import open_class

    with open_class() as school:
        text = school.gradebook.write(assignment, system, cast("Missing", missing))
        absent = school.gradebook.left_out(assignment, system, cast("Missing", missing))
    for handle, why in absent:
        typer.echo(f"left out: {handle} ({why})", err=True)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8", newline="")
