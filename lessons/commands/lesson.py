"""`python -m engine lesson new | check | prove | preview`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="Write, check and prove lessons.", no_args_is_help=True, rich_markup_mode=None)
    group.command("new")(new)
    group.command("check")(check)
    group.command("prove")(prove)
    group.command("preview")(preview)
    group.command("schema")(schema)
    app.add_typer(group, name="lesson")


def new(
    name: str, folder: Annotated[Path, typer.Option(help="Where the lesson's folder goes.")] = Path("lessons")
) -> None:
    """Make a lesson folder with a commented template that passes `check`."""
    from lessons.template import write_template

    print(write_template(folder, name))


def check(
    folder: Annotated[Path | None, typer.Argument(help="One lesson's folder; the course when left out.")] = None,
) -> None:
    """List every mistake with its file and line; ends with 1 when there is one."""
    from lessons.reader import checked_lesson, course_problems

    problems = course_problems() if folder is None else checked_lesson(folder)[1]
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems")
    if problems:
        raise typer.Exit(1)


def prove(
    name: Annotated[str | None, typer.Argument(help="A lesson's id or folder; all lessons when left out.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=200, help="Fresh checks per answer.")] = 20,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at work.")] = 1,
) -> None:
    """Show that each solution passes (95 % or more of the seeds) and each decoy fails (5 % or less)."""
    from lessons.proofs import record_proofs
    from lessons.reader import lesson_at, lesson_folders, museum_folders

    failed = 0
    for lesson_name in [name] if name else [folder.name for folder in [*lesson_folders(), *museum_folders()]]:
        began = time.perf_counter()
        lesson = lesson_at(lesson_name)
        for proof in record_proofs(lesson, seeds=seeds, jobs=jobs):
            decoys = ", ".join(f"{share:.0%}" for share in proof.decoys)
            word = "proven" if proof.holds else "NOT PROVEN"
            failed += not proof.holds
            took = time.perf_counter() - began
            print(
                f"{lesson.id}.{proof.exercise}: solution {proof.solution:.0%}, decoys {decoys}: {word} ({took:.0f} s)"
            )
    if failed:
        raise typer.Exit(1)


def preview(
    name: Annotated[str, typer.Argument(help="A lesson's id, or the path of its folder.")],
    out: Annotated[Path, typer.Option(help="The HTML file to write.")],
) -> None:
    """Write a lesson as one HTML page."""
    from lessons.export import html_page
    from lessons.reader import lesson_at

    out.write_text(html_page(lesson_at(name)), encoding="utf-8")
    print(out)


def schema(out: Annotated[Path, typer.Option(help="Folder for the JSON Schema files.")]) -> None:
    """Write JSON Schemas of lab.yaml, its words in another language and quiz.yaml, for completion in an editor."""
    import json

    from lessons.spec import LabFile, QuizFile
    from lessons.translations import LabWords

    out.mkdir(parents=True, exist_ok=True)
    for name, model in (("lab", LabFile), ("lab-words", LabWords), ("quiz", QuizFile)):
        (out / f"{name}.schema.json").write_text(json.dumps(model.model_json_schema(), indent=2), encoding="utf-8")
        print(out / f"{name}.schema.json")
