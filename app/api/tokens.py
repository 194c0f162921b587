"""POST /tokens: sign in for programs. A token is sent as `Authorization: Bearer …` and stands for the person."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from app.access import Viewer, cookie_for
from app.api.asking import Someone
from app.lab import lab
from engine.classroom.doors import Caller
from engine.errors import AccessError, ParameterError

router = APIRouter(tags=["tokens"])
Text = Annotated[str, Field(min_length=1, max_length=200, strict=True)]


class KeysIn(BaseModel):
    """Handle and PIN of a person of the class, or the instructors' pass phrase."""

    model_config = ConfigDict(extra="forbid")
    handle: Text | None = None
    pin: Text | None = None
    phrase: Text | None = None


class TokenOut(BaseModel):
    """A token and whom it stands for; it is shown this once."""

    token: str
    role: str
    handle: str | None


@router.post("/tokens", status_code=201)
async def token(keys: KeysIn, request: Request) -> TokenOut:
    """Return a new token; a person's older one ends. It lasts 30 days, that of the pass phrase twelve hours."""
    doorstep = lab().doorstep
    return await doorstep.inside(_token, keys, doorstep.caller(request))


def _token(keys: KeysIn, caller: Caller) -> TokenOut:
    opened = lab()
    if keys.phrase is not None:
        was_right = opened.doorstep.doors.knock("phrase", caller)
        if not opened.keys.is_phrase(keys.phrase):
            raise AccessError("That is not the pass phrase; the terminal showed it at the first start of this lab.")
        was_right()
        return TokenOut(token=cookie_for(Viewer("instructor")), role="instructor", handle=None)
    if keys.handle is None or keys.pin is None:
        raise ParameterError("Send handle and pin, or phrase.")
    people = opened.desks.classroom.people
    person = people.enter(keys.handle, keys.pin, caller)
    return TokenOut(token=people.token(person.person), role=person.role, handle=person.handle)


@router.get("/me")
def me(who: Someone) -> dict[str, str | None]:
    """Return who the lab takes you for."""
    return {"role": who.role, "handle": who.handle}
