"""`python -m engine plants`: the plants, their machines and sensors."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def plants(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
        """List the plants with their machines and sensors."""
        import json as json_text

        from engine.plant.spec import load_plant, plant_names

        specs = [load_plant(name) for name in plant_names()]
        if json:
            typer.echo(json_text.dumps([_described(spec) for spec in specs], indent=2))
            return
        for spec in specs:
            typer.echo(f"{spec.name}: {spec.title}, {spec.company}. {spec.facility}")
            typer.echo(f"  machines: {', '.join(spec.machines)}")
            for sensor in spec.sensors:
                low, high = sensor.normal
                marks = [f"{word} {mark:g}" for word, mark in _marks(sensor) if mark is not None]
                text = f"  {sensor.name:<20} {low:g} to {high:g} {sensor.unit}"
                typer.echo(", ".join([text, *marks]))


def _marks(sensor: Any) -> tuple[tuple[str, float | None], ...]:
    return (("warning", sensor.warning), ("critical", sensor.critical))


def _described(spec: Any) -> dict[str, Any]:
    from engine.plant.checks import fitting

    return {
        "name": spec.name,
        "title": spec.title,
        "company": spec.company,
        "facility": spec.facility,
        "machines": [line.model_dump() for line in spec.lines],
        "sensors": [sensor.model_dump(exclude={"measures", "offset"}) for sensor in spec.sensors],
        "faults": list(fitting(spec)),
    }
