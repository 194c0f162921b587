"""What every student page begins with: who is asking, and which assignment is meant."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import streamlit as st

from app.access import viewer
from app.acting import CLASS, acting_as
from app.classroom.student import NONE, NOT_OPEN, StudentDesk
from app.classroom.titles import assignment_titles
from app.i18n import t
from app.jobs import Job, show_progress
from app.keys_of_session import MENU_KEY
from app.lab import lab
from app.way_back import to_sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.classroom.student import Card
    from engine.errors import LabError

CHOSEN_KEY = "chosen-assignment"
PARAMETER = "assignment"  # in the address, so that a link opens it again
MAKING_KEY = "making_data"
PHASE_ICONS = {"before": "hourglass_empty", "open": "edit", "late": "running_with_errors", "practice": "fitness_center"}


def desk_or_stop() -> StudentDesk:  # noqa: RET503
    """Return the desk of who looks at this page; for strangers the page ends here with the way in."""
    who, people = viewer(), lab().classroom.people
    if who.classmate is not None:
        return StudentDesk(lab().classroom, people.get(who.classmate))
    if who.person is not None:
        st.warning(t("You are not in the class any more; sign in again or ask your instructor."))
        st.html('<a href="logout">{}</a>'.format(t("Sign out")))
        st.stop()
    if who.teaches:
        st.info(t("This is the students' side. Yours is under Class: people, assignments, grading."))
    else:
        st.info(t("Come in with the join code of your class, or with your handle and PIN."), icon=":material/login:")
        st.html(f'<a href="{escape(to_sign_in())}">{escape(t("Sign in"))}</a>')
    st.stop()


def own(desk: StudentDesk, act: Callable[..., Any], *arguments: Any) -> Any:
    """Do something for the person of a desk, when it is that person who acts (see `acting_as`)."""
    acting_as(CLASS, desk.person.person)
    return act(*arguments)


def choose_card(desk: StudentDesk, wanted: Callable[[Card], bool]) -> Card | None:
    """Let the person choose one of its assignments; it stands in the address.

    None when there is none, or when the address names another one: that is never answered with somebody else's.

    Raises
    ------
    AccessError
        When the address names an assignment that is not there for this person.
    """
    cards, asked = [card for card in desk.cards() if wanted(card)], st.query_params.get(PARAMETER)
    titles = assignment_titles(card.spec for card in cards)
    if asked and asked not in titles:
        desk.card(asked)
        chosen = None
    else:
        chosen = asked or next(iter(titles), None)
    if titles:
        st.session_state[CHOSEN_KEY] = chosen
        st.selectbox(
            t("Assignment"), list(titles), None, key=CHOSEN_KEY, format_func=titles.get, on_change=_follow,
            placeholder=t("Choose an assignment"),
        )  # fmt: skip
    return next((card for card in cards if card.spec.id == chosen), None)


def _follow() -> None:
    st.query_params[PARAMETER] = st.session_state[CHOSEN_KEY]


def problem_said(problem: LabError) -> None:
    """Say a refusal of the class in the reader's language, and where one's own assignments are."""
    words = {
        NONE: t("There is no such assignment. Yours are listed under My assignments."),
        NOT_OPEN: t("This assignment is not open yet."),
    }
    st.error(words.get(str(problem), str(problem)))


def link_to_labelling(assignment: str) -> None:
    """Draw the link to the labelling page of an assignment; nothing where this role has no such page."""
    pages = {page.url_path: page for section in st.session_state.get(MENU_KEY, {}).values() for page in section}
    if "label" in pages:
        label = t("Go on to the labelling page")
        st.page_link(pages["label"], label=label, icon=":material/draw:", query_params={PARAMETER: assignment})


def with_data(desk: StudentDesk, assignment: str) -> bool:
    """Return whether the person's data is there; for a late joiner it is made now, with progress."""
    if desk.has_data(assignment):
        st.session_state.pop(MAKING_KEY, None)
        return True
    job = st.session_state.get(MAKING_KEY)
    if job is None:
        job = own(desk, Job(lambda progress, cancelled: desk.make_data(assignment)).start)
        st.session_state[MAKING_KEY] = job
    if not job.running:
        st.session_state.pop(MAKING_KEY)
        if desk.has_data(assignment):
            return True
        st.error(str(job.problem or t("Your data could not be made; open this page again.")))
        return False
    st.info(t("You joined after the release: your own plant is being made now. This takes a few seconds."))
    show_progress(job, "making")
    return False


def phase_badge(card: Card) -> None:
    """Draw the phase as a word with a shape and a colour."""
    words = {
        "before": (t("not open yet"), "gray"),
        "open": (t("open"), "green"),
        "late": (t("late, less credit"), "orange"),
        "practice": (t("closed, practice only"), "blue"),
        "closed": (t("closed"), "gray"),
    }
    text, colour = words[card.phase]
    st.badge(text, icon=f":material/{PHASE_ICONS.get(card.phase, 'lock')}:", color=colour)  # type: ignore[arg-type]


def shown_time(at_us: int, zone: str = "UTC") -> str:
    """Return a moment as people of that time zone write it, with the zone's name."""
    moment = datetime.fromtimestamp(at_us / 1e6, UTC).astimezone(ZoneInfo(zone))
    return f"{moment:%Y-%m-%d %H:%M} {zone}"


def clock(at_us: int) -> str:
    """Return a moment of the data in UTC, as it is written in forms and tables."""
    return f"{datetime.fromtimestamp(at_us // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def time_left(until_us: int, now_us: int) -> str:
    """Return how long it is until then by the server's clock, in words."""
    minutes = max(0, until_us - now_us) // 60_000_000
    if minutes >= 2 * 1440:
        return t("{n} days", n=minutes // 1440)
    return t("{h} h {m} min", h=minutes // 60, m=minutes % 60) if minutes >= 60 else t("{n} min", n=minutes)
