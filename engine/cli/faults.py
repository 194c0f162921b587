"""`python -m engine faults`: the failure patterns and their parameters."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def faults(
        plant: Annotated[str | None, typer.Option(help="Only those that can happen in this plant.")] = None,
        json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """List the failure patterns: faults of machines and sensors, and benign changes."""
        import json as json_text

        from engine.catalog import parts
        from engine.plant.checks import fitting
        from engine.plant.spec import load_plant

        names = tuple(parts("fault")) if plant is None else fitting(load_plant(plant))
        found = [_described(name) for name in names]
        if json:
            typer.echo(json_text.dumps(found, indent=2))
            return
        for one in found:
            typer.echo(f"{one['name']:<26} {one['kind']:<8} {one['caption']}")


def _described(name: str) -> dict[str, Any]:
    from engine.catalog import describe, part
    from engine.plant.checks import fitting
    from engine.plant.spec import load_plant, plant_names

    pattern = part("fault", name)
    return {
        **describe("fault", name),
        "kind": pattern.kind,
        "severity": pattern.severity,
        "ramp_s": pattern.ramp_s,
        "duration_s": pattern.duration_s,
        "shape": pattern.shape,
        "plants": [plant for plant in plant_names() if name in fitting(load_plant(plant))],
    }
