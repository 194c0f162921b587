"""From draft to release: variants, what the robots find on them, the seal, and the class's Kafka topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.charts import OKABE_ITO
from app.classroom.instructor_desk import long_work, school, table, who
from app.classroom.instructor_fairness import fairness_part
from app.classroom.instructor_topic import topic_form
from app.controls import command
from app.i18n import t
from app.keys_of_session import DONE_KEY
from engine.classroom.fairness import MOST_RANGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.classroom.gate import Gate


def release_steps(name: str) -> None:
    """Draw the steps of one assignment in their order."""
    state = school().assignments.state(name)
    st.subheader(t("Release"))
    if state in ("draft", "checked"):
        _variants(name)
        _gate(name)
        _release(name, state)
    else:
        st.success(t("Released. What is sealed can no longer change, and anybody can prove it after the deadline."))
        st.caption(t("Commitment (SHA-256 over the salted truth of all variants)"))
        st.code(school().assignments.commitment(name), language=None, wrap_lines=True)
        _late_joiners(name)
        topic_form(name)
    _difficulty(name)


def _variants(name: str) -> None:
    made = len(school().assignments.variants(name))
    st.markdown(t("**1. Variants** · {n} made", n=made))

    st.caption(
        t(
            "All plants share one recipe of faults; times, machines, noise and normal changes differ. "
            "Those made are sealed at once: you can check and release while the rest is being made."
        )
    )
    label = t("Make the variants") if not made else t("Make what is missing or changed")
    _making(name, label)


def _making(name: str, label: str) -> None:
    """Draw the button that makes what is missing, its progress and its outcome; goes on after the release."""

    def work(progress: Callable[[float], None], cancelled: Callable[[], bool]) -> int:
        return school().make_variants(name, lambda done, of: progress(done / of), cancelled)

    count = long_work(f"variants/{name}", label, work, icon=":material/factory:")
    if count is not None:
        st.session_state[DONE_KEY] = t("{n} variants are made and sealed.", n=count)
        st.rerun()


def _gate(name: str) -> None:
    st.markdown(
        t("**2. Robots** play the variants: a careful person, a simple reference, chance, labelling everything")
    )
    variants = school().assignments.variants(name)
    outcome = long_work(
        f"gate/{name}",
        t("Let the robots play"),
        lambda progress, cancelled: school().check(name, lambda done, of: progress(done / of), cancelled),
        icon=":material/smart_toy:",
        disabled=not variants,
    )
    if outcome is not None:
        st.session_state[f"gate_of/{name}"] = outcome
        st.rerun()
    found: Gate | None = st.session_state.get(f"gate_of/{name}")
    if found is not None:
        _gate_result(found)


def _gate_result(gate: Gate) -> None:
    if gate.passed:
        st.success(t("The robots are told apart and the variants are alike: it may be released."))
    for problem in gate.problems:
        st.error(problem)
    for warning in gate.warnings:
        st.warning(warning)
    _automatic(gate)
    if gate.rows:
        means = {word: sum(values) / len(values) for word, values in _robots(gate).items() if values}
        with st.container(horizontal=True):
            for word, value in means.items():
                st.metric(word, t("{points} points", points=f"{value:.0f}"))
        with st.expander(t("By variant")):
            table(
                [
                    {
                        t("Variant"): r.variant,
                        t("Reference"): None if r.reference is None else round(r.reference, 1),
                        t("Chance"): round(r.random, 1),
                        t("Everything"): round(r.everything, 1),
                        t("Careful person"): r.difficulty,
                    }
                    for r in gate.rows
                ]
            )


def _automatic(gate: Gate) -> None:
    """Show the line above which a person adds something, and what all robots earn."""
    if gate.line is not None:
        st.info(
            t(
                "Without anybody looking, {name} earns {points} points (mean of {n} variants): above this line a "
                "person adds something. The rubric's setting above_points can make the scale begin there.",
                name=gate.line.name,
                points=f"{gate.line.mean:.0f}",
                n=gate.line.played,
            )
        )
    if gate.robots or gate.pipelines:
        with st.expander(t("All robots")):
            rows = [{t("Robot"): r.name, t("Mean"): round(r.mean, 1), t("95th"): round(r.p95, 1)} for r in gate.robots]
            table(
                [*rows, *({t("Robot"): p.name, t("Mean"): round(p.mean, 1), t("95th"): None} for p in gate.pipelines)]
            )


def _robots(gate: Gate) -> dict[str, list[float]]:
    return {
        t("Careful person"): gate.careful,
        t("Reference"): [row.reference for row in gate.rows if row.reference is not None],
        t("Chance"): [row.random for row in gate.rows],
        t("Everything"): [row.everything for row in gate.rows],
    }


def _release(name: str, state: str) -> None:
    st.markdown(t("**3. Release** seals the truth and publishes its commitment"))
    if st.button(t("Release"), type="primary", icon=":material/lock:", disabled=state != "checked", key="release_go"):
        if command(school().assignments.release, name, who(), done=t("Released.")) is not None:
            st.rerun()
        st.rerun()


def _late_joiners(name: str) -> None:
    """Offer a variant to those who came after the release."""
    known = {v.person for v in school().assignments.variants(name)}
    whose = [p.person for p in school().people.students()]
    lacking = [owner for owner in school().assignments.owners(name, whose) if owner not in known]
    if lacking and school().making.plan(name) is not None:
        _making(name, t("Make variants for {n} who came later", n=len(lacking)))
    elif lacking and st.button(t("Make variants for {n} who came later", n=len(lacking)), key="late_go"):
        for person in whose:
            command(school().late_joiner, name, person)
        st.rerun()


def _difficulty(name: str) -> None:
    values = [value for value in school().assignments.difficulties(name).values() if value is not None]
    if not values or school().making.plan(name) is None:
        return
    out_of = school().assignments.rubric(name).automatic_points
    st.markdown(t("**Fairness**: the points that a careful person is expected to earn, by variant"))
    st.plotly_chart(_histogram(values, out_of), key=f"difficulty/{name}", config={"displayModeBar": False})
    st.caption(
        t(
            "{n} variants from {low} to {high} of {out_of} points; a range of at most {most} is fair.",
            n=len(values),
            low=f"{min(values):.0f}",
            high=f"{max(values):.0f}",
            out_of=f"{out_of:g}",
            most=f"{MOST_RANGE * out_of / 90:.0f}",
        )
    )
    fairness_part(name)


def _histogram(values: list[float], out_of: float) -> Any:
    import plotly.graph_objects as go

    bins = {"start": 0, "end": out_of, "size": out_of / 36}
    figure = go.Figure(go.Histogram(x=values, xbins=bins, marker_color=OKABE_ITO[0]))
    figure.update_layout(height=190, margin={"l": 40, "r": 8, "t": 8, "b": 34}, bargap=0.05, showlegend=False)
    figure.update_xaxes(range=[0, out_of], title=t("expected points of a careful person"))
    figure.update_yaxes(title=t("variants"))
    return figure
