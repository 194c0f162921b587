"""A student signs in with the school's account in a browser, by a provider of our own on this machine."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from engine.classroom.opening import open_class
from tests.app.served import Served, free_port
from tests.browser.conftest import SIZE, listen, settle

pytestmark = pytest.mark.browser
CLIENT = "faultlab"
SECRET = "a secret between school and lab"


@dataclass
class Provider:
    """An OpenID Connect provider (core 1.0, code flow): it asks who one is, and believes it."""

    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k", "use": "sig", "alg": "RS256"}))
    given: dict[str, dict[str, str]] = field(default_factory=dict)  # code → nonce and address
    server: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def get(self, path: str, query: dict[str, str]) -> tuple[str, Any]:
        """Return what a browser or the lab finds there: media type and content."""
        if path == "/.well-known/openid-configuration":
            return "application/json", {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        if path == "/jwks":
            return "application/json", {"keys": [self.key.as_dict(private=False)]}
        links = ""
        if path != "/authorize":
            return "text/plain", ""
        for address in ("ada@school.example", "eve@elsewhere.example"):
            code = secrets.token_hex(8)
            self.given[code] = {"nonce": query.get("nonce", ""), "email": address}
            back = f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"
            links += f'<p><a href="{back.replace("&", "&amp;")}">I am {address}</a></p>'
        return "text/html", f"<h1>Our school</h1>{links}"

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        """Return the tokens for a code, which is good once."""
        who, now = self.given.pop(form["code"]), int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": who["email"], "iat": now, "exp": now + 300, **who}
        signed = jwt.encode({"alg": "RS256", "kid": "k"}, {**claims, "email_verified": True}, self.key)
        return {"access_token": "unused", "token_type": "Bearer", "expires_in": 300, "id_token": signed}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    made = Provider()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            kind, content = made.get(parts.path, {k: v[0] for k, v in parse_qs(parts.query).items()})
            self._send(kind, content)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._send("application/json", made.token({k: v[0] for k, v in parse_qs(body).items()}))

        def _send(self, kind: str, content: Any) -> None:
            data = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    made.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()


@pytest.fixture(scope="module")
def lab(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A lab whose secrets.toml names the provider, and whose class knows Ada."""
    home, port = tmp_path_factory.mktemp("school") / "home", free_port()
    with open_class(home) as school:
        school.people.add("ta", email="Ada@School.example")
    (home / ".streamlit").mkdir()
    (home / ".streamlit" / "secrets.toml").write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\ncookie_secret = "{"k" * 40}"\n'
        f'client_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
        f'server_metadata_url = "{provider.url}/.well-known/openid-configuration"\n',
        encoding="utf-8",
    )
    with Served(home, port=port) as served:
        yield served


@pytest.fixture
def page(browser: Any, lab: Served) -> Iterator[Any]:
    context = browser.new_context(base_url=lab.url, viewport=SIZE)
    opened = context.new_page()
    opened.traffic = listen(opened)
    yield opened
    context.close()


def go_to_school(page: Any, address: str) -> None:
    page.goto("/login")
    page.get_by_role("button", name="Sign in with your school's account").click()
    page.get_by_role("heading", name="Our school").wait_for()
    page.get_by_role("link", name=f"I am {address}").click()


def test_who_is_in_the_class_comes_in_with_the_role_of_the_class_and_goes_out_for_good(page: Any) -> None:
    go_to_school(page, "ada@school.example")
    page.get_by_role("link", name="Sign out").wait_for()
    page.get_by_role("link", name="Grading").wait_for()  # a teaching assistant's page

    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("link", name="Sign in").wait_for()
    settle(page)
    page.reload()

    page.get_by_role("link", name="Sign in").wait_for()
    settle(page)
    assert page.get_by_role("link", name="Grading").count() == 0
    assert [cookie["name"] for cookie in page.context.cookies() if cookie["name"].startswith("_streamlit_user")] == []


def test_who_is_not_in_the_class_is_told_so_and_stays_a_stranger(page: Any) -> None:
    go_to_school(page, "eve@elsewhere.example")

    page.get_by_text("eve@elsewhere.example is not in this class").wait_for()
    assert page.get_by_role("link", name="Grading").count() == 0


def test_no_secret_of_the_school_reaches_the_browser(page: Any, lab: Served) -> None:
    go_to_school(page, "ada@school.example")
    page.get_by_role("link", name="Sign out").wait_for()

    assert [sent for sent in page.traffic["script"] if SECRET.encode() in sent or b"k" * 40 in sent] == []
    assert SECRET not in Path(lab.log).read_text(encoding="utf-8")
