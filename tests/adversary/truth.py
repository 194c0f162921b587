"""What truth looks like in an answer: every form in which an event, an answer or a salt could leave the vault."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.records import MINUTE_US, iso_time

if TYPE_CHECKING:
    from engine.classroom.key import AnswerKey

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|\d{13,}")


def moments_in(text: str) -> frozenset[str]:
    """Return every point in time that a text names, as it is written there."""
    return frozenset(MOMENT.findall(text))


@dataclass(frozen=True)
class Truth:
    """The secrets of one variant.

    Parameters
    ----------
    words
        Salt and answers: texts that nobody may read before the variant is over.
    moments
        Points in time that nobody may read, in every way of writing them.
    odd_moments
        Those of them that no reading's own timestamp has.
    """

    assignment: str
    variant: str
    words: tuple[str, ...]
    moments: frozenset[str]
    odd_moments: frozenset[str]

    def found_in(self, text: str, named: frozenset[str], *, readings: bool = False) -> list[str]:
        """Return the secrets in a text that names these moments; `readings` = it tells readings' times by right."""
        told = named & (self.odd_moments if readings else self.moments)
        return [*sorted(told), *(word for word in self.words if word in text)]


def truth_of(
    assignment: str, variant: str, key: AnswerKey, salt: str, step_us: int, public: tuple[str, ...] = ()
) -> Truth:
    """Return what gives a variant away; `step_us` lies between two of its readings, `public` are plain answers."""
    moments = [at for e in key.events for at in (e.onset_us, e.detectable_from_us, e.end_us) if at is not None]
    inner = [at for at in moments if at not in (key.start_us, key.end_us)]  # the ends of the data are public
    answers = [str(value) for _, value in key.answers if str(value) not in public]
    shown = inner + [at // MINUTE_US * MINUTE_US for at in inner]
    odd = [at for at in inner if (at - key.start_us) % step_us]
    return Truth(assignment, variant, (salt, *answers), _forms(shown), _forms(odd))


def future_of(assignment: str, variant: str, times_us: list[int]) -> Truth:
    """Return the readings that a hidden future still holds back, by their times."""
    return Truth(assignment, variant, (), _forms(times_us), _forms(times_us))


def _forms(moments: list[int]) -> frozenset[str]:
    found = set[str]()
    for at in moments:
        iso = iso_time(at, seconds_only=True)[:19]
        found |= {str(at), str(at // 1000), iso, iso.replace("T", " ")}
    return frozenset(found)
