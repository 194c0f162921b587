"""`python -m engine verify`: nobody moved the truth, the log or a call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def verify(
        proof: Annotated[Path | None, typer.Argument(help="A proof file of a variant; without it, the class.")] = None,
    ) -> None:
        """Check a proof of sealed truth (needs no class), or the class's audit log and calls; ends with 1 if broken."""
        broken = _proof_problem(proof) if proof is not None else _class_problem()
        if broken:
            typer.echo(broken, err=True)
            raise typer.Exit(1)
        typer.echo("verified")


def _proof_problem(path: Path) -> str:
    from engine.classroom.assignments import verify_proof

    return "" if verify_proof(_read(path)) else "The truth of this proof is not the one that was committed to."


def _read(path: Path) -> dict[str, Any]:
    import json

    from engine.errors import FileProblemError

    try:
        found = json.loads(path.read_text("utf-8"))
        return {name: str(found[name]) for name in ("salt", "key", "commitment")}
    except OSError as problem:
        raise FileProblemError(path.name, "", f"it cannot be read ({problem.strerror})", "check the path") from None
    except (ValueError, KeyError, TypeError):
        cure = "download it from the verify page"
        raise FileProblemError(path.name, "", "this is no proof with salt, key and commitment", cure) from None


def _class_problem() -> str:
    from engine.classroom.opening import open_class

    with open_class() as school:
        for name, at in (("audit log", school.audit.broken_at()), ("calls", school.calls.broken_at())):
            if at is not None:
                return f"The {name} was changed: entry {at} does not fit the chain."
        cut = school.audit.cut_off()
        if cut is not None:
            return f"The end of the audit log is gone: the vault knows of entry {cut}."
        number, digest = school.audit.head()
    typer.echo(f"audit log: {number} entries, newest hash {digest}")
    return ""
