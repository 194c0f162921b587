"""Plotly figures for what stands still; they take blocks and scores only, types that hold no truth."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

# Plotly looks at whatever half of pandas is there while another thread (app/lab.py, HEAVY) still imports it, and fails.
# So whoever draws imports this module first, and with it all of pandas.
import pandas  # noqa: F401

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from engine.records import Block

# Okabe and Ito (2008), "Color universal design": told apart with every kind of colour vision.
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C8C00")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")
LEGEND = {"orientation": "h", "y": -0.15, "x": 0}


def moments(times_us: Any) -> list[datetime]:
    """Return microseconds since the epoch as datetimes in UTC, as Plotly draws them."""
    return [datetime.fromtimestamp(int(at) / 1e6, UTC) for at in times_us]


def lines(
    times_us: Any, values: dict[str, Any], *, unit: str = "", revision: str = "", threshold: float | None = None
) -> go.Figure:
    """Return a line chart: each line has a colour and a dash of its own; zoom survives while `revision` stays."""
    figure = _empty(unit, revision)
    at = moments(times_us)
    for k, (name, numbers) in enumerate(values.items()):
        style = {"color": OKABE_ITO[k % len(OKABE_ITO)], "dash": DASHES[k % len(DASHES)], "width": 1.8}
        figure.add_scatter(x=at, y=numbers, name=name, mode="lines", line=style, connectgaps=False)
    if threshold is not None:
        figure.add_hline(threshold, line={"dash": "dash", "color": OKABE_ITO[1]}, annotation_text="threshold")
    return figure


def sensor_chart(block: Block, machine: str, sensor: str, *, unit: str = "") -> go.Figure:
    """Return the readings of one sensor of one machine."""
    values = block.machine(machine).values[:, 0, block.sensors.index(sensor)]
    return lines(block.times_us, {sensor: values}, unit=unit, revision=f"{machine}/{sensor}")


def _empty(unit: str, revision: str) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.update_layout(
        margin={"l": 50, "r": 12, "t": 12, "b": 36},
        uirevision=revision,
        legend=LEGEND,
        hovermode="x unified",
        height=320,
    )
    figure.update_yaxes(title=unit)
    return figure
