"""`python -m engine regrade ASSIGNMENT`: who would gain and lose, and publishing it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def regrade(
        assignment: Annotated[str, typer.Argument(help="Id of the assignment.")],
        rubric: Annotated[
            Path | None, typer.Option(help="Use this rubric file from now on (dry run: only try).")
        ] = None,
        publish: Annotated[bool, typer.Option("--publish", help="Publish; without it nothing changes.")] = False,
        never_lower: Annotated[bool, typer.Option("--never-lower", help="Nobody loses points.")] = False,
        note: Annotated[str, typer.Option(help="What students read about the change.")] = "",
    ) -> None:
        """Show what regrading would change, with a histogram; --publish makes it so."""
        from engine.classroom.opening import open_class
        from engine.classroom.rubric import load_rubric

        with open_class() as school:
            rule = None if rubric is None else load_rubric(rubric)
            if rule is not None and publish:
                rule = school.assignments.set_rubric(assignment, rule)
            dry = school.regrades.dry_run(assignment, rubric=rule, note=note)
            typer.echo(dry.table())
            for edge, count in dry.histogram().items():
                typer.echo(f"{edge:+6.0f} points and up: {'#' * count} {count}")
            if publish:
                changed = school.regrades.publish(dry, never_lower=never_lower, who="command line")
                typer.echo(f"published: {changed} results changed")
