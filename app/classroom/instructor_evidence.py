"""Evidence of copying, for a person to weigh; never a penalty by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.classroom.instructor_desk import choose_assignment, long_work, school, table, who
from app.controls import command
from app.i18n import t
from engine.classroom.closing import SHARED

if TYPE_CHECKING:
    from engine.classroom.classroom import Classroom


def evidence_part() -> None:
    """Draw the reports on copying."""
    name = choose_assignment(("released", "published"))
    if name is None:
        return
    st.warning(
        t("Evidence, not a verdict: talk to the students first. Nothing here changes a grade."),
        icon=":material/balance:",
    )
    shared = any(v.person == SHARED for v in school().assignments.variants(name))
    the_class = school()
    key = f"evidence/{name}"
    outcome = long_work(
        key, t("Compare all submissions"), lambda p, c: _all(the_class, name, shared), icon=":material/compare:"
    )
    if outcome is not None:
        st.session_state[f"{key}/found"] = outcome
        command(school().audit.note, who(), "looked for copies in", name)
        st.rerun()
    found = st.session_state.get(f"{key}/found")
    if found is not None:
        _show(found, shared)


def _all(the_class: Classroom, name: str, shared: bool) -> dict[str, list[dict[str, Any]]]:
    handles = {p.person: p.handle for p in the_class.people.all()}
    handle = {r.submission: handles.get(r.person, "?") for r, _ in the_class.submissions.payloads(name)}
    owner = {v.variant: handles.get(v.person, v.variant) for v in the_class.assignments.variants(name)}
    evidence = the_class.evidence
    equal = [{"who": ", ".join(handle[s] for s in group)} for group in evidence.same_payloads(name)]
    if shared:
        pairs = evidence.same_errors(name)
        same = [
            {"a": handle[x.first], "b": handle[x.second], "same": x.same, "of": x.of, "p": x.p_value} for x in pairs
        ]
        return {"equal": equal, "errors": same, "fits": []}
    fits = [
        {"a": handle[f.submission], "b": owner[f.variant], "own": f.own_fit, "other": f.other_fit, "p": f.p_value}
        for f in evidence.seed_fits(name)
    ]
    return {"equal": equal, "errors": [], "fits": fits}


def _show(found: dict[str, list[dict[str, Any]]], shared: bool) -> None:
    st.subheader(t("The very same content"))
    if found["equal"]:
        table([{t("Handles"): row["who"]} for row in found["equal"]])
    else:
        st.caption(t("No two submissions are equal byte for byte."))
    if shared:
        st.subheader(t("The same wrong intervals, to the second"))
        rows = [
            {t("First"): r["a"], t("Second"): r["b"], t("Same mistakes"): r["same"], t("Of"): r["of"], t("p"): r["p"]}
            for r in found["errors"]
        ]
        st.caption(t("p: the chance of as many equal mistakes when one of the two is moved by up to ten minutes."))
    else:
        st.subheader(t("Labels that fit another student's plant"))
        rows = [
            {
                t("Handle"): r["a"],
                t("Fits the plant of"): r["b"],
                t("Own fit"): round(r["own"], 2),
                t("Other fit"): round(r["other"], 2),
                t("p"): r["p"],
            }
            for r in found["fits"]
        ]
        st.caption(t("p: the share of 199 shifts in time that fit as well. Honest work fits its own plant."))
    if rows:
        table(rows)
    else:
        st.success(t("Nothing beyond chance."))
