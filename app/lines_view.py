"""Production lines: status, readings against marks, history, correlation, thresholds and export."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.access import viewer
from app.board import board, lasting, moment, pill, table, word_of
from app.controls import command
from app.i18n import t
from app.jobs import Job
from app.keys_of_session import LINE_MODELS_KEY, LINES_WAITING_KEY
from app.lab import lab
from app.watched import plant_chosen
from engine.lines import STATUSES, line_states
from engine.records import SECOND_US

if TYPE_CHECKING:
    from engine.lines import LineState
    from engine.plant.spec import SensorSpec

PLANT_KEY = "lines_plant"


def about_plant() -> None:
    """Draw who the plant is."""
    spec = lab().spec
    if not plant_chosen(PLANT_KEY).own:
        st.caption(t("Readings that others send; there is no model of a single line here."))
        return
    st.caption(" · ".join(part for part in (spec.company, spec.facility) if part) or spec.title)


def models() -> dict[str, Any] | None:
    """Return each line's model, or None while they are made in the background."""
    opened = lab()
    if not plant_chosen(PLANT_KEY).own:
        return {}
    ready = opened.desks.predictors.ready(opened.plant)
    if ready is None and LINE_MODELS_KEY not in st.session_state:
        run, now = opened.runner.run.run, opened.runner.clock.now_us()
        work = Job(lambda *_: opened.desks.predictors.of(opened.plant, run, now))
        st.session_state[LINE_MODELS_KEY] = work.start()
    return ready


def lines_now() -> None:
    """Draw the statistics and a card for each line."""
    shown = plant_chosen(PLANT_KEY)
    states = line_states(shown.runner.snapshot(), shown.lines, models())
    _statistics(states)
    cards = "".join(_card(state) for state in states)
    board(f'<div class="cards">{cards}</div>', "lines")
    if not shown.own:
        return
    waiting = all(state.version is None for state in states)
    if st.session_state.pop(LINES_WAITING_KEY, False) and not waiting:
        st.rerun()  # the history below can be scored now
    job = st.session_state.get(LINE_MODELS_KEY)
    if waiting and job is not None and job.problem is not None:
        st.caption(t("There is no model of each line: {why}", why=job.problem))
    elif waiting:
        st.session_state[LINES_WAITING_KEY] = True
        st.caption(t("Each line's own model is being fitted on its last week; scores follow in a few seconds."))


def _statistics(states: tuple[LineState, ...]) -> None:
    columns = st.columns(5)
    columns[0].metric(t("Lines"), len(states), border=True)
    for column, status in zip(columns[1:4], STATUSES[:3], strict=True):
        column.metric(word_of(status).capitalize(), sum(s.status == status for s in states), border=True)
    scores = [state.score for state in states if state.score is not None]
    mean = f"{sum(scores) / len(scores):.2f}" if scores else "–"
    columns[4].metric(t("Mean score"), mean, border=True)


def _card(state: LineState) -> str:
    line = state.line
    about = " · ".join(part for part in (line.component, line.place) if part)
    head = f"<header><h3>{escape(line.title or line.name)}</h3>{pill(state.status, word_of(state.status))}"
    head += f'<span class="soft right">{escape(about)}</span></header>'
    why = "; ".join(reasons(state)) or t("Nothing to report.")
    readings = "".join(_reading(one, state) for one in plant_chosen(PLANT_KEY).lines.sensors(line.name))
    name = f'<span class="soft">{escape(line.name)} · {escape(_model_words(state))}</span>'
    body = f'<p class="soft">{escape(why)}</p><div class="readings">{readings}</div>{name}'
    return f'<section class="card {escape(state.status.replace(" ", "-"))}">{head}{body}</section>'


def reasons(state: LineState) -> list[str]:
    """Return in words why the status is what it is."""
    titles = {sensor.name: sensor.title for sensor in plant_chosen(PLANT_KEY).sensors}
    found = [
        t("{sensor} at its {level} mark", sensor=titles[name], level=word_of(level))
        for name, level in state.levels.items()
        if level != "normal"
    ]
    if state.alarms:
        found.append(t("alarms standing: {n}", n=state.alarms))
    if state.score is not None and state.threshold and state.score >= state.threshold:
        found.append(t("score {score} is beyond the threshold", score=f"{state.score:.2f}"))
    return found


def _model_words(state: LineState) -> str:
    if not plant_chosen(PLANT_KEY).own:
        return t("no model")
    if state.version is None:
        return t("model is being fitted")
    score = "–" if state.score is None else f"{state.score:.2f}"
    told = t("score {score} of {threshold}", score=score, threshold=f"{state.threshold:g}")
    return f"isolation_forest v{state.version} · {told}"


def _reading(sensor: SensorSpec, state: LineState) -> str:
    value, level = state.readings.get(sensor.name), state.levels.get(sensor.name, "normal")
    shown = "–" if value is None else f"{value:.5g}"
    mark = pill(level, word_of(level))
    return (
        f'<div class="reading"><div class="what">{escape(sensor.title)}</div>'
        f'<div class="value">{shown} <small>{escape(sensor.unit)}</small></div>{_gauge(sensor, value)}{mark}</div>'
    )


def _gauge(sensor: SensorSpec, value: float | None) -> str:
    """Return a bar with normal range, marks and the reading; the numbers stand beside it."""
    low, high = sensor.normal
    edges = [low, high, *(m for m in (sensor.warning, sensor.critical, value) if m is not None)]
    least, most = min(edges), max(edges)
    pad = (most - least) * 0.08

    def at(number: float) -> float:
        return 100 * (number - least + pad) / (most - least + 2 * pad)

    bars = f'<span class="ok" style="left:{at(low):.1f}%;width:{at(high) - at(low):.1f}%"></span>'
    for kind, mark in (("warning", sensor.warning), ("critical", sensor.critical)):
        bars += "" if mark is None else f'<span class="mark {kind}" style="left:{at(mark):.1f}%"></span>'
    bars += "" if value is None else f'<span class="at" style="left:{at(value):.1f}%"></span>'
    return f'<div class="gauge" aria-hidden="true">{bars}</div>'


def thresholds_form(line: str) -> None:
    """Draw the marks of a line; instructors set them."""
    shown = plant_chosen(PLANT_KEY)
    book, teaches = shown.lines, viewer().teaches and shown.own
    sensors = book.sensors(line)
    if not teaches:
        rows = [
            [escape(s.title), _mark(s.warning, s), _mark(s.critical, s), f"{s.normal[0]:g}–{s.normal[1]:g}"]
            for s in sensors
        ]
        head = (t("Sensor"), t("Warning"), t("Critical"), t("Normal range"))
        board(f'<div class="card normal">{table(head, rows, numbers=(1, 2, 3))}</div>', f"marks/{line}")
        return
    with st.form(f"marks/{line}"):
        wanted = {}
        for sensor in sensors:
            name, warning, critical = st.columns([2, 1, 1], vertical_alignment="bottom")
            side = t("low is bad") if sensor.low_side else t("high is bad")
            name.markdown(f"**{sensor.title}** ({sensor.unit}, {side})")
            key = f"{line}/{sensor.name}"
            wanted[sensor.name] = (
                warning.number_input(t("Warning"), value=sensor.warning, key=f"{key}/warning", format="%g"),
                critical.number_input(t("Critical"), value=sensor.critical, key=f"{key}/critical", format="%g"),
            )
        with st.container(horizontal=True):
            saved = st.form_submit_button(t("Set"), type="primary", icon=":material/check:")
            back = st.form_submit_button(t("Back to the data sheet"), icon=":material/undo:")
    if saved or back:
        command(_set, line, wanted if saved else {}, done=t("The marks hold from now on."))
        if back:
            for sensor in sensors:
                for word in ("warning", "critical"):
                    st.session_state.pop(f"{line}/{sensor.name}/{word}", None)
        st.rerun()


def _set(line: str, marks: dict[str, tuple[float | None, float | None]]) -> None:
    lab().lines.set(line, marks)
    lab().office.renew_marks()


def _mark(mark: float | None, sensor: SensorSpec) -> str:
    return "–" if mark is None else f"{mark:g} {escape(sensor.unit)}"


def plant_time() -> str:
    """Return plant time and the age of the run in words."""
    runner = lab().runner
    now = runner.snapshot().time_us
    age = lasting(max(0, now - runner.run.start_us) / SECOND_US)
    return t("Plant time {time}, run for {age}.", time=moment(now), age=age)
