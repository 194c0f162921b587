"""Splits lesson.md into front matter and blocks; the Markdown between blocks stays as the author wrote it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import frontmatter
import yaml
from markdown_it import MarkdownIt
from mdit_py_plugins.container import container_plugin

from engine.errors import FileProblemError, nearest
from engine.yaml_file import problems_at
from lessons.spec import METRICS, Head

KINDS = (
    *("objectives", "keypoints", "callout", "caution", "instructor", "predict", "experiment", "exercise", "quiz"),
    *("reveal", "discussion", "reading"),
)
WITH_ID = ("predict", "experiment", "exercise", "quiz")
OPENING = re.compile(r"^:{3,}\s*([A-Za-z_-]+)\s*(?:\{#([A-Za-z0-9_-]+)\})?\s*$")
LIVE_NUMBER = re.compile(r"\{\{\s*([a-z0-9_-]+)\.([a-z0-9_-]+)\s*\}\}")
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)[^)]*\)")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)[^)]*\)")
HTML = re.compile(r"<(?!https?://)[a-zA-Z/!][^>]*>")


@dataclass(frozen=True)
class Piece:
    """A piece of the page: plain Markdown (kind "text") or a block; `line` (from 1) is where its content begins."""

    kind: str
    id: str
    text: str
    line: int


def split_page(text: str, file: str) -> tuple[Head | None, list[Piece], list[FileProblemError]]:
    """Return front matter, pieces in order, and every problem found; the head is None when it is wrong."""
    text = text.removeprefix("\ufeff")
    head, problems = _head(text, file)
    body = _body(text)
    above = text.count("\n") - body.count("\n")
    pieces: list[Piece] = []
    lines = body.split("\n")
    at = 0
    for start, stop, opening in _containers(body):
        _add_text(pieces, lines, at, start, above)
        pieces.append(_block(lines, start, stop, opening, above, file, problems))
        at = stop
    _add_text(pieces, lines, at, len(lines), above)
    for piece in pieces:
        problems += _content_problems(piece, file)
    return head, pieces, problems


def _head(text: str, file: str) -> tuple[Head | None, list[FileProblemError]]:
    if not text.startswith("---"):
        wrong, cure = "there is no front matter", "begin the file with '---', the lesson's keys, and '---'"
        return None, [FileProblemError(file, "line 1", wrong, cure)]
    source = text.split("\n---", 1)[0].removeprefix("---").lstrip("\n")
    try:
        raw, tree = frontmatter.loads(text).metadata, yaml.compose(source, Loader=yaml.SafeLoader)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        place = f"line {mark.line + 2}" if mark else "front matter"
        wrong = f"this is not valid YAML ({getattr(problem, 'problem', None) or 'unreadable'})"
        return None, [FileProblemError(file, place, wrong, "check colons, quotes and indentation")]
    problems = problems_at(raw, Head, file, tree, ())
    if problems:
        return None, [_one_line_down(problem) for problem in problems]
    return Head.model_validate(raw), []


def _one_line_down(problem: FileProblemError) -> FileProblemError:
    """Front matter begins on the file's second line."""
    place = re.sub(r"^line (\d+)", lambda found: f"line {int(found[1]) + 1}", problem.place)
    return FileProblemError(problem.file, place, problem.wrong, problem.cure)


def _body(text: str) -> str:
    parts = re.split(r"^---\s*$", text, maxsplit=2, flags=re.M)
    return parts[2].lstrip("\n") if text.startswith("---") and len(parts) == 3 else text


def _containers(body: str) -> list[tuple[int, int, str]]:
    """Return (first line, line after the last, opening line) of each top-level block."""
    parser = MarkdownIt("commonmark", {"html": False})
    container_plugin(parser, "block", validate=lambda params, markup: True)
    found = []
    lines = body.split("\n")
    for token in parser.parse(body):
        if token.type == "container_block_open" and token.level == 0 and token.map:
            start, stop = token.map
            closing = stop < len(lines) and lines[stop].strip().startswith(":::")
            found.append((start, stop + closing, lines[start]))
    return found


def _add_text(pieces: list[Piece], lines: list[str], start: int, stop: int, above: int) -> None:
    while start < stop and not lines[start].strip():
        start += 1
    if start < stop:
        pieces.append(Piece("text", "", "\n".join(lines[start:stop]).rstrip("\n"), above + start + 1))


def _block(
    lines: list[str], start: int, stop: int, opening: str, above: int, file: str, problems: list[FileProblemError]
) -> Piece:
    place = f"line {above + start + 1}"
    found = OPENING.match(opening.strip())
    kind, name = (found[1], found[2] or "") if found else (opening.strip(": "), "")
    if kind not in KINDS:
        near = nearest(kind, KINDS)
        cure = f"did you mean {near!r}" if near else f"use one of: {', '.join(KINDS)}"
        problems.append(FileProblemError(file, place, f"no block is called {kind!r}", cure))
    elif kind in WITH_ID and not name:
        problems.append(FileProblemError(file, place, f"the block {kind!r} has no name", f"write ::: {kind} {{#name}}"))
    if not lines[stop - 1].strip().startswith(":::") or stop - 1 == start:
        problems.append(FileProblemError(file, place, f"the block {kind!r} is not closed", "add a line ':::' after it"))
        return Piece(kind, name, "\n".join(lines[start + 1 : stop]), above + start + 2)
    return Piece(kind, name, "\n".join(lines[start + 1 : stop - 1]), above + start + 2)


def _content_problems(piece: Piece, file: str) -> list[FileProblemError]:
    problems = []
    for offset, line in enumerate(piece.text.split("\n")):
        place = f"line {piece.line + offset}"
        if HTML.search(_without_code(line)):
            problems.append(FileProblemError(file, place, "HTML is not allowed", "write Markdown instead"))
        for alt, _ in IMAGE.findall(line):
            if not alt.strip():
                cure = "write what it shows between the square brackets"
                problems.append(FileProblemError(file, place, "the image has no alt text", cure))
        for target in LINK.findall(line):
            if not target.startswith(("https://", "#")):
                problems.append(FileProblemError(file, place, f"the link {target!r} is not https", "link to https://…"))
        for _, metric in LIVE_NUMBER.findall(line):
            if metric not in METRICS and nearest(metric, METRICS) and "_" in metric:
                problems.append(FileProblemError(
                    file, place, f"no metric is called {metric!r}", f"did you mean {nearest(metric, METRICS)!r}"
                ))  # fmt: skip
    return problems


def _without_code(line: str) -> str:
    return re.sub(r"`[^`]*`", "", line)
