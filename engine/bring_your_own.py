"""A detector from a file of one's own: found, wrapped if need be, and checked in a process with a budget.

The file is code and is run: only on the owner's machine, from the command line. No page or route of the server calls
this module.
"""

from __future__ import annotations

import importlib.util
import inspect
import multiprocessing
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog import parts
from engine.detectors.base import Detector
from engine.detectors.contract import Verdict, example_block, shortened, verdicts
from engine.detectors.estimator import wrapped
from engine.errors import FileProblemError, LabError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

SPEED_TICKS = 400
START_S = 120  # Python and its libraries may take this long to load on a busy computer; it is not the detector's time
READY = "ready"


@dataclass(frozen=True)
class Report:
    """What the checks found; `stopped` says which budget ran out, if any."""

    file: str
    detector: str
    verdicts: tuple[Verdict, ...] = ()
    us_per_reading: float | None = None
    peak_mb: float | None = None
    stopped: str | None = None

    @property
    def passed(self) -> bool:
        return self.stopped is None and bool(self.verdicts) and all(v.problem is None for v in self.verdicts)


def detectors_in(path: Path) -> dict[str, type[Detector]]:
    """Return the detectors of a file by name: classes of its own that derive from Detector, or estimators, wrapped.

    The file is run by this.

    Raises
    ------
    FileProblemError
        When the file is missing, does not run, or holds no detector.
    """
    module = _run_file(path)
    own = [cls for _, cls in inspect.getmembers(module, inspect.isclass) if cls.__module__ == module.__name__]
    found = {cls.name: cls for cls in own if issubclass(cls, Detector) and "name" in cls.__dict__}
    if not found:
        estimators = [cls for cls in own if hasattr(cls, "fit") and hasattr(cls, "decision_function")]
        found = {cls.name: cls for cls in map(wrapped, estimators)}
    if not found:
        cure = "write a class that derives from Detector and has a name, or one with fit and decision_function"
        raise FileProblemError(path, "", "there is no detector in it", cure)
    return found


def check_file(path: Path, seconds: float = 120.0, memory_mb: float = 1024.0) -> tuple[Report, ...]:
    """Return a report per detector of the file; each is checked in a process of its own.

    Parameters
    ----------
    seconds, memory_mb
        Budget of each detector: wall-clock time, and memory beyond what Python and its libraries take. Where the system
        offers no limit on memory (Windows), the peak is only reported.
    """
    names = _in_child(_names, (str(path),), seconds, memory_mb)
    if isinstance(names, str):
        raise LabError(names if names.startswith(str(path)) else f"{path}: {names}")
    return tuple(_checked(path, name, seconds, memory_mb) for name in names)


def _checked(path: Path, name: str, seconds: float, memory_mb: float) -> Report:
    found = _in_child(_check, (str(path), name), seconds, memory_mb)
    return Report(str(path), name, stopped=found) if isinstance(found, str) else Report(str(path), name, *found)


def _names(path: str) -> list[str]:
    return list(detectors_in(Path(path)))


def _check(path: str, name: str) -> tuple[tuple[Verdict, ...], float, float | None]:
    cls = detectors_in(Path(path))[name]
    taken = parts("detector").get(name)
    problem = f"the catalogue has a detector of that name ({taken.title}); choose another one" if taken else None
    found = (Verdict("name_is_new", "Its name is its own.", problem), *verdicts(shortened(cls)))
    block, detector = example_block(n_ticks=SPEED_TICKS), shortened(cls)()
    began = time.perf_counter()
    if all(verdict.problem is None for verdict in found):
        detector.score_then_learn(block)
    cost = 1e6 * (time.perf_counter() - began) / (SPEED_TICKS * block.n_machines)
    return found, round(cost, 2), _peak_mb()


def _run_file(path: Path) -> Any:
    if not path.is_file():
        raise FileProblemError(path, "", "there is no such file", "give the path of a Python file")
    spec = importlib.util.spec_from_file_location(f"own_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise FileProblemError(path, "", "it is no Python file", "give the path of a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # dataclasses look their module up while the class is made
    try:
        spec.loader.exec_module(module)
    except Exception as problem:  # a stranger's code may raise anything; the owner needs the words, not a traceback
        place = f"line {getattr(problem, 'lineno', None) or _line_of(problem, path)}"
        wrong = f"it does not run ({type(problem).__name__}: {problem})"
        raise FileProblemError(path, place, wrong, "mend it and try again") from problem
    return module


def _line_of(problem: BaseException, path: Path) -> int | str:
    lines = []
    step = problem.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == str(path):
            lines.append(step.tb_lineno)
        step = step.tb_next
    return lines[-1] if lines else "?"


def _in_child(function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float, memory_mb: float) -> Any:
    """Return what the function returns in a fresh process, or one sentence (str) about why it did not."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(theirs, function, arguments, memory_mb), daemon=True)
    child.start()
    theirs.close()
    try:
        if not ours.poll(START_S) or ours.recv() != READY:
            return f"its process did not start within {START_S} s; try again when the computer is less busy"
        if not ours.poll(seconds):
            return f"stopped after {seconds:g} s: the time budget ran out"
        return ours.recv()
    except EOFError:
        child.join(5)
        return f"its process died (exit code {child.exitcode}); it may need more than {memory_mb:g} MB"
    finally:
        child.kill()
        child.join(5)


def _child(answer: Connection, function: Callable[..., Any], arguments: tuple[Any, ...], memory_mb: float) -> None:
    try:
        _import_heavy()
        _limit_memory(memory_mb)
        answer.send(READY)
        answer.send(function(*arguments))
    except MemoryError:
        answer.send(f"stopped: it needed more than {memory_mb:g} MB, the memory budget")
    except LabError as problem:
        answer.send(str(problem))


def _import_heavy() -> None:
    """Load what detectors usually need first, so that the budget counts the detector and not the libraries."""
    import numba  # noqa: F401
    import sklearn.ensemble  # noqa: F401


def _limit_memory(memory_mb: float) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return
    limit = pages * resource.getpagesize() + int(memory_mb * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _peak_mb() -> float | None:
    try:
        import resource
    except ImportError:
        return None
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
