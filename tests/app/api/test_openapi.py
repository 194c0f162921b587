"""The OpenAPI document is kept: schemathesis sends what it allows and what it forbids."""

from __future__ import annotations

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.access import Viewer, cookie_for

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDLESS = "/live/stream"  # ends only with `limit` frames, and no time passes here
EXAMPLES = 8
HURRIED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def schema(application, turbines):
    return schemathesis.openapi.from_asgi("/api/openapi.json", application)


def test_the_document_is_valid_and_every_reference_leads_somewhere(client):
    """Generators of clients follow each `$ref` from the document's root."""
    document = client.get("/api/openapi.json").json()

    validate(document)
    for reference in set(re.findall(r"'\$ref': '([^']+)'", str(document))):
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "forbidden"])
@pytest.mark.parametrize("role", ["student", "instructor"])
def test_no_example_makes_a_server_error_or_breaks_the_document(schema, role, mode):
    """Every operation, as anybody and as an instructor; a fixed seed, so that a failure comes back."""
    headers = {"Authorization": f"Bearer {cookie_for(Viewer(role))}"} if role == "instructor" else {}
    found = [one.ok() for one in schema.get_all_operations()]
    operations = [one for one in found if not one.path.endswith(ENDLESS)]

    for operation in operations:
        _try(operation, mode, headers)

    assert len(operations) >= 40


def _try(operation, mode, headers):
    @HURRIED
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=CHECKS)

    try:
        check()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, operation.path  # nothing can be wrong about a path without parameters
