"""`python -m engine dataset`: a span of a plant as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from engine.plant.scenario import Scenario
    from engine.plant.simulator import Plant


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def dataset(
        out: Annotated[Path, typer.Option(help="File to write.")],
        plant: Annotated[str | None, typer.Option(help="Plant, or a YAML file [default: pump_station].")] = None,
        seed: Annotated[int | None, typer.Option(help="Whole number that decides all chance [default: 7].")] = None,
        start: Annotated[str | None, typer.Option(help="First event time, ISO 8601.")] = None,
        hours: Annotated[float | None, typer.Option(help="Length of the span [default: 24].")] = None,
        rate: Annotated[float | None, typer.Option(help="Readings a second and machine [default: 0.1].")] = None,
        machines: Annotated[str | None, typer.Option(help="Only these machines, separated by commas.")] = None,
        scenario: Annotated[str | None, typer.Option(help="Play this scenario.")] = None,
        level: Annotated[str | None, typer.Option(help="Draw what happens: easy, medium or hard.")] = None,
        file_format: Annotated[str, typer.Option("--format", help="csv, parquet or jsonl.")] = "csv",
        truth: Annotated[Path | None, typer.Option(help="Write the truth to this CSV file (instructors).")] = None,
    ) -> None:
        """Write readings of a plant to a file; the data never holds any truth."""
        from engine.dataset import write_dataset, write_truth
        from engine.records import HOUR_US

        told = _scenario(scenario, level, plant)
        first = _start(start, told)
        span = hours if hours is not None else (told.hours if told else 24.0)
        chosen = _plant(plant, seed, told, level, first, span, machines)
        each = rate if rate is not None else (told.rate if told else 0.1)
        rows = write_dataset(chosen, out, start_us=first, hours=span, rate=each, file_format=file_format)
        typer.echo(f"{rows} rows written to {out}.", err=True)
        if truth is not None:
            events = chosen.truth(first, first + round(span * HOUR_US))
            typer.echo(f"{write_truth(events, truth)} events written to {truth}.", err=True)


def _scenario(name: str | None, level: str | None, plant: str | None) -> Scenario | None:
    from engine.errors import LabError
    from engine.plant.scenario import load_scenario

    if name is None:
        return None
    told = load_scenario(name)
    if level is not None:
        raise LabError(f"--scenario {name} and --level {level} both say what happens; give one of them.")
    if plant is not None and plant != told.plant_name:
        raise LabError(f"Scenario {name!r} belongs to plant {told.plant_name!r}; leave --plant {plant} out.")
    return told


def _start(text: str | None, told: Scenario | None) -> int:
    from engine.errors import ParameterError
    from engine.records import time_us

    if text is None:
        return told.start_us if told else time_us("2026-01-05T00:00:00Z")
    try:
        return time_us(text)
    except ValueError:
        raise ParameterError(f"start must be a time such as 2026-01-05T00:00:00Z, got {text!r}.") from None


def _plant(
    name: str | None,
    seed: int | None,
    told: Scenario | None,
    level: str | None,
    start_us: int,
    hours: float,
    machines: str | None,
) -> Plant:
    from engine.plant.making import make_journal
    from engine.plant.simulator import Plant
    from engine.plant.spec import load_plant

    only = tuple(part.strip() for part in machines.split(",") if part.strip()) if machines else None
    if told is not None:
        return told.plant(seed, start_us, only)
    spec = load_plant(name or "pump_station")
    number = 7 if seed is None else seed
    for one in only or ():
        spec.require_machine(one)
    if level is None:
        return Plant(spec, number, machines=only)
    return Plant(spec, number, make_journal(spec, number, level, start_us, hours, only), only)
