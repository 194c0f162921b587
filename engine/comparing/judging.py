"""Outcomes against the truth: metrics with baselines and intervals. For instructors, or after a reveal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.catalog import make
from engine.comparing.compare import Outcome
from engine.comparing.contenders import Contender
from engine.metrics import ranking, volume
from engine.metrics.event_panel import Rules, event_panel
from engine.metrics.ledger import maintenance_spans
from engine.metrics.numbers import Number, Panel, in_order, numbers_of, over_seeds
from engine.metrics.sweep import sweep
from engine.records import MAINTENANCE, TruthEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.comparing.stretches import Stretch
    from engine.metrics.arrays import FloatArray, IntArray
    from engine.metrics.intervals import Zone
    from engine.records import Block

Truth = tuple[TruthEvent, ...]
VUS_WINDOW = 100
ORACLE = Contender("oracle", confirm=1)


@dataclass(frozen=True)
class Row:
    """One contender's numbers: the mean over stretches, with intervals over events (one stretch) or over seeds."""

    contender: Contender
    panel: Panel
    us_per_reading: float
    fit_s: float
    problem: str = ""


def judge(outcomes: Sequence[Outcome], stretches: Sequence[Stretch], truths: Sequence[Truth]) -> list[Row]:
    """Return one row per contender in their order, the oracle (which is told the truth) last.

    Parameters
    ----------
    truths
        The truth of each stretch, in order.
    """
    told = [oracle_outcome(stretch, truths[k], k) for k, stretch in enumerate(stretches)]
    grouped: dict[str, list[Outcome]] = {}
    for outcome in [*outcomes, *told]:
        grouped.setdefault(repr(outcome.contender), []).append(outcome)
    return [_row(group, stretches, truths) for group in grouped.values()]


def oracle_outcome(stretch: Stretch, truth: Truth, number: int = 0) -> Outcome:
    """Return what the oracle does on a stretch: the best that alarms could be."""
    scores = make("detector", "oracle").tell(truth).score_then_learn(stretch.judged)
    levels = np.ones(scores.shape)
    return Outcome(ORACLE, number, 0, scores, levels, ORACLE.alarms(stretch.judged, scores, levels))


def judged_rows(block: Block, truth: Truth) -> tuple[IntArray, FloatArray]:
    """Return 0/1 truth and whether each reading is judged, both (n_ticks, n_machines).

    A row is true from `detectable_from`; ramp-ins, faults that never show and maintenance are not judged.
    """
    labels = np.zeros((len(block), block.n_machines), np.int64)
    cared = block.status != MAINTENANCE
    for event in truth:
        if event.benign or event.machine not in block.machines:
            continue
        m = block.machines.index(event.machine)
        seen = event.end_us if event.detectable_from_us is None else event.detectable_from_us
        onset, first, last = np.searchsorted(block.times_us, (event.onset_us, seen, event.end_us))
        cared[onset:first, m] = False
        labels[first:last, m] = 1
    return labels, cared


def _row(group: Sequence[Outcome], stretches: Sequence[Stretch], truths: Sequence[Truth]) -> Row:
    first = group[0]
    problem = next((outcome.problem for outcome in group if outcome.problem), "")
    if problem:
        return Row(first.contender, Panel({}), 0.0, 0.0, problem)
    panels = [_panel(outcome, stretches[outcome.stretch], truths[outcome.stretch]) for outcome in group]
    mean = panels[0] if len(panels) == 1 else over_seeds(panels)
    return Row(
        first.contender,
        mean,
        float(np.mean([outcome.us_per_reading for outcome in group])),
        float(np.mean([outcome.fit_s for outcome in group])),
    )


def _panel(outcome: Outcome, stretch: Stretch, truth: Truth) -> Panel:
    rules = Rules(zones=zones_of(stretch))
    events = event_panel(truth, outcome.alarms, stretch.span, rules, baselines=False)
    return Panel(in_order({**events.numbers, **_score_numbers(outcome.scores, stretch.judged, truth)}))


def zones_of(stretch: Stretch) -> tuple[Zone, ...]:
    """Return what nobody is judged on because everybody can see it: maintenance."""
    return maintenance_spans(stretch.judged)


def _score_numbers(scores: FloatArray, block: Block, truth: Truth) -> dict[str, Number]:
    """Return ROC-AUC, average precision and VUS of all machines' rows, joined with an unjudged row between them."""
    labels, cared = judged_rows(block, truth)
    rows, values = [], []
    for m in range(block.n_machines):
        keep = cared[:, m]
        rows += [labels[keep, m], np.zeros(1, np.int64)]
        values += [scores[keep, m], np.zeros(1)]
    swept = sweep(np.concatenate(rows), np.concatenate(values))
    return {
        **numbers_of(ranking.ranking(swept), {"roc_auc": "roc_auc", "pr_auc": "average_precision"}),
        **numbers_of(volume.vus(swept, VUS_WINDOW), {"vus_pr": "vus_pr"}),
    }
