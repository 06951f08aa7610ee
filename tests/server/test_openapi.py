from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from server.access import Access
from server.openapi import describe, description
from server.routes import ROUTES

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(description())
    return found


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        found = {part["$ref"]} if "$ref" in part else set()
        return found.union(*(references(value) for value in part.values()))
    return set().union(*(references(value) for value in part)) if isinstance(part, list) else set()


def test_every_route_is_described_and_nothing_else(document: dict[str, Any]) -> None:
    plain = {(route.method, re.sub(r":[^}]*", "", route.path)) for route in ROUTES}
    assert set(operations(document)) == plain


def test_every_reference_leads_somewhere_and_every_schema_is_used(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    used = {reference.removeprefix("#/components/schemas/") for reference in references(document)}
    assert used <= set(schemas)
    assert set(schemas) - used == {"EventMessage"}
    assert all(re.fullmatch(r"[A-Za-z]+", name) for name in schemas)


def test_operations_have_names_of_their_own_and_a_summary(document: dict[str, Any]) -> None:
    found = list(operations(document).values())
    names = [operation["operationId"] for operation in found]
    assert len(set(names)) == len(names)
    assert all(operation["summary"] and operation["tags"] for operation in found)


def test_security_is_what_the_gate_checks(document: dict[str, Any]) -> None:
    found = operations(document)
    schemes = set(document["components"]["securitySchemes"])
    for route in ROUTES:
        operation = found[route.method, re.sub(r":[^}]*", "", route.path)]
        offered = {name for scheme in operation["security"] for name in scheme}
        assert offered <= schemes
        assert (route.access is Access.OPEN) == (not offered)
        assert (route.access is Access.MEDIA) == ("media" in offered)
        if route.access is not Access.OPEN:
            assert "401" in operation["responses"]


def test_every_problem_is_a_problem_document(document: dict[str, Any]) -> None:
    for (_, path), operation in operations(document).items():
        for status, response in operation["responses"].items():
            if int(status) >= 400 and path != "/readyz":
                (kind,) = response["content"]
                assert kind == "application/problem+json"
    assert document["components"]["schemas"]["Problem"]["required"] == ["type", "title", "status", "code"]


def test_parameters_are_described_with_their_limits(document: dict[str, Any]) -> None:
    listing = operations(document)["GET", "/v1/videos"]
    by_name = {parameter["name"]: parameter for parameter in listing["parameters"]}
    assert by_name["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    assert by_name["channel"]["schema"] == {"type": "string"}
    assert "-title" in by_name["sort"]["schema"]["enum"]
    one = operations(document)["GET", "/media/{video}/captions/{lang}.vtt"]
    assert [(p["name"], p["in"], p["required"]) for p in one["parameters"]] == [
        ("video", "path", True),
        ("lang", "path", True),
        ("hls", "query", False),
    ]


def test_answers_name_their_properties_as_always_there(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("VideoItem", "VideoList", "PlayDecision", "Job", "JobPage", "FolderPage", "Me", "Session"):
        assert schemas[name]["required"] == list(schemas[name]["properties"])
    assert schemas["VideoPatch"]["required"] == []
    assert schemas["SetUp"]["additionalProperties"] is False


def test_bytes_are_described_by_their_types(document: dict[str, Any]) -> None:
    file = operations(document)["GET", "/media/{video}/file"]
    assert set(file["responses"]) >= {"200", "206", "401", "404", "409", "412", "416"}
    assert "video/*" in file["responses"]["206"]["content"]
    captions = operations(document)["GET", "/media/{video}/captions/{lang}.vtt"]
    assert list(captions["responses"]["200"]["content"]) == ["text/vtt"]


def test_messages_are_a_tagged_union(document: dict[str, Any]) -> None:
    message = document["components"]["schemas"]["EventMessage"]
    assert message["discriminator"]["propertyName"] == "type"
    assert "videos.added" in message["discriminator"]["mapping"]
    assert "resync" in message["discriminator"]["mapping"]


def test_the_same_table_makes_the_same_document() -> None:
    assert describe(ROUTES) == describe(list(ROUTES))


def test_the_document_is_printed_without_a_hub(document: dict[str, Any]) -> None:
    run = "import runpy, sys; runpy.run_module('server.openapi', run_name='__main__')"
    check = "assert 'hub.bootstrap' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", f"{run}; {check}"], cwd=ROOT, capture_output=True, check=True
    )
    assert json.loads(done.stdout) == document
