"""The rubric of an assignment, edited with the robot table beside it: what lazy answers would earn, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.classroom.instructor_desk import choose_assignment, school, table, yaml_area
from app.controls import command
from app.i18n import t
from engine.classroom.robots import LAZY_LIMIT, prove_rubric
from engine.classroom.rubric import Rubric, as_yaml, parse_rubric
from engine.yaml_file import problems_of

if TYPE_CHECKING:
    from engine.classroom.robots import Proof

RUNS = 20


def rubric_part() -> None:
    """Draw the part of the page about rubrics."""
    name = choose_assignment()
    if name is None:
        return
    now = school().assignments.rubric(name)
    edit, robots = st.columns([1, 1], gap="large")
    with edit:
        st.subheader(t("{name}, version {n}", name=now.name, n=now.version))
        source = as_yaml(now)
        text = yaml_area(t("Rubric (YAML)"), source, 470, f"rubric/{name}/{now.version}")
        problems = problems_of(text, Rubric, "rubric.yaml")
        for problem in problems:
            st.error(str(problem))
    with robots:
        proof = _proof(text) if not problems else None
        _robot_table(proof)
    with edit:
        same, allowed = text.strip() == source.strip(), proof is not None and (not proof.rows or proof.passed)
        if st.button(t("Use this rubric"), type="primary", disabled=same or not allowed, key="rubric_go"):
            command(
                school().assignments.set_rubric,
                name,
                parse_rubric(text),
                done=t("The rubric is changed; regrade to see what it does."),
            )
            st.rerun()
        st.caption(t("A change makes a new version. Old grades stay as they were until you regrade and publish."))


def _proof(text: str) -> Proof:
    """Return the robot table of a text; the last ones are kept, for an undo is quick then."""
    known: dict[str, Proof] = st.session_state.setdefault("proofs", {})
    if text not in known:
        with st.spinner(t("The robots play…")):
            known[text] = prove_rubric(parse_rubric(text), runs=RUNS)
        while len(known) > 10:
            known.pop(next(iter(known)))
    return known[text]


def _robot_table(proof: Proof | None) -> None:
    st.subheader(t("What robots would earn"))
    if proof is None:
        st.info(t("The table comes back when the rubric can be read."))
        return
    if not proof.rows:
        st.info(t("No robot can play this kind of work; the rubric needs no proof."))
        return
    words = {True: t("lazy"), False: t("works")}
    rows = [
        {
            t("Robot"): row.name,
            t("Kind"): words[row.lazy],
            t("Verdict"): "" if not row.lazy else ("✓" if row.passed else t("✗ too much")),
            t("Mean"): round(row.mean, 1),
            t("95th"): round(row.p95, 1),
        }
        for row in proof.rows
    ]
    bar = st.column_config.ProgressColumn(t("95th"), min_value=0, max_value=proof.automatic_points, format="%.1f")
    table(rows, column_config={t("95th"): bar}, height=38 + 35 * len(rows))
    limit = f"{LAZY_LIMIT:g}"
    if proof.passed:
        st.success(
            t("Proven: no lazy robot above {limit} points at the 95th percentile, perfect work earns all.", limit=limit)
        )
    else:
        st.error(
            t(
                "Not proven: a lazy robot earns more than {limit} points, or perfect work does not earn all.",
                limit=limit,
            )
        )
    st.caption(t("{n} games each, 12 faults in 7 days (alarms: 20 in 20); manual lines are left out.", n=RUNS))
