"""A lesson as one HTML page without scripts: for printing, and for reading without the app."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable

from markdown_it import MarkdownIt

from lessons.blocks import LIVE_NUMBER, Piece
from lessons.reader import Lesson

Say = Callable[[str], str]  # a text of ours in the reader's language

STYLE = """
body{font:17px/1.6 Georgia,serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h1,h2,h3,.kind{font-family:system-ui,sans-serif}
section{border-left:4px solid #0072B2;padding:.2rem 1rem;margin:1.2rem 0}
.kind{font-weight:600;color:#0072B2;margin:.2rem 0}img{max-width:100%}code{background:#eee;padding:0 .2em}
@media print{body{margin:0}section{break-inside:avoid}}
"""
TYPES = {".png": "image/png", ".jpg": "image/jpeg"}


def html_page(lesson: Lesson, t: Say = str) -> str:
    """Return the lesson as a page; predictions, exercises and quiz are printed as tasks, without answers or notes."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parts = [part for piece in lesson.pieces if (part := _piece(lesson, piece, parser, t))]
    title = html.escape(lesson.head.title)
    return (
        f'<!doctype html><html lang="{html.escape(lesson.head.language)}"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>{''.join(parts)}</body></html>"
    )


def heads(t: Say) -> dict[str, str]:
    """Return what stands above each kind of framed prose."""
    return {
        "objectives": t("Afterwards you can"), "keypoints": t("Key points"), "reading": t("Read on"),
        "discussion": t("Discuss"), "callout": t("Note"), "caution": t("Careful"),
    }  # fmt: skip


def _piece(lesson: Lesson, piece: Piece, parser: MarkdownIt, t: Say) -> str:
    if piece.kind == "instructor":
        return ""
    if piece.kind == "predict":
        return _section(t("Predict"), _plain(lesson.lab.predictions[piece.id].ask))
    if piece.kind == "experiment":
        controls = ", ".join(control.label for control in lesson.lab.experiments[piece.id].controls)
        return _section(t("Experiment"), _plain(f"{t('In the app you can move:')} {controls}."))
    if piece.kind == "exercise":
        return _section(t("Exercise"), _plain(lesson.lab.exercises[piece.id].prompt))
    if piece.kind == "quiz":
        return _section(t("Quiz"), "".join(_question(lesson, at) for at in range(len(lesson.quiz.questions))))
    body = _with_images(lesson, parser.render(_text(lesson, piece.text)))
    framed = {**heads(t), "reveal": t("What happens")}
    return _section(framed[piece.kind], body) if piece.kind in framed else body


def _section(head: str, body: str) -> str:
    return f'<section><p class="kind">{head}</p>{body}</section>'


def _plain(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _question(lesson: Lesson, at: int) -> str:
    question = lesson.quiz.questions[at]
    shown = "" if question.kind in ("number", "text") else "".join(
        f"<li>{html.escape(str(option.text))}</li>" for option in sorted(question.options, key=lambda o: str(o.text))
    )  # fmt: skip
    return f"<p>{at + 1}. {html.escape(question.ask)}</p><ul>{shown}</ul>"


def _text(lesson: Lesson, text: str) -> str:
    """A live number is a blank on paper, except where it is the control's start."""

    def number(found: re.Match[str]) -> str:
        experiment = lesson.lab.experiments.get(found[1])
        start = experiment.start() if experiment else {}
        return str(lesson.option(start.get(found[2], "_____")))

    return LIVE_NUMBER.sub(number, text)


def _with_images(lesson: Lesson, body: str) -> str:
    """Put the lesson's own pictures into the page itself; anything else loses its source."""

    def picture(found: re.Match[str]) -> str:
        path = (lesson.folder / html.unescape(found[1])).resolve()
        if path.suffix.lower() not in TYPES or lesson.folder.resolve() not in path.parents or not path.is_file():
            return 'src=""'
        return f'src="data:{TYPES[path.suffix.lower()]};base64,{base64.b64encode(path.read_bytes()).decode()}"'

    return re.sub(r'src="([^"]*)"', picture, body)
