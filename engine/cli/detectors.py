"""`python -m engine detectors`: what is in the catalogue."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def detectors(
        as_json: Annotated[bool, typer.Option("--json", help="Everything, with parameters, as JSON.")] = False,
        name: Annotated[str | None, typer.Argument(help="Only this detector, in full.")] = None,
    ) -> None:
        """List the detectors: family, whether they learn online, what they are good and bad at."""
        import json

        from engine.catalog import part, parts

        chosen = [name] if name is not None else list(parts("detector"))
        described = [_described(part("detector", each), each) for each in chosen]
        if as_json:
            typer.echo(json.dumps(described, indent=2))
        elif name is not None:
            typer.echo(_in_full(described[0]))
        else:
            typer.echo("\n".join(_line(row) for row in described))


def _described(cls: Any, name: str) -> dict[str, Any]:
    from engine.catalog import describe

    own = ("family", "good_at", "bad_at", "online", "multivariate", "default_threshold", "peeks")
    return {**describe("detector", name), **{key: getattr(cls, key) for key in own}}


def _line(row: dict[str, Any]) -> str:
    learns = "peeks" if row["peeks"] else "online" if row["online"] else "refits"
    return f"{row['name']:<20} {row['family']:<14} {learns:<7} {row['caption']}"


def _in_full(row: dict[str, Any]) -> str:
    lines = [f"{row['title']} ({row['name']}), {row['family']}", row["caption"], f"Good at: {row['good_at']}."]
    lines += [f"Bad at: {row['bad_at']}.", f"Alarms at a score of {row['default_threshold']:g} or more.", ""]
    for parameter in row["parameters"]:
        limits = (
            f", {parameter['low']:g} to {parameter['high']:g} {parameter['unit']}".rstrip()
            if "low" in parameter
            else ""
        )
        choices = f", one of {', '.join(parameter['options'])}" if "options" in parameter else ""
        lines.append(f"  {parameter['name']} = {parameter['default']}{limits}{choices}: {parameter['help']}")
    return "\n".join(lines)
