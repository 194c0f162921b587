"""A rubric in plain words: what each line pays for, for those who are graded by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.i18n import t

if TYPE_CHECKING:
    from engine.classroom.rubric import Rubric, RubricLine


def line_words(line: RubricLine, submit: str) -> str:
    """Return what earns the points of a line."""
    if line.manual:
        return _manual_words(line, submit)
    known = measure_words()
    return "; ".join(known[name] for name in line.times if name in known) or line.title


def _manual_words(line: RubricLine, submit: str) -> str:
    if submit in ("labels", "alarms"):
        return t("the note at each interval says why: which sensor, and what it does. A person reads it.")
    return t("a person reads it.")


def measure_words() -> dict[str, str]:
    """Return what each measure pays for; what holds a line back is in `gate_words`."""
    return {
        "recall": t("each fault that you find"),
        "recall_above_chance": t("each fault that is found, beyond what as many blind alarms would find"),
        "precision": t("few wrong intervals: the share of yours that meet a fault"),
        "edges": t("beginning and end close to those of the fault"),
        "types": t("the right kind of fault is named; the right family is worth half"),
        "quiet": t("few false alarms for each machine and day"),
        "promptness": t("alarms soon after the fault can be seen"),
        "load": t("no flood of alarms within ten minutes"),
        "right_answers": t("each right answer"),
    }


def gate_words() -> dict[str, str]:
    """Return what empties other lines, by the measure that does it."""
    return {
        "recall_gate": t("Who finds almost nothing gets nothing for being careful."),
        "precision_gate": t("Who marks mostly where nothing is wrong gets nothing for what is found by luck."),
        "quiet_gate": t("Who raises very many false alarms gets nothing for what is found by luck."),
        "not_painted": t("Who marks far more time than faults last gets nothing."),
    }


def gates_of(rubric: Rubric) -> list[str]:
    """Return the sentences about what holds lines of this rubric back."""
    used = {name for line in rubric.lines for name in line.times}
    return [words for name, words in gate_words().items() if name in used]
