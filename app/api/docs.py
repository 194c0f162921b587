"""GET /docs: every path of the API on one page of our own; no script, nothing from anywhere else."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

router = APIRouter(tags=["docs"], include_in_schema=False)
METHODS = ("get", "post", "put", "patch", "delete")
STYLE = """:root{color-scheme:light dark;--ink:#1c2733;--soft:#5a6878;--card:#f5f7f9;--line:#d5dce3;--main:#0b6477}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9fb0c0;--card:#18222c;--line:#2e3b48;--main:#5cc0d3}}
body{margin:0 auto;max-width:62rem;padding:1.5rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink)}
h1{margin:0}h2{margin:2rem 0 .5rem;text-transform:capitalize}p{color:var(--soft)}a{color:var(--main)}
details{border:1px solid var(--line);border-radius:8px;margin:.4rem 0;background:var(--card)}
summary{cursor:pointer;padding:.5rem .8rem;overflow-wrap:anywhere}details>div{padding:0 .8rem .8rem}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{overflow:auto;margin:.4rem 0}b{display:inline-block;min-width:4.2rem}
table{border-collapse:collapse}td,th{border-bottom:1px solid var(--line);padding:.2rem .8rem .2rem 0;text-align:left;
vertical-align:top}:focus-visible{outline:3px solid var(--main);outline-offset:2px}"""


@router.get("/docs", response_class=HTMLResponse)
def docs(request: Request) -> HTMLResponse:
    """Return the page."""
    document = request.app.openapi()
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                about = methods[method]
                groups.setdefault(about["tags"][0], []).append(_operation(method, path, about, document))
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(found)}" for tag, found in groups.items())
    head = f"<h1>FaultLab API</h1><p>{_prose(document['info']['description'])}</p>"
    address = f"{request.scope.get('root_path', '')}/openapi.json"
    link = f'<p><a href="{escape(address)}">The same for programs (OpenAPI)</a></p>'
    page = (
        f"<title>FaultLab API</title><style>{STYLE}</style></head><body><main>{head}{link}{body}</main></body></html>"
    )
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    return HTMLResponse(f'<!doctype html><html lang="en"><head>{meta}{page}')


def _operation(method: str, path: str, about: dict[str, Any], document: dict[str, Any]) -> str:
    text = about.get("description") or about.get("summary", "")
    first, _, rest = text.partition("\n")
    parameters = "".join(_parameter(one) for one in about.get("parameters", []))
    table = f"<table><tr><th>parameter</th><th>where</th><th>rule</th></tr>{parameters}</table>" if parameters else ""
    body = _body(about.get("requestBody"), document)
    more = f"<p>{_prose(rest.strip())}</p>" if rest.strip() else ""
    address = f"/api{path}"
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{escape(address)}</code><br>{_prose(first)}</summary>"
        f"<div>{more}{table}{body}</div></details>"
    )


def _prose(text: str) -> str:
    """Return text as HTML, what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _parameter(one: dict[str, Any]) -> str:
    needed = "" if one.get("required") else " (may be left out)"
    rule = f"<code>{escape(_rule(one.get('schema', {})))}</code>"
    return f"<tr><td><code>{escape(one['name'])}</code></td><td>{one['in']}{needed}</td><td>{rule}</td></tr>"


def _body(body: dict[str, Any] | None, document: dict[str, Any]) -> str:
    if body is None:
        return ""
    schema = next(iter(body["content"].values()))["schema"]
    shapes = [_named(one, document) for one in schema.get("anyOf", [schema])]
    lines = [
        f"{name}: {_rule(rule)}{'' if name in shape.get('required', []) else '   (may be left out)'}"
        for shape in shapes
        for name, rule in shape.get("properties", {}).items()
    ]
    return f"<pre>body (JSON)\n{escape(chr(10).join(lines))}</pre>"


def _named(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Return a schema, looked up when it is a reference."""
    name = str(schema.get("$ref", "")).rsplit("/", 1)[-1]
    found: dict[str, Any] = document["components"]["schemas"].get(name, schema) if name else schema
    return found


def _rule(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_rule(one) for one in schema["anyOf"])
    words = [str(schema.get("$ref", "")).rsplit("/", 1)[-1] or str(schema.get("type", "any"))]
    if "enum" in schema:
        words = [" | ".join(map(str, schema["enum"]))]
    if "items" in schema:
        words.append(f"of {_rule(schema['items'])}")
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "maxLength": "length ≤", "maxItems": "items ≤"}
    words += [f"{sign} {schema[name]}" for name, sign in bounds.items() if name in schema]
    if schema.get("default") is not None:
        words.append(f"= {schema['default']}")
    return " ".join(words)
