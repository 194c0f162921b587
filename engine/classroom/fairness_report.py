"""The fairness of a class as lines of text, for a terminal; the release page draws the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.classroom.fairness import MOST_ADDED, MOST_RANGE, MOST_SD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.classroom.fairness import Fairness
    from engine.classroom.rubric import Rubric


def report(assignment: str, found: Fairness, checks: Mapping[str, Any], rubric: Rubric) -> list[str]:
    """Return the lines: simulated people, promises with their limits, robots, the split, time."""
    scale = found.out_of / 90.0
    lines = [f"{assignment}: {found.variants} variants, {found.out_of:g} automatic points ({rubric.name})", ""]
    lines.append(f"{'person':<10} {'expected':>8} {'lowest':>7} {'highest':>8} {'SD plants':>10} {'SD day':>7}")
    for one in found.skills:
        numbers = f"{one.mean:8.1f} {one.low:7.1f} {one.high:8.1f} {one.plants_sd:10.1f} {one.day_sd:7.1f}"
        lines.append(f"{one.name:<10} {numbers}")
    careful = found.careful
    lines += [
        "",
        _promise("range of the careful person", careful.range, MOST_RANGE * scale, "points"),
        _promise("SD of plants, careful person", careful.plants_sd, MOST_SD * scale, "points"),
        _promise("wrong orders added by own plants", 100 * found.added_luck, 100 * MOST_ADDED, "%"),
        f"    careful below average: own plants {100 * found.behind_own:.1f} %, "
        f"the same plant {100 * found.behind_shared:.1f} %",
        f"{'ok' if found.truth >= 1 - 1e-6 else 'NO':<3} the exact truth earns {100 * found.truth:.1f} % of the points",
        f"    plants against skill: {100 * found.plant_share:.1f} % of their variance",
    ]
    lines += [f"    {name} earns {found.out_of * share:.1f} points" for name, share in _shares(checks)]
    if checks.get("split_says") is not None:
        lines.append(f"    public and private points go together with rank correlation {checks['split_says']:.2f}")
    return [*lines, *(f"    {name} took {seconds:.0f} s" for name, seconds in checks.get("seconds", {}).items())]


def _promise(what: str, value: float, most: float, unit: str) -> str:
    return f"{'ok' if value <= most else 'NO':<3} {what}: {value:.1f} {unit} (at most {most:.1f})"


def _shares(checks: Mapping[str, Any]) -> list[tuple[str, float]]:
    return sorted(checks.get("baselines", {}).items())
