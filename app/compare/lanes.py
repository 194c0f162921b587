"""Aligned lanes with one zoom: readings, truth where it may be seen, then scores, levels and alarms per detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from app.charts import OKABE_ITO, moments
from app.i18n import t
from app.upload_view import drawn_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from engine.records import Block, FloatArray, Label

DARK_BLUE = OKABE_ITO[5]  # the sky blue of the same palette: the dark blue is hard to see on a dark page
LANE_PX, SENSOR_PX, HEAD_PX = 84, 96, 40
ALARM, LEVEL, FAULT, BENIGN, TWIN = OKABE_ITO[1], OKABE_ITO[1], OKABE_ITO[3], "#8a94a0", OKABE_ITO[2]


@dataclass(frozen=True)
class Lane:
    """One detector on one machine: scores and levels (n_ticks,), alarms of that machine, a note for the title."""

    title: str
    scores: FloatArray
    levels: FloatArray
    alarms: tuple[Label, ...]
    note: str = ""


def lanes_figure(
    block: Block,
    machine: str,
    sensors: Sequence[str],
    lanes: Sequence[Lane],
    revision: str,
    truth: Sequence[Any] | None = None,
    twin: Block | None = None,
) -> go.Figure:
    """Return the figure; zooming one lane zooms all, and the zoom survives while `revision` stays.

    Parameters
    ----------
    truth
        Events of the machine, for those who may see them; None = no such lane.
    twin
        The counterfactual twin's readings at the same times, drawn under the sensors.
    """
    from plotly.subplots import make_subplots

    told = [] if truth is None else [t("Truth")]
    titles = [*sensors, *told, *(f"<b>{lane.title}</b>  {lane.note}" for lane in lanes)]
    heights = [SENSOR_PX] * len(sensors) + [LANE_PX * 0.55] * len(told) + [LANE_PX] * len(lanes)
    gap = 20 / (sum(heights) + 20 * len(heights))
    figure = make_subplots(
        rows=len(titles), cols=1, shared_xaxes=True, row_heights=heights, vertical_spacing=gap, subplot_titles=titles
    )
    figure.update_annotations(x=0, xanchor="left", font_size=12, yanchor="bottom")  # the lanes' titles
    for row, sensor in enumerate(sensors, start=1):
        _readings(figure, row, block, machine, sensor, twin)
    if truth is not None:
        _truth(figure, len(sensors) + 1, truth, block)
    for row, lane in enumerate(lanes, start=len(sensors) + len(told) + 1):
        _lane(figure, row, block, lane)
    _frame(figure, sum(heights) + 20 * len(heights), revision)
    return for_theme(figure)


def for_theme(figure: go.Figure) -> go.Figure:
    """Return the figure; on a dark page the dark blue of the palette becomes its sky blue."""
    if st.context.theme.type != "dark":
        return figure
    for trace in figure.data:
        for part in (getattr(trace, "line", None), getattr(trace, "marker", None), getattr(trace, "error_x", None)):
            if part is not None and isinstance(part.color, str) and part.color == OKABE_ITO[0]:
                part.color = DARK_BLUE
    return figure


def _frame(figure: go.Figure, height: float, revision: str) -> None:
    figure.update_yaxes(fixedrange=True, nticks=3, title=None)
    figure.update_xaxes(showspikes=True, spikemode="across", spikethickness=1, spikedash="dot", spikecolor="#8a94a0")
    figure.update_layout(
        height=int(height) + HEAD_PX, showlegend=False, margin={"l": 44, "r": 8, "t": 22, "b": 28}, uirevision=revision,
        hovermode="x", dragmode="zoom",
    )  # fmt: skip


def _readings(figure: go.Figure, row: int, block: Block, machine: str, sensor: str, twin: Block | None) -> None:
    m, k = block.machines.index(machine), block.sensors.index(sensor)
    place = drawn_points(block.values[:, m, k])
    at = moments(block.times_us[place])
    if twin is not None:
        style = {"color": TWIN, "width": 1.2, "dash": "dot"}
        figure.add_scatter(
            x=at, y=twin.values[place, m, k], mode="lines", line=style, name=t("twin without the fault"), row=row, col=1
        )
    style = {"color": OKABE_ITO[0], "width": 1.1}
    figure.add_scatter(x=at, y=block.values[place, m, k], mode="lines", line=style, name=sensor, row=row, col=1)


def _truth(figure: go.Figure, row: int, truth: Sequence[Any], block: Block) -> None:
    first, last = int(block.times_us[0]), int(block.times_us[-1])
    # An empty lane must be as long as the others.
    figure.add_scatter(x=moments([first, last]), y=[0, 0], mode="lines", line={"width": 0}, hoverinfo="skip",
                       row=row, col=1)  # fmt: skip
    for event in truth:
        begin, end = max(event.onset_us, first), min(event.end_us, last)
        seen = event.end_us if event.detectable_from_us is None else event.detectable_from_us
        color = BENIGN if event.benign else FAULT
        words = t("{fault} (benign)", fault=event.fault) if event.benign else event.fault
        _bar(figure, row, begin, end, color, 4, words)
        if not event.benign and seen < end:
            _bar(figure, row, max(seen, first), end, color, 13, words)
        figure.add_annotation(
            x=moments([(begin + end) // 2])[0], y=1, text=words.replace("_", " "), showarrow=False, font_size=10,
            yshift=3, row=row, col=1,
        )  # fmt: skip
    figure.update_yaxes(range=[-0.8, 1.8], showticklabels=False, showgrid=False, zeroline=False, row=row, col=1)


def _bar(figure: go.Figure, row: int, begin: int, end: int, color: str, width: int, words: str) -> None:
    line = {"color": color, "width": width}
    figure.add_scatter(x=moments([begin, end]), y=[0, 0], mode="lines", line=line, name=words, row=row, col=1)


def _lane(figure: go.Figure, row: int, block: Block, lane: Lane) -> None:
    level = np.where(np.isfinite(lane.levels), lane.levels, np.nan)
    top = _top(lane.scores, level)
    place = drawn_points(lane.scores)
    at = moments(block.times_us[place])
    shown = np.minimum(lane.scores[place], top)
    figure.add_scatter(
        x=at, y=shown, mode="lines", line={"color": OKABE_ITO[0], "width": 1}, name=t("score"),
        customdata=lane.scores[place], hovertemplate="%{customdata:.3g}", row=row, col=1,
    )  # fmt: skip
    style = {"color": LEVEL, "width": 1.2, "dash": "dash"}
    figure.add_scatter(x=at, y=level[place], mode="lines", line=style, name=t("threshold"), row=row, col=1)
    for alarm in lane.alarms:
        _bar_at(figure, row, alarm, top * 1.12)
    if lane.alarms:
        marker = {"symbol": "triangle-down", "size": 9, "color": ALARM}
        starts = moments([alarm.start_us for alarm in lane.alarms])
        figure.add_scatter(
            x=starts, y=[top * 1.12] * len(starts), mode="markers", marker=marker, name=t("alarm"), row=row, col=1
        )
    figure.update_yaxes(range=[0, top * 1.3], row=row, col=1)


def _bar_at(figure: go.Figure, row: int, alarm: Label, y: float) -> None:
    line = {"color": ALARM, "width": 5}
    ends = moments([alarm.start_us, alarm.end_us])
    figure.add_scatter(x=ends, y=[y, y], mode="lines", line=line, hoverinfo="skip", row=row, col=1)


def _top(scores: FloatArray, levels: FloatArray) -> float:
    """Return where the lane ends: far above the threshold, not as far as the wildest score."""
    known = levels[np.isfinite(levels)]
    level = float(np.median(known)) if len(known) else 0.0
    high = float(np.quantile(scores, 0.995)) if len(scores) else 1.0
    return max(1.5 * level, min(high, 4.0 * level) if level else high, 1e-9)
