"""Reads a lesson folder and lists every problem at once, with file, line and the nearest right word."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from engine.errors import FileProblemError, LabError, UnknownNameError, nearest
from engine.yaml_file import line_of, problems_at, problems_of
from lessons.blocks import IMAGE, LIVE_NUMBER, Piece, split_page
from lessons.labs.base import filled_in, lab_kind, lab_kinds, placeholders
from lessons.labs.plant_part import MAX_ROWS
from lessons.spec import CONDITION, CourseFile, Exercise, Experiment, Head, Lab, LabFile, QuizFile
from lessons.translations import LabWords, lab_problems, languages_of, page_problems, quiz_problems, translated

COURSE = Path(__file__).parent
MODEL = TypeVar("MODEL", bound=BaseModel)
IMAGE_BYTES = 2_000_000
PIECE_FILES = {"predict": "predictions", "experiment": "experiments", "exercise": "exercises"}


@dataclass(frozen=True)
class Lesson:
    """A lesson as read: its head, the pieces of its page, its lab and its quiz.

    `options` gives the words of another language for the options of choices; answers are kept as lab.yaml has them.
    """

    folder: Path
    head: Head
    pieces: tuple[Piece, ...]
    lab: LabFile
    quiz: QuizFile
    untranslated: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)

    def option(self, text: Any) -> Any:
        """Return an option of a choice in the lesson's language; anything else as it is."""
        return self.options.get(text, text) if isinstance(text, str) else text

    @property
    def id(self) -> str:
        """Stable name, used in progress and grades."""
        return self.head.id


class LessonProblemsError(LabError):
    """A lesson folder has mistakes; `problems` lists them all."""

    def __init__(self, problems: list[FileProblemError]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass
class _Reading:
    """What was read so far."""

    folder: Path
    problems: list[FileProblemError] = field(default_factory=list)


def course_file(folder: Path = COURSE) -> CourseFile:
    """Return the order of the lessons."""
    return _course((folder / "course.yaml").read_text(encoding="utf-8-sig"))


@lru_cache(maxsize=4)
def _course(text: str) -> CourseFile:
    problems = problems_of(text, CourseFile, "course.yaml")
    if problems:
        raise LessonProblemsError(problems)
    return CourseFile.model_validate(yaml.safe_load(text))


def lesson_folders(folder: Path = COURSE) -> list[Path]:
    """Return the folders of the course in its order."""
    return [folder / name for name in course_file(folder).lessons]


def museum_folders(folder: Path = COURSE) -> list[Path]:
    """Return the folders of the bug museum's exhibits in the order of course.yaml."""
    return [folder / name for name in course_file(folder).museum]


def minutes_of(lessons: Iterable[Lesson]) -> int:
    """Return how many minutes the lessons take, teaching and doing."""
    return sum(lesson.head.minutes.teach + lesson.head.minutes.do for lesson in lessons)


def load_lesson(folder: Path, language: str = "en") -> Lesson:
    """Return the lesson; text of another language falls back to English where it is missing.

    Raises
    ------
    LessonProblemsError
        When anything is wrong with its files.
    """
    return _loaded(folder, language, _stamp(folder))


@lru_cache(maxsize=128)
def _loaded(folder: Path, language: str, stamp: tuple[tuple[str, int, int], ...]) -> Lesson:
    """Return the lesson; reading sixteen of them takes seconds, so each is read once until a file of it changes."""
    del stamp
    lesson, problems = read_lesson(folder, language)
    if problems or lesson is None:
        raise LessonProblemsError(problems)
    return lesson


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return name, time of change and size of each file of a lesson."""
    files = [*folder.glob("*.md"), *folder.glob("*.yaml"), *folder.glob("img/*")]
    stats = [(path.name, path.stat()) for path in sorted(files)]
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


def find_lesson(name: str, language: str = "en", folder: Path = COURSE) -> Lesson:
    """Return the lesson or exhibit with that id or folder name; never a path, for names come from addresses too."""
    for candidate in [*lesson_folders(folder), *museum_folders(folder)]:
        if name in (candidate.name, candidate.name.split("-", 1)[-1], _id_of(candidate)):
            return load_lesson(candidate, language)
    raise UnknownNameError("lesson", name, [_id_of(path) for path in lesson_folders(folder)])


def lesson_at(name: str) -> Lesson:
    """Return the lesson that a command names: an id, a folder of the course, or the path of a folder anywhere.

    Raises
    ------
    LabError
        When there is none, or anything is wrong with its files.
    """
    return load_lesson(Path(name)) if (Path(name) / "lesson.md").is_file() else find_lesson(name)


def _id_of(folder: Path) -> str:
    """Return the id in the front matter; the folder's name when there is none."""
    found = re.search(r"^id:\s*(\S+)", (folder / "lesson.md").read_text(encoding="utf-8-sig"), re.M)
    return found[1] if found else folder.name


def read_lesson(folder: Path, language: str = "en") -> tuple[Lesson | None, list[FileProblemError]]:
    """Return the lesson (None when it cannot be used) and every problem found, in the order of files and lines."""
    reading = _Reading(folder)
    missing: list[str] = []
    page_path = _translated(folder, "lesson", ".md", language, missing)
    head, pieces = _page(reading, page_path)
    lab = _lab(reading)
    words = _words(reading, lab, _translated(folder, "lab", ".yaml", language, missing))
    quiz_path = _translated(folder, "quiz", ".yaml", language, missing)
    quiz = _yaml(reading, quiz_path, QuizFile)
    if quiz:
        _check_quiz(reading, quiz_path, quiz)
    if head and lab and quiz:
        _check_links(reading, page_path.name, pieces, lab)
        _check_live_numbers(reading, page_path.name, pieces, lab)
        _check_images(reading, page_path.name, pieces)
        if page_path.name != "lesson.md":
            reading.problems += page_problems(pieces, _page(_Reading(folder), folder / "lesson.md")[1], page_path.name)
    if head is None or lab is None or quiz is None or reading.problems:
        return None, reading.problems
    if words:
        lab = translated(lab, words)
    return Lesson(folder, head, tuple(pieces), lab, quiz, tuple(missing), words.options if words else {}), []


def checked_lesson(folder: Path) -> tuple[Lesson | None, list[FileProblemError]]:
    """Return the lesson in English, and every problem in all the languages that it has files in, each once."""
    lesson, problems = read_lesson(folder)
    for language in languages_of(folder)[1:]:
        problems = [*problems, *read_lesson(folder, language)[1]]
    return lesson, without_repeats(problems)


def _translated(folder: Path, stem: str, suffix: str, language: str, missing: list[str]) -> Path:
    path = folder / f"{stem}.{language}{suffix}"
    if language != "en" and path.exists():
        return path
    if language != "en":
        missing.append(path.name)
    return folder / f"{stem}{suffix}"


def _page(reading: _Reading, path: Path) -> tuple[Head | None, list[Piece]]:
    text = _text(reading, path)
    if text is None:
        return None, []
    head, pieces, problems = split_page(text, path.name)
    reading.problems += problems
    return head, pieces


def _text(reading: _Reading, path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError:
        reading.problems.append(FileProblemError(path.name, "", "the file is missing", "add it to the lesson folder"))
    except UnicodeDecodeError:
        reading.problems.append(FileProblemError(path.name, "", "it is not UTF-8 text", "save it as UTF-8"))
    return None


def _yaml(reading: _Reading, path: Path, model: type[MODEL]) -> MODEL | None:
    text = _text(reading, path)
    if text is None:
        return None
    problems = problems_of(text, model, path.name)
    reading.problems += problems
    return None if problems else model.model_validate(yaml.safe_load(text))


def _words(reading: _Reading, lab: LabFile | None, path: Path) -> LabWords | None:
    """Return the lab's words in another language; None where it speaks English."""
    if path.name == "lab.yaml":
        return None
    words = _yaml(reading, path, LabWords)
    if words and lab:
        reading.problems += lab_problems(lab, words, _tree(path), path.name)
    return words


def _tree(path: Path) -> Any:
    return yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)


def _lab(reading: _Reading) -> LabFile | None:
    path = reading.folder / "lab.yaml"
    text = _text(reading, path)
    if text is None:
        return None
    problems = problems_of(text, LabFile, path.name)
    lab = None
    try:
        tree, raw = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
        for section in ("experiments", "exercises"):
            for name, entry in ((raw or {}).get(section) or {}).items():
                if isinstance(entry, dict):
                    problems += _lab_problems(path.name, tree, section, name, entry)
        lab = None if problems else LabFile.model_validate(raw)
    except (yaml.YAMLError, AttributeError):
        pass  # problems_of has said so already
    reading.problems += sorted(without_repeats(problems), key=_line_number)
    return lab


def without_repeats(problems: list[FileProblemError]) -> list[FileProblemError]:
    """Return the problems without repeats, in order."""
    return list({str(problem): problem for problem in problems}.values())


def _line_number(problem: FileProblemError) -> int:
    digits = problem.place.removeprefix("line ").split(",")[0]
    return int(digits) if digits.isdigit() else 0


def _lab_problems(file: str, tree: Any, section: str, name: str, entry: dict[str, Any]) -> list[FileProblemError]:
    """Check the keys that belong to the kind, the placeholders, and the numbers it can give."""
    model = Experiment if section == "experiments" else Exercise
    loc = (section, name)
    kind_name = entry.get("kind", "detector")
    try:
        kind = lab_kind(kind_name)
    except UnknownNameError:
        place = f"line {line_of(tree, (*loc, 'kind'))}"
        near = nearest(str(kind_name), lab_kinds())
        cure = f"did you mean {near!r}" if near else f"use one of: {', '.join(lab_kinds())}"
        return [FileProblemError(file, place, f"no kind of experiment is called {kind_name!r}", cure)]
    setup = {key: value for key, value in entry.items() if key not in model.model_fields}
    values, known = _example_values(section, entry)
    problems = [
        FileProblemError(
            file, f"line {_line_of_text(tree, loc, f'${ghost}')}",
            f"{section}.{name}: ${ghost} is no control or answer", f"declare {ghost!r} first",
        )
        for ghost in sorted(placeholders(setup) - known)
    ]  # fmt: skip
    problems += problems_at(filled_in(setup, values), kind.Settings, file, tree, loc, tuple(model.model_fields))
    for key, metric in _wanted(entry):
        if metric not in kind.metrics:
            near = nearest(str(metric), kind.metrics)
            cure = f"did you mean {near!r}" if near else f"use one of: {', '.join(kind.metrics)}"
            place = f"line {line_of(tree, (*loc, key))}"
            problems.append(FileProblemError(file, place, f"{section}.{name}: {kind_name} gives no {metric!r}", cure))
    here = f"line {line_of(tree, (*loc, 'plant'))}"
    return problems + ([] if problems else _budget(file, here, section, name, entry, kind, filled_in(setup, values)))


def _line_of_text(tree: Any, loc: tuple[Any, ...], text: str) -> int:
    """Return the 1-based line of the value `text` in a part of the file; the part's own when it is not there."""
    node = tree
    for step in loc:
        node = next(value for key, value in node.value if key.value == step)
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.ScalarNode) and node.value == text:
            return int(node.start_mark.line) + 1
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        if isinstance(node, yaml.MappingNode):
            waiting += [value for _, value in node.value]
    return line_of(tree, loc)


def _wanted(entry: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the metrics that an entry asks for, each with the key under which it does."""
    readout, conditions = entry.get("readout") or [], entry.get("pass_when") or []
    wanted = [("readout", name) for name in readout] if isinstance(readout, list) else []
    if isinstance(conditions, list):
        wanted += [("pass_when", found[1]) for text in conditions if (found := CONDITION.match(str(text)))]
    return wanted


def _example_values(section: str, entry: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Return one value for each control or answer, so that the setup can be checked as it will run."""
    if section == "experiments":
        controls = [control for control in entry.get("controls") or [] if isinstance(control, dict)]
        values = {str(control.get("id")): control.get("start") for control in controls}
        return values, set(values)
    answers = entry.get("answer") if isinstance(entry.get("answer"), dict) else {}
    solution = entry.get("solution") if isinstance(entry.get("solution"), dict) else {}
    return dict(solution), set(answers)


def _budget(
    file: str, here: str, section: str, name: str, entry: dict[str, Any], kind: Any, setup: dict[str, Any]
) -> list[FileProblemError]:
    try:
        rows = kind.rows(kind.Settings.model_validate(setup)) * int(
            entry.get("seeds", 5 if section == "exercises" else 1)
        )
    except (ValidationError, TypeError, ValueError):
        return []
    if rows <= MAX_ROWS:
        return []
    wrong = f"{section}.{name} makes {rows:,} readings, more than {MAX_ROWS:,}"
    return [FileProblemError(file, here, wrong, "lower rate_hz, days, machines or seeds")]


def _check_quiz(reading: _Reading, path: Path, quiz: QuizFile) -> None:
    """Two questions of the same name would share one answer; a translation asks what quiz.yaml asks."""
    names, tree = [question.id for question in quiz.questions], _tree(path)
    for at, name in enumerate(names):
        if name in names[:at]:
            place = f"line {line_of(tree, ('questions', at, 'id'))}"
            wrong = f"two questions are called {name!r}"
            reading.problems.append(FileProblemError(path.name, place, wrong, "give the second one another id"))
    if path.name != "quiz.yaml":
        english = _yaml(_Reading(reading.folder), reading.folder / "quiz.yaml", QuizFile)
        reading.problems += quiz_problems(quiz, english, tree, path.name) if english else []


def _check_links(reading: _Reading, page: str, pieces: list[Piece], lab: LabFile) -> None:
    """Every block that names a part of the lab must find it; every exercise's solution must be in range."""
    for piece in pieces:
        section = PIECE_FILES.get(piece.kind)
        if section and piece.id not in getattr(lab, section):
            near = nearest(piece.id, getattr(lab, section))
            cure = f"did you mean {near!r}" if near else f"add it under '{section}:' in lab.yaml"
            wrong = f"{piece.kind} {piece.id!r} is not in lab.yaml"
            reading.problems.append(FileProblemError(page, f"line {piece.line - 1}", wrong, cure))
    tree = _tree(reading.folder / "lab.yaml")
    for name, prediction in lab.predictions.items():
        if prediction.reveal and prediction.reveal.experiment not in lab.experiments:
            near = nearest(prediction.reveal.experiment, lab.experiments)
            wrong = f"prediction {name!r} reveals an unknown experiment {prediction.reveal.experiment!r}"
            cure = f"did you mean {near!r}" if near else f"name one of: {', '.join(lab.experiments)}"
            place = f"line {line_of(tree, ('predictions', name, 'reveal', 'experiment'))}"
            reading.problems.append(FileProblemError("lab.yaml", place, wrong, cure))
    for name, exercise in lab.exercises.items():
        answers: list[tuple[tuple[Any, ...], dict[str, Any]]] = [(("solution",), exercise.solution)]
        answers += [(("decoys", at, "answer"), decoy.answer) for at, decoy in enumerate(exercise.decoys)]
        for where, answer in answers:
            try:
                checked_answer(exercise, answer)
            except LabError as problem:
                place = f"line {line_of(tree, ('exercises', name, *where))}"
                wrong, cure = str(problem).removesuffix("."), "write an answer that a student could give"
                reading.problems.append(FileProblemError("lab.yaml", place, wrong, cure))


def _check_live_numbers(reading: _Reading, page: str, pieces: list[Piece], lab: LabFile) -> None:
    """Every `{{experiment.number}}` of the prose names an experiment, and a control or a number that it gives."""
    named = {problem.place for problem in reading.problems if problem.file == page}
    for piece in pieces:
        for offset, line in enumerate(piece.text.split("\n")):
            place = f"line {piece.line + offset}"
            if place in named:
                continue
            for name, wanted in ((found[1], found[2]) for found in LIVE_NUMBER.finditer(line)):
                if name not in lab.experiments:
                    wrong, known = f"no experiment is called {name!r}", list(lab.experiments)
                    near = nearest(name, known)
                else:
                    experiment = lab.experiments[name]
                    known = [*experiment.start(), *lab_kind(experiment.kind).metrics]
                    if wanted in known:
                        continue
                    wrong, near = f"the experiment {name!r} gives no {wanted!r}", nearest(wanted, known)
                cure = f"did you mean {near!r}" if near else f"use one of: {', '.join(known)}"
                reading.problems.append(FileProblemError(page, place, wrong, cure))


def checked_answer(exercise: Exercise, given: dict[str, Any]) -> dict[str, Any]:
    """Return the answer in its types.

    Raises
    ------
    LabError
        When a value is missing, unknown or out of range; the text names it.
    """
    extra = sorted(set(given) - set(exercise.answer))
    if extra:
        raise LabError(f"{extra[0]!r} is no part of this answer; give: {', '.join(exercise.answer)}.")
    checked: dict[str, Any] = {}
    for name, rule in exercise.answer.items():
        value = given.get(name)
        if rule.kind == "choice":
            if value not in rule.options:
                raise LabError(f"{name} must be one of: {', '.join(rule.options)}, got {value!r}.")
            checked[name] = value
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not rule.min <= value <= rule.max:  # type: ignore[operator]
            raise LabError(f"{name} must be a number from {rule.min:g} to {rule.max:g}, got {value!r}.")
        checked[name] = round(value) if rule.kind == "integer" else float(value)
    return checked


def _check_images(reading: _Reading, page: str, pieces: list[Piece]) -> None:
    for piece in pieces:
        for _, target in IMAGE.findall(piece.text):
            place = f"line {piece.line}"
            path = (reading.folder / target).resolve()
            if reading.folder.resolve() not in path.parents:
                wrong, cure = f"the image {target!r} is outside the lesson folder", "put it into img/"
            elif path.suffix.lower() not in (".png", ".svg", ".jpg"):
                wrong, cure = f"the image {target!r} is no png, svg or jpg", "convert it"
            elif not path.exists():
                wrong, cure = f"the image {target!r} does not exist", "put it into img/ or take the line out"
            elif path.stat().st_size > IMAGE_BYTES:
                wrong, cure = f"the image {target!r} is larger than 2 MB", "make it smaller"
            else:
                continue
            reading.problems.append(FileProblemError(page, place, wrong, cure))


def course_problems(folder: Path = COURSE) -> list[FileProblemError]:
    """Return every problem of the whole course: each lesson's, doubles among ids, unknown or circular needs."""
    problems: list[FileProblemError] = []
    heads: list[Head] = []
    taught: set[str] = set()
    for path in [*lesson_folders(folder), *museum_folders(folder)]:
        lesson, found = checked_lesson(path)
        problems += [in_folder(problem, path) for problem in found]
        if lesson is None:
            continue
        for need in lesson.head.needs:
            if need not in taught:
                wrong = f"it needs {need!r}, which no earlier lesson teaches"
                place = _line_of_key(path, "needs")
                problems.append(FileProblemError(f"{path.name}/lesson.md", place, wrong, "reorder, or name another"))
        taught |= {lesson.head.id, *lesson.head.teaches}
        if lesson.head.id in [head.id for head in heads]:
            wrong, cure = f"two lessons have the id {lesson.head.id!r}", "rename one"
            problems.append(FileProblemError(f"{path.name}/lesson.md", _line_of_key(path, "id"), wrong, cure))
        heads.append(lesson.head)
    return problems + _path_problems(folder)


def _path_problems(folder: Path) -> list[FileProblemError]:
    """Return what is wrong with the paths of course.yaml: an unknown lesson, a need that comes later or never."""
    problems = []
    known = {path.name: path for path in lesson_folders(folder)}
    for path_name, names in course_file(folder).paths.items():
        taught: set[str] = set()
        for name in names:
            lesson = checked_lesson(known[name])[0] if name in known else None
            wrong = [f"it names {name!r}, which is no sound lesson of this course"] if lesson is None else []
            cure = "name a folder of 'lessons'"
            if lesson is not None:
                lacking = [need for need in lesson.head.needs if need not in taught]
                wrong = [f"{name!r} needs {need!r}, which no lesson before it on this path teaches" for need in lacking]
                cure = "put such a lesson before it, or take this one out"
                taught |= {lesson.head.id, *lesson.head.teaches}
            problems += [FileProblemError("course.yaml", f"paths.{path_name}", text, cure) for text in wrong]
    return problems


def _line_of_key(path: Path, key: str) -> str:
    """Return the line of a key of a sound lesson's front matter."""
    lines = (path / "lesson.md").read_text(encoding="utf-8-sig").split("\n")
    return f"line {next(at for at, line in enumerate(lines, start=1) if line.startswith(f'{key}:'))}"


def in_folder(problem: FileProblemError, path: Path) -> FileProblemError:
    """Return the problem with the lesson's folder before the file name."""
    return FileProblemError(f"{path.name}/{problem.file}", problem.place, problem.wrong, problem.cure)


def setup_of(lab: Lab, values: dict[str, Any]) -> Any:
    """Return the checked settings of an experiment or exercise with these control or answer values."""
    return lab_kind(lab.kind).Settings.model_validate(filled_in(lab.setup, values))
