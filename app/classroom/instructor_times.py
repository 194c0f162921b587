"""How long the room took to see a fault: one dot for each detection, no names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.charts import OKABE_ITO
from app.i18n import t
from engine.classroom.conductor import shown_count

if TYPE_CHECKING:
    from engine.classroom.conductor import RoomTimes


def seconds(value: float | None) -> str:
    """Return seconds for a metric; a dash for none."""
    return "–" if value is None else t("{n} s", n=f"{value:.0f}")


def strip(times: RoomTimes) -> Any:
    """Return every detection as a dot on one line, seconds of plant time from the first detectable moment."""
    import plotly.graph_objects as go

    heights = [0.3 + 0.4 * ((at * 0.618) % 1) for at in range(times.found)]
    figure = go.Figure(
        go.Scatter(
            x=times.delays_s,
            y=heights,
            mode="markers",
            marker={"size": 17, "color": OKABE_ITO[2], "line": {"width": 1}},
        )
    )
    if times.median_s is not None:
        figure.add_vline(
            times.median_s, line={"dash": "dash", "width": 2, "color": OKABE_ITO[1]}, annotation_text=t("middle")
        )
    figure.update_layout(height=240, margin={"l": 20, "r": 20, "t": 20, "b": 44}, uirevision="room")
    figure.update_yaxes(visible=False, range=[0, 1])
    figure.update_xaxes(
        title=t("seconds of plant time from the first moment at which it could be seen"),
        rangemode="tozero",
        range=[0, max(60.0, *(1.1 * one for one in times.delays_s))] if times.delays_s else [0, 60],
    )
    return figure


def sentence(times: RoomTimes) -> str:
    """Return the chart in one sentence."""
    if not times.found:
        return t("Nobody has found it yet.")
    return t(
        "{n} found it; the first after {first} s, the middle after {middle} s, the last after {last} s.",
        n=shown_count(times.found),
        first=f"{times.delays_s[0]:.0f}",
        middle=f"{times.median_s or 0:.0f}",
        last=f"{times.delays_s[-1]:.0f}",
    )
