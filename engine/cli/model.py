"""`python -m engine model`: versions of fitted models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from engine.models import Models
    from engine.records import Block

Name = Annotated[str, typer.Argument(help="Name of the model, such as pumps.")]
Number = Annotated[int, typer.Argument(help="Version.")]
Plant = Annotated[str, typer.Option(help="Plant whose normal running is read, when there is no --data.")]
Seed = Annotated[int, typer.Option(help="Seed of the plant.")]
Hours = Annotated[float, typer.Option(help="Length of the history.")]
Start = Annotated[str, typer.Option(help="First event time, ISO 8601.")]
Data = Annotated[Path | None, typer.Option(help="Data set file to read instead of a plant.")]

RATE = 0.1  # readings a second and machine that a plant is read at


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="Model versions: fit, list, promote, roll back, compare.", no_args_is_help=True)
    for command in (fit, listed, promote, rollback, challenge, compare):
        group.command("list" if command is listed else command.__name__)(command)
    app.add_typer(group, name="model")


def fit(
    name: Name,
    detector: Annotated[str, typer.Option(help="Detector of the catalogue.")] = "isolation_forest",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Parameter as name=value; may be repeated.")
    ] = None,
    plant: Plant = "pump_station",
    seed: Seed = 7,
    hours: Hours = 6.0,
    start: Start = "2026-01-05T00:00:00Z",
    data: Data = None,
    note: Annotated[str, typer.Option(help="A word on why.")] = "",
) -> None:
    """Fit a detector on unlabelled history and save it as the next version."""
    from engine.catalog import make

    made = make("detector", detector, _values(settings or []))
    history = _block(plant, seed, hours, start, data)
    made.fit(history)
    version = _models().save(name, made, history, note)
    typer.echo(
        f"{name} version {version.version}: {detector} fitted on {version.n_ticks} ticks in {version.fit_seconds:g} s."
    )


def listed(name: Annotated[str | None, typer.Argument(help="Only this model.")] = None) -> None:
    """List models and their versions; * is the champion, + the challenger."""
    from engine.records import iso_time

    models = _models()
    for model in [name] if name is not None else models.names():
        index = models.index(model)
        typer.echo(model)
        for version in models.versions(model):
            mark = "*" if version.version == index.champion else "+" if version.version == index.challenger else " "
            span = f"{iso_time(version.from_us)} to {iso_time(version.until_us)}"
            digest = version.sha256["state.npz"][:12]
            line = f" {mark} {version.version:>3}  {version.detector}  {span}  {digest}  {version.note}"
            typer.echo(line.rstrip())


def promote(name: Name, version: Number) -> None:
    """Put a version in charge."""
    _models().promote(name, version)
    typer.echo(f"{name}: version {version} is the champion.")


def rollback(name: Name) -> None:
    """Put the champion before the present one back in charge."""
    typer.echo(f"{name}: version {_models().roll_back(name).champion} is the champion again.")


def challenge(name: Name, version: Number) -> None:
    """Let a version run beside the champion on the live stream."""
    _models().challenge(name, version)
    typer.echo(f"{name}: version {version} runs as challenger.")


def compare(
    name: Name,
    first: Number,
    second: Annotated[int, typer.Argument(help="Version to compare with.")],
    plant: Plant = "pump_station",
    seed: Seed = 7,
    hours: Hours = 6.0,
    start: Start = "2026-01-06T00:00:00Z",
    data: Data = None,
) -> None:
    """Run two versions over the same readings and say how they agree."""
    from engine.shadow import Shadow

    models = _models()
    shadow = Shadow(models.load(name, first), models.load(name, second))
    shadow.score_then_learn(_block(plant, seed, hours, start, data))
    words = {"champion": f"version {first}", "challenger": f"version {second}"}
    for key, value in shadow.summary().items():
        role = key.split("_", 1)[0]
        label = f"{words[role]} {key.split('_', 1)[1]}" if role in words else key.replace("_", " ")
        typer.echo(f"{label}: {value}")


def _models() -> Models:
    from engine.home import home
    from engine.models import Models

    return Models(home() / "models")


def _values(settings: list[str]) -> dict[str, Any]:
    from engine.errors import ParameterError

    values = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ParameterError(f"--set must be name=value, got {setting!r}.")
        values[name.strip()] = value.strip()
    return values


def _block(plant: str, seed: int, hours: float, start: str, data: Path | None) -> Block:
    import numpy as np

    from engine.records import HOUR_US, SECOND_US, time_us

    if data is not None:
        from engine.dataset_reading import read_block

        return read_block(data)
    from engine.plant.simulator import Plant as Simulated
    from engine.plant.spec import load_plant

    first, step = time_us(start), round(SECOND_US / RATE)
    return Simulated(load_plant(plant), seed).block(np.arange(first, first + round(hours * HOUR_US), step))
