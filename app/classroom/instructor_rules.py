"""Exceptions: more time, more attempts or an excuse for everybody, a section, a label or one student."""

from __future__ import annotations

import streamlit as st

from app.classroom.instructor_desk import school, who
from app.controls import command
from app.i18n import t


def rules_form(name: str) -> None:
    """Draw the form; a rule holds at once and needs no regrade, for credit is computed when it is read."""
    with st.expander(t("Exceptions: dates, attempts, excuses"), icon=":material/event:"), st.form(f"rules/{name}"):
        st.caption(t("Computed whenever it is read: nothing must be regraded. Extra-time labels work by themselves."))
        people = school().people.students()
        scopes = {"all": t("everybody")}
        scopes |= {
            f"section:{one}": t("section {name}", name=one) for one in sorted({p.section for p in people if p.section})
        }
        scopes |= {
            f"label:{one}": t("label {name}", name=one) for one in sorted({one for p in people for one in p.labels})
        }
        scopes |= {f"person:{p.person}": p.handle for p in people}
        fields = {
            "shift_hours": t("Hours later"),
            "percent": t("Credit (%)"),
            "attempts_total": t("Attempts in all"),
            "attempts_per_day": t("Attempts a day"),
            "time_limit_minutes": t("Time limit (min)"),
            "excused": t("Excused (1 = yes)"),
        }
        scope = st.selectbox(t("For"), list(scopes), format_func=scopes.get)
        left, right = st.columns(2)
        field = left.selectbox(t("What"), list(fields), format_func=fields.get)
        value = right.number_input(t("Value"), 0.0, 10_000.0, 24.0, format="%g")
        if st.form_submit_button(t("Set"), icon=":material/check:"):
            command(school().assignments.set_rule, name, scope, field, value, who(), done=t("The exception holds."))
            st.rerun()
