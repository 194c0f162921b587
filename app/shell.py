"""The frame of every page: menu by role; above each page language, projector mode, sign in and out."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit as st

from app import school
from app.access import Viewer, viewer
from app.following import follow_stage
from app.i18n import LANGUAGE_COOKIE, LANGUAGE_KEY, LANGUAGE_NAMES, languages, t, wished
from app.keys_of_session import MENU_KEY, PAGE_KEY, PROJECTOR_KEY
from app.way_back import to_sign_in

ROOT = Path(__file__).resolve().parents[1]
EVERYONE = ("student", "ta", "instructor")
STAFF = ("ta", "instructor")
INSTRUCTORS = ("instructor",)
STUDENTS = ("student", "ta")
SIDEBAR_PX = 220
ICON, LOGO = ROOT / "app" / "icon.svg", ROOT / "app" / "logo.svg"
# Streamlit leaves much room around a wide page and in a long menu: too much for a projector of 1280 × 720. What is for
# every page (`.st-key-top`) stands beside Streamlit's own menu, in the room that its header leaves.
STYLE = """
[data-testid=stMainBlockContainer]{padding:.7rem 2.2rem 3rem}
[data-testid=stSidebarHeader]{height:2.6rem}
[data-testid=stHeader]{background:transparent}
[data-testid=stSidebarNavLink]{padding-top:0;padding-bottom:0;margin:0;line-height:1.5rem}
[data-testid=stSidebarNavItems]{padding-bottom:.5rem}
[data-testid=stSidebarNavItems] li{margin:0}
[data-testid=stSidebarNavItems]>div{margin-top:.45rem}
[data-testid=stNavSectionHeader]{margin-top:.15rem;margin-bottom:0;padding-bottom:0}
.st-key-top{position:relative;z-index:999991;align-self:flex-end;width:fit-content;margin:0 1.6rem -1.1rem 0;gap:.9rem}
.st-key-top a{color:inherit}
@media (max-width:40rem){[data-testid=stMainBlockContainer]{padding:.7rem 1rem 3rem}
.st-key-top{gap:.5rem}.st-key-top [data-testid=stCheckbox]{display:none}}
@media (prefers-reduced-motion:reduce){*,*::before,*::after{animation-duration:.01ms!important;
transition:none!important}}
"""
PROJECTOR_STYLE = "html{font-size:21px}[data-testid=stMainBlockContainer]{padding-left:1.2rem;padding-right:1.2rem}"


@dataclass(frozen=True)
class Page:
    """One line of the menu; a page is there only for the roles named."""

    file: str
    title: str
    icon: str
    section: str
    roles: tuple[str, ...] = EVERYONE


def pages() -> tuple[Page, ...]:
    """Return every page of the lab in the order of the menu: one line for each."""
    return (
        Page("home", t("Home"), ":material/home:", ""),
        Page("live", t("Live"), ":material/monitoring:", t("Watch")),
        Page("alarms", t("Alarms"), ":material/notifications:", t("Watch")),
        Page("lines", t("Lines"), ":material/precision_manufacturing:", t("Watch")),
        Page("health", t("Health"), ":material/vital_signs:", t("Watch")),
        Page("inject", t("Inject"), ":material/build:", t("Break"), INSTRUCTORS),
        Page("compare", t("Compare"), ":material/compare_arrows:", t("Detect")),
        Page("xray", t("X-ray"), ":material/troubleshoot:", t("Detect")),
        Page("economics", t("Economics"), ":material/payments:", t("Detect")),
        Page("lessons", t("Lessons"), ":material/school:", t("Learn")),
        Page("streams", t("Streams"), ":material/conveyor_belt:", t("Learn")),
        Page("theatre", t("Pitfall theatre"), ":material/theater_comedy:", t("Learn")),
        Page("author", t("Author"), ":material/edit_note:", t("Learn"), INSTRUCTORS),
        Page("assignments", t("My assignments"), ":material/assignment:", t("Class"), STUDENTS),
        Page("label", t("Label"), ":material/draw:", t("Class"), STUDENTS),
        Page("board", t("Board"), ":material/leaderboard:", t("Class")),
        Page("verify", t("Verify"), ":material/verified:", t("Class")),
        Page("room", t("Room"), ":material/meeting_room:", t("Class")),
        Page("class_room", t("Class"), ":material/groups:", t("Class"), INSTRUCTORS),
        Page("grading", t("Grading"), ":material/grading:", t("Class"), STAFF),
        Page("conductor", t("Conductor"), ":material/co_present:", t("Class"), INSTRUCTORS),
        Page("audit", t("Audit"), ":material/fact_check:", t("Class"), INSTRUCTORS),
        Page("explore", t("Explore"), ":material/database:", t("Data")),
        Page("upload", t("Upload"), ":material/upload_file:", t("Data")),
        Page("other_plants", t("Other plants"), ":material/sensors:", t("Data")),
    )


def menu(role: str) -> dict[str, list[st.Page]]:
    """Return the menu of that role by section; what a role may not open is not in it."""
    sections: dict[str, list[st.Page]] = {}
    for page in pages():
        file = ROOT / "pages" / f"{page.file}.py"
        if role in page.roles and file.exists():
            shown = st.Page(file, title=page.title, icon=page.icon, url_path=page.file, default=page.file == "home")
            sections.setdefault(page.section, []).append(shown)
    return sections


def closed_pages(role: str) -> list[st.Page]:
    """Return a stand-in for each page that this role may not open: a followed link says why, and where the door is."""
    return [
        st.Page(lambda page=page: _closed(page), title="FaultLab", url_path=page.file, visibility="hidden")
        for page in pages()
        if role not in page.roles
    ]


def _closed(page: Page) -> None:
    st.title(page.title)
    if "instructor" in page.roles:
        st.warning(t("This page is for instructors."))
        st.html(f'<a href="{escape(to_sign_in())}">{escape(t("Sign in with the pass phrase of this lab."))}</a>')
    else:
        st.info(t("This page is for students; sign out to see it as they do."))


def frame() -> None:
    """Draw the frame and run the page that was chosen."""
    st.set_page_config(page_icon=ICON, layout="wide", initial_sidebar_state=SIDEBAR_PX)
    st.html(f"<style>{STYLE}</style>")
    st.logo(str(LOGO), size="large", icon_image=str(ICON))
    if LANGUAGE_KEY not in st.session_state and LANGUAGE_COOKIE in st.context.cookies:
        st.session_state[LANGUAGE_KEY] = wished(st.context.cookies)
    who = viewer()
    sections = menu(who.role)
    st.session_state[MENU_KEY] = sections
    chosen = st.navigation({**sections, "": [*sections[""], *closed_pages(who.role), *school.pages()]}, expanded=True)
    st.set_page_config(page_title="FaultLab" if chosen.url_path == "" else f"{chosen.title} · FaultLab")
    st.session_state[PAGE_KEY] = chosen.url_path
    follow_stage()
    with st.container(key="top", horizontal=True, vertical_alignment="center"):
        _look(who)
    if st.session_state.get(PROJECTOR_KEY):
        st.html(f"<style>{PROJECTOR_STYLE}</style>")
    if not school.hand_over():
        chosen.run()


def _look(who: Viewer) -> None:
    choices = languages()
    if len(choices) > 1:
        st.selectbox(
            t("Language"),
            choices,
            key=LANGUAGE_KEY,
            format_func=lambda code: LANGUAGE_NAMES.get(code, code),
            label_visibility="collapsed",
            width=140,
            persist_state="session",
        )
    st.toggle(
        t("Projector mode"),
        key=PROJECTOR_KEY,
        help=t("Larger type for the back row."),
        bind="query-params",
        persist_state="session",
    )
    st.html(_who_line(who))


def _who_line(who: Viewer) -> str:
    """Return who is signed in, and the way in or out; plain links, so that it happens in this tab."""
    if who == Viewer():
        return f'<a href="{escape(to_sign_in())}">{escape(t("Sign in"))}</a>'
    roles = {"student": t("student"), "ta": t("teaching assistant"), "instructor": t("instructor")}
    name = escape(who.handle or roles[who.role])
    return f'<small>{name} · <a href="logout">{escape(t("Sign out"))}</a></small>'


# Streamlit makes this the main module, and Python imports that, under another name, in each worker process of a pool.
if __name__ == "__main__":
    frame()
