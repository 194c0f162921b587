"""Signing in: a small page of our own at /login, without scripts, fonts or styles from anywhere else.

It speaks the language that was chosen on it (`?language=de`, kept in a cookie that the pages read too), or else the
browser's.

Each way to sign in is one entry of `ways`: the pass phrase, and the class's own (join code, handle and PIN). Who comes
from a school's own sign-in page brings a ticket (`app/school.py`).
"""

from __future__ import annotations

import secrets
from html import escape
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl

from starlette.responses import HTMLResponse, RedirectResponse

from app import school
from app.access import COOKIE, COOKIE_AGE_S, VISIT, Viewer, cookie_for, viewer_of
from app.classroom.student_entry import Enter, Join
from app.doorstep import PHRASE
from app.i18n import LANGUAGE_COOKIE, LANGUAGE_NAMES, languages, speaking, spoken, t, wished
from app.lab import lab
from app.sign_in_form import Field, Welcome
from app.way_back import FIELD, checked, login_address
from engine.classroom.doors import TooManyTriesError
from engine.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from engine.classroom.doors import Caller

MAX_FORM_BYTES = 4096


class Way(Protocol):
    """A way to sign in: `check` returns who it is or raises AccessError with a sentence for the form."""

    name: str

    @property
    def title(self) -> str: ...

    @property
    def fields(self) -> tuple[Field, ...]: ...

    def check(self, form: Mapping[str, str], caller: Caller) -> Viewer | Welcome: ...


class PassPhrase:
    """The instructors' way."""

    name = "instructor"

    @property
    def title(self) -> str:
        return t("Instructors")

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("phrase", t("Pass phrase"), "password"),)

    def check(self, form: Mapping[str, str], caller: Caller) -> Viewer:
        try:
            was_right = lab().doorstep.doors.knock("phrase", caller, person=PHRASE)
        except TooManyTriesError as refusal:
            raise AccessError(t("Too many wrong tries; wait {n} s and try again.", n=refusal.seconds)) from None
        if not lab().keys.is_phrase(form.get("phrase", "")):
            raise AccessError(t("That is not the pass phrase; the terminal showed it at the first start of this lab."))
        was_right()
        return Viewer("instructor")


def ways() -> tuple[Way, ...]:
    """Return the ways there are, in the order of the page."""
    return (Enter(), Join(), PassPhrase())


async def login(request: Request) -> Response:
    """GET shows the forms, or takes a ticket; POST checks one of the forms; who is right gets the cookie."""
    chosen = request.query_params.get("language", "")
    asked = {LANGUAGE_COOKIE: chosen} if chosen in languages() else request.cookies
    with speaking(wished(asked, request.headers.get("accept-language", ""))):
        if request.method == "POST":
            answer = await _entered(request)
        elif "welcome" in request.query_params:
            answer = _welcomed(request)
        elif "ticket" in request.query_params:
            answer = _with_visit(request, _handed_over(request))
        else:
            answer = _with_visit(request, HTMLResponse(_page("", back=_back(request.query_params))))
    if asked is not request.cookies:
        answer.set_cookie(LANGUAGE_COOKIE, chosen, 365 * 86400, httponly=True, samesite="lax")
    return answer


async def _entered(request: Request) -> Response:
    form, doorstep = dict[str, str](), lab().doorstep
    try:
        form = await _form(request)
        if form.get("way") == "join" and (handle := viewer_of(request).handle):
            raise AccessError(t("You are in the class already, as {handle}; sign out first.", handle=handle))
        found = await doorstep.inside(_way(form.get("way", "")).check, form, doorstep.caller(request))
    except AccessError as problem:
        return HTMLResponse(_page(str(problem), form.get("way", ""), _back(form)), 403)
    if isinstance(found, Welcome):
        doorstep.welcome(str(found.who.person), found.html)
        return _signed_in(request, found.who, RedirectResponse(login_address(_back(form), welcome=""), 303))
    return _signed_in(request, found, RedirectResponse(f"./{_back(form)}", 303))


def _welcomed(request: Request) -> Response:
    """Show a new person its handle and PIN; a page of its own, so that loading it again makes nobody new."""
    html = lab().doorstep.welcome_of(viewer_of(request).person)
    back = _back(request.query_params)
    if html is None:
        return RedirectResponse(f"./{back}", 303)
    return HTMLResponse(_welcome(html, back), headers={"Cache-Control": "no-store"})


def _handed_over(request: Request) -> Response:
    """Let in who comes with a ticket; from now on our own cookie counts, not Streamlit's."""
    try:
        who = school.by_ticket(request.query_params["ticket"], request.cookies.get(VISIT, ""))
    except AccessError as problem:
        return HTMLResponse(_page(str(problem)), 403)
    answer = _signed_in(request, who, RedirectResponse("./", 303))
    school.forget(request, answer)
    return answer


def _signed_in(request: Request, who: Viewer, answer: Response) -> Response:
    _end(request)  # other tabs of this browser shall not go on as who was here before
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, cookie_for(who), COOKIE_AGE_S, httponly=True, samesite="lax", secure=secure)
    lab().doorstep.remember(request, answer, who.person, secure=secure)
    return answer


def _with_visit(request: Request, answer: Response) -> Response:
    """Name the browser: a ticket of a school's account is good in the browser that it was made for."""
    if VISIT not in request.cookies:
        answer.set_cookie(VISIT, secrets.token_urlsafe(12), COOKIE_AGE_S, httponly=True, samesite="lax")
    return answer


async def logout(request: Request) -> Response:
    """Forget who this is, in every tab of this browser."""
    answer = RedirectResponse("./", 303)
    _end(request)
    if viewer_of(request) != Viewer() or COOKIE in request.cookies:
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
    school.forget(request, answer)
    return answer


def _end(request: Request) -> None:
    """End the sign-in that this browser holds; a copy of its cookie is worth nothing from now on."""
    if name := viewer_of(request).sign_in:
        lab().sign_ins.end(name)


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            raise AccessError(t("The form must not exceed {n} bytes; go back and fill it in again.", n=MAX_FORM_BYTES))
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _way(name: str) -> Way:
    for way in ways():
        if way.name == name:
            return way
    raise AccessError(t("Choose one of the forms on this page."))


def _back(asked: Mapping[str, str]) -> str:
    return checked(asked.get(FIELD, ""))


def _page(problem: str, active: str = "", back: str = "") -> str:
    known = {way.name for way in ways()}
    top = f'<p role="alert">{escape(problem)}</p>' if problem and active not in known else ""
    forms = school.form() + "".join(_form_html(way, problem if way.name == active else "", back) for way in ways())
    others = [(code, LANGUAGE_NAMES.get(code, code)) for code in languages() if code != spoken()]
    links = [
        f'<a href="{escape(login_address(back, language=code))}" lang="{code}">{name}</a>' for code, name in others
    ]
    return _framed(top + forms, " · ".join([f'<a href="./{escape(back)}">{escape(t("Back to the lab"))}</a>', *links]))


def _welcome(html: str, back: str) -> str:
    """Return the page that is shown once after joining."""
    return _framed(html, f'<a href="./{escape(back)}">{escape(t("Go to the lab"))}</a>')


def _framed(html: str, foot: str) -> str:
    words = {
        "language": spoken(),
        "title": escape(t("Sign in")),
        "lead": escape(t("Students need no account to watch the plant.")),
        "forms": html,
        "foot": foot,
    }
    page = PAGE
    for name, text in words.items():
        page = page.replace(f"<!--{name}-->", text)
    return page


def _form_html(way: Way, problem: str, back: str) -> str:
    inputs = "".join(
        f'<label for="{way.name}-{one.name}">{escape(one.label)}</label>'
        f'<input id="{way.name}-{one.name}" name="{one.name}" type="{one.kind}" required autocomplete="off">'
        for one in way.fields
    )
    alert = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    return (
        f'<form method="post" action="login"><h2>{escape(way.title)}</h2>{alert}{inputs}<input type="hidden" '
        f'name="way" value="{way.name}">{_kept(back)}<button type="submit">{escape(t("Sign in"))}</button></form>'
    )


def _kept(back: str) -> str:
    return f'<input type="hidden" name="{FIELD}" value="{escape(back)}">' if back else ""


PAGE = """<!doctype html><html lang="<!--language-->"><head><meta charset="utf-8"><title>FaultLab: <!--title--></title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root{color-scheme:light dark;--ink:#1c2733;--soft:#5a6878;--paper:#f5f7f9;--card:#fff;--line:#d5dce3;--main:#0b6477}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9fb0c0;--paper:#10171e;--card:#18222c;--line:#2e3b48;
--main:#5cc0d3}button{color:#0b1218!important}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);
color:var(--ink);font:17px/1.5 "Source Sans",system-ui,sans-serif}main{width:min(58rem,92vw)}
.forms{display:grid;grid-template-columns:repeat(auto-fit,minmax(16rem,1fr));gap:1rem;align-items:start;margin-bottom:1rem}
h1{font-size:1.6rem;margin:0 0 .2rem}p{color:var(--soft);margin:.2rem 0 1rem}h2{font-size:1.05rem;margin:0 0 .6rem}
form{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.2rem}
label{display:block;margin:.6rem 0 .2rem}input{width:100%;padding:.6rem .7rem;border:1px solid var(--line);
border-radius:8px;background:var(--paper);color:var(--ink);font:inherit}button{margin-top:1rem;width:100%;padding:.65rem;
border:0;border-radius:8px;background:var(--main);color:#fff;font:inherit;font-weight:600;cursor:pointer}
.key{font:600 1.5rem/1.3 ui-monospace,monospace;color:var(--ink);letter-spacing:.04em;margin:0 0 .8rem}
:focus-visible{outline:3px solid var(--main);outline-offset:2px}[role=alert]{color:#b3410a;margin:0 0 .4rem}
@media(prefers-color-scheme:dark){[role=alert]{color:#ffa66b}}a{color:var(--main)}</style></head>
<body><main><h1>FaultLab</h1><p><!--lead--></p><div class="forms"><!--forms--></div>
<p><!--foot--></p></main></body></html>"""
