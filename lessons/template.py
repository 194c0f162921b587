"""The commented lesson that `lesson new` writes: complete, small, and accepted by `lesson check`."""

from __future__ import annotations

import re
from pathlib import Path

from engine.errors import LabError
from lessons.spec import NAME

LESSON = """---
id: {id}
title: A title that says what the lesson is about
minutes: {{teach: 15, do: 15}}          # shown to teachers only
level: beginner                        # beginner | beginner+ | intermediate | advanced
needs: []                              # ids or concepts that earlier lessons teach
teaches: [{id}-idea]
misconception: "the belief that this lesson takes apart"
---

::: objectives
- What the student can do afterwards, one line each
:::

Prose goes between the blocks, in Markdown; HTML is off.

::: predict {{#p1}}
:::

::: experiment {{#demo}}
:::

::: reveal
With a limit of {{{{demo.k}}}} the plant gave **{{{{demo.false_alarms_per_day}}}}** false alarms a day.
:::

::: exercise {{#task}}
:::

::: quiz {{#q}}
:::

::: keypoints
- What to remember, one line each
:::

::: instructor
What to ask before the reveal, where the room stumbles.
:::
"""
LAB = """# Predictions, experiments, exercises. The engine computes every number; `$name` is a control or an answer.
version: 1
experiments:
  demo:
    plant: {{machines: [MACHINE_001], rate_hz: 0.1, hours: 24, seed: fixed-7}}
    show: [temperature]
    controls:
      - {{id: k, label: "Limit (standard deviations)", min: 2, max: 6, step: 0.1, start: 3}}
    detector: {{name: z_score, input: context, sensors: [temperature], threshold: $k}}
    readout: [false_alarms_per_day]
predictions:
  p1:
    ask: "How many false alarms in a day?"
    kind: number
    unit: alarms
    reveal: {{experiment: demo, metric: false_alarms_per_day}}
exercises:
  task:
    prompt: "Say what must be reached, in words."
    plant: {{machines: [MACHINE_001], rate_hz: 0.1, days: 2, seed: fresh}}
    inject:
      - {{fault: drift, sensors: [temperature], shape: sudden, count: 4, minutes: 45, values: {{size: 8}}}}
    answer:
      k: {{kind: number, min: 1, max: 12, label: "Limit (standard deviations)"}}
    detector: {{name: z_score, input: context, sensors: [temperature], threshold: $k}}
    seeds: 3
    pass_when: [false_alarms_per_day <= 1, event_recall >= 0.8]
    hints: ["A hint points the way and does not give the answer."]
    solution: {{k: 4.5}}
    decoys:
      - {{answer: {{k: 12}}, why: "silent but blind"}}
"""
QUIZ = """version: 1
questions:
  - id: first
    ask: "A question whose wrong options each name a misconception?"
    options:
      - {{text: "the right one", right: true, because: "say why it is right"}}
      - {{text: "a tempting one", because: "name the thought that leads here"}}
"""


def write_template(folder: Path, name: str) -> Path:
    """Write a lesson folder and return it.

    Raises
    ------
    LabError
        When the name is no lesson id or the folder exists.
    """
    plain = re.sub(r"^\d+-", "", name)
    if not re.match(NAME, plain):
        raise LabError(f"A lesson's name must be small letters, digits and hyphens such as 'my-lesson', got {name!r}.")
    target = folder / name
    if target.exists():
        raise LabError(f"{target} exists; choose another name.")
    (target / "img").mkdir(parents=True)
    for file, text in (("lesson.md", LESSON), ("lab.yaml", LAB), ("quiz.yaml", QUIZ)):
        (target / file).write_text(text.format(id=plain), encoding="utf-8")
    return target
