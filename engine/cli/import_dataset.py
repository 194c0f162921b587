"""`python -m engine import-dataset`: a folder of downloaded data as plants that the app can play."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("import-dataset")
    def import_dataset(
        folder: Annotated[Path, typer.Argument(help="Folder that you downloaded: NAB, SKAB, SECOM or CSV tables.")],
        kind: Annotated[str | None, typer.Option(help="nab, skab, secom or table [default: recognised].")] = None,
        name: Annotated[str | None, typer.Option(help="Name of the plant [default: the folder's].")] = None,
        only: Annotated[str, typer.Option(help="Only files that fit this pattern.")] = "*",
        most_sensors: Annotated[int, typer.Option(min=1, max=100, help="Sensors that are kept at most.")] = 24,
    ) -> None:
        """Read a folder of downloaded sensor data; each plant keeps where it is from and its licence.

        Labels in the data go into a file of their own that no page reads.
        """
        from engine.home import home
        from engine.importing.formats import read_folder
        from engine.importing.recording import save_recording

        place, last, count = home(), "", 0
        for one in read_folder(folder, kind, name, only, most_sensors):
            made, origin = one.recording, one.recording.origin
            save_recording(made, place, one.answers)
            spans = sum(len(found) for found in one.answers.values())
            typer.echo(
                f"{made.name}: {len(made.machines)} machines, {len(made.sensors)} sensors, {made.readings} readings, "
                f"{spans} labelled intervals kept apart"
            )
            for note in origin.notes[:5]:
                typer.echo(f"  {note}", err=True)
            last, count = made.name, count + 1
            licence = origin.licence
        typer.echo(f"Licence: {licence}")
        typer.echo(f"{count} plants imported. Play one with: FAULTLAB_PLANT={last} streamlit run app/main.py")
