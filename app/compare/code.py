"""The comparison as Python that does the same in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.compare.choosing import FILE, RUNNING
from engine.catalog import part
from engine.params import parameters_of

if TYPE_CHECKING:
    from app.compare.choosing import Data
    from engine.comparing.contenders import Contender

IMPORTS = """\
from engine.comparing.compare import compare
from engine.comparing.contenders import Contender
"""


def comparison_code(data: Data, contenders: tuple[Contender, ...], teaches: bool) -> str:
    """Return code with the same contenders on the same data; a student's seed is a name, for it must stay unknown."""
    lines = ",\n    ".join(_contender(one) for one in contenders)
    return f"{IMPORTS}{_data(data, teaches)}\ncontenders = [\n    {lines},\n]\n{_REST}"


_REST = """\
for outcome in compare(contenders, stretches):       # workers=None: a process per core
    print(outcome.contender.title, len(outcome.alarms), "alarms", f"{outcome.us_per_reading:.2f} µs a reading")
"""


def _contender(one: Contender) -> str:
    said = [repr(one.detector)]
    defaults = {parameter.name: parameter.default for parameter in parameters_of(part("detector", one.detector))}
    values = {name: value for name, value in one.values.items() if value != defaults.get(name)}
    said += [f"{values!r}"] if values else []
    said += [f"fed={one.fed!r}"] if one.fed != "raw" else []
    if one.rule is not None:
        said += [f"rule={one.rule!r}", f"rule_values={one.rule_values!r}"]
    said += [f"confirm={one.confirm}"] if one.confirm != 2 else []
    said += [f"hold_off_s={one.hold_off_s:g}"] if one.hold_off_s != 300.0 else []
    return f"Contender({', '.join(said)})"


def _data(data: Data, teaches: bool) -> str:
    if data.source == FILE:
        name = data.profile.file if data.profile is not None else "readings.csv"
        return (
            "from pathlib import Path\n\nfrom engine.comparing.stretches import table_stretches\n"
            "from engine.reading.profile import profile_of\nfrom engine.reading.series import table_of\n\n"
            f"stretches = table_stretches(table_of(profile_of(Path({name!r}))))\n"
        )
    if data.source == RUNNING:
        return (
            "from engine.comparing.stretches import plant_stretch\n\n"
            "# plant, start_us and end_us: your own plant (see Show this in Python on the live page)\n"
            f'stretches = [plant_stretch("my plant", plant, start_us, end_us, rate={data.rate:g})]\n'
        )
    seed = data.first_seed if teaches and data.first_seed is not None else 1
    return (
        "from engine.comparing.stretches import scenario_stretch\n\n"
        f"stretches = [scenario_stretch({data.scenario!r}, seed, hours={data.hours:g}, rate={data.rate:g}) "
        f"for seed in range({seed}, {seed + data.seeds})]\n"
    )
