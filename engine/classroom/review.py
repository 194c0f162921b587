"""What a grader should look at next, and what the class says together: queue, consensus, items, disputes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.classroom.closing import SHARED
from engine.classroom.key import AnswerKey
from engine.classroom.seeds import seed_of
from engine.errors import LabError
from engine.metrics.intervals import Zone
from engine.records import HOUR_US, SECOND_US, Label, TruthEvent, iso_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.classroom.assignments import Assignments
    from engine.classroom.audit import Audit
    from engine.classroom.grading import Grading, Result
    from engine.classroom.submissions import Submissions
    from engine.store.class_records import ClassRecords

DISPUTED_SHARE = 0.3  # a false interval that this share of the class marked questions the truth
BIN_US = 60 * SECOND_US
VERDICTS = ("right", "wrong", "ambiguous", "new event")  # keys 1 to 4
DISPUTE_DAYS = 7
MARKED = ("labels", "alarms")  # kinds of work that are marks; only they can be right or wrong one by one


@dataclass(frozen=True)
class Item:
    """One thing for a grader to decide; handles only, the most useful first.

    `kind` is disputed, dispute, nobody, explanation, conflict or held; `item` is its stable name.
    """

    item: str
    kind: str
    variant: str
    machine: str = ""
    start_us: int = 0
    end_us: int = 0
    handle: str = ""
    submission: str = ""
    line: str = ""
    text: str = ""
    share: float = 0.0
    event: int = -1  # id of the event that it is about; -1 = all that the span meets


@dataclass(frozen=True)
class EventItem:
    """Item analysis of one event of a shared variant, or of one fault over all variants."""

    title: str
    found: int
    of: int
    median_delay_s: float | None

    @property
    def share(self) -> float:
        return self.found / self.of if self.of else 0.0


class Review:
    """The grading evening.

    Parameters
    ----------
    records, assignments, submissions, grading, audit
        The other desks.
    secret
        Shuffles the queue, the same way after a reload, differently for every rubric line.
    now_us
        The server's clock in microseconds.
    """

    def __init__(
        self,
        records: ClassRecords,
        assignments: Assignments,
        submissions: Submissions,
        grading: Grading,
        audit: Audit,
        secret: str,
        now_us: Callable[[], int],
    ) -> None:
        self._records, self._assignments, self._submissions = records, assignments, submissions
        self._grading, self._audit, self._secret, self._now_us = grading, audit, secret, now_us

    def queue(self, assignment: str) -> list[Item]:
        """Return what is left to decide: disputed truth, nobody found it, explanations to read, conflicts, held."""
        results = self._grading.results(assignment)
        done = {row["item"] for row in self._records.reviews.find(assignment=assignment)}
        items = [
            *self._disputed(assignment, results),
            *self._disputes(assignment),
            *self._nobody(assignment, results),
            *self._to_read(assignment, results),
        ]
        return [item for item in items if item.item not in done]

    def progress(self, assignment: str) -> tuple[int, int]:
        """Return how many items are decided, and how many there are."""
        done = self._records.reviews.count(assignment=assignment)
        return done, done + len(self.queue(assignment))

    def decide(self, assignment: str, item: str, verdict: str, reason: str, who: str) -> None:
        """Take an item off the queue with a verdict; `undecide` puts it back."""
        row = {"assignment": assignment, "item": item, "verdict": verdict, "reason": reason[:2000], "who": who}
        self._records.reviews.put(**row, at_us=self._now_us())
        self._audit.note(who, f"decided {verdict!r} on", f"{assignment} {item}", after=reason[:200])

    def undecide(self, assignment: str, item: str, who: str) -> None:
        """Put an item back on the queue."""
        self._records.reviews.remove(assignment=assignment, item=item)
        self._audit.note(who, "took back the decision on", f"{assignment} {item}")

    def dispute(self, assignment: str, person: str, machine: str, start_us: int, end_us: int, text: str) -> str:
        """Open a dispute: a student points at one interval and writes one sentence, within 7 days of the results."""
        published = self._records.published.find("seq", assignment=assignment, person=person)
        if not published or self._now_us() > published[-1]["at_us"] + DISPUTE_DAYS * 24 * HOUR_US:
            raise LabError(f"Disputes are open for {DISPUTE_DAYS} days after the results are out.")
        if not text.strip():
            raise LabError("Write one sentence about what you see there.")
        said: dict[str, Any] = {
            "assignment": assignment,
            "person": person,
            "machine": machine,
            "start_us": start_us,
            "end_us": end_us,
        }
        same = self._records.disputes.find(**said, text=text[:500], state="open")
        if same:  # Enter and the button, or a second tab: one sentence about one interval is one dispute
            return str(same[0]["dispute"])
        dispute = f"D{secrets.token_hex(4)}"
        row = {"dispute": dispute, "assignment": assignment, "person": person, "machine": machine, "state": "open"}
        span = {"start_us": start_us, "end_us": end_us, "text": text[:500], "at_us": self._now_us()}
        self._records.disputes.add(**row, **span)
        return dispute

    def answer_dispute(self, assignment: str, dispute: str, answer: str, who: str) -> None:
        """Close a dispute with a sentence that the student will read."""
        self._records.disputes.change({"dispute": dispute}, state="answered", answer=answer[:500])
        self._audit.note(who, "answered dispute", f"{assignment} {dispute}", after=answer[:200])

    def disputes_of(self, assignment: str, person: str) -> list[dict[str, Any]]:
        """Return a student's disputes with their answers."""
        return self._records.disputes.find("at_us", assignment=assignment, person=person)

    def consensus(self, assignment: str, variant: str, machine: str, bins: int = 1000) -> tuple[Any, Any]:
        """Return (times_us, share): the share of the class that marked each bin of a machine of a variant."""
        key = self._assignments.keys(assignment)[variant]
        return consensus(self._newest(assignment, variant), machine, key.start_us, key.end_us, bins)

    def items(self, assignment: str) -> list[EventItem]:
        """Return the item analysis, hardest first: by event where data is shared, else by fault."""
        keys, found = self._assignments.keys(assignment), dict[str, list[float | None]]()
        shared = any(v.person == SHARED for v in self._assignments.variants(assignment))
        for result in self._grading.results(assignment):
            if result.grade is None:
                continue
            key = keys[self._assignments.variant_of(assignment, result.person.person).variant].part("private")
            delays = {match.event: match.delay_s for match in result.grade.matches}
            for at in key.owed:
                found.setdefault(_title(key.events[at], at, shared), []).append(delays.get(at))
        return sorted((_event_item(title, delays) for title, delays in found.items()), key=lambda i: (i.share, i.title))

    def false_label_hours(self, assignment: str) -> list[int]:
        """Return how many false labels of the class start in each hour of the day (24 numbers, UTC)."""
        hours = [0] * 24
        for result, marks in self._marked(assignment):
            for mark, fate in zip(marks, result.grade.fates if result.grade else (), strict=True):
                if fate == "false":
                    hours[mark.start_us // HOUR_US % 24] += 1
        return hours

    def _marked(self, assignment: str) -> list[tuple[Result, tuple[Label, ...]]]:
        """Results whose work are marks of a person: the alarms of a handed-in setting are the lab's own."""
        works = {receipt.submission: work for receipt, work in self._submissions.payloads(assignment)}
        results = [r for r in self._grading.results(assignment) if r.submission and r.grade]
        return [(r, works[r.submission].marks) for r in results if works[r.submission].kind in MARKED]

    def _newest(self, assignment: str, variant: str) -> list[Sequence[Label]]:
        newest = {r.person: w.marks for r, w in self._submissions.payloads(assignment) if r.variant == variant}
        return list(newest.values())

    def _disputed(self, assignment: str, results: list[Result]) -> list[Item]:
        """Where at least 30 % of at least four students marked the same wrong minutes."""
        wrong: dict[str, list[list[Label]]] = {}
        variant_of = {r.submission: r.variant for r, _ in self._submissions.payloads(assignment)}
        for result, marks in self._marked(assignment):
            fates = result.grade.fates if result.grade else ()
            false = [mark for mark, fate in zip(marks, fates, strict=True) if fate == "false"]
            wrong.setdefault(variant_of[result.submission], []).append(false)
        keys = self._assignments.keys(assignment) if wrong else {}
        found = []
        for variant, per_student in wrong.items():
            if len(per_student) >= 4:
                found += _hot_spots(variant, keys[variant], per_student)
        return sorted(found, key=lambda item: -item.share)

    def _disputes(self, assignment: str) -> list[Item]:
        rows = self._records.disputes.find("at_us", assignment=assignment, state="open")
        return [
            Item(
                item=f"dispute:{row['dispute']}",
                kind="dispute",
                variant=self._assignments.variant_of(assignment, row["person"]).variant,
                machine=row["machine"],
                start_us=row["start_us"],
                end_us=row["end_us"],
                text=row["text"],
            )
            for row in rows
        ]

    def _nobody(self, assignment: str, results: list[Result]) -> list[Item]:
        shared = next((v.variant for v in self._assignments.variants(assignment) if v.person == SHARED), None)
        graded = [r.grade for r in results if r.grade is not None]
        if shared is None or not graded:
            return []
        key = self._assignments.keys(assignment)[shared].part("private")
        met = {match.event for one in graded for match in one.matches}
        return [
            Item(
                item=f"nobody:{shared}:{e.machine}:{e.onset_us}",
                kind="nobody",
                variant=shared,
                machine=e.machine,
                start_us=e.onset_us,
                end_us=e.end_us,
                event=key.ids[at],
            )
            for at, e in enumerate(key.events)
            if at in key.owed and at not in met
        ]

    def _to_read(self, assignment: str, results: list[Result]) -> list[Item]:
        """Manual lines, shuffled anew for every rubric line, then conflicts, then held students."""
        variants = {r.submission: r.variant for r, _ in self._submissions.payloads(assignment)}
        found: list[tuple[tuple[int, str, int], Item]] = []
        for result in results:
            for rank, kind, lines in ((0, "explanation", result.open_lines), (1, "conflict", result.conflicts)):
                for line in lines:
                    shuffle = seed_of(self._secret, "queue", assignment, line, result.submission)
                    found.append(((rank, line, shuffle), _line_item(kind, result, line, variants)))
            if result.status == "held":
                order = (2, "", seed_of(self._secret, "queue", assignment, "held", result.submission))
                found.append((order, _line_item("held", result, "", variants)))
        return [item for _, item in sorted(found, key=lambda pair: pair[0])]


def consensus(
    marks: Sequence[Sequence[Label]], machine: str, start_us: int, end_us: int, bins: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the left edges of the bins and the share of the people who marked each bin at least in part."""
    edges = np.linspace(start_us, end_us, bins + 1)
    votes = np.zeros(bins)
    for person in marks:
        mine = np.zeros(bins, dtype=bool)
        for mark in (m for m in person if m.machine == machine):
            low, high = np.searchsorted(edges, [mark.start_us, mark.end_us], side="right")
            mine[max(0, low - 1) : max(0, high if mark.end_us > edges[max(0, high - 1)] else high - 1)] = True
        votes += mine
    return edges[:-1].astype(np.int64), votes / max(1, len(marks))


def adjudicated(key: AnswerKey, item: Item, verdict: str, fault: str = "") -> AnswerKey:
    """Return the key after a verdict on an item; the caller stores it as the next version.

    ambiguous: the span becomes don't-care. new event: the span becomes an event. wrong: an event there is taken out.
    right: nothing changes.
    """
    if verdict not in VERDICTS:
        raise LabError(f"verdict must be one of: {', '.join(VERDICTS)}, got {verdict!r}.")
    pairs = list(zip(key.ids, key.events, strict=True))
    met = {name for name, event in pairs if _is_about(item, name, event)}
    exact = {name for name, e in pairs if name in met and (e.onset_us, e.end_us) == (item.start_us, item.end_us)}
    met = exact or met
    others = tuple((name, event) for name, event in pairs if name not in met)
    if verdict == "ambiguous":
        span = [event for name, event in pairs if name in met]
        low = min([item.start_us, *(e.onset_us for e in span)])
        high = max([item.end_us, *(e.end_us for e in span)])
        zones = _zones_beside(item.machine, (low, high), [event for _, event in others])
        return key.changed(others, (*key.zones, *(zone for zone in zones if zone not in key.zones)))
    if verdict == "wrong":
        return key.changed(others, key.zones) if met else key
    if verdict == "new event":
        usual = median(key.events[i].severity for i in key.owed) if key.owed else 1.0
        event = TruthEvent(item.machine, fault, (), usual, item.start_us, item.start_us, item.end_us)
        return key if event in key.events else key.changed((*pairs, (None, event)), key.zones)
    return key


def _is_about(item: Item, name: int, event: TruthEvent) -> bool:
    if item.event >= 0:
        return name == item.event
    return event.machine == item.machine and event.onset_us < item.end_us and item.start_us < event.end_us


def _zones_beside(machine: str, span: tuple[int, int], others: Sequence[TruthEvent]) -> list[Zone]:
    """Don't-care time over the span, except where another event is: that one must count as before."""
    zones, low = [], span[0]
    for event in sorted((e for e in others if e.machine == machine), key=lambda e: e.onset_us):
        if event.end_us > low and event.onset_us < span[1]:
            zones += [Zone(machine, low, event.onset_us, "ambiguous")] if event.onset_us > low else []
            low = max(low, event.end_us)
    return [*zones, Zone(machine, low, span[1], "ambiguous")] if low < span[1] else zones


def _hot_spots(variant: str, key: AnswerKey, false: list[list[Label]]) -> list[Item]:
    found = []
    bins = max(1, (key.end_us - key.start_us) // BIN_US)
    for machine in key.machines:
        times, share = consensus(false, machine, key.start_us, key.end_us, bins)
        hot = np.flatnonzero(np.diff(np.concatenate([[0], share >= DISPUTED_SHARE, [0]]).astype(int)))
        for low, high in zip(hot[::2], hot[1::2], strict=True):
            start, end = int(times[low]), int(times[low]) + int(high - low) * BIN_US
            peak = float(share[low:high].max())
            name = f"disputed:{variant}:{machine}:{start}"
            found.append(Item(name, "disputed", variant, machine, start, end, share=round(peak, 3)))
    return found


def _line_item(kind: str, result: Result, line: str, variants: dict[str, str]) -> Item:
    name = f"{kind}:{result.submission}:{line}"
    variant = variants.get(result.submission, "")
    return Item(name, kind, variant, handle=result.person.handle, submission=result.submission, line=line)


def _title(event: TruthEvent, at: int, shared: bool) -> str:
    return f"{at + 1}: {event.fault} on {event.machine}, {iso_time(event.onset_us)}" if shared else event.fault


def _event_item(title: str, delays: list[float | None]) -> EventItem:
    met = [delay for delay in delays if delay is not None]
    return EventItem(title, len(met), len(delays), median(met) if met else None)
