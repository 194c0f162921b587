"""The right answers of a quiz: written in the assignment file, kept in the vault, never in what students read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from engine.errors import FileProblemError

if TYPE_CHECKING:
    from engine.classroom.spec import AssignmentSpec

KEY = "answers"


def split_answers(text: str) -> tuple[str, dict[str, Any]]:
    """Return the file without its `answers` (their lines are left empty, so that line numbers stay) and the answers."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return text, {}  # whoever reads the file says what is wrong with it
    for key, value in tree.value if isinstance(tree, yaml.MappingNode) else []:
        if key.value == KEY:
            lines = text.splitlines()
            first, after = key.start_mark.line, value.end_mark.line + (value.end_mark.column > 0)
            given = yaml.safe_load("\n".join(lines[first:after]))[KEY]
            lines[first:after] = [""] * len(lines[first:after])
            return "\n".join(lines) + "\n", given if isinstance(given, dict) else {}
    return text, {}


def joined_answers(text: str, answers: dict[str, Any]) -> str:
    """Return the file with the answers at its end."""
    if not answers:
        return text
    return text.rstrip("\n") + "\n" + yaml.safe_dump({KEY: answers}, sort_keys=False, allow_unicode=True)


def check_answers(spec: AssignmentSpec, answers: dict[str, Any], file: str) -> None:
    """Refuse answers to questions that are not there, and options that do not exist.

    Raises
    ------
    FileProblemError
        For the first one, with the cure.
    """
    asked = {question.id: question for question in spec.questions}
    for name, right in answers.items():
        place = f"{KEY}.{name}"
        if name not in asked:
            raise FileProblemError(file, place, "no question has this id", f"ask one of: {', '.join(asked) or 'none'}")
        options = asked[name].options
        wrong = [one for one in (right if isinstance(right, list) else [right]) if options and str(one) not in options]
        if wrong:
            raise FileProblemError(file, place, f"{wrong[0]!r} is no option", f"write one of: {', '.join(options)}")
