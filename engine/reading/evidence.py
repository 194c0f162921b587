"""What each stage of reading decided, why, how sure it is and what else it could be; and what a person should know."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

FIXED, CHOOSE, CANNOT_USE = "fixed for you", "choose", "cannot use"
STAGES = ("container", "text", "table", "header", "roles", "clock", "series")
MOST_LINES = 5


@dataclass(frozen=True)
class Problem:
    """One thing about the file: its group, one sentence, and the lines (1-based) where it was seen first."""

    group: str
    text: str
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class Decision:
    """What a stage decided.

    Parameters
    ----------
    stage, what
        One of STAGES, and the question that was decided, such as "clock".
    value, why
        The answer, and the evidence for it.
    sure
        0 to 1: 1 = cannot be otherwise, 0.5 = as likely as the best of `others`.
    others
        What else it could be.
    flag
        The command-line option that decides it otherwise; "" = none.
    """

    stage: str
    what: str
    value: str
    why: str
    sure: float = 1.0
    others: tuple[str, ...] = ()
    flag: str = ""


@dataclass
class Notes:
    """The decisions and problems of one reading, in order."""

    decisions: list[Decision] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def decide(
        self, stage: str, what: str, value: object, why: str, sure: float = 1.0, others: tuple[str, ...] = (),
        flag: str = "",
    ) -> None:  # fmt: skip
        """Write down a decision."""
        self.decisions.append(Decision(stage, what, str(value), why, round(sure, 2), others, flag))

    def say(self, group: str, text: str, lines: tuple[int, ...] = ()) -> None:
        """Write down a problem once."""
        problem = Problem(group, text, tuple(lines[:MOST_LINES]))
        if problem not in self.problems:
            self.problems.append(problem)

    def copy(self) -> Notes:
        """Return notes that can go on by themselves."""
        return Notes(list(self.decisions), list(self.problems))

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain JSON-ready data."""
        return {
            "decisions": [asdict(decision) for decision in self.decisions],
            "problems": [asdict(problem) for problem in self.problems],
        }
