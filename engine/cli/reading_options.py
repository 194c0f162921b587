"""The options that say how a stranger's file is to be read; shared by the commands that read one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from engine.reading.choices import Choices
    from engine.reading.profile import Profile

Time = Annotated[str | None, typer.Option(help="Column that holds the clock; - = none.")]
Sensors = Annotated[list[str] | None, typer.Option(help="Columns that are readings, parted by commas; may repeat.")]
Label = Annotated[list[str] | None, typer.Option(help="Column that holds answers and is kept out; may repeat.")]
Machine = Annotated[str | None, typer.Option(help="Column that says which machine; - = none.")]
Long = Annotated[str | None, typer.Option(help="Column that says of which sensor a line is; - = none.")]
DayFirst = Annotated[bool | None, typer.Option("--day-first/--month-first", help="Read 03/04 as the third of April.")]
Decimal = Annotated[str | None, typer.Option(help="The mark before the fraction: . or ,")]
Skip = Annotated[int | None, typer.Option(help="Lines above the header.")]
Sheet = Annotated[str | None, typer.Option(help="Sheet of a workbook, or file in a zip.")]
Cycles = Annotated[bool | None, typer.Option("--cycles/--instants", help="Each row is a cycle of one sensor.")]
Forget = Annotated[bool, typer.Option("--forget", help="Read afresh: forget choices for files of this shape.")]


def choices_from(
    time: str | None, sensors: list[str] | None, label: list[str] | None, machine: str | None, long: str | None,
    day_first: bool | None, decimal: str | None, skip: int | None, sheet: str | None, cycles: bool | None,
) -> Choices:  # fmt: skip
    """Return the options as choices."""
    from engine.reading.choices import Choices

    return Choices(
        time=time, sensors=tuple(sensors or ()), labels=tuple(label or ()), machine=machine, long=long,
        day_first=day_first, decimal=decimal, skip=skip, sheet=sheet, cycles=cycles,
    )  # fmt: skip


def read(file: object, choices: Choices, forget: bool) -> Profile:
    """Read a file with the choices, and with those remembered for files of its shape."""
    from pathlib import Path

    from engine.home import home
    from engine.reading.profile import profile_of
    from engine.reading.remembered import FILE, Remembered

    memory = Remembered(home() / FILE)
    if forget:
        from engine.reading.choices import Choices
        from engine.reading.container import contents_of
        from engine.reading.evidence import Notes
        from engine.reading.remembered import shape_of

        memory.keep(shape_of(contents_of(Path(str(file)), choices, Notes())), Choices())
    return profile_of(Path(str(file)), choices, memory=memory)
