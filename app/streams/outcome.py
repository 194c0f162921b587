"""What came of a run of the pipeline lab: in words, per delivery promise, and over the two kinds of time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.charts import OKABE_ITO
from app.i18n import t
from engine.streams.lab_film import AGAIN, LATE, ON_TIME
from engine.streams.pipeline_lab import compare_deliveries

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from engine.streams.lab_film import Film
    from engine.streams.pipeline_lab import LabLedger, LabSettings


def in_words(books: LabLedger) -> str:
    """Return the end of the run in two sentences."""
    rows = t(
        "At the end {stored} of {made} rows are in the store: {lost} were lost, {late} came too late for their window, "
        "{doubled} copies were stored.",
        stored=f"{books.stored:,}", made=f"{books.produced:,}", lost=books.lost, late=books.late, doubled=books.doubled,
    )  # fmt: skip
    rest = t(
        "{wrong} windows have a wrong count; {missed} of {planted} planted faults were missed and {repeats} alarms "
        "raised again.",
        wrong=books.wrong_windows, missed=books.missed, planted=books.planted, repeats=books.false_repeats,
    )  # fmt: skip
    return f"{rows} {rest}"


def show_deliveries(settings: LabSettings) -> None:
    """Draw the table of the same run under each delivery promise."""
    words = {
        "at_most_once": t("at most once"),
        "at_least_once": t("at least once"),
        "effectively_once": t("effectively once"),
    }
    rows = [
        {
            t("Delivery"): ("● " if name == settings.delivery else "○ ") + words[name],
            t("Lost"): books.lost,
            t("Late"): books.late,
            t("Doubled"): books.doubled,
            t("Wrong windows"): books.wrong_windows,
            t("Missed faults"): books.missed,
            t("Repeated alarms"): books.false_repeats,
        }
        for name, books in compare_deliveries(settings).items()
    ]
    st.dataframe(rows, hide_index=True, width="stretch")
    st.caption(t("The same seed, the same switches; only the promise differs. ● is the one chosen."))


def show_times(film: Film) -> None:
    """Draw each row at its two times, and the watermark between what may still come and what is late."""
    st.plotly_chart(times_figure(film), width="stretch", key="pipeline-times")
    counts = Counter(one.outcome for one in film.seen)
    st.caption(
        t(
            "{n} rows reached the windows: {on_time} on time, {late} late, {again} again. A row below the line of no "
            "delay is older than its arrival; a row whose window the watermark has already closed is late.",
            n=len(film.seen),
            on_time=counts[ON_TIME],
            late=counts[LATE],
            again=counts[AGAIN],
        )
    )
    with st.expander(t("Data table"), icon=":material/table:"):
        st.dataframe([_row(one) for one in film.seen], hide_index=True, width="stretch", height=260)


def _row(one: Any) -> dict[str, Any]:
    return {
        t("Arrived (s)"): one.second,
        t("Event time (s)"): one.event_s,
        t("Machine"): one.machine + 1,
        t("Outcome"): _outcomes()[one.outcome],
    }


def _outcomes() -> dict[str, str]:
    return {ON_TIME: t("on time"), LATE: t("late"), AGAIN: t("again")}


def times_figure(film: Film) -> go.Figure:
    """Return event time over arrival time: a dot for each row by outcome, the watermark, the line of no delay."""
    import plotly.graph_objects as go

    figure = go.Figure()
    end = film.settings.seconds
    figure.add_scatter(
        x=[0, end], y=[0, end], mode="lines", name=t("no delay"), line={"color": "#8a949e", "dash": "dot", "width": 1}
    )
    marks = {ON_TIME: ("circle", OKABE_ITO[0], 5), AGAIN: ("diamond", OKABE_ITO[3], 8), LATE: ("x", OKABE_ITO[1], 8)}
    for outcome, (symbol, color, size) in marks.items():
        found = [one for one in film.seen if one.outcome == outcome]
        if found:
            figure.add_scatter(
                x=[one.second for one in found],
                y=[one.event_s for one in found],
                mode="markers",
                name=_outcomes()[outcome],
                marker={"symbol": symbol, "color": color, "size": size, "opacity": 0.75},
            )
    steps = [still for still in film.stills[:-1] if still.watermark is not None]
    figure.add_scatter(
        x=[still.second for still in steps],
        y=[still.watermark for still in steps],
        mode="lines",
        name=t("watermark"),
        line={"color": OKABE_ITO[2], "width": 2.2, "shape": "hv"},
    )
    figure.update_layout(
        height=360, margin={"l": 50, "r": 12, "t": 8, "b": 40}, legend={"orientation": "h", "y": 1.12, "x": 0}
    )
    figure.update_xaxes(title=t("arrival at the windows (s)"), rangemode="tozero")
    figure.update_yaxes(title=t("event time (s)"), rangemode="tozero")
    return figure
