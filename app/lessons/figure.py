"""Draws what an experiment gave: one row per lane, time or numbers below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.charts import OKABE_ITO

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from lessons.labs.base import Lane

ROW_PX = 150


def lanes_figure(lanes: tuple[Lane, ...], revision: str) -> go.Figure:
    """Return the lanes as rows of one figure; zoom survives while `revision` stays."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    shared = len({lane.time for lane in lanes}) == 1
    figure = make_subplots(rows=len(lanes), cols=1, shared_xaxes=shared, vertical_spacing=0.06 if shared else 0.12)
    for row, lane in enumerate(lanes, start=1):
        color = OKABE_ITO[(row - 1) % len(OKABE_ITO)]
        if lane.style == "bars":
            figure.add_trace(go.Bar(x=lane.x, y=lane.y, marker_color=color, name=lane.title), row=row, col=1)
        else:
            mode = "markers" if lane.style == "points" else "lines"
            trace = go.Scatter(x=lane.x, y=lane.y, mode=mode, line={"color": color, "width": 1.2}, name=lane.title)
            figure.add_trace(trace, row=row, col=1)
        if lane.marks:
            xs, ys = zip(*lane.marks, strict=True)
            marker = {"symbol": "x", "size": 8, "color": OKABE_ITO[1]}
            figure.add_trace(go.Scatter(x=xs, y=ys, mode="markers", marker=marker, name="alarm"), row=row, col=1)
        if lane.limit is not None:
            figure.add_hline(y=lane.limit, line={"dash": "dash", "color": OKABE_ITO[1], "width": 1}, row=row, col=1)
        for start, end, word in lane.spans:
            band = {"fillcolor": OKABE_ITO[4], "opacity": 0.25, "line_width": 0, "annotation_text": word}
            figure.add_vrect(x0=start, x1=end, row=row, col=1, **band)
        figure.update_yaxes(title_text=lane.title, row=row, col=1)
        figure.update_xaxes(type="date" if lane.time else "-", row=row, col=1)
    margin = {"l": 60, "r": 10, "t": 10, "b": 30}
    figure.update_layout(height=ROW_PX * len(lanes) + 50, showlegend=False, margin=margin, uirevision=revision)
    return figure
