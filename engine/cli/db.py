"""`python -m engine db check | tables | sample`: a look into the store while the app is not running."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from engine.store.store import Store

Folder = Annotated[Path | None, typer.Option("--home", help="Folder of the lab's files [default: FAULTLAB_HOME].")]
Plant = Annotated[str | None, typer.Option(help="Plant [default: the one with the newest run].")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="What the store holds: check it, list its tables, show rows.", no_args_is_help=True)

    @group.command()
    def check(home: Folder = None) -> None:
        """Open the store, count what is in it, and say whether readings arrive."""
        with _opened(home) as store:
            typer.echo(f"store    {store.path}")
            typer.echo(f"size     {store.figures()['bytes']:,} bytes")
            for line in _checked(store):
                typer.echo(line)
            typer.echo("The store can be read.")

    @group.command()
    def tables(home: Folder = None, as_json: AsJson = False) -> None:
        """List the plants with machines, sensors, rows and the span of time, and the views of each."""
        with _opened(home) as store:
            rows = [_facts(store, name) for name in store.known_plants()]
        _show(rows, as_json)

    @group.command()
    def sample(
        view: Annotated[str, typer.Argument(help="readings, scores, alarms, window_stats or minutes.")] = "readings",
        limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many rows.")] = 10,
        plant: Plant = None,
        home: Folder = None,
        as_json: AsJson = False,
    ) -> None:
        """Show the newest rows of one view."""
        from engine.store.view_rows import newest_of

        with _opened(home) as store:
            found = newest_of(store, view, plant or _newest_plant(store), limit)
        _show([dict(zip(found.columns, row, strict=True)) for row in found.rows], as_json)

    app.add_typer(group, name="db")


@contextmanager
def _opened(folder: Path | None) -> Iterator[Store]:
    """Give the store of a home folder; LabError when there is none or the app has it open."""
    from engine.errors import LabError
    from engine.home import home
    from engine.store.store import FILE_NAME, Store

    place = (home() if folder is None else folder) / FILE_NAME
    if not place.is_file():
        raise LabError(f"There is no store at {place}; start the lab once, or name its folder with --home.")
    store = Store(place)
    try:
        yield store
    finally:
        store.close()


def _newest_plant(store: Store) -> str:
    from engine.errors import LabError

    run = store.newest_run()
    if run is None:
        raise LabError("There are no readings in the store yet; start the lab and let it run a while.")
    return run.plant


def _checked(store: Store) -> list[str]:
    lines = [f"runs     {len(store.runs()):,}"]
    for name in store.known_plants():
        facts = _facts(store, name)
        lines.append(f"plant    {name}: {facts['rows']:,} rows, {facts['first']} to {facts['last']}")
        lines += [f"         {text}" for text in _silent_sensors(store, name)]
    return lines


def _silent_sensors(store: Store, plant: str) -> list[str]:
    """Return a line for each sensor without a single number among the newest rows."""
    import numpy as np

    rows = store.newest_readings(plant, limit=1000)
    sensors = store.plant_table(plant).sensors
    return [f"sensor {name} says nothing" for name in sensors if len(rows[name]) and np.isnan(rows[name]).all()]


def _facts(store: Store, plant: str) -> dict[str, Any]:
    from engine.records import iso_time

    table, span = store.plant_table(plant), store.span_us(plant)
    first, last = (iso_time(at, seconds_only=True) for at in span) if span else ("-", "-")
    return {
        "plant": plant,
        "source": table.source,
        "machines": len(table.machines),
        "sensors": ", ".join(table.sensors),
        "rows": store.count_readings(plant),
        "minutes": store.count_rollups(plant),
        "first": first,
        "last": last,
    }


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    import json

    if as_json:
        typer.echo(json.dumps(rows, indent=2, default=str))
        return
    if not rows:
        typer.echo("There are no rows.")
        return
    cells = [list(rows[0]), *[["" if value is None else str(value) for value in row.values()] for row in rows]]
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))]
    for row in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
