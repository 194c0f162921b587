"""Signing in with a school's account: OpenID Connect through `st.login`, where secrets.toml has an `[auth]` section.

Streamlit asks the provider who it is. What the provider says (the claims in `st.user`) is looked up among the people
of the class, and a ticket hands that person over to /login, which sets our own cookie and forgets Streamlit's: there is
one way to be somebody, for one teaching day, and one way out. Nobody is added to the class here.
"""

from __future__ import annotations

import json
import time
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import streamlit as st
import streamlit.config as settings
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.access import VISIT, Viewer, standing
from app.i18n import t
from app.lab import lab
from engine.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from engine.classroom.people import Person

TICKET_AGE_S = 60
STREAMLITS = "_streamlit_user"  # begins the names of the cookies in which Streamlit keeps what the provider said
LEAST_SECRET = 32  # characters; who guesses the secret is whoever he likes
OF_PROVIDER = ("client_id", "client_secret", "server_metadata_url")


def is_offered() -> bool:
    """Tell whether this lab was given a provider."""
    return bool(_auth())


def trouble() -> str | None:
    """Return what is missing before anybody can sign in so; None when all is there."""
    if find_spec("authlib") is None:
        return t("School accounts need one more package: pip install -r requirements-oidc.txt -c constraints.txt")
    auth, (_, provider) = _auth(), _provider()
    lacking = [name for name in ("redirect_uri", "cookie_secret") if not auth.get(name)]
    lacking += [name for name in OF_PROVIDER if not provider.get(name)]
    if lacking:
        return t("School accounts are not ready: [auth] in secrets.toml lacks {names}.", names=", ".join(lacking))
    if len(str(auth["cookie_secret"])) < LEAST_SECRET:
        return t("School accounts are not ready: cookie_secret needs {n} random characters or more.", n=LEAST_SECRET)
    return None


def form() -> str:
    """Return the piece of the sign-in page; empty where no provider is configured."""
    if not is_offered():
        return ""
    title, problem = escape(t("Your school's account")), trouble()
    if problem:
        return f'<form><h2>{title}</h2><p role="alert">{escape(problem)}</p></form>'
    label = escape(t("Sign in with your school's account"))
    return f'<form action="school"><h2>{title}</h2><button type="submit">{label}</button></form>'


def pages() -> list[st.Page]:
    """Return the page that sends its visitor to the provider; none where no provider is ready."""
    if not is_offered() or trouble():
        return []
    return [st.Page(_to_provider, title=t("Sign in"), url_path="school", visibility="hidden")]


def _to_provider() -> None:
    st.write(t("On the way to your school's sign-in page …"))
    name, _ = _provider()
    st.login(name)


def hand_over() -> bool:
    """Send who comes from the provider on to /login, and return True; tell who is not in the class whom to ask."""
    claims = st.user.to_dict()
    if not claims.get("is_logged_in") or not is_offered() or trouble():
        return False
    try:
        person = person_for(claims)
    except AccessError as problem:
        st.warning(str(problem))
        st.html('<a href="logout">{}</a>'.format(escape(t("Sign out"))))
        return False
    target = f"login?ticket={ticket_for(person, st.context.cookies.get(VISIT, ''))}"
    st.html(f'<a href="{target}">{escape(t("Go on as {name}", name=person.handle))}</a>')
    st.html(f"<script>location.replace({json.dumps(target)})</script>", unsafe_allow_javascript=True)
    return True


def person_for(claims: Mapping[str, Any]) -> Person:
    """Return the person of the class that the provider's claims name; AccessError with a sentence for nobody."""
    if float(claims.get("exp") or time.time()) < time.time() - TICKET_AGE_S:
        raise AccessError(t("What your school said of you is too old; sign in with your school's account again."))
    name = str(_own().get("claim", "email"))
    told = str(claims.get(name) or "")
    verified = str(claims.get("email_verified", "")).lower() == "true" or _own().get("trust_email") is True
    if name == "email" and not verified:
        raise AccessError(t("Your school has not verified the address {address}; ask its help desk.", address=told))
    found = lab().classroom.people.named(**{"email" if name == "email" else "login": told})
    if found is None:
        raise AccessError(
            t("{account} is not in this class, or there more than once; ask your instructor.", account=told or name)
        )
    return found


def ticket_for(person: Person, visit: str) -> str:
    """Return what hands a person over to /login, within a minute and in the same browser."""
    return _signer().dumps([person.person, visit])


def by_ticket(ticket: str, visit: str) -> Viewer:
    """Return whom a ticket names; AccessError when it is forged, too old, another browser's, or the person is out."""
    try:
        person, meant = _signer().loads(ticket, max_age=TICKET_AGE_S)
    except (BadSignature, ValueError, TypeError):
        person, meant = "", ""
    who = standing(str(person)) if visit and meant == visit else None
    if who is None or who.classmate is None:
        raise AccessError(t("That way in has ended; sign in with your school's account again."))
    return who


def forget(request: Request, answer: Response) -> None:
    """Drop what Streamlit keeps of the provider's word, so that nobody is signed in again by it."""
    base = str(settings.get_option("server.baseUrlPath")).strip("/")
    for name in request.cookies:
        if name.startswith(STREAMLITS):
            answer.delete_cookie(name, path=f"/{base}")


def _auth() -> Mapping[str, Any]:
    return _secrets("auth")


def _own() -> Mapping[str, Any]:
    return _secrets("faultlab")


def _secrets(section: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = st.secrets.get(section, {}) if st.secrets.load_if_toml_exists() else {}
    return found


def _provider() -> tuple[str | None, Mapping[str, Any]]:
    """Return name and settings of the provider: `[auth]` itself, or else the first `[auth.name]`."""
    auth = _auth()
    named = ((name, part) for name, part in auth.items() if hasattr(part, "get") and part.get("client_id"))
    return (None, auth) if auth.get("client_id") else next(named, (None, auth))


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(lab().keys.cookie_secret, salt="faultlab-school-ticket")
