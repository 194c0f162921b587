"""A lesson's files in another language: which there are, the words of lab.yaml, and where a translation strays.

`lab.de.yaml` holds words alone; the plants, controls and answers stay in lab.yaml, so no translation can change what is
run or proven. What a translation leaves out stays English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from engine.errors import FileProblemError, nearest
from engine.yaml_file import line_of
from lessons.spec import Decoy, Exercise, Experiment, LabFile, Prediction, QuizFile, Strict

if TYPE_CHECKING:
    from lessons.blocks import Piece

STEMS = {"lesson": ".md", "lab": ".yaml", "quiz": ".yaml"}
NAMED = ("predict", "experiment", "exercise", "quiz")  # the blocks that a translation must have too, in this order
CODE = re.compile(r"\.([a-z]{2})\.(?:md|yaml)$")


class ExperimentWords(Strict):
    """Label of each control, by its id."""

    controls: dict[str, str] = Field(default_factory=dict)


class PredictionWords(Strict):
    """What a prediction says."""

    ask: str = Field(default="", min_length=5)
    unit: str = ""
    because: str = ""


class ExerciseWords(Strict):
    """What an exercise says: `answer` holds the labels by field, `decoys` the reasons in the order of lab.yaml."""

    prompt: str = Field(default="", min_length=10)
    answer: dict[str, str] = Field(default_factory=dict)
    hints: tuple[str, ...] = ()
    decoys: tuple[str, ...] = ()


class LabWords(Strict):
    """lab.xx.yaml; `options` gives the words for options of choices as they stand in lab.yaml."""

    version: Literal[1]
    options: dict[str, str] = Field(default_factory=dict)
    experiments: dict[str, ExperimentWords] = Field(default_factory=dict)
    predictions: dict[str, PredictionWords] = Field(default_factory=dict)
    exercises: dict[str, ExerciseWords] = Field(default_factory=dict)


def languages_of(folder: Path) -> list[str]:
    """Return the codes of the languages that a lesson's folder has files in, English first."""
    names = [path.name for stem, suffix in STEMS.items() for path in folder.glob(f"{stem}.*{suffix}")]
    return ["en", *sorted({found[1] for name in names if (found := CODE.search(name))})]


def translated(lab: LabFile, words: LabWords) -> LabFile:
    """Return the lab with the words put in; its numbers, options and answers are those of `lab`."""
    return lab.model_copy(
        update={
            "experiments": {
                name: _experiment(experiment, words.experiments.get(name, ExperimentWords()))
                for name, experiment in lab.experiments.items()
            },
            "predictions": {
                name: _prediction(prediction, words.predictions.get(name, PredictionWords()))
                for name, prediction in lab.predictions.items()
            },
            "exercises": {
                name: _exercise(exercise, words.exercises.get(name, ExerciseWords()))
                for name, exercise in lab.exercises.items()
            },
        }
    )


def _experiment(experiment: Experiment, words: ExperimentWords) -> Experiment:
    controls = tuple(
        control.model_copy(update={"label": words.controls.get(control.id, control.label)})
        for control in experiment.controls
    )
    return experiment.model_copy(update={"controls": controls})


def _prediction(prediction: Prediction, words: PredictionWords) -> Prediction:
    return prediction.model_copy(update={key: text for key, text in words.model_dump().items() if text})


def _exercise(exercise: Exercise, words: ExerciseWords) -> Exercise:
    answer = {
        field: rule.model_copy(update={"label": words.answer.get(field, rule.label)})
        for field, rule in exercise.answer.items()
    }
    reasons = words.decoys or tuple(decoy.why for decoy in exercise.decoys)
    decoys = tuple(Decoy(answer=decoy.answer, why=why) for decoy, why in zip(exercise.decoys, reasons, strict=True))
    new = {"prompt": words.prompt or exercise.prompt, "answer": answer, "decoys": decoys}
    return exercise.model_copy(update={**new, "hints": words.hints or exercise.hints})


def lab_problems(lab: LabFile, words: LabWords, tree: Any, file: str) -> list[FileProblemError]:
    """Return where the words name what lab.yaml has not, or are not as many as there; `tree` is the composed YAML."""
    problems: list[FileProblemError] = []

    def unknown(loc: tuple[str, ...], given: Iterable[str], known: Iterable[str]) -> None:
        for name in given:
            if name not in set(known):
                near = nearest(name, list(known))
                cure = f"did you mean {near!r}" if near else "take the line out, or write it as in lab.yaml"
                wrong = f"lab.yaml has no {name!r} there"
                problems.append(FileProblemError(file, _place(tree, (*loc, name)), wrong, cure))

    unknown(("options",), words.options, _options(lab))
    for section in ("experiments", "predictions", "exercises"):
        unknown((section,), getattr(words, section), getattr(lab, section))
    for name in words.experiments.keys() & lab.experiments.keys():
        controls = [control.id for control in lab.experiments[name].controls]
        unknown(("experiments", name, "controls"), words.experiments[name].controls, controls)
    for name in words.exercises.keys() & lab.exercises.keys():
        said, meant = words.exercises[name], lab.exercises[name]
        unknown(("exercises", name, "answer"), said.answer, meant.answer)
        for key, texts, wanted in (("hints", said.hints, meant.hints), ("decoys", said.decoys, meant.decoys)):
            if texts and len(texts) != len(wanted):
                wrong = f"{len(texts)} {key}, but lab.yaml has {len(wanted)}"
                cure = "write one for each, in the same order"
                problems.append(FileProblemError(file, _place(tree, ("exercises", name, key)), wrong, cure))
    return problems


def _options(lab: LabFile) -> list[str]:
    """Return every option of every choice in the lab."""
    choices = [
        *(control.options for experiment in lab.experiments.values() for control in experiment.controls),
        *(prediction.options for prediction in lab.predictions.values()),
        *(rule.options for exercise in lab.exercises.values() for rule in exercise.answer.values()),
    ]
    return list(dict.fromkeys(option for options in choices for option in options))


def _place(tree: Any, loc: tuple[str, ...]) -> str:
    return f"line {line_of(tree, loc)}, {'.'.join(loc)}"


def page_problems(pieces: list[Piece], english: list[Piece], file: str) -> list[FileProblemError]:
    """Return where a translated page lacks a task of the English one, or has one in another place."""
    here, there = (
        [(piece.kind, piece.id, piece.line) for piece in page if piece.kind in NAMED] for page in (pieces, english)
    )
    for (kind, name, line), (wanted, wanted_name, _) in zip(here, there, strict=False):
        if (kind, name) != (wanted, wanted_name):
            wrong = f"here stands {kind} {name!r}, in lesson.md {wanted} {wanted_name!r}"
            cure = "keep the tasks in the order of lesson.md"
            return [FileProblemError(file, f"line {line - 1}", wrong, cure)]
    if len(here) < len(there):
        kind, name, _ = there[len(here)]
        wrong, cure = f"{kind} {name!r} of lesson.md is missing", f"add ::: {kind} {{#{name}}}"
        return [FileProblemError(file, "", wrong, cure)]
    if len(here) > len(there):
        kind, name, line = here[len(there)]
        wrong = f"{kind} {name!r} stands once more than in lesson.md"
        return [FileProblemError(file, f"line {line - 1}", wrong, "take it out")]
    return []


def quiz_problems(quiz: QuizFile, english: QuizFile, tree: Any, file: str) -> list[FileProblemError]:
    """Return where a translated quiz asks something else than the English one: marks are kept by question."""
    problems = []
    for at, question in enumerate(quiz.questions):
        place = f"line {line_of(tree, ('questions', at))}, questions.{at}"
        meant = next((other for other in english.questions if other.id == question.id), None)
        if meant is None:
            near = nearest(question.id, [other.id for other in english.questions])
            cure = f"did you mean {near!r}" if near else "take it out, or add it to quiz.yaml"
            problems.append(FileProblemError(file, place, f"quiz.yaml has no question {question.id!r}", cure))
            continue
        for what, here, there in (
            ("kind", question.kind, meant.kind),
            ("answer", question.answer, meant.answer),
            ("tolerance", question.tolerance, meant.tolerance),
            ("number of options", len(question.options), len(meant.options)),
        ):
            if here != there:
                wrong = f"{question.id!r} has another {what} than in quiz.yaml ({here} instead of {there})"
                problems.append(FileProblemError(file, place, wrong, "write it as there"))
    here = {question.id for question in quiz.questions}
    missing = [question.id for question in english.questions if question.id not in here]
    wrong, cure = "question {!r} of quiz.yaml is missing", "translate it too, or delete this file"
    return problems + [FileProblemError(file, "", wrong.format(name), cure) for name in missing]
