"""The kinds of lessons 10 to 16: repeatable, honest about what is undefined, and as the lessons say."""

from __future__ import annotations

import numpy as np
import pytest

from engine.records import MINUTE_US, Label
from lessons.labs.base import lab_kind
from lessons.labs.benchmark import FLAWS, flaw_of
from lessons.labs.benchmark import Settings as BenchmarkSettings
from lessons.labs.cheat import Settings as CheatSettings
from lessons.labs.cheat import events_of
from lessons.labs.climb import Settings as ClimbSettings
from lessons.labs.cuts import RULES, cuts_of
from lessons.labs.cuts import Settings as CutSettings
from lessons.labs.night_shift import Settings as NightSettings
from lessons.labs.night_shift import _shared, _shift, alarms_of
from lessons.labs.pipeline import Settings as PipelineSettings
from lessons.labs.plant_part import PlantPart
from lessons.labs.prevalence import Settings as PrevalenceSettings
from lessons.labs.raters import ANNA, EDGES, guided, within
from lessons.labs.raters import Settings as RaterSettings
from lessons.labs.release import BAD, GOOD, OLD, Watch, decided
from lessons.labs.release import Settings as ReleaseSettings
from lessons.proofs import is_proven
from lessons.reader import find_lesson, museum_folders, setup_of
from lessons.spec import METRICS
from lessons.verdict import check_answer

MINE = ("cuts", "judging", "cheating", "labels", "pipelines", "shipping", "night-shift")
EXPERIMENTS = [(lesson, name) for lesson in MINE for name in find_lesson(lesson).lab.experiments]


@pytest.mark.parametrize(("lesson", "name"), EXPERIMENTS)
def test_an_experiment_gives_its_numbers_and_is_repeatable(lesson: str, name: str) -> None:
    experiment = find_lesson(lesson).lab.experiments[name]
    kind, settings = lab_kind(experiment.kind), setup_of(experiment, experiment.start())

    first, second = kind.run(settings, 7), kind.run(settings, 7)

    assert set(experiment.readout) <= set(kind.metrics) <= set(METRICS)
    assert set(first.metrics) <= set(kind.metrics)
    assert first.metrics == second.metrics
    assert all(first.metrics[metric] is not None for metric in experiment.readout)
    assert first.lanes
    assert all(len(lane.x) == len(lane.y) for lane in first.lanes)


@pytest.mark.parametrize("lesson", [*MINE, *(path.name for path in museum_folders())])
def test_a_shipped_lesson_is_proven_as_it_stands(lesson: str) -> None:
    assert is_proven(find_lesson(lesson))


@pytest.mark.parametrize("lesson", MINE)
def test_a_lesson_is_complete(lesson: str) -> None:
    found = find_lesson(lesson)
    kinds = {piece.kind for piece in found.pieces}

    owed = {"objectives", "predict", "experiment", "reveal", "exercise", "quiz", "keypoints", "reading", "instructor"}
    assert owed <= kinds
    assert len(found.quiz.questions) >= 4
    assert all(len(exercise.decoys) >= 2 for exercise in found.lab.exercises.values())
    assert not any(word in piece.text.lower().split() for piece in found.pieces for word in ("just", "obviously"))


@pytest.mark.slow
@pytest.mark.parametrize("lesson", MINE)
def test_solutions_pass_and_decoys_fail_on_a_seed_of_their_own(lesson: str) -> None:
    for exercise in find_lesson(lesson).lab.exercises.values():
        assert check_answer(exercise, exercise.solution, 424_242).passed
        assert not any(check_answer(exercise, decoy.answer, 424_242).passed for decoy in exercise.decoys)


# ---- 10: cuts


def test_a_conformal_rule_without_enough_scores_stays_silent() -> None:
    scores = np.abs(np.random.default_rng(1).normal(size=(500, 1)))
    settings = CutSettings(rule="conformal", budget=1.0)

    assert np.isinf(cuts_of(settings, scores, 2880.0)).all()
    assert np.isfinite(cuts_of(settings, np.tile(scores, (8, 1)), 2880.0)).all()


def test_a_larger_budget_never_raises_the_cut() -> None:
    scores = np.random.default_rng(2).exponential(size=(6000, 2))
    for rule in RULES:
        cuts = [cuts_of(CutSettings(rule=rule, budget=budget), scores, 2880.0) for budget in (0.5, 1, 5, 20)]
        assert np.all(np.diff(np.array(cuts), axis=0) <= 1e-9), rule


def test_the_gaussian_rule_breaks_its_promise_on_a_long_tail() -> None:
    scores = np.random.default_rng(3).exponential(size=(20_000, 1))
    cut = cuts_of(CutSettings(rule="gaussian", budget=1.0), scores, 2880.0)

    assert float(np.mean(scores >= cut)) > 5 / 2880


def test_faults_in_the_calibration_data_raise_the_cut() -> None:
    experiment = find_lesson("cuts").lab.experiments["demo"]
    clean, dirty = (
        lab_kind("cuts").run(setup_of(experiment, experiment.start() | {"faults": n}), 7).metrics for n in (0, 12)
    )

    assert (dirty["threshold"] or 0) > (clean["threshold"] or 0)
    assert (dirty["event_recall"] or 0) <= (clean["event_recall"] or 0)


# ---- 11: judging


def test_prevalence_moves_precision_and_not_roc() -> None:
    kind = lab_kind("prevalence")
    often, rare = (kind.run(PrevalenceSettings(detector="A", prevalence_percent=p), 7).metrics for p in (50, 0.1))

    assert abs((often["roc_auc"] or 0) - (rare["roc_auc"] or 0)) < 0.01
    assert (often["pr_auc"] or 0) > 2 * (rare["pr_auc"] or 0)


def test_the_detector_with_the_larger_roc_area_is_the_louder_one_at_low_prevalence() -> None:
    kind = lab_kind("prevalence")
    a, b = (kind.run(PrevalenceSettings(detector=d, prevalence_percent=0.1), 7).metrics for d in "AB")

    assert (a["roc_auc"] or 0) > (b["roc_auc"] or 0)
    assert (a["true_alarm_share"] or 0) < (b["true_alarm_share"] or 0)


# ---- 12: cheating


def test_events_never_touch_and_are_as_many_as_asked_for() -> None:
    settings = CheatSettings(events_per_day=100, event_minutes=10, rate_hz=0.1, days=2)

    truth = events_of(settings, 17_280, np.random.default_rng(4))

    assert int(np.count_nonzero(np.diff(truth, prepend=0) == 1)) == 200


def test_longer_events_inflate_the_dice() -> None:
    kind = lab_kind("cheat")
    scores = [kind.run(CheatSettings(event_minutes=minutes), 7).metrics["pa_f1"] or 0 for minutes in (1, 10, 60)]

    assert scores == sorted(scores)


def test_each_flaw_stands_behind_one_letter() -> None:
    assert {flaw_of(letter) for letter in "ABCD"} == set(FLAWS)


@pytest.mark.parametrize(("letter", "rule"), [("A", "last_tenth"), ("B", "three_sigma"), ("C", "always")])
def test_a_flawed_benchmark_is_solved_by_one_line(letter: str, rule: str) -> None:
    outcome = lab_kind("benchmark").run(BenchmarkSettings(benchmark=letter, rule=rule), 3)

    assert (outcome.metrics["f1"] or 0) > 0.8


def test_the_ladder_gives_a_climber_less_than_an_exact_board() -> None:
    kind = lab_kind("climb")
    exact, ladder = (kind.run(ClimbSettings(board=board), 7).metrics for board in ("exact", "ladder"))

    assert (exact["public_score"] or 0) > 0.85 > (ladder["public_score"] or 0)
    assert abs((exact["private_score"] or 0) - 0.5) < 0.15
    assert (ladder["bits"] or 0) <= (exact["bits"] or 0) <= 100, "a hundred coins hold a hundred bits"


# ---- 13: labels


def mark(start_minute: float) -> Label:
    return Label("MACHINE_001", round(start_minute * MINUTE_US), round((start_minute + 30) * MINUTE_US))


def test_each_mark_agrees_with_one_other_at_most() -> None:
    assert within([mark(0), mark(1)], [mark(0.5)], 120) == pytest.approx(2 / 3)
    assert within([], [], 120) is None
    assert within([mark(0)], [], 120) == 0.0


def test_a_guide_overrides_the_habit_where_it_has_words() -> None:
    habit = guided(ANNA, RaterSettings(level_sigma=5, edge=EDGES[2]))

    assert (habit.level, habit.edge) == (5, EDGES[2])
    assert habit.shortest == ANNA.shortest


def test_kappa_is_high_where_starts_hardly_agree() -> None:
    """The point of lesson 13."""
    experiment = find_lesson("labels").lab.experiments["pair"]
    metrics = lab_kind("raters").run(setup_of(experiment, experiment.start()), 7).metrics

    assert (metrics["kappa"] or 0) > 0.75
    assert (metrics["agreement"] or 0) < 0.3


# ---- 14: pipelines


def test_consumers_without_a_partition_change_nothing() -> None:
    kind = lab_kind("pipeline")
    few, many = (kind.run(PipelineSettings(consumers=n, partitions=4, seconds=120), 1).metrics for n in (4, 9))

    assert few == many


@pytest.mark.parametrize(
    ("delivery", "lost", "doubled"),
    [("at_most_once", True, False), ("at_least_once", False, True), ("effectively_once", False, False)],
)
def test_a_crash_loses_or_repeats_by_the_order_of_work_and_commit(delivery: str, lost: bool, doubled: bool) -> None:
    settings = PipelineSettings(seconds=120, consumers=6, partitions=6, crash_at_s=60, delivery=delivery)
    metrics = lab_kind("pipeline").run(settings, 1).metrics

    assert ((metrics["lost"] or 0) > 0, (metrics["duplicates"] or 0) > 0) == (lost, doubled)


# ---- 15: shipping


def watch(**minutes: list[float]) -> Watch:
    names = {"old": OLD, "good": GOOD, "bad": BAD}
    return Watch({names[name]: np.array(values) for name, values in minutes.items()}, 200)


def test_a_broken_machine_rolls_back_by_alarms_alone_and_not_by_comparison() -> None:
    quiet, ringing = [0.0] * 40, [10.0] * 12
    both = watch(old=quiet + ringing, good=quiet + ringing, bad=[0.0] * 52)
    alone = ReleaseSettings(shadow_hours=1, rollback_minutes=30, compare="alarms alone")
    beside = ReleaseSettings(shadow_hours=1, rollback_minutes=30, compare="the old version in shadow")

    assert OLD in decided(alone, both)[40:]
    assert set(decided(beside, both)[40:].tolist()) == {GOOD}


def test_a_loud_shadow_is_not_promoted() -> None:
    loud = watch(old=[0.0] * 52, good=[10.0] * 52, bad=[0.0] * 52)

    assert set(decided(ReleaseSettings(shadow_hours=1), loud).tolist()) == {OLD}


def test_a_release_that_was_rolled_back_is_not_tried_again() -> None:
    broken = watch(old=[0.0] * 100, good=[0.0] * 30 + [10.0] * 20 + [0.0] * 50, bad=[10.0] * 100)

    active = decided(ReleaseSettings(shadow_hours=1, rollback_minutes=30), broken)

    assert int(np.count_nonzero(np.diff(active))) == 2
    assert active[-1] == OLD


# ---- 16: night shift


def test_more_confirmation_and_calm_never_make_more_alarms() -> None:
    plant = PlantPart(machines=("MACHINE_001",), rate_hz=0.0166667, days=1, history_hours=48)
    settings = NightSettings(plant=plant, detector="z_score", budget=40)
    shift = _shift(*_shared(settings), "z_score", "raw", "", 3)
    counts = [
        len(alarms_of(settings.model_copy(update={"confirm": c, "off_delay_minutes": calm}), shift)[0])
        for c, calm in ((1, 0), (1, 30), (5, 30))
    ]

    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 0
