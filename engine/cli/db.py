"""`python -m engine db check | tables | sample`: a look into the store, also while the app runs."""

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
        """Count what the store holds, and say whether readings arrive and lie in their ranges; the app may run."""
        with _looked_into(home) as lab:
            for line in _checked(lab.facts()):
                typer.echo(line)

    @group.command()
    def tables(home: Folder = None, as_json: AsJson = False) -> None:
        """List the plants with machines, sensors, rows and the span of time."""
        with _looked_into(home) as lab:
            _show([{k: v for k, v in row.items() if k != "notes"} for row in lab.facts()["plants"]], as_json)

    @group.command()
    def sample(
        view: Annotated[str, typer.Argument(help="readings, scores, alarms, window_stats or minutes.")] = "readings",
        limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many rows.")] = 10,
        plant: Plant = None,
        home: Folder = None,
        as_json: AsJson = False,
    ) -> None:
        """Show the newest rows of one view."""
        with _looked_into(home) as lab:
            _show(lab.sample(view, limit, plant), as_json)

    app.add_typer(group, name="db")


class Closed:
    """The store of a lab that does not run, opened."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def facts(self) -> dict[str, Any]:
        """Return size, runs and plants, each with notes on its sensors."""
        from engine.plant.spec import normal_ranges
        from engine.store.facts import plant_facts, sensor_notes

        store = self._store
        names = store.known_plants()
        plants = [{**plant_facts(store, n), "notes": sensor_notes(store, n, normal_ranges(n))} for n in names]
        return {
            "place": str(store.path),
            "bytes": store.figures()["bytes"],
            "runs": len(store.runs()),
            "plants": plants,
        }

    def sample(self, view: str, limit: int, plant: str | None) -> list[dict[str, Any]]:
        """Return the newest rows of a view."""
        from engine.store.view_rows import newest_of

        found = newest_of(self._store, view, plant or _newest_plant(self._store), limit)
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


class Running:
    """A lab that runs, asked over its API."""

    def __init__(self, address: str) -> None:
        from engine.client import LabClient

        self._address, self._client = address, LabClient(address)

    def facts(self) -> dict[str, Any]:
        """Return size, runs and plants, each with notes on its sensors."""
        return {"place": f"the lab that runs at {self._address}", **self._client.call("GET", "/store")}

    def sample(self, view: str, limit: int, plant: str | None) -> list[dict[str, Any]]:
        """Return the newest rows of a view."""
        query = {"limit": limit} if plant is None else {"limit": limit, "plant": plant}
        found: list[dict[str, Any]] = self._client.call("GET", f"/table-data/{view}", query=query)["rows"]
        return found


@contextmanager
def _looked_into(folder: Path | None) -> Iterator[Closed | Running]:
    """Give the lab of a home folder: its store, or the app that has the store open; LabError when there is neither."""
    from engine.errors import LabError
    from engine.home import home, noted_address
    from engine.store.store import FILE_NAME, Store

    place = home() if folder is None else folder
    if not (place / FILE_NAME).is_file():
        raise LabError(f"There is no store in {place}; start the lab once, or name its folder with --home.")
    try:
        store = Store(place / FILE_NAME)
    except LabError:
        address = noted_address(place)
        if address is None:
            raise
        yield Running(address)
        return
    try:
        yield Closed(store)
    finally:
        store.close()


def _newest_plant(store: Store) -> str:
    from engine.errors import LabError

    run = store.newest_run()
    if run is None:
        raise LabError("There are no readings in the store yet; start the lab and let it run a while.")
    return run.plant


def _checked(facts: dict[str, Any]) -> list[str]:
    lines = [f"store    {facts['place']}", f"size     {facts['bytes']:,} bytes", f"runs     {facts['runs']:,}"]
    for one in facts["plants"]:
        lines.append(f"plant    {one['plant']}: {one['rows']:,} rows, {one['first']} to {one['last']}")
        lines += [f"         {note}" for note in one["notes"]]
    return [*lines, "The store can be read."]


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
