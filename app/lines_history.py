"""A line's last 24 hours: readings and score, statistics, correlation, and the same as a file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from app.charts import lines as line_chart
from app.charts import moments
from app.i18n import t
from app.lab import lab
from app.lines_view import PLANT_KEY, plant_time
from app.watched import plant_chosen
from engine.lines import correlation, distribution, statistics
from engine.records import HOUR_US, SECOND_US

if TYPE_CHECKING:
    from engine.records import Block

SPANS_H = (1, 6, 24)
MOST_TICKS = 1440
MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def past(line: str, hours: int) -> Block:
    """Return the line's readings of the last hours, at most one a minute."""
    return plant_chosen(PLANT_KEY).past(line, hours, max(SECOND_US, hours * HOUR_US // MOST_TICKS))


def history(line: str, models: dict[str, Any] | None) -> None:
    """Draw the chosen span of a line; drawn anew by itself every half minute, zoom stays."""
    hours = st.segmented_control(
        t("Span of plant time"),
        SPANS_H,
        default=24,
        format_func=lambda n: t("{n} h", n=n),
        key="line_span",
        required=True,
    )
    st.caption(plant_time())
    block = past(line, hours or 24)
    values = block.values[:, 0]
    _charts(line, block, values)
    if plant_chosen(PLANT_KEY).own:
        _score_chart(line, block, values, (models or {}).get(line))
    left, right = st.columns([3, 2], gap="large")
    with left:
        _statistics(values, block.sensors)
    with right:
        _correlation(values, block.sensors)
    with st.expander(t("Data table"), icon=":material/table:"):
        _table(block, values)


def _charts(line: str, block: Block, values: Any) -> None:
    for sensor, column in zip(plant_chosen(PLANT_KEY).lines.sensors(line), values.T, strict=True):
        figure = line_chart(block.times_us, {sensor.title: column}, unit=sensor.unit, revision=f"{line}/{sensor.name}")
        figure.update_layout(height=170, showlegend=False, margin={"l": 55, "r": 90, "t": 8, "b": 24})
        for word, mark, colour, dash in (
            (t("warning"), sensor.warning, "#E69F00", "dash"),
            (t("critical"), sensor.critical, "#D55E00", "solid"),
        ):
            if mark is not None:
                figure.add_hline(
                    mark, line={"dash": dash, "color": colour, "width": 1.2}, annotation_text=word,
                    annotation_position="right",
                )  # fmt: skip
        st.markdown(f"**{sensor.title}** · {_summary(column, sensor.unit)}")
        st.plotly_chart(figure, key=f"history/{line}/{sensor.name}", config={"displayModeBar": False})


def _summary(column: Any, unit: str) -> str:
    there = column[~np.isnan(column)]
    if not len(there):
        return t("no readings")
    low, high, mean = there.min(), there.max(), there.mean()
    return t("{low} to {high} {unit}, mean {mean}", low=f"{low:g}", high=f"{high:g}", unit=unit, mean=f"{mean:.4g}")


def _score_chart(line: str, block: Block, values: Any, model: Any) -> None:
    if model is None:
        st.caption(t("The score's history is drawn when the line's model has been fitted."))
        return
    whole = ~np.isnan(values).any(axis=1)
    scores = np.full(len(values), np.nan)
    if whole.any():
        scores[whole] = model.scores(values[whole])
    figure = line_chart(block.times_us, {t("score"): scores}, revision=f"{line}/score", threshold=model.threshold)
    figure.update_layout(height=190, showlegend=False, margin={"l": 55, "r": 90, "t": 8, "b": 24})
    beyond = int(np.nansum(scores >= model.threshold))
    told = t("{n} of {m} readings at or above the threshold", n=beyond, m=int(whole.sum()))
    st.markdown(f"**{t('Score of this line’s own model')}** · isolation_forest v{model.version} · {told}")
    st.plotly_chart(figure, key=f"history/{line}/score", config={"displayModeBar": False})
    _distribution_chart(line, scores, model.threshold)


def _distribution_chart(line: str, scores: Any, threshold: float) -> None:
    """Draw how often which score came: where most readings lie, and how far apart the threshold stands from them."""
    import plotly.graph_objects as go

    found = distribution(scores, bins=40)
    if not found["counts"]:
        return
    edges = np.array(found["edges"])
    figure = go.Figure(go.Bar(x=(edges[:-1] + edges[1:]) / 2, y=found["counts"], width=np.diff(edges)))
    figure.add_vline(threshold, line={"dash": "dash", "color": "#D55E00"}, annotation_text=t("threshold"))
    figure.update_layout(height=190, bargap=0, margin={"l": 55, "r": 90, "t": 8, "b": 40})
    figure.update_xaxes(title=t("score"))
    figure.update_yaxes(title=t("Readings"))
    st.markdown(f"**{t('How often which score came')}**")
    st.plotly_chart(figure, key=f"history/{line}/distribution", config={"displayModeBar": False})


def _statistics(values: Any, sensors: tuple[str, ...]) -> None:
    st.markdown(f"##### {t('Statistics')}")
    units = {sensor.name: sensor for sensor in plant_chosen(PLANT_KEY).sensors}
    names = {
        "readings": t("Readings"),
        "mean": t("Mean"),
        "std": t("Std"),
        "min": t("Lowest"),
        "p5": "5 %",
        "p95": "95 %",
    }
    names |= {"max": t("Highest")}
    rows = []
    for row in statistics(values, sensors):
        sensor = units[row["sensor"]]
        figures = {names[k]: v if isinstance(v, int) else round(v, 2) for k, v in row.items() if k in names}
        rows.append({t("Sensor"): f"{sensor.title} ({sensor.unit})", **figures})
    st.dataframe(rows, hide_index=True, width="stretch")


def _correlation(values: Any, sensors: tuple[str, ...]) -> None:
    import plotly.graph_objects as go

    st.markdown(f"##### {t('Correlation of sensors')}")
    matrix = correlation(values)
    named = {sensor.name: sensor.title for sensor in plant_chosen(PLANT_KEY).sensors}
    titles = [named[name] for name in sensors]
    if np.isnan(matrix).all():
        st.caption(t("Too few readings, or none of them varies."))
        return
    figure = go.Figure(
        go.Heatmap(
            z=matrix, x=titles, y=titles, zmin=-1, zmax=1, colorscale="RdBu", reversescale=True, showscale=False,
            text=np.round(matrix, 2), texttemplate="%{text:.2f}", hoverinfo="skip",
        )
    )  # fmt: skip
    figure.update_layout(margin={"l": 80, "r": 8, "t": 8, "b": 30}, height=60 + 48 * len(titles))
    figure.update_yaxes(autorange="reversed")
    st.plotly_chart(figure, key="line_correlation", config={"displayModeBar": False})
    st.caption(t("Pearson’s r: +1 rise together, −1 one rises while the other falls, 0 no straight relation."))


def _table(block: Block, values: Any) -> None:
    rows = {t("Time"): [moment.strftime("%Y-%m-%d %H:%M:%S") for moment in moments(block.times_us)]}
    rows |= {name: values[:, at] for at, name in enumerate(block.sensors)}
    st.dataframe(rows, hide_index=True, width="stretch", height=320)


def export_buttons(line: str) -> None:
    """Draw the downloads: what is stored of this line's run, as CSV or Parquet."""
    told = t("Everything that is stored of this line in this run, the scores of all detectors with it.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        for kind, word in (("csv", "CSV"), ("parquet", "Parquet")):
            st.download_button(
                t("Export {kind}", kind=word),
                data=lambda kind=kind: exported(line, kind),
                file_name=f"{line}.{kind}",
                mime=MEDIA[kind],
                icon=":material/download:",
                on_click="ignore",
                key=f"export/{kind}",
                help=told,
            )


def exported(line: str, kind: str) -> bytes:
    """Return the stored readings of a line as a file's bytes."""
    shown = plant_chosen(PLANT_KEY)
    lab().store.flush()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"line.{kind}"
        lab().store.export(shown.name, path, kind, machines=[line], run=shown.run)
        return path.read_bytes()
