"""`python -m engine scenarios`: list the scenarios, or make one of a level."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="List scenarios or make new ones.", invoke_without_command=True)
    app.add_typer(group, name="scenarios")

    @group.callback()
    def scenarios(
        context: typer.Context, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    ) -> None:
        """List the scenarios with their level and best one-liner."""
        if context.invoked_subcommand is None:
            _list(json)

    @group.command()
    def make(
        name: Annotated[str, typer.Argument(help="Name of the new scenario, such as pump_exam.")],
        folder: Annotated[Path, typer.Option(help="Folder for the YAML file.")],
        level: Annotated[str, typer.Option(help="easy, medium or hard.")] = "medium",
        plant: Annotated[str, typer.Option(help="Plant.")] = "pump_station",
        seed: Annotated[int, typer.Option(help="Whole number that decides all chance.")] = 7,
        start: Annotated[str, typer.Option(help="First event time, ISO 8601.")] = "2026-01-05T00:00:00Z",
        hours: Annotated[float, typer.Option(help="Length of the span.")] = 72.0,
    ) -> None:
        """Draw a scenario, measure it and write it; one above its level's cap is refused."""
        from engine.plant.scenario_file import make_scenario
        from engine.records import time_us

        title = f"{plant.replace('_', ' ').capitalize()}, {level}"
        made = make_scenario(
            folder, name, plant, level, seed=seed, start_us=time_us(start), hours=hours, title=title, text=""
        )
        best = made.best_one_liner
        typer.echo(f"{folder / name}.yaml: {best.rule} reaches event-F1 {best.event_f1:.4f}")


def _list(as_json: bool) -> None:
    import json as json_text

    from engine.plant.scenario import load_scenario, scenario_names

    found = [load_scenario(name) for name in scenario_names()]
    if as_json:
        keys = ("name", "title", "level", "hours", "seed")
        plain = [
            {**{key: getattr(one, key) for key in keys}, "plant": one.plant_name, **one.best_one_liner.model_dump()}
            for one in found
        ]
        typer.echo(json_text.dumps(plain, indent=2))
        return
    for one in found:
        best = one.best_one_liner
        typer.echo(f"{one.name:<24} {one.level:<7} {one.hours:g} h  {best.rule} {best.event_f1:.2f}  {one.title}")
