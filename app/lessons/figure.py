"""Draws what an experiment gave: one row per lane, time or numbers below."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from app.charts import OKABE_ITO
from app.i18n import t

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from lessons.labs.base import Lane

ROW_PX = 150
LINE_CHARACTERS = 18  # of a title beside a row
GAP_PX, TITLED_GAP_PX = 24, 70  # between rows; the larger one has room for numbers and a title
PLANE_PX = 420  # a scatter of two sensors needs a square rather than a row


def lanes_figure(lanes: tuple[Lane, ...], revision: str) -> go.Figure:
    """Return the lanes as rows of one figure; zoom survives while `revision` stays."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    shared = len({lane.time for lane in lanes}) == 1 and len({lane.x_title for lane in lanes} - {""}) <= 1
    gap = GAP_PX if shared else TITLED_GAP_PX
    height = sum(PLANE_PX if _is_plane(lane) else ROW_PX for lane in lanes) + gap * (len(lanes) - 1) + 50
    figure = make_subplots(rows=len(lanes), cols=1, shared_xaxes=shared, vertical_spacing=gap / height)
    for row, lane in enumerate(lanes, start=1):
        color = OKABE_ITO[(row - 1) % len(OKABE_ITO)]
        if lane.surface is not None:
            figure.add_trace(_surface(lane.surface), row=row, col=1)
        if lane.style == "bars":
            figure.add_trace(go.Bar(x=lane.x, y=lane.y, marker_color=color, name=lane.title), row=row, col=1)
        else:
            mode = "markers" if lane.style == "points" else "lines"
            trace = go.Scatter(x=lane.x, y=lane.y, mode=mode, line={"color": color, "width": 1.2}, name=lane.title,
                               marker={"size": 4})  # fmt: skip
            figure.add_trace(trace, row=row, col=1)
        if lane.curve:
            xs, ys = zip(*lane.curve, strict=True)
            line = {"color": OKABE_ITO[1], "dash": "dash", "width": 1.5}
            figure.add_trace(go.Scatter(x=xs, y=ys, mode="lines", line=line, name=t("limit")), row=row, col=1)
        if lane.marks:
            xs, ys = zip(*lane.marks, strict=True)
            marker = {"symbol": "x", "size": 14 if _is_plane(lane) else 8, "color": OKABE_ITO[1]}
            figure.add_trace(go.Scatter(x=xs, y=ys, mode="markers", marker=marker, name=t("alarm")), row=row, col=1)
        if lane.limit is not None:
            figure.add_hline(y=lane.limit, line={"dash": "dash", "color": OKABE_ITO[1], "width": 1}, row=row, col=1)
        for start, end, word in lane.spans:
            band = {
                "fillcolor": OKABE_ITO[4],
                "opacity": 0.25,
                "line_width": 0,
                "annotation_text": word,
                "layer": "below",
            }
            figure.add_vrect(x0=start, x1=end, row=row, col=1, **band)
        title = "<br>".join(textwrap.wrap(_said(lane.title), LINE_CHARACTERS))
        figure.update_yaxes(title_text=title, title_font_size=11, row=row, col=1)
        x_title = (_said(lane.x_title) or None) if row == len(lanes) or not shared else None
        figure.update_xaxes(type="date" if lane.time else "-", title_text=x_title, row=row, col=1)
    margin = {"l": 60, "r": 10, "t": 10, "b": 30}
    figure.update_layout(height=height, showlegend=False, margin=margin, uirevision=revision)
    return figure


def _said(title: str) -> str:
    """Return a lane's title in the reader's language, where it is a word of the translated lessons."""
    return {"minutes": t("minutes"), "score": t("score")}.get(title, title)


def _is_plane(lane: Lane) -> bool:
    """Return whether the lane shows two sensors against each other."""
    return bool(lane.curve) or lane.surface is not None


def _surface(surface: tuple[list[float], list[float], list[list[float]]]) -> go.Contour:
    """Return scores over the limit as shades; the step at 1 is where an alarm begins."""
    import plotly.graph_objects as go

    x, y, z = surface
    contours = {"start": 0.0, "end": 2.0, "size": 0.25}
    bar = {"title": {"text": t("score / limit")}, "tickvals": [0, 0.5, 1, 1.5, 2]}
    return go.Contour(x=x, y=y, z=z, colorscale="Cividis", reversescale=True, contours=contours, zmin=0, zmax=2,
                      colorbar=bar, line={"width": 0.5}, opacity=0.75, name=t("score over limit"))  # fmt: skip
