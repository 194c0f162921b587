"""The lesson from top to bottom, and the list of lessons."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from app.access import viewer
from app.i18n import LANGUAGE_KEY, t
from app.lessons.exercise import show_exercise
from app.lessons.experiment import show_experiment, show_prediction
from app.lessons.metric_words import shown
from app.lessons.notebook import offer_notebook
from app.lessons.progress import done, forget, person, records, share_done
from app.lessons.quiz import show_quiz
from lessons.blocks import IMAGE, LIVE_NUMBER, Piece
from lessons.export import heads, html_page
from lessons.glossary import glossary
from lessons.proofs import is_proven
from lessons.reader import Lesson, course_file, find_lesson, lesson_folders, minutes_of, museum_folders

PARAMETER = "lesson"


def language() -> str:
    """Return the language of this session."""
    return str(st.session_state.get(LANGUAGE_KEY, "en"))


def chosen_lesson() -> Lesson | None:
    """Return the lesson named in the address, or None for the list."""
    name = st.query_params.get(PARAMETER)
    return find_lesson(name, language()) if name else None


def show_course() -> None:
    """List the lessons in their order with what is done, and the paths through them."""
    st.title(t("Lessons"))
    course = course_file()
    titles = {"all": t("All lessons"), **{name: _path_title(name) for name in course.paths}}
    titles |= {"museum": t("Bug museum")} if course.museum else {}
    path = st.pills(t("Path"), list(titles), default="all", format_func=titles.get, key="lesson-path")
    if path == "museum":
        st.caption(t("Bugs found in public code, re-created: say which property is broken, then mend it."))
    folders = museum_folders() if path == "museum" else lesson_folders()
    wanted = None if path in (None, "all", "museum") else course.paths[path]
    mine = records().of_person(person() or "")
    shown_ones = [find_lesson(folder.name, language()) for folder in folders if wanted is None or folder.name in wanted]
    st.caption(t("{n} lessons, about {minutes} minutes.", n=len(shown_ones), minutes=minutes_of(shown_ones)))
    for lesson in shown_ones:
        _line(lesson, mine)


def _path_title(name: str) -> str:
    """Return what a path is called; a teacher's own path is called as in course.yaml."""
    titles = {
        "one-lecture": t("One lecture"),
        "short-course": t("Short course"),
        "half-semester": t("Half semester"),
        "full": t("Full course"),
        "operators": t("Operators, little maths"),
    }
    return titles.get(name, name.replace("-", " ").capitalize())


def _line(lesson: Lesson, mine: dict[str, Any]) -> None:
    share = share_done(lesson, mine.get(lesson.id, {}))
    with st.container(border=True):
        text, state, button = st.columns([6, 2, 1], vertical_alignment="center")
        number_of = lesson.folder.name.split("-", 1)[0]
        text.markdown(f"**{number_of} · {lesson.head.title}**" if number_of.isdigit() else f"**{lesson.head.title}**")
        text.caption(f"{_level(lesson.head.level)} · {t('Myth')}: “{lesson.head.misconception}”")
        state.progress(share, text=t("{percent} % done", percent=f"{100 * share:.0f}"))
        if not is_proven(lesson):
            state.badge(t("not proven"), color="orange")
        if button.button(t("Open"), key=f"open-{lesson.id}"):
            st.query_params[PARAMETER] = lesson.id
            st.rerun()


def _level(level: str) -> str:
    words = {
        "beginner": t("beginner"),
        "beginner+": t("beginner+"),
        "intermediate": t("intermediate"),
        "advanced": t("advanced"),
    }
    return words[level]


def show_lesson(lesson: Lesson) -> None:
    """Show the lesson; it stops at a prediction that is still owed."""
    _top(lesson)
    values: dict[str, dict[str, Any]] = {}
    for piece in lesson.pieces:
        if not _show(lesson, piece, values):
            return
    _bottom(lesson)


def _top(lesson: Lesson) -> None:
    back, title, tools = st.columns([2, 7, 2], vertical_alignment="center")
    if back.button(t("All lessons"), icon=":material/arrow_back:"):
        del st.query_params[PARAMETER]
        st.rerun()
    title.title(lesson.head.title)
    with tools.popover(t("More"), icon=":material/more_horiz:", key=f"more-{lesson.id}", width="stretch"):
        page = html_page(lesson, t)
        st.download_button(t("As one HTML page"), page, f"{lesson.folder.name}.html", "text/html")
        offer_notebook(lesson)
        if st.button(t("Begin anew"), key=f"forget-{lesson.id}"):
            forget(lesson)
            st.rerun()
        if person() is None:
            st.caption(t("Sign in with a handle to keep your progress beyond this tab."))
    if viewer().teaches:
        minutes = lesson.head.minutes
        st.caption(t("Teach {teach} min, do {do} min.", teach=minutes.teach, do=minutes.do))
    if lesson.untranslated and language() != "en":
        st.caption(t("Not translated yet: {files}.", files=", ".join(lesson.untranslated)))


def _show(lesson: Lesson, piece: Piece, values: dict[str, dict[str, Any]]) -> bool:
    """Show one piece; returns whether the page may go on."""
    if piece.kind == "predict":
        return show_prediction(lesson, piece.id)
    if piece.kind == "experiment":
        values[piece.id] = show_experiment(lesson, piece.id)
    elif piece.kind == "exercise":
        show_exercise(lesson, piece.id)
    elif piece.kind == "quiz":
        show_quiz(lesson)
    elif piece.kind == "instructor":
        if viewer().teaches:
            with st.expander(t("For the instructor"), icon=":material/co_present:"):
                _markdown(lesson, piece.text, values)
    else:
        show_prose(lesson, piece, values)
    return True


def show_prose(lesson: Lesson, piece: Piece, values: dict[str, dict[str, Any]]) -> None:
    """Show a piece of prose, framed when it is a block, with its live numbers filled in."""
    framed = heads(t)
    if piece.kind in framed:
        with st.container(border=True):
            st.markdown(f"**{framed[piece.kind]}**")
            _markdown(lesson, piece.text, values)
        return
    _markdown(lesson, piece.text, values)


def _markdown(lesson: Lesson, text: str, values: dict[str, dict[str, Any]]) -> None:
    """Show Markdown with its live numbers filled in; images come from the lesson's own folder."""

    def shown_number(found: re.Match[str]) -> str:
        return shown(found[2], lesson.option(values.get(found[1], {}).get(found[2])))

    filled = LIVE_NUMBER.sub(shown_number, text)
    at = 0
    for image in IMAGE.finditer(filled):
        st.markdown(filled[at : image.start()])
        st.image(str(lesson.folder / image[2]), caption=image[1])
        at = image.end()
    st.markdown(filled[at:])


def _bottom(lesson: Lesson) -> None:
    _glossary(lesson)
    shelf = museum_folders() if lesson.folder in museum_folders() else lesson_folders()
    folders = [folder.name for folder in shelf]
    if lesson.folder not in shelf:  # a preview of a lesson that is not in the course
        return
    place = folders.index(lesson.folder.name)
    share = share_done(lesson, done(lesson))
    st.progress(share, text=t("{percent} % of this lesson done", percent=f"{100 * share:.0f}"))
    if place + 1 < len(folders):
        following = find_lesson(folders[place + 1], language())
        words = t("Next: {title}", title=following.head.title)
        if st.button(words, key=f"next-{lesson.id}", type="primary", icon=":material/arrow_forward:"):
            st.query_params[PARAMETER] = following.id
            st.rerun()


def _glossary(lesson: Lesson) -> None:
    """Offer the meaning of the field's words that the lesson uses."""
    text = " ".join(piece.text for piece in lesson.pieces).lower()
    words = glossary(lesson.head.language)
    used = {word: words[word] for word in words if re.search(rf"\b{re.escape(word.lower())}", text)}
    if not used:
        return
    with st.popover(t("Words of this lesson"), icon=":material/dictionary:"):
        for word, meaning in used.items():
            st.markdown(f"**{word}**: {meaning}")
