"""What a comparison found: lanes, metrics (or what can be said without truth), downloads."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from app.compare.lanes import Lane, lanes_figure
from app.compare.notebook import offer_comparison
from app.compare.panel_view import panel_table, show_panel
from app.compare.working import tell
from app.i18n import t
from engine.records import DAY_US, HOUR_US, iso_times

if TYPE_CHECKING:
    from app.compare.working import Result
    from engine.comparing.compare import Outcome
    from engine.comparing.stretches import Stretch

KEY = "compare"


def show_result(result: Result) -> None:
    """Draw everything about a finished comparison."""
    _seal(result)
    lanes, numbers = st.tabs([t("Lanes"), t("Metrics") if result.rows else t("Alarms and cost")])
    with lanes:
        _lanes(result)
    with numbers:
        if result.rows:
            show_panel(result.rows, KEY)
        else:
            st.dataframe(load_table(result), hide_index=True, width="stretch")
            st.caption(t("Without the truth nobody can say who is right, only how loud and how dear each one is."))
    _downloads(result)


def _seal(result: Result) -> None:
    """Offer the reveal for practice data; its seed is thrown away, so it can teach nothing about graded data."""
    if result.rows is not None or result.practice is None or not result.practice.sealed:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(t("**What really happened is sealed.** Look at the lanes first: which alarms do you believe?"))
        if st.button(t("Reveal"), icon=":material/visibility:", key=f"{KEY}-reveal"):
            with st.spinner(t("Judging…")):
                tell(result)
            st.rerun()


def _lanes(result: Result) -> None:
    chosen, machine_column, sensor_column, hours_column = st.columns([2, 2, 3, 3])
    names = [stretch.name for stretch in result.stretches]
    with chosen:
        number = st.selectbox(
            t("Stretch"), range(len(names)), format_func=names.__getitem__, key=f"{KEY}-stretch",
            disabled=len(names) == 1,
        )  # fmt: skip
    stretch, block = result.stretches[number], result.stretches[number].judged
    machine = machine_column.selectbox(t("Machine"), block.machines, _busiest(result, number), key=f"{KEY}-machine")
    sensors = sensor_column.multiselect(
        t("Sensors"), block.sensors, block.sensors[:1], key=f"{KEY}-sensors-{len(block.sensors)}", max_selections=4
    )
    first, last = _part(stretch, hours_column)
    m, part = block.machines.index(machine), block.ticks(first, last)
    lanes = [_lane(one, machine, m, first, last) for one in result.of(number) if not one.problem]
    truth = None if result.truths is None else [e for e in result.truths[number] if e.machine == machine]
    shown = None if truth is None else _inside(truth, part)
    revision = f"{number}/{machine}/{first}/{last}"
    st.plotly_chart(
        lanes_figure(part, machine, sensors, lanes, revision, shown), width="stretch", key=f"{KEY}-plot",
        config={"displaylogo": False, "scrollZoom": False},
    )  # fmt: skip
    said = "; ".join(f"{lane.title}: {len(lane.alarms)}" for lane in lanes)
    st.caption(t("▼ alarm, dashed = threshold. Alarms on {machine}: {said}.", machine=machine, said=said))
    for one in result.of(number):
        if one.problem:
            st.warning(t("{detector} could not take part: {why}", detector=one.contender.title, why=one.problem))


def _busiest(result: Result, number: int) -> int:
    """Return the machine with most alarms: there is most to see."""
    machines = result.stretches[number].judged.machines
    found = [alarm.machine for one in result.of(number) for alarm in one.alarms]
    return int(np.argmax([found.count(machine) for machine in machines]))


def _part(stretch: Stretch, column: Any) -> tuple[int, int]:
    """Return the ticks to draw: a span in hours, so that details can be seen without the mouse."""
    hours = max(1.0, float(np.ceil((stretch.span.end_us - stretch.span.start_us) / HOUR_US * 2) / 2))
    low, high = column.slider(t("Hours shown"), 0.0, hours, (0.0, hours), 0.5, key=f"{KEY}-part-{hours}")
    start = stretch.span.start_us
    edges = (start + round(low * HOUR_US), start + round(high * HOUR_US))
    first, last = np.searchsorted(stretch.judged.times_us, edges)
    return int(first), max(int(last), int(first) + 2)


def _lane(one: Outcome, machine: str, m: int, first: int, last: int) -> Lane:
    alarms = tuple(alarm for alarm in one.alarms if alarm.machine == machine)
    note = t("{us} µs", us=f"{one.us_per_reading:.2f}")
    return Lane(one.contender.title, one.scores[first:last, m], one.levels[first:last, m], alarms, note)


def _inside(truth: list[Any], part: Any) -> list[Any]:
    first, last = int(part.times_us[0]), int(part.times_us[-1])
    return [event for event in truth if event.onset_us <= last and event.end_us >= first]


def load_table(result: Result) -> list[dict[str, Any]]:
    """Return what can be said without truth: alarms, time in alarm and cost per contender, all stretches together."""
    days = sum(one.span.length_us for one in result.stretches) / DAY_US
    rows: dict[str, list[Outcome]] = {}
    for one in result.outcomes:
        rows.setdefault(one.contender.title, []).append(one)
    return [_load_row(title, group, days) for title, group in rows.items()]


def _load_row(title: str, group: list[Outcome], days: float) -> dict[str, Any]:
    alarms = [alarm for one in group for alarm in one.alarms]
    minutes = sum(alarm.end_us - alarm.start_us for alarm in alarms) / 60e6
    return {
        t("Detector"): title,
        t("Alarms"): len(alarms),
        t("Alarms per day"): round(len(alarms) / days, 1),
        t("Alarm minutes per day"): round(minutes / days, 1),
        t("µs per reading"): round(float(np.mean([one.us_per_reading for one in group])), 2),
        t("Retraining (s)"): round(float(np.mean([one.fit_s for one in group])), 2),
        t("Note"): next((one.problem for one in group if one.problem), ""),
    }


def _downloads(result: Result) -> None:
    rows = panel_table(result.rows) if result.rows else load_table(result)
    with st.container(horizontal=True):
        st.download_button(
            t("Table (CSV)"), lambda: csv_of(rows), "comparison.csv", "text/csv", icon=":material/download:",
            key=f"{KEY}-table-csv",
        )  # fmt: skip
        st.download_button(
            t("Scores and alarms (CSV)"), lambda: scores_csv(result), "comparison_scores.csv", "text/csv",
            icon=":material/download:", key=f"{KEY}-scores-csv",
        )  # fmt: skip
        offer_comparison(result)


def csv_of(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8")


def scores_csv(result: Result) -> bytes:
    """Return one line per stretch, tick and machine: score, threshold and alarm of every detector."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    shown = [one for one in result.of(0) if not one.problem]
    names = [f"{one.contender.key}_{word}" for one in shown for word in ("score", "threshold", "alarm")]
    writer.writerow(["stretch", "timestamp", "machine_id", *names])
    for number, stretch in enumerate(result.stretches):
        outcomes = [one for one in result.of(number) if not one.problem]
        for m, machine in enumerate(stretch.judged.machines):
            _write_machine(writer, stretch, machine, m, outcomes)
    return out.getvalue().encode("utf-8")


def _write_machine(writer: Any, stretch: Stretch, machine: str, m: int, outcomes: list[Outcome]) -> None:
    times = stretch.judged.times_us
    cells = []
    for one in outcomes:
        on = np.zeros(len(times), np.int64)
        for alarm in one.alarms:
            if alarm.machine == machine:
                on[(times >= alarm.start_us) & (times < alarm.end_us)] = 1
        cells += [np.char.mod("%.6g", one.scores[:, m]), np.char.mod("%.6g", one.levels[:, m]), on]
    stamps = iso_times(times)
    writer.writerows(zip([stretch.name] * len(times), stamps, [machine] * len(times), *cells, strict=True))
