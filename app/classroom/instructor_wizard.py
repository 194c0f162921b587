"""The wizard: a few questions, and the assignment's file is written; everything else can be edited there."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import streamlit as st
import yaml

from app.classroom.instructor_desk import school
from app.i18n import t
from engine.classroom.drawing import LEAST_EVENTS
from engine.classroom.rubric import load_rubric, rubric_names
from engine.plant.spec import load_plant, own_plant_names, plant_names

QUESTIONS = [{"id": "q1", "ask": "Which sensor shows the fault first?", "options": ["temperature", "vibration"]}]
# A board that all see, on a part of the events; the mark comes from the rest.
COMPETITION: dict[str, Any] = {"split": {"public": 0.5, "by": "event"}, "board": {"show": "handles", "step": 0.1}}


def wizard() -> str | None:
    """Draw the questions; returns the file when the button was pressed, else None."""
    what, data, when = st.columns(3, gap="medium")
    with what:
        document = _what()
    with data:
        document |= _data(document["submit"], document["mode"])
    with when:
        document |= _when(document["submit"])
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    with st.popover(t("Show the file")):
        st.code(text, "yaml")
    known = {spec.id for spec, _ in school().assignments.all()}
    if document["id"] in known:
        st.caption(t("There is an assignment with this id; choose another one."))
    made = st.button(t("Make the assignment"), type="primary", disabled=document["id"] in known, key="wizard_go")
    return text if made else None


def _what() -> dict[str, Any]:
    kinds = {
        "labels": t("labels"),
        "alarms": t("alarms of a detector"),
        "params": t("setting of a detector"),
        "answers": t("quiz answers"),
        "text": t("report"),
    }
    modes = {"practice": t("practice"), "graded": t("graded"), "exam": t("exam"), "competition": t("competition")}
    title = st.text_input(t("Title"), "Label the pump", max_chars=120, key="wizard_title").strip() or "Assignment"
    proposed = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in title.lower()).split())[:50]
    name = st.text_input(t("Id"), proposed or "assignment", key=f"wizard_id/{proposed}", max_chars=60)
    submit = st.selectbox(t("Students hand in"), list(kinds), format_func=kinds.get, key="wizard_kind")
    mode = st.selectbox(t("Mode"), list(modes), 1, format_func=modes.get, key="wizard_mode")
    return {"version": 1, "id": name, "title": title, "mode": mode, "submit": submit}


def _data(submit: str, mode: str) -> dict[str, Any]:
    if submit in ("answers", "text"):
        return _question_part(submit)
    plant = st.selectbox(t("Plant"), (*plant_names(), *own_plant_names()), key="wizard_plant")
    known = list(load_plant(plant).machines)
    machines = st.multiselect(t("Machines"), known, known[:1], key=f"wizard_machines/{plant}") or known[:1]
    left, right = st.columns(2)
    days = left.number_input(t("Days"), 1, 60, 3, key="wizard_days")
    events = right.number_input(t("Faults"), 1, 200, 8, key="wizard_events")
    levels = {"easy": t("easy"), "medium": t("medium"), "hard": t("hard")}
    few = events < LEAST_EVENTS and st.checkbox(
        t("Insist on fewer than {n} faults", n=LEAST_EVENTS),
        help=t("With few faults the luck of the day decides: the check says how many points it moves."),
        key="wizard_few",
    )
    level = left.selectbox(t("Level"), list(levels), format_func=levels.get, key="wizard_level")
    whose = {"per_student": t("one each"), "shared": t("shared"), "per_group": t("one for each section")}
    contest = mode == "competition"
    variants = right.selectbox(
        t("Data"), list(whose), 1 if contest else 0, format_func=whose.get, key=f"wizard_variants/{contest}"
    )
    parts = {"name": plant, "machines": machines, "days": days, "rate_hz": 0.0167, "events": events, "level": level}
    data = {"plant": {**parts, "few_events": True} if few else parts, "variants": variants}
    return data | (COMPETITION if contest else {})


def _question_part(submit: str) -> dict[str, Any]:
    st.caption(t("The file gets an example to write over."))
    if submit == "text":
        return {
            "variants": "shared",
            "task": "Describe one fault: what you saw, on which sensor, and why it is no noise.",
        }
    return {"variants": "shared", "questions": QUESTIONS, "answers": {"q1": "vibration"}}


def _when(submit: str) -> dict[str, Any]:
    today = datetime.now().astimezone().date()
    zone = st.text_input(t("Time zone"), "UTC", key="wizard_zone", help=t("Such as Europe/Berlin"))
    opens = st.date_input(t("Release"), today, key="wizard_release")
    due = st.date_input(t("Due, at 23:59"), today + timedelta(days=7), key="wizard_due")
    late = st.number_input(t("Late days at 80 %"), 0, 30, 2, key="wizard_late")
    known = {name: load_rubric(name) for name in rubric_names()}
    fitting = sorted((n for n, r in known.items() if r.submit == submit), key=lambda n: (-known[n].edition, n))
    rubric = st.selectbox(t("Rubric"), fitting, key=f"wizard_rubric/{submit}")
    steps = [{"until": f"{due} 23:59", "percent": 100}]
    if late:
        steps.append({"until": f"{due + timedelta(days=late)} 23:59", "percent": 80})
    release = f"{datetime.combine(opens, time(0, 0)):%Y-%m-%d %H:%M} {zone}".strip()
    return {"when": {"release": release, "credit": steps}, "attempts": {"per_day": 3, "total": 12}, "rubric": rubric}
