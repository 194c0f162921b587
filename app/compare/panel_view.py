"""The panel of metrics as a chart with intervals and a table, baselines beside the detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.charts import OKABE_ITO
from app.compare.lanes import for_theme
from app.i18n import t
from engine.comparing.contenders import BASELINES
from engine.metrics.names import SPECS

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from engine.comparing.judging import Row

SHOWN = ("event_f1", "event_recall", "event_precision", "delay_p50_minutes", "false_alarms_per_day", "vus_pr",
         "pr_auc", "roc_auc", "tiou_mean", "cost_avoided_per_day")  # fmt: skip


def show_panel(rows: list[Row], key: str) -> None:
    """Draw one metric with its intervals for everybody, then all metrics as a table."""
    name = st.selectbox(
        t("Metric"), SHOWN, key=f"{key}-metric", format_func=lambda one: f"{SPECS[one].title} – {SPECS[one].formula}"
    )
    st.plotly_chart(metric_figure(rows, name), width="stretch", key=f"{key}-metric-plot")
    st.caption(_said(rows, name))
    st.dataframe(panel_table(rows), hide_index=True, width="stretch", column_config=_columns())
    for row in rows:
        if row.problem:
            st.warning(t("{detector} could not take part: {why}", detector=row.contender.title, why=row.problem))


def metric_figure(rows: list[Row], name: str) -> go.Figure:
    """Return a dot with its 95 % interval per contender, best on top; baselines are hollow diamonds."""
    import plotly.graph_objects as go

    spec = SPECS[name]
    known = [row for row in rows if not row.problem and row.panel[name] is not None]
    known.sort(key=lambda row: row.panel[name] or 0.0, reverse=spec.best == 0.0)
    figure = go.Figure()
    for own, symbol, color in ((True, "circle", OKABE_ITO[0]), (False, "diamond-open", "#7c8794")):
        part = [row for row in known if _is_detector(row) == own]
        values = [float(row.panel[name] or 0.0) for row in part]
        limits = [row.panel.numbers[name].limits or (v, v) for row, v in zip(part, values, strict=True)]
        bars = {
            "array": [max(0.0, high - v) for (_, high), v in zip(limits, values, strict=True)],
            "arrayminus": [max(0.0, v - low) for (low, _), v in zip(limits, values, strict=True)],
            "thickness": 1.4, "color": color,
        }  # fmt: skip
        figure.add_scatter(
            x=values, y=[row.contender.title for row in part], mode="markers", error_x=bars,
            marker={"symbol": symbol, "size": 10, "color": color, "line": {"width": 2}},
            name=t("detectors") if own else t("baselines"), hovertemplate="%{x:.3g}<extra>%{y}</extra>",
        )  # fmt: skip
    order = [row.contender.title for row in known]
    figure.update_yaxes(categoryorder="array", categoryarray=order, automargin=True)
    unit = f" ({spec.unit})" if spec.unit else ""
    figure.update_xaxes(title=spec.title + unit, rangemode="tozero")
    figure.update_layout(
        height=90 + 24 * max(4, len(known)), margin={"l": 10, "r": 12, "t": 26, "b": 40},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}, uirevision=name,
    )  # fmt: skip
    return for_theme(figure)


def panel_table(rows: list[Row]) -> list[dict[str, Any]]:
    """Return one row per contender: every shown metric with its interval, then what it costs."""
    return [_table_row(row) for row in rows if not row.problem]


def _table_row(row: Row) -> dict[str, Any]:
    out: dict[str, Any] = {t("Detector"): row.contender.title}
    for name in SHOWN:
        out[SPECS[name].title] = _text(row.panel.numbers.get(name))
    out[t("µs per reading")] = round(row.us_per_reading, 2)
    out[t("Retraining (s)")] = round(row.fit_s, 2)
    return out


def _text(number: Any) -> str:
    if number is None or number.value is None:
        return "–"
    if number.limits is None:
        return f"{number.value:.3g}"
    return f"{number.value:.3g}  [{number.limits[0]:.2g}, {number.limits[1]:.2g}]"


def _columns() -> dict[str, Any]:
    return {t("Detector"): st.column_config.TextColumn(pinned=True, width=230)}


def _is_detector(row: Row) -> bool:
    return row.contender.detector not in (*BASELINES, "oracle")


def _said(rows: list[Row], name: str) -> str:
    own = [row for row in rows if _is_detector(row) and not row.problem and row.panel[name] is not None]
    if not own:
        return t("No detector has this number: {why}.", why=_why(rows, name))
    down = SPECS[name].best == 0.0
    best = (min if down else max)(own, key=lambda row: row.panel[name] or 0.0)
    number = best.panel.numbers[name]
    over = {"events": t("over events"), "seeds": t("over seeds")}.get(number.limits_over, "")
    words = t("Best detector: {name}, {value}.", name=best.contender.title, value=f"{number.value:.3g}")
    bars = t("Bars: 95 % interval {over}.", over=over) if over else t("No interval: too few events or seeds.")
    return f"{words} {bars} " + t("Hollow diamonds are baselines; the oracle peeks at the truth.")


def _why(rows: list[Row], name: str) -> str:
    return next((row.panel.numbers[name].reason for row in rows if name in row.panel.numbers), t("not measured"))
