"""Predictions and experiments: say first what will happen, then move the controls of a real run of the engine."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.access import viewer
from app.i18n import t
from app.lessons.figure import lanes_figure
from app.lessons.metric_words import meaning, metric_name, number, shown
from app.lessons.progress import done, keep, records
from engine.errors import LabError
from lessons.labs.base import Outcome, lab_kind
from lessons.proofs import fingerprint
from lessons.reader import Lesson, setup_of
from lessons.spec import Control, Experiment, Prediction


@st.cache_data(max_entries=200, show_spinner=False)
def _outcome(lesson_id: str, language: str, mark: str, name: str, values: tuple[tuple[str, Any], ...]) -> Outcome:
    """Run an experiment once for each state of its controls; the key holds no truth, the outcome neither."""
    from lessons.reader import find_lesson

    del mark  # part of the key: the outcome belongs to this state of the lab file
    experiment = find_lesson(lesson_id, language).lab.experiments[name]
    return lab_kind(experiment.kind).run(setup_of(experiment, dict(values)), seed=7)


def outcome_of(lesson: Lesson, name: str, values: dict[str, Any]) -> Outcome:
    """Return what the experiment gives with these control values."""
    pairs = tuple(sorted(values.items()))
    return _outcome(lesson.folder.name, "en", fingerprint(lesson), name, pairs)


def show_prediction(lesson: Lesson, name: str) -> bool:
    """Ask before the reveal; returns whether the prediction is there."""
    prediction = lesson.lab.predictions[name]
    kept = done(lesson).get(f"predict.{name}")
    with st.container(border=True, key=f"prediction-{lesson.id}-{name}"):
        st.markdown(f"**:material/psychology: {t('Predict')}** {prediction.ask}")
        if kept is None:
            _ask(lesson, name, prediction)
            st.caption(t("The lesson goes on when you have said something. There is no mark for it."))
            return False
        _compare(lesson, prediction, kept)
        if viewer().teaches:
            _room(lesson, name, prediction)
    return True


def _ask(lesson: Lesson, name: str, prediction: Prediction) -> None:
    key = f"predict-{lesson.id}-{name}"
    with st.form(key, border=False):
        if prediction.kind == "choice":
            given: Any = st.radio(
                t("Your prediction"), prediction.options, index=None, key=f"{key}-value", format_func=lesson.option
            )
        else:
            given = st.number_input(_with_unit(t("Your prediction"), prediction.unit), value=None, key=f"{key}-value")
        if st.form_submit_button(t("This is what I expect"), type="primary"):
            if given is None:
                st.warning(t("Say something first; a guess is fine."))
            else:
                keep(lesson, f"predict.{name}", given)
                st.rerun()


def _with_unit(label: str, unit: str) -> str:
    return f"{label} ({unit})" if unit else label


def truth_of(lesson: Lesson, prediction: Prediction) -> Any:
    """Return what really happens: the experiment's number at its start, or the answer in the lesson's file."""
    if prediction.reveal is None:
        return prediction.answer
    experiment = lesson.lab.experiments[prediction.reveal.experiment]
    found = outcome_of(lesson, prediction.reveal.experiment, experiment.start())
    return found.metrics.get(prediction.reveal.metric)


def _compare(lesson: Lesson, prediction: Prediction, kept: Any) -> None:
    truth = truth_of(lesson, prediction)
    you, plant = st.columns(2)
    if prediction.kind == "choice":  # a metric would cut a long answer off
        you.markdown(f"{t('You said')}: *{lesson.option(kept)}*")
        plant.markdown(f"{t('It is')}: **{lesson.option(truth)}**")
        st.caption(prediction.because)
        return
    you.metric(t("You said"), f"{number(kept)} {prediction.unit}")
    plant.metric(t("It is"), f"{number(truth)} {prediction.unit}")
    if prediction.because:
        st.caption(prediction.because)


def _room(lesson: Lesson, name: str, prediction: Prediction) -> None:
    said = records().everybodys(lesson.id, f"predict.{name}")
    if not said:
        return
    st.caption(t("The room ({n} predictions, no names)", n=len(said)))
    counts: dict[str, int] = {}
    for value in sorted(said, key=lambda v: (not isinstance(v, int | float), v)):
        word = number(lesson.option(value))
        counts[word] = counts.get(word, 0) + 1
    st.bar_chart(counts, x_label=prediction.unit or t("answer"), y_label=t("people"), height=180)


def show_experiment(lesson: Lesson, name: str) -> dict[str, Any]:
    """Show the controls and what the engine gives; returns control values and metrics for the text."""
    experiment = lesson.lab.experiments[name]
    with st.container(border=True, key=f"experiment-{lesson.id}-{name}"):
        st.markdown(f"**:material/science: {t('Experiment')}**")
        values = _controls(lesson, name, experiment)
        try:
            with st.spinner(t("The plant is running…")):
                found = outcome_of(lesson, name, values)
        except LabError as problem:
            st.error(str(problem))
            return values
        show_outcome(experiment, found, f"{lesson.id}-{name}")
    return {**values, **found.metrics}


def show_outcome(experiment: Experiment, found: Outcome, key: str) -> None:
    """Show an experiment's numbers, property checks and lanes."""
    names = experiment.readout or tuple(found.metrics)[:4]
    for column, metric in zip(st.columns(len(names)), names, strict=True):
        column.metric(metric_name(metric), shown(metric, found.metrics.get(metric)), help=meaning(metric))
    _checks(found)
    if found.lanes:
        st.plotly_chart(lanes_figure(found.lanes, key), width="stretch", key=f"figure-{key}")
        st.caption(_summary(found, names))
    for note in found.notes:
        st.caption(note)


def _checks(found: Outcome) -> None:
    """List the property checks with pass or fail in words and shape, not in colour alone."""
    for text, holds, seen in found.checks:
        mark = f":green[:material/check_circle: {t('holds')}]" if holds else f":red[:material/cancel: {t('broken')}]"
        st.markdown(f"{mark} · {text}" + (f" · `{seen}`" if seen else ""))


def _summary(found: Outcome, names: tuple[str, ...]) -> str:
    """Say in words what the figure shows."""
    lanes = ", ".join(lane.title for lane in found.lanes)
    figures = "; ".join(f"{metric_name(metric)}: {shown(metric, found.metrics.get(metric))}" for metric in names)
    return t("Shown: {lanes}. {figures}.", lanes=lanes, figures=figures)


def _controls(lesson: Lesson, name: str, experiment: Experiment) -> dict[str, Any]:
    if not experiment.controls:
        return {}
    version_key = f"version-{lesson.id}-{name}"
    version = st.session_state.setdefault(version_key, 0)
    room = max(1.0, 0.4 * len(experiment.controls))  # for the word on the button, however many controls there are
    columns = st.columns([3.0] * len(experiment.controls) + [room], vertical_alignment="bottom")
    values = {}
    for column, control in zip(columns, experiment.controls, strict=False):
        with column:
            values[control.id] = _control(lesson, control, f"{lesson.id}-{name}-{control.id}-{version}")
    if columns[-1].button(t("Reset"), key=f"reset-{lesson.id}-{name}", icon=":material/restart_alt:"):
        st.session_state[version_key] = version + 1
        st.rerun()
    return values


def _control(lesson: Lesson, control: Control, key: str) -> Any:
    if control.kind == "choice":
        start = control.options.index(str(control.start))
        return st.selectbox(control.label, control.options, start, key=key, format_func=lesson.option)
    if control.kind == "switch":
        return st.toggle(control.label, bool(control.start), key=key)
    step, start = control.step or 0.1, control.start
    whole = all(float(v).is_integer() for v in (control.min, control.max, step, start) if v is not None)
    kind = int if whole else float
    return st.slider(control.label, kind(control.min or 0), kind(control.max or 0), kind(start), kind(step), key=key)
