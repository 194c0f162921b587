"""Slow oracles: every metric once more, straight from its definition, with loops. For small inputs only."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np


def segments(labels) -> list[tuple[int, int]]:
    """Runs of ones, both ends inclusive, found by walking."""
    out, start = [], None
    for row, value in enumerate([*labels, 0]):
        if value and start is None:
            start = row
        if not value and start is not None:
            out.append((start, row - 1))
            start = None
    return out


def f1_at(truth, scores, threshold) -> float:
    tp = sum(1 for t, s in zip(truth, scores, strict=True) if t and s >= threshold)
    alarms = sum(1 for s in scores if s >= threshold)
    return 2 * tp / (alarms + sum(truth)) if alarms + sum(truth) else 0.0


def adjusted(truth, alarms, k) -> list[int]:
    out = list(alarms)
    for first, last in segments(truth):
        length = last - first + 1
        if sum(alarms[first : last + 1]) > (k / 100) * length:
            out[first : last + 1] = [1] * length
    return out


def roc_auc(truth, scores) -> float:
    """Share of (true, normal) pairs in the right order, half for ties."""
    pairs = [
        (s, r) for s, t in zip(scores, truth, strict=True) if t for r, u in zip(scores, truth, strict=True) if not u
    ]
    return sum(1.0 if s > r else 0.5 if s == r else 0.0 for s, r in pairs) / len(pairs)


def average_precision(truth, scores) -> float:
    area, before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        alarmed = [t for t, s in zip(truth, scores, strict=True) if s >= threshold]
        recall = sum(alarmed) / sum(truth)
        area += (recall - before) * sum(alarmed) / len(alarmed)
        before = recall
    return area


def range_score(ranges, others, alpha, cardinality, bias) -> float:
    def delta(i, length):
        middle = i if i <= length / 2 else length - i + 1
        return {"flat": 1, "front": length - i + 1, "back": i, "middle": middle}[bias]

    rewards = []
    for first, last in ranges:
        length = last - first + 1
        met = [(a, b) for a, b in others if a <= last and b >= first]
        covered = [r for r in range(first, last + 1) if any(a <= r <= b for a, b in met)]
        share = sum(delta(r - first + 1, length) for r in covered) / sum(delta(i, length) for i in range(1, length + 1))
        gamma = 1 / len(met) if cardinality == "reciprocal" and len(met) > 1 else 1
        rewards.append(alpha * bool(met) + (1 - alpha) * gamma * share)
    return sum(rewards) / len(rewards)


def soft_labels(truth, w) -> np.ndarray:
    """1 on true rows; √(1 − k/w) at distance k ≤ ⌊w/2⌋ of each event, added up, capped at 1."""
    soft = np.array(truth, float)
    for first, last in segments(truth):
        for k in range(1, w // 2 + 1):
            for row in (first - k, last + k):
                if 0 <= row < len(soft):
                    soft[row] += math.sqrt(1 - k / w)
    return np.minimum(soft, 1.0)


def vus(truth, scores, window, thresholds) -> tuple[float, float]:
    truth, scores = np.array(truth), np.array(scores, float)
    n, positives = len(truth), int(truth.sum())
    tried = np.sort(scores)[::-1][np.linspace(0, n - 1, thresholds).astype(int)]
    rocs, prs = [], []
    for w in range(window + 1):
        soft, h = soft_labels(truth, w), w // 2
        extended = merged(truth, h)
        tprs, fprs, precisions = [], [], []
        for threshold in tried:
            alarmed = scores >= threshold
            extra = soft[alarmed & (truth == 0)].sum()
            hits, wanted = (alarmed & (truth == 1)).sum() + extra, positives + extra / 2
            found = sum(1 for a, b in extended if alarmed[max(a, 0) : min(b, n - 1) + 1].any()) / len(extended)
            tprs.append(min(hits / wanted, 1) * found)
            fprs.append((alarmed.sum() - hits) / (n - wanted))
            precisions.append(hits / alarmed.sum())
        rocs.append(np.trapezoid([0, *tprs, 1], [0, *fprs, 1]))
        prs.append(sum((b - a) * p for a, b, p in zip([0, *tprs[:-1]], tprs, precisions, strict=True)))
    return float(np.mean(rocs)), float(np.mean(prs))


def merged(truth, h) -> list[tuple[int, int]]:
    out: list[list[int]] = []
    for first, last in segments(truth):
        if out and not out[-1][1] < first - h:
            out[-1][1] = last + h
        else:
            out.append([first - h, last + h])
    return [(a, b) for a, b in out]


def r_auc(truth, scores, window, thresholds) -> tuple[float, float]:
    truth, scores = np.array(truth), np.array(scores, float)
    soft = soft_labels(truth, window)
    wanted = (truth.sum() + soft.sum()) / 2
    extended = segments(soft > 0)
    tprs, fprs, precisions = [0.0], [0.0], [1.0]
    for threshold in np.sort(scores)[::-1][np.linspace(0, len(truth) - 1, thresholds).astype(int)]:
        alarmed = scores >= threshold
        hits = soft[alarmed].sum()
        found = sum(1 for a, b in extended if alarmed[a : b + 1].any()) / len(extended)
        tprs.append(min(hits / wanted, 1) * found)
        fprs.append((alarmed.sum() - hits) / (len(truth) - wanted))
        precisions.append(hits / alarmed.sum())
    pr = sum((tprs[j] - tprs[j - 1]) * (precisions[j] + precisions[j - 1]) / 2 for j in range(1, len(tprs)))
    return float(np.trapezoid([*tprs, 1], [*fprs, 1])), float(pr)


def affiliation(truth, alarms, steps=400) -> tuple[float | None, float]:
    """Both integrals by the midpoint rule on a fine grid."""
    events = [(a, b + 1) for a, b in segments(truth)]
    alarm_spans = [(a, b + 1) for a, b in segments(alarms)]
    borders = [0, *((events[i][1] + events[i + 1][0]) / 2 for i in range(len(events) - 1)), len(truth)]
    precisions, recalls = [], []
    for (a, b), low, high in zip(events, borders, borders[1:], strict=False):
        pieces = [(max(x, low), min(y, high)) for x, y in alarm_spans if min(y, high) > max(x, low)]
        if not pieces:
            recalls.append(0.0)
            continue
        points = np.concatenate([x + (np.arange(steps * 4) + 0.5) * (y - x) / (steps * 4) for x, y in pieces])
        weights = np.concatenate([np.full(steps * 4, y - x) for x, y in pieces])
        d = np.maximum(np.maximum(a - points, points - b), 0)
        m = min(a - low, high - b)
        chance = np.where(d > 0, 1 - (np.minimum(d, m) + d + b - a) / (high - low), 1.0)
        precisions.append(np.average(chance, weights=weights))
        y = a + (np.arange(steps * 20) + 0.5) * (b - a) / (steps * 20)
        d = np.min([np.maximum(np.maximum(p - y, y - q), 0) for p, q in pieces], axis=0)
        recalls.append(float(np.mean(1 - (np.minimum(d, np.minimum(y - low, high - y)) + d) / (high - low))))
    return (float(np.mean(precisions)) if precisions else None), float(np.mean(recalls))


def pate_counts(truth, alarms, e, d) -> tuple[Fraction, Fraction, Fraction]:
    """TP, FP and FN of one pair of buffers in exact fractions."""
    n, events = len(truth), segments(truth)
    tp, fp, fn = Fraction(0), Fraction(0), Fraction(0)
    weight: dict[int, Fraction] = {}
    post_end = -1
    for i, (s, t) in enumerate(events):
        for row in range(s, t + 1):
            weight[row] = Fraction(1)
        pre_first = max(0, s - e, post_end + 1)
        hit = any(alarms[s : t + 1])
        for x in range(pre_first, s):
            w = 1 - Fraction(sum(y - x for y in range(s, t + 1)), sum(y - pre_first for y in range(s, t + 1)))
            weight[x] = w if hit else Fraction(0)
        post_end = min(t + d, events[i + 1][0] - 1 if i + 1 < len(events) else n - 1)
        for x in range(t + 1, post_end + 1):
            weight[x] = 1 - Fraction(sum(x - y for y in range(s, t + 1)), sum(post_end - y for y in range(s, t + 1)))
        fn += _pate_missed(alarms, s, t)
    for row, alarmed in enumerate(alarms):
        if alarmed:
            tp += weight.get(row, Fraction(0))
            fp += 1 - weight.get(row, Fraction(0))
    return tp, fp, fn


def _pate_missed(alarms, s, t) -> Fraction:
    inside = segments(alarms[s : t + 1])
    if not inside:
        return Fraction(t - s + 1)
    run = inside[0][1] - inside[0][0] + 1
    total = Fraction(0)
    for q in range(s, t + 1):
        if not alarms[q]:
            late = Fraction(sum(q - y for y in range(s, s + run + 1)), sum(t - y for y in range(s, t + 1)) or 1)
            total += 1 if q <= s + run else 1 - late
    return total


def pate(truth, scores, e, d, splits) -> float:
    """All distinct scores at which the true-positive count changes before or after, exact recalls."""
    distinct = sorted(set(scores), reverse=True)
    hits = [sum(t for t, s in zip(truth, scores, strict=True) if s >= x) for x in distinct]
    last = len(distinct) - 1
    tried = [x for k, x in enumerate(distinct) if k in (0, last) or hits[k] != hits[k - 1] or hits[k + 1] != hits[k]]
    areas = []
    for e_now in map(int, np.linspace(0, e, splits + 1)):
        for d_now in map(int, np.linspace(0, d, splits + 1)):
            x, y, area = Fraction(0), Fraction(1), Fraction(0)
            for threshold in tried:
                tp, fp, fn = pate_counts(truth, [int(s >= threshold) for s in scores], e_now, d_now)
                recall, precision = (tp / (tp + fn) if tp + fn else Fraction(0)), tp / (tp + fp)
                if recall >= x:
                    area += (recall - x) * (precision + y) / 2
                    x, y = recall, precision
            areas.append(area)
    return float(sum(areas) / len(areas))


def nab_score(scores, windows, threshold, costs, probation) -> float:
    """Row by row, as the definition says; costs = (tp, fp, fn)."""
    tp_w, fp_w, fn_w = costs
    n = len(scores)
    skipped = math.ceil(min(math.floor(probation * n), probation * 5000))
    best: dict[tuple[int, int], float] = {tuple(w): -fn_w for w in windows if w[1] >= skipped}

    def s(z):
        return 2 / (1 + math.exp(5 * z)) - 1

    total = 0.0
    for i in range(skipped, n):
        if scores[i] < threshold:
            continue
        own = [w for w in windows if w[0] <= i <= w[1]]
        if own:
            a, b = own[0]
            best[(a, b)] = max(best[(a, b)], s(-(b - i + 1) / (b - a + 1)) / s(-1) * tp_w)
            continue
        ended = [w for w in windows if w[1] < i]
        weight = -fp_w
        if ended and ended[-1][1] > ended[-1][0]:
            a, b = ended[-1]
            z = (i - b) / (b - a)
            weight = -fp_w if z > 3 else s(z) * fp_w
        total += weight
    return total + sum(best.values())
