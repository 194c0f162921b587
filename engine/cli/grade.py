"""`python -m engine grade …`: grade a file against a key, a whole assignment, or prove a rubric."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Grade labels and alarms, and prove rubrics.", no_args_is_help=True)
    group.command("file")(grade_file)
    group.command("class")(grade_class)
    group.command("prove")(prove)
    group.command("fairness")(fairness)
    app.add_typer(group, name="grade")


def grade_file(
    labels: Annotated[Path, typer.Argument(help="CSV of labels or alarms, or a submission as JSON.")],
    key: Annotated[Path, typer.Option(help="The answer key as JSON.")],
    rubric: Annotated[str, typer.Option(help="Name of a rubric, or a YAML file.")] = "interval-v2",
    gradescope: Annotated[Path | None, typer.Option(help="Also write Gradescope's results.json here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole grade as canonical JSON.")] = False,
) -> None:
    """Grade one file against one key: a pure function, the same bytes everywhere."""
    from engine.classroom.grade import grade
    from engine.classroom.rubric import load_rubric

    rule, answer = load_rubric(rubric), _key(key)
    graded = grade(_work(labels, answer, rule.submit), answer, rule)
    if gradescope is not None:
        gradescope.write_text(_gradescope(graded), "utf-8")
    if as_json:
        typer.echo(graded.to_json())
        return
    for line in graded.lines:
        points = "by hand" if line.points is None else f"{line.points:7.2f}"
        typer.echo(f"{line.title:<12} {points:>8} of {line.out_of:g}")
    typer.echo(f"{'total':<12} {graded.points:8.2f} of {graded.out_of:g}")


def grade_class(
    assignment: Annotated[str, typer.Argument(help="Id of the assignment.")],
) -> None:
    """Grade everything that was handed in for an assignment and list the results by handle."""
    from engine.classroom.opening import open_class

    with open_class() as school:
        for result in school.grading.results(assignment):
            points = "" if result.points is None else f"{result.points:.2f}"
            typer.echo(f"{result.person.handle:<24} {result.status:<8} {points:>7} of {result.out_of:g}")


def fairness(
    assignment: Annotated[str, typer.Argument(help="Id of an assignment whose variants are made.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Print how fair the variants of an assignment are: luck against skill, by simulated people; ends with 1 if not."""
    import dataclasses
    import json

    from engine.classroom.fairness_report import report
    from engine.classroom.opening import open_class

    with open_class() as school:
        found = school.fairness(assignment)
        checks = school.assignments.checks(assignment)
        if as_json:
            typer.echo(json.dumps({**dataclasses.asdict(found), "checks": checks}, indent=2))
        else:
            typer.echo("\n".join(report(assignment, found, checks, school.assignments.rubric(assignment))))
        if not found.fair:
            raise typer.Exit(1)


def prove(
    rubric: Annotated[
        str | None, typer.Argument(help="Name or YAML file: its robot table alone. Without it, all rubrics are proven.")
    ] = None,
    runs: Annotated[int, typer.Option(help="Games for each robot of the table.")] = 200,
    shapes: Annotated[int | None, typer.Option(help="Generated shapes of assignments; all of them without it.")] = None,
) -> None:
    """Let the robots play: the table of a rubric, or all rubrics on generated assignments; ends with 1 on a failure."""
    from itertools import islice

    from engine.classroom import proving
    from engine.classroom.robots import prove_rubric
    from engine.classroom.rubric import load_rubric, rubric_names

    tables = [prove_rubric(load_rubric(name), runs) for name in ([rubric] if rubric else rubric_names())]
    for proof in tables:
        typer.echo(f"{proof.rubric}: {'proven' if proof.passed else 'REFUSED'}\n{proof.table()}\n")
    passed, failed = sum(proof.passed for proof in tables), sum(not proof.passed for proof in tables)
    if rubric is None:
        some = islice(proving.shapes(), shapes)
        found = proving.prove_assignments(some, typer.echo)
        for reason, count in found.reasons.most_common():
            typer.echo(f"{count:5d} refused: {reason}")
        typer.echo(f"{found.refused} refused with a reason; {found.passed} passed, {found.failed} failed")
        passed, failed = passed + found.passed, failed + found.failed
    typer.echo(f"{passed} passed, {failed} failed")
    if failed:
        raise typer.Exit(1)


def _key(path: Path) -> Any:
    from engine.classroom.key import AnswerKey
    from engine.errors import FileProblemError

    try:
        return AnswerKey.from_json(path.read_text("utf-8"))
    except OSError as problem:
        raise FileProblemError(path.name, "", f"it cannot be read ({problem.strerror})", "check the path") from None
    except (ValueError, KeyError, TypeError):
        raise FileProblemError(path.name, "", "this is no answer key", "use the key that the class wrote") from None


def _work(path: Path, key: Any, kind: str) -> Any:
    from engine.classroom.grade import Work
    from engine.classroom.label_files import Bounds, read_labels
    from engine.errors import FileProblemError

    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise FileProblemError(path.name, "", f"it cannot be read ({problem.strerror})", "check the path") from None
    if path.suffix == ".json":
        try:
            return Work.from_json(raw.decode("utf-8"))
        except (ValueError, KeyError, TypeError):
            raise FileProblemError(path.name, "", "this is no submission", "send the CSV instead") from None
    bounds = Bounds(key.machines, key.start_us, key.end_us, 100_000)
    return Work(kind, read_labels(raw, bounds, path.name, merge=kind == "labels").labels)


def _gradescope(graded: Any) -> str:
    import json

    tests = [
        {"name": x.title, "score": x.points, "max_score": x.out_of, "visibility": "after_published"}
        for x in graded.lines
        if x.points is not None
    ]
    return json.dumps({"score": graded.points, "visibility": "after_due_date", "tests": tests}, indent=2)
