"""What the instructors' pages share: the class, parts of a page, the assignment that is worked on, small tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.access import Viewer, viewer
from app.acting import INSTRUCTOR, acting_as
from app.classroom.titles import assignment_titles
from app.i18n import t
from app.jobs import Job, show_progress
from app.keys_of_session import PROBLEM_KEY
from app.lab import lab
from engine.classroom.audit import acts
from engine.records import iso_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.classroom.classroom import Classroom
    from engine.classroom.spec import AssignmentSpec

ASSIGNMENT_KEY = "assignment"  # the same choice on all instructors' pages, also in the address


def school() -> Classroom:
    """Return the class of this lab; what is done with it from here on is noted with who does it."""
    if get_script_run_ctx(suppress_warning=True) is not None:  # a job beside the page has its actor already
        acts(who())
    found: Classroom = lab().classroom
    return found


def who() -> str:
    """Return who acts, for the audit log."""
    return viewer().handle or viewer().role


def require_staff() -> Viewer:
    """Return the assistant or instructor who looks at this page; for anybody else the page ends here."""
    found = viewer()
    if found.role not in ("ta", "instructor"):
        st.warning(t("This page is for instructors. Sign in at /login with the pass phrase of this lab."))
        st.stop()
    return found


def choose_part(parts: dict[str, tuple[str, Callable[[], None]]]) -> Callable[[], None]:
    """Draw the parts of a page as one row of buttons, kept in the address; returns what draws the chosen one."""
    first = next(iter(parts))
    key, asked = f"part/{first}", str(st.query_params.get("part", first))
    if key not in st.session_state:
        st.session_state[key] = asked if asked in parts else first
    chosen = st.segmented_control(
        t("Part of this page"),
        list(parts),
        key=key,
        format_func=lambda name: parts[name][0],
        required=True,
        label_visibility="collapsed",
    )
    if chosen and chosen != asked:
        st.query_params["part"] = chosen
    return parts[chosen or first][1]


def choose_assignment(states: tuple[str, ...] = ()) -> str | None:
    """Draw the choice of an assignment in one of the states; None (and a sentence) when there is none."""
    known = assignment_titles(spec for spec, state in school().assignments.all() if not states or state in states)
    if not known:
        st.info(t("There is no assignment here yet. Make one under Class, Assignments."))
        return None
    if st.session_state.get(ASSIGNMENT_KEY) not in known:
        st.session_state[ASSIGNMENT_KEY] = next(iter(known))
    return st.selectbox(
        t("Assignment"),
        list(known),
        key=ASSIGNMENT_KEY,
        format_func=known.get,
        persist_state="session",
        width=460,
    )


def state_word(state: str) -> str:
    """Return the state of an assignment in the reader's language."""
    words = {
        "draft": t("draft"),
        "checked": t("checked"),
        "released": t("released"),
        "published": t("published"),
    }
    return words.get(state, state)


def kind_word(spec: AssignmentSpec) -> str:
    """Return what students hand in."""
    words = {
        "labels": t("labels"),
        "alarms": t("alarms of a detector"),
        "params": t("setting of a detector"),
        "answers": t("quiz answers"),
        "text": t("report"),
    }
    return words[spec.submit]


def status_word(status: str) -> str:
    """Return what became of a student's work."""
    words = {"graded": t("graded"), "missing": t("missing"), "held": t("held"), "excused": t("excused")}
    return words.get(status, status)


def clock_text(at_us: int | None) -> str:
    """Return a time for a table; empty for none."""
    return iso_time(at_us, seconds_only=True).replace("T", " ").replace("+00:00", "Z") if at_us else ""


def yaml_area(label: str, text: str, height: int, key: str) -> str:
    """Draw a text area for YAML, in letters of equal width, and return what is in it."""
    st.html("<style>[class*=st-key-yaml] textarea{font-family:ui-monospace,monospace;font-size:.85rem}</style>")
    with st.container(key=f"yaml-{key}"):
        return st.text_area(label, text, height=height, key=key, label_visibility="collapsed") or ""


def table(rows: list[dict[str, Any]], **options: Any) -> Any:
    """Draw rows as a table without index."""
    return st.dataframe(rows, hide_index=True, width="stretch", placeholder="", **options)


def acting(name: str, work: Any) -> Any:
    """Return the work of a job, done in the name of whoever started it."""

    def done(*given: Any) -> Any:
        acts(name)
        return work(*given)

    return done


def long_work(key: str, label: str, work: Any, by: tuple[str, ...] = INSTRUCTOR, **button: Any) -> Any:
    """Draw the button that starts long work, then its progress; returns the outcome once, when it is there."""
    job: Job | None = st.session_state.get(key)
    if job is None:
        if st.button(label, key=f"{key}-go", **button):
            acting_as(by)
            st.session_state[key] = Job(acting(who(), work)).start()
            st.rerun()
        return None
    if job.running:
        st.caption(label)
        show_progress(job, key)
        return None
    del st.session_state[key]
    if job.problem is not None:
        st.session_state[PROBLEM_KEY] = str(job.problem)
        st.rerun()
    return job.outcome
