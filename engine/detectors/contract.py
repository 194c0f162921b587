"""The checks that every detector must pass; used by the tests over the catalogue and by `check-detector`.

Each check takes a maker (a call without arguments that returns a new detector) and a block, and returns one sentence
about what is wrong, or None. Make the detector with `shortened` so that warm-up and windows fit into the block.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.detectors.persistence import state_from_bytes, state_to_bytes
from engine.params import Range, parameters_of
from engine.records import MAINTENANCE, SECOND_US, Block, block_of

if TYPE_CHECKING:
    from engine.detectors.base import Detector
    from engine.records import FloatArray

Maker = Callable[[], "Detector"]
Check = Callable[[Maker, Block], "str | None"]

TOLERANCE = 1e-9  # relative and absolute: sums over other block sizes may round differently
SHORT = 60  # readings; longer warm-ups and windows are shortened to this in `shortened`


@dataclass(frozen=True)
class Verdict:
    """What one check found; `problem` is None when the detector passed."""

    check: str
    promise: str
    problem: str | None


@dataclass(frozen=True)
class LabelledBlock(Block):
    """A block as a careless pipeline might hand it over: with the answers attached. No honest detector looks."""

    truth: Any = None
    labels: Any = None
    label: Any = None
    y: Any = None
    is_anomaly: Any = None


def verdicts(make: Maker, block: Block | None = None) -> tuple[Verdict, ...]:
    """Return what every check says about the detector; an exception of the detector's is a problem, not a crash."""
    block = example_block() if block is None else block
    return tuple(Verdict(name, _promise(check), _problem(check, make, block)) for name, check in CHECKS.items())


def shortened(cls: type[Detector]) -> Maker:
    """Return a maker of the detector with warm-up, windows and memory cut to what the example block can fill."""
    short: dict[str, Any] = {}
    for parameter in parameters_of(cls):
        counted = (
            isinstance(parameter.rule, Range)
            and parameter.unit in ("readings", "ticks", "stretches")
            and parameter.kind is int
        )
        if counted and isinstance(parameter.rule, Range) and parameter.default > SHORT:
            short[parameter.name] = int(max(parameter.rule.low, SHORT))
    return lambda: cls(**short)


def example_block(seed: int = 5, n_ticks: int = 400, n_machines: int = 2, n_sensors: int = 3) -> Block:
    """Return correlated readings every 10 s with a shift, gaps, a maintenance and a spike in the last third."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n_ticks, n_machines, 1))
    values = 50.0 + 3.0 * np.arange(1, n_sensors + 1) * (
        0.8 * common + 0.6 * rng.normal(size=(n_ticks, n_machines, n_sensors))
    )
    third = n_ticks * 2 // 3
    values[third : third + 30, 0, 0] += 40.0
    values[third + 50, n_machines - 1, n_sensors - 1] += 200.0
    values[rng.random(values.shape) < 0.02] = np.nan
    status = np.zeros((n_ticks, n_machines), np.uint8)
    status[third - 40 : third - 25, n_machines - 1] = MAINTENANCE
    times = 1_767_600_000 * SECOND_US + np.arange(n_ticks, dtype=np.int64) * 10 * SECOND_US
    return block_of(times, values, status=status)


def scores_are_finite(make: Maker, block: Block) -> str | None:
    """Scores are float64 (n_ticks, n_machines), finite and ≥ 0."""
    return _unfit(make().score_then_learn(block), block)


def warm_up_scores_zero(make: Maker, block: Block) -> str | None:
    """Before anything was learned the score is 0.0."""
    detector = make()
    if detector.family == "baseline":
        return None
    first = detector.score_then_learn(block.ticks(0, 1))
    return None if not first.any() else f"the very first reading scored {float(first.max()):g} instead of 0.0"


def block_size_does_not_matter(make: Maker, block: Block) -> str | None:
    """Tick by tick, in pieces of any size and as one block, the scores are the same."""
    whole = make().score_then_learn(block)
    for size in (1, 7, 50):
        apart = _in_pieces(make(), block, size)
        if not _same(whole, apart):
            return f"pieces of {size} ticks score differently from one block, {_first_difference(whole, apart)}"
    return None


def future_does_not_matter(make: Maker, block: Block) -> str | None:
    """Changing the future never changes past scores."""
    whole = make().score_then_learn(block)
    for cut in (len(block) // 3, len(block) * 2 // 3, len(block) - 1):
        changed = block.values.copy()
        changed[cut:] = 3.0 * changed[cut:][::-1] + 100.0
        scores = make().score_then_learn(dataclasses.replace(block, values=changed))
        if not _same(whole[:cut], scores[:cut]):
            return (
                f"scores before tick {cut} changed with later readings, {_first_difference(whole[:cut], scores[:cut])}"
            )
    return None


def labels_do_not_matter(make: Maker, block: Block) -> str | None:
    """Labels that happen to travel with the readings never change a score."""
    if make().peeks:
        return None
    plain = make().score_then_learn(block)
    flags = np.zeros(plain.shape, np.int64)
    flags[len(block) // 2 : len(block) * 3 // 4] = 1
    for answers in (flags, 1 - flags, np.zeros_like(flags)):
        scores = make().score_then_learn(_labelled(block, answers))
        if not _same(plain, scores):
            return f"scores changed when labels were attached to the block, {_first_difference(plain, scores)}"
    return None


def gaps_are_tolerated(make: Maker, block: Block) -> str | None:
    """Missing and infinite readings, a dead sensor, a silent tick and a dead machine never break the scores."""
    values = block.values.copy()
    values[np.random.default_rng(1).random(values.shape) < 0.2] = np.nan
    values[10::31, 0, 0] = np.inf
    values[:, 0, -1] = np.nan
    values[:, -1, :] = np.nan
    values[len(block) // 2 :: 13] = np.nan
    return _unfit(make().score_then_learn(dataclasses.replace(block, values=values)), block)


def constants_are_tolerated(make: Maker, block: Block) -> str | None:
    """Sensors that never move, and then jump, never break the scores."""
    values = np.full(block.values.shape, 42.0)
    values[:, :, 0] = 0.0
    values[-20:, 0] += 1.0
    detector = make()
    problem = _unfit(detector.score_then_learn(dataclasses.replace(block, values=values)), block)
    still = make().score_then_learn(dataclasses.replace(block, values=np.zeros(block.values.shape)))
    return problem or _unfit(still, block)


def saving_and_loading_changes_nothing(make: Maker, block: Block) -> str | None:
    """A detector that was saved and loaded goes on as if nothing had happened."""
    half = len(block) * 2 // 3
    detector, loaded = make(), make()
    detector.score_then_learn(block.ticks(0, half))
    state_from_bytes(loaded, state_to_bytes(detector))
    rest = block.ticks(half, len(block))
    kept, again = detector.score_then_learn(rest), loaded.score_then_learn(rest)
    return None if _same(kept, again) else f"the loaded copy scores differently, {_first_difference(kept, again)}"


def same_seed_same_scores(make: Maker, block: Block) -> str | None:
    """Two detectors with the same parameters give the same scores, whatever other code draws at random."""
    first = make().score_then_learn(block)
    before = np.random.get_state()
    np.random.seed(12345)
    second = make().score_then_learn(block)
    np.random.set_state(before)
    return None if _same(first, second) else f"a second run scores differently, {_first_difference(first, second)}"


def score_comes_before_learning(make: Maker, block: Block) -> str | None:
    """A reading never helps to judge itself: score, then learn, is what `score_then_learn` does."""
    start, stop = len(block) * 2 // 3 - 10, len(block) * 2 // 3 + 10
    detector = make()
    detector.score_then_learn(block.ticks(0, start))
    other = copy.deepcopy(detector)
    for tick in range(start, stop):
        now = block.ticks(tick, tick + 1)
        asked, again = detector.score(now), detector.score(now)
        if not _same(asked, again):
            return f"asking for a score twice gives two answers, {_first_difference(asked, again)}"
        detector.learn(now)
        both = other.score_then_learn(now)
        if not _same(asked, both):
            return f"at tick {tick} the reading was learned before it was scored, {_first_difference(asked, both)}"
    return None


def input_stays_as_it_was(make: Maker, block: Block) -> str | None:
    """The readings handed over are not changed: other detectors see the same block."""
    before, status = block.values.copy(), block.status.copy()
    make().score_then_learn(block)
    untouched = np.array_equal(before, block.values, equal_nan=True) and np.array_equal(status, block.status)
    return None if untouched else "the detector changed the block's values or status in place; work on a copy"


def strange_scores_higher(make: Maker, block: Block) -> str | None:
    """Something plainly strange scores higher than the usual, and readings far from everything never score lower."""
    detector = make()
    if detector.family == "baseline" or detector.peeks:
        return None
    if len(block) < SETTLED + 2 * STRANGE:
        block = example_block(n_machines=block.n_machines, n_sensors=block.n_sensors)
    values = _usual(block)
    whole, before = dataclasses.replace(block, values=values), len(block) - STRANGE
    usual = detector.score_then_learn(whole.ticks(0, before))[SETTLED:, 0]
    middle, often, high = (float(level) for level in np.quantile(usual, [0.5, 0.9, 0.99]))
    rises = False
    for name, stretch in _strange(values).items():
        after = whole.ticks(before, len(block))
        after.values[:, 0] = stretch
        scores = copy.deepcopy(detector).score_then_learn(after)[:, 0]
        seen = float(scores.max())
        rises = rises or seen > high or float(scores.mean()) > often
        if name in FAR and seen < middle - TOLERANCE * (1.0 + middle):
            return (
                f"readings 50 standard deviations away ({name}) score {seen:g} at most, less than usual ones "
                f"({middle:g}); a higher score must mean stranger"
            )
    if rises:
        return None
    return f"no score rises when readings jump, shift, freeze, fall silent or grow restless (usual ones: {high:g})"


SETTLED, STRANGE = 200, 40  # ticks after which a detector has warmed up, and how long the strange stretch at the end is
FAR = ("a shift up", "a shift down", "a spike")


def _usual(block: Block) -> FloatArray:
    """Return correlated readings of the block's shape without anything strange."""
    rng = np.random.default_rng(11)
    common = rng.normal(size=(*block.values.shape[:2], 1))
    scale = 3.0 * np.arange(1, block.n_sensors + 1)
    return np.asarray(50.0 + scale * (0.8 * common + 0.6 * rng.normal(size=block.values.shape)), np.float64)


def _strange(usual: FloatArray) -> dict[str, FloatArray]:
    """Return plainly strange readings (STRANGE, n_sensors) for the end of machine 1, by what is strange about them."""
    spread, middle = usual[:-STRANGE, 0].std(axis=0), usual[:-STRANGE, 0].mean(axis=0)
    end = usual[-STRANGE:, 0]
    return {
        "a shift up": end + 50.0 * spread,
        "a shift down": end - 50.0 * spread,
        "a spike": end + 50.0 * spread * (np.arange(STRANGE) == STRANGE // 2)[:, None],
        "one sensor alone": end + 12.0 * spread * (np.arange(usual.shape[2]) == 0),
        "frozen": np.repeat(end[:1], STRANGE, axis=0),
        "restless": middle + 8.0 * (end - middle),
        "silent": np.full(end.shape, np.nan),
    }


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        scores_are_finite,
        warm_up_scores_zero,
        block_size_does_not_matter,
        future_does_not_matter,
        labels_do_not_matter,
        gaps_are_tolerated,
        constants_are_tolerated,
        saving_and_loading_changes_nothing,
        same_seed_same_scores,
        score_comes_before_learning,
        input_stays_as_it_was,
        strange_scores_higher,
    )
}


def _promise(check: Check) -> str:
    return (check.__doc__ or "").strip()


def _problem(check: Check, make: Maker, block: Block) -> str | None:
    try:
        # A copy for each check: a detector that changes its input must not spoil the next check.
        return check(make, dataclasses.replace(block, values=block.values.copy(), status=block.status.copy()))
    except Exception as error:  # a stranger's code may raise anything; the owner needs the words, not a traceback
        return f"it raised {type(error).__name__}: {error}"


def _unfit(scores: Any, block: Block) -> str | None:
    shape = (len(block), block.n_machines)
    if not isinstance(scores, np.ndarray) or scores.shape != shape or scores.dtype != np.float64:
        got = f"{getattr(scores, 'dtype', type(scores).__name__)} {getattr(scores, 'shape', '')}"
        return f"scores must be float64 {shape}, got {got}"
    if not np.isfinite(scores).all():
        return f"{int((~np.isfinite(scores)).sum())} scores are not finite"
    return None if (scores >= 0).all() else f"scores must be ≥ 0, got {float(scores.min()):g}"


def _in_pieces(detector: Detector, block: Block, size: int) -> FloatArray:
    parts = [detector.score_then_learn(block.ticks(i, i + size)) for i in range(0, len(block), size)]
    return np.concatenate(parts)


def _same(a: FloatArray, b: FloatArray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE))


def _first_difference(a: FloatArray, b: FloatArray) -> str:
    if a.shape != b.shape:
        return f"first in shape: {a.shape} and {b.shape}"
    far = np.abs(a - b) > TOLERANCE * (1.0 + np.abs(b))
    tick, machine = (int(i) for i in np.argwhere(far)[0])
    return f"first at tick {tick}, machine {machine + 1}: {float(a[tick, machine]):g} and {float(b[tick, machine]):g}"


def _labelled(block: Block, flags: Any) -> LabelledBlock:
    parts = {field.name: getattr(block, field.name) for field in dataclasses.fields(Block)}
    return LabelledBlock(**parts, truth=flags, labels=flags, label=flags, y=flags, is_anomaly=flags)
