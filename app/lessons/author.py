"""The author's desk: choose or make a draft, edit its three files, see every error beside its line."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.acting import INSTRUCTOR, acting_as
from app.i18n import t
from engine.errors import FileProblemError, LabError
from lessons import drafts
from lessons.reader import Lesson, lesson_folders, museum_folders
from lessons.zips import MOST_ZIP_BYTES, pack_lesson

CHOSEN_KEY = "author-draft"
MADE_KEY = "author-made"  # the draft that was just made
EDITOR_PX = 620
# Indentation means something in YAML, so it must be seen.
MONOSPACE = "<style>[data-testid=stTextArea] textarea{font:.8rem/1.5 ui-monospace,Consolas,monospace}</style>"


def choose_draft() -> Path | None:
    """Let the instructor choose a draft or make one; returns its folder."""
    names = drafts.drafts()
    if st.session_state.get(CHOSEN_KEY) not in names:
        made = st.session_state.get(MADE_KEY)
        st.session_state[CHOSEN_KEY] = made if made in names else next(iter(names), None)
    column, make = st.columns([3, 1], vertical_alignment="bottom")
    name = column.selectbox(t("Draft"), names, key=CHOSEN_KEY, placeholder=t("none yet"))
    # a key of its own for each number of drafts: it closes when one was made
    with make.popover(t("New draft"), icon=":material/add:", width="stretch", key=f"author-new-{len(names)}"):
        _make()
    return drafts.draft(name) if name else None


def _make() -> None:
    template, copied, packed = t("from the template"), t("copy of a lesson"), t("from a zip")
    way = st.radio(t("How"), [template, copied, packed], key="author-way")
    source = upload = None
    if way == copied:
        folders = [path.name for path in [*lesson_folders(), *museum_folders()]]
        source = st.selectbox(t("Lesson"), folders, key="author-source")
    if way == packed:
        size = MOST_ZIP_BYTES // 1_000_000
        upload = st.file_uploader(t("Zip of a lesson's folder, at most {n} MB", n=size), "zip", key="author-zip")
    name = st.text_input(t("Name of its folder"), placeholder="17-my-lesson", key="author-name")
    if not st.button(t("Make it"), type="primary", key="author-make"):
        return
    try:
        acting_as(INSTRUCTOR)
        if way == packed:
            if upload is None:
                raise LabError(t("Choose a zip first."))
            folder = drafts.from_zip(upload.getvalue(), name)
        else:
            folder = drafts.copy_of(str(source), name) if way == copied else drafts.new_draft(name)
    except LabError as problem:
        st.error(str(problem))
        return
    del st.session_state[CHOSEN_KEY]
    st.session_state[MADE_KEY] = folder.name
    st.rerun()


def tools(folder: Path) -> None:
    """Offer the zip, and the way to get rid of the draft."""
    if st.session_state.pop(MADE_KEY, None):
        st.toast(t("The draft is made."), icon=":material/check:")
    with st.container(horizontal=True):
        st.download_button(
            t("Download as zip"), lambda: pack_lesson(folder), f"{folder.name}.zip", "application/zip",
            icon=":material/download:",
        )  # fmt: skip
        with st.popover(t("Delete"), icon=":material/delete:"):
            st.write(t("This deletes the draft {name} with all its files.", name=folder.name))
            if st.button(t("Delete it"), key="author-delete"):
                acting_as(INSTRUCTOR)
                drafts.delete(folder.name)
                del st.session_state[CHOSEN_KEY]
                st.rerun()


def edit(folder: Path) -> Lesson | None:
    """Show one file in an editor and every problem with its line; returns the lesson when it can be read."""
    file = st.segmented_control(t("File"), drafts.FILES, default=drafts.FILES[0], key="author-file") or drafts.FILES[0]
    text = (folder / file).read_text(encoding="utf-8-sig") if (folder / file).exists() else ""
    st.html(MONOSPACE)
    left, right = st.columns([3, 2])
    with left:
        changed = st.text_area(
            t("Text of {file}", file=file), text, EDITOR_PX, key=f"author-{folder.name}-{file}",
            help=t("It is saved when you leave the field or press Ctrl+Enter."),
        )  # fmt: skip
        if changed != text:
            acting_as(INSTRUCTOR)
            drafts.save_text(folder, file, changed)
    lesson, problems = drafts.looked_at(folder)
    with right:
        _problems(problems, folder, file)
    return lesson


def _problems(problems: list[FileProblemError], folder: Path, file: str) -> None:
    if not problems:
        st.success(t("No mistakes."), icon=":material/check:")
        return
    st.warning(t("Mistakes: {n}", n=len(problems)), icon=":material/error:")
    for problem in sorted(problems, key=lambda p: (p.file != file, p.file, drafts.line_number(p) or 0)):
        with st.container(border=True):
            st.markdown(f"**{problem.file}** · {problem.place}")
            line = _line_of(folder, problem)
            if line:
                st.code(line, language=None)
            st.markdown(f"{problem.wrong}  \n:material/build: {problem.cure}")


def _line_of(folder: Path, problem: FileProblemError) -> str:
    """Return the line that the problem names, with its number; "" when it names none."""
    number, path = drafts.line_number(problem), folder / problem.file
    if number is None or not path.is_file():
        return ""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return f"{number:>4}  {lines[number - 1]}" if 0 < number <= len(lines) else ""
