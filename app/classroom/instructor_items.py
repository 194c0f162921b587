"""Item analysis: which events the class found, when false labels happen, and what detectors would have earned."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import streamlit as st

from app.acting import STAFF
from app.charts import OKABE_ITO
from app.classroom.instructor_desk import choose_assignment, long_work, school, table
from app.classroom.instructor_lanes import detector_lane
from app.i18n import t
from engine.classroom.lanes import detector_grade, detector_marks, lane_names

PLAIN = {"displayModeBar": False}
TIME = re.compile(r"T(\d\d:\d\d).*$")  # the seconds and the zone are of no use here


def items_part() -> None:
    """Draw the analysis of one assignment."""
    name = choose_assignment(("released", "published"))
    if name is None:
        return
    if school().assignments.get(name).submit in ("answers", "text"):
        st.info(t("There are no events in this kind of work; see Results and marks."))
        return
    found, hours = st.columns([3, 2], gap="large")
    with found:
        _events(name)
    with hours:
        _hours(name)
    _detectors(name)


def _events(name: str) -> None:
    st.subheader(t("Who found what"))
    items = [replace(i, title=TIME.sub(r" \1", i.title)) for i in school().review.items(name)]
    if not items:
        st.info(t("Nothing was handed in yet."))
        return
    st.plotly_chart(_bars([i.title for i in items], [100 * i.share for i in items]), key="items", config=PLAIN)
    hardest = items[0]
    st.caption(t("Hardest: {title}, found by {n} of {of}.", title=hardest.title, n=hardest.found, of=hardest.of))
    with st.expander(t("As a table")):
        table(
            [
                {
                    t("Event"): i.title,
                    t("Found"): i.found,
                    t("Of"): i.of,
                    t("Median delay (min)"): None if i.median_delay_s is None else round(i.median_delay_s / 60, 1),
                }
                for i in items
            ]
        )


def _bars(titles: list[str], percent: list[float]) -> Any:
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Bar(x=percent, y=titles, orientation="h", marker_color=OKABE_ITO[0], text=[f"{p:.0f} %" for p in percent])
    )
    figure.update_layout(height=max(160, 60 + 30 * len(titles)), margin={"l": 8, "r": 8, "t": 8, "b": 34})
    figure.update_xaxes(range=[0, 100], title=t("found by % of the class"))
    figure.update_yaxes(autorange="reversed", automargin=True)
    return figure


def _hours(name: str) -> None:
    import plotly.graph_objects as go

    st.subheader(t("False labels by hour of the day"))
    counts = school().review.false_label_hours(name)
    figure = go.Figure(go.Bar(x=list(range(24)), y=counts, marker_color=OKABE_ITO[1]))
    figure.update_layout(height=240, margin={"l": 40, "r": 8, "t": 8, "b": 34})
    figure.update_xaxes(title=t("hour (UTC)"), dtick=3)
    figure.update_yaxes(title=t("false labels"))
    st.plotly_chart(figure, key="hours", config=PLAIN)
    if not any(counts):
        st.caption(t("There is no false label."))
        return
    worst = max(range(24), key=counts.__getitem__)
    st.caption(t("{n} false labels in all, most of them from {hour}:00 UTC.", n=sum(counts), hour=f"{worst:02d}"))


def _detectors(name: str) -> None:
    """Draw detectors beside the class: the same data, the same rubric."""
    st.subheader(t("Detectors on the same page"))
    variants = [v.variant for v in school().assignments.variants(name)]
    if not variants:
        return
    variant = st.selectbox(t("Variant"), variants, key="items_variant", width=240)

    def work(progress: Any, cancelled: Any) -> dict[str, Any]:
        found = {}
        for at, detector in enumerate(lane_names(), start=1):
            if cancelled():
                break
            found[detector] = detector_marks(the_class, name, variant, detector)
            progress(at / len(lane_names()))
        return found

    the_class = school()
    made = long_work(f"lanes/{name}/{variant}", t("Let the detectors run"), work, STAFF, icon=":material/play_arrow:")
    lanes = st.session_state.setdefault("detector_lanes", {})
    if made is not None:
        lanes.update({(name, variant, detector): marks for detector, marks in made.items()})
        st.rerun()
    ready = [detector for detector in lane_names() if (name, variant, detector) in lanes]
    if ready:
        table([_lane_row(name, variant, detector) for detector in ready] + _class_row(name))
        st.caption(
            t("Detectors with their usual settings, graded by this assignment's rubric without its manual lines.")
        )


def _lane_row(name: str, variant: str, detector: str) -> dict[str, Any]:
    marks = detector_lane(name, variant, detector)
    got = detector_grade(school(), name, variant, marks)
    lines = {line.title: line.points for line in got.lines if not line.manual}
    false = got.fates.count("false")
    return {t("Lane"): detector, t("Points"): got.points, **lines, t("Marks"): len(marks), t("False"): false}


def _class_row(name: str) -> list[dict[str, Any]]:
    """The middle of the class for comparison, of the automatic lines alone."""
    graded = [r.grade for r in school().grading.results(name) if r.grade is not None]
    if not graded:
        return []
    sums = sorted(sum(line.points or 0 for line in g.lines if not line.manual) for g in graded)
    return [{t("Lane"): t("middle of the class"), t("Points"): round(sums[len(sums) // 2], 2)}]
