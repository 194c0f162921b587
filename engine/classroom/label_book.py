"""Labels while they are being made: undo and redo, saved at each change, restored after a closed tab."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.classroom.key import canonical
from engine.errors import LabError
from engine.records import Label

if TYPE_CHECKING:
    from engine.store.class_records import ClassRecords

HISTORY = 200


@dataclass(frozen=True)
class LabelBook:
    """A person's labels with their past and future; every change gives a new book.

    Parameters
    ----------
    past, future
        Earlier and undone states, newest last and first.
    labels
        The state now, in order of machine and time.
    seen
        (machine, start_us, end_us) spans that were on screen, for the coverage bar.
    """

    labels: tuple[Label, ...] = ()
    past: tuple[tuple[Label, ...], ...] = ()
    future: tuple[tuple[Label, ...], ...] = ()
    seen: tuple[tuple[str, int, int], ...] = ()

    def add(self, label: Label) -> LabelBook:
        """Return the book with one more label."""
        if label.end_us <= label.start_us:
            raise LabError("A label must end after it starts; mark a span of time, not a moment.")
        return self._now((*self.labels, label))

    def remove(self, at: int) -> LabelBook:
        """Return the book without the label at that position."""
        return self._now(self.labels[:at] + self.labels[at + 1 :])

    def change(self, at: int, label: Label) -> LabelBook:
        """Return the book with one label replaced."""
        return self.remove(at).add(label)._with_past(self)

    def nudge(self, at: int, edge: str, by_us: int) -> LabelBook:
        """Return the book with the "start" or "end" of a label moved; the keyboard's way to set an edge."""
        label = self.labels[at]
        moved = replace(label, **{f"{edge}_us": getattr(label, f"{edge}_us") + by_us})
        return self.change(at, moved)

    def replace_all(self, labels: tuple[Label, ...]) -> LabelBook:
        """Return the book with these labels instead (a file was read, or all were cleared)."""
        return self._now(labels)

    def undo(self) -> LabelBook:
        """Return the book one step back; unchanged when there is none."""
        if not self.past:
            return self
        return replace(self, labels=self.past[-1], past=self.past[:-1], future=(self.labels, *self.future))

    def redo(self) -> LabelBook:
        """Return the book one step forward again; unchanged when there is none."""
        if not self.future:
            return self
        return replace(self, labels=self.future[0], past=(*self.past, self.labels), future=self.future[1:])

    def saw(self, machine: str, start_us: int, end_us: int) -> LabelBook:
        """Return the book with a span of the screen added to what was seen; no step of undo."""
        spans = sorted({*self.seen, (machine, start_us, end_us)})
        joined: list[tuple[str, int, int]] = []
        for name, start, end in spans:
            if joined and joined[-1][0] == name and start <= joined[-1][2]:
                joined[-1] = (name, joined[-1][1], max(end, joined[-1][2]))
            else:
                joined.append((name, start, end))
        return replace(self, seen=tuple(joined))

    def coverage(self, machines: tuple[str, ...], start_us: int, end_us: int) -> float:
        """Return the share of the data that was on screen: unseen time is the commonest cause of a miss."""
        whole = (end_us - start_us) * len(machines)
        seen = sum(max(0, min(b, end_us) - max(a, start_us)) for name, a, b in self.seen if name in machines)
        return seen / whole if whole > 0 else 0.0

    def to_json(self) -> str:
        """Return the book as text to save."""
        return canonical(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> LabelBook:
        """Read what `to_json` wrote."""
        raw = json.loads(text)
        past, future = (tuple(map(_labels, raw[name])) for name in ("past", "future"))
        return cls(_labels(raw["labels"]), past, future, tuple((m, a, b) for m, a, b in raw["seen"]))

    def _now(self, labels: tuple[Label, ...]) -> LabelBook:
        ordered = tuple(sorted(labels, key=lambda x: (x.machine, x.start_us, x.end_us)))
        return replace(self, labels=ordered, past=(*self.past, self.labels)[-HISTORY:], future=())

    def _with_past(self, before: LabelBook) -> LabelBook:
        """A change is one step of undo, not two."""
        return replace(self, past=(*before.past, before.labels)[-HISTORY:])


class Drafts:
    """Saved books of everybody. Two tabs: the later change is refused with the newer book, nothing is lost silently."""

    def __init__(self, records: ClassRecords, now_us: Callable[[], int]) -> None:
        self._records, self._now_us = records, now_us

    def load(self, person: str, assignment: str) -> tuple[LabelBook, int]:
        """Return the saved book and its revision; an empty one at first."""
        row = self._records.drafts.one(person=person, assignment=assignment)
        return (LabelBook(), 0) if row is None else (LabelBook.from_json(row["document"]), int(row["revision"]))

    def save(self, person: str, assignment: str, book: LabelBook, revision: int) -> int:
        """Save a book that was made from `revision`; returns the new revision.

        Raises
        ------
        LabError
            When another tab saved in between.
        """
        _, current = self.load(person, assignment)
        if current != revision:
            raise LabError("These labels were changed in another tab; reload the page to go on from there.")
        document = {"person": person, "assignment": assignment, "document": book.to_json()}
        self._records.drafts.put(**document, revision=revision + 1, at_us=self._now_us())
        return revision + 1

    def saved_at(self, assignment: str) -> dict[str, int]:
        """Return when each person saved last, for the exam room's page."""
        return {row["person"]: row["at_us"] for row in self._records.drafts.find(assignment=assignment)}


def _labels(raw: list[dict[str, object]]) -> tuple[Label, ...]:
    return tuple(Label(**{**x, "sensors": tuple(x["sensors"])}) for x in raw)  # type: ignore[arg-type]
