"""The chart of an upload's result: all sensors and scores on one axis of time, alarms and labelled stretches drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas  # noqa: F401  (why: app/charts.py)
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.charts import OKABE_ITO
from app.upload_view import drawn_points

if TYPE_CHECKING:
    from engine.reading.series import Table
    from engine.scoring.policy import Policy
    from engine.scoring.score import Scored

LINE, ALARM, LABEL = OKABE_ITO[0], OKABE_ITO[1], OKABE_ITO[3]
MOST_LANES, MOST_MARKS = 24, 300


def results_figure(
    table: Table, results: list[Scored], at: int, policy: Policy, labelled: np.ndarray | None = None,
    zoom: dict[str, Any] | None = None,
) -> go.Figure:  # fmt: skip
    """Return the readings of one machine above the scores, aligned: zooming one lane zooms all.

    Parameters
    ----------
    policy
        Threshold and alarm policy of the first result, whose alarms are drawn through all lanes.
    labelled
        Ticks that the file calls strange; None = there are none, or the viewer may not see them.
    zoom
        An alarm to zoom to; None = the whole file.
    """
    block, rows = table.blocks[at], table.rows[at]
    shown = list(block.sensors[:MOST_LANES])
    names = [*shown, *(result.detector for result in results)]
    figure = make_subplots(rows=len(names), cols=1, shared_xaxes=True, vertical_spacing=min(0.02, 0.5 / len(names)))
    ms = block.times_us / 1000.0
    for lane, name in enumerate(names, start=1):
        of_sensor = lane <= len(shown)
        values = block.values[:, 0, lane - 1] if of_sensor else results[lane - 1 - len(shown)].scores[rows]
        place = drawn_points(values)
        line = {"color": LINE if of_sensor else "#666666", "width": 1}
        y = values[place].astype(np.float32)
        figure.add_trace(go.Scattergl(x=ms[place], y=y, mode="lines", line=line, name=name), row=lane, col=1)
        figure.update_yaxes(title_text=name[:28], row=lane, col=1)
    figure.add_hline(y=policy.threshold, line={"dash": "dash", "color": ALARM, "width": 1}, row=len(shown) + 1, col=1)
    runs = results[0].alarm_runs(rows, policy)
    _marks(figure, ms, runs, ALARM, 0.25)
    if labelled is not None:
        on = np.flatnonzero(np.diff(np.concatenate(([0], labelled.astype(np.int8), [0]))))
        _marks(figure, ms, [(int(a), int(b) - 1) for a, b in zip(on[::2], on[1::2], strict=True)], LABEL, 0.2)
    figure.update_xaxes(type="date", **_range(ms, zoom))
    figure.update_yaxes(title_standoff=2, title_font_size=10)
    height = max(90, min(130, 900 // len(names)))
    figure.update_layout(height=height * len(names) + 60, showlegend=False, margin={"l": 60, "r": 10, "t": 10, "b": 30})
    return figure


def _marks(figure: go.Figure, ms: np.ndarray, runs: list[tuple[int, int]], colour: str, opacity: float) -> None:
    """Draw stretches through all lanes, at most MOST_MARKS of them; one reading is as wide as its step."""
    step = float(np.median(np.diff(ms))) if len(ms) > 1 else 1000.0
    shapes = [
        {
            "type": "rect", "xref": "x", "yref": "paper", "x0": float(ms[first]), "x1": float(ms[last]) + step, "y0": 0, "y1": 1,  # noqa: E501
            "fillcolor": colour, "opacity": opacity, "line": {"width": 0}, "layer": "below",
        }
        for first, last in runs[:MOST_MARKS]
    ]  # fmt: skip
    figure.update_layout(shapes=[*(figure.layout.shapes or ()), *shapes])


def _range(ms: np.ndarray, zoom: dict[str, Any] | None) -> dict[str, Any]:
    if zoom is None:
        return {}
    begin, end = (float(np.datetime64(zoom[key][:19], "ms").astype(np.int64)) for key in ("start", "end"))
    step = float(np.median(np.diff(ms))) if len(ms) > 1 else 1000.0
    around = max(end - begin, 20 * step)
    return {"range": [begin - around, end + around]}
