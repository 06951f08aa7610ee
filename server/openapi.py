"""The API's description (OpenAPI 3.1), made from the routes table and the types in it.

`python -m server.openapi` prints it without starting a hub: the web client's types are generated from that.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from hub import __version__
from server.access import COOKIE, MEDIA_PARAMETER, Access
from server.call import Bytes, Route
from server.messages import EventMessage
from server.problems import CONTENT_TYPE as PROBLEM_TYPE
from server.problems import Problem
from server.routes import ROUTES

_PART = re.compile(r"{(\w+)(?::[^}]*)?}")
_REF = "#/components/schemas/{name}"
_EVENT_SCHEMA = "EventMessage"

_SIGNED_IN: list[dict[str, list[str]]] = [{"session": []}, {"cookie": []}]
_SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    Access.OPEN: [],
    Access.MEDIA: [*_SIGNED_IN, {"media": []}],
    Access.LOCAL: [{"session": []}],
}
_SCHEMES = {
    "session": {
        "type": "http",
        "scheme": "bearer",
        "description": "A session's token, for programs; or the hub's local token, on its own machine.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A session's token, for browsers. Changes must come from the hub's own pages.",
    },
    "media": {
        "type": "apiKey",
        "in": "query",
        "name": MEDIA_PARAMETER,
        "description": "A token for one video's bytes, from its play decision.",
    },
}


@functools.cache
def description() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(describe(ROUTES))


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """The document."""
    routes = tuple(routes)
    schemas = _Schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = _PART.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Marquee",
            "version": __version__,
            "description": "A media hub. Errors are problem documents (RFC 9457); lists go on at `next_cursor`.",
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": _SCHEMES},
    }


class _Schemas:
    """The schemas of all types in the table, each under one readable name."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        kinds: list[Any] = [Problem, EventMessage]
        for route in routes:
            kinds += [kind for kind in (route.body, route.query, route.answer) if _is_json(kind)]
        self._kinds = list(dict.fromkeys(kinds))
        refs, components = msgspec.json.schema_components(self._kinds, ref_template=_REF)
        self._refs: list[dict[str, Any]] = [_renamed(ref) for ref in refs]
        self._all: dict[str, Any] = {_plain(name): _renamed(schema) for name, schema in components.items()}
        queries = {self.name(route.query) for route in routes if route.query is not None}
        self.components = {name: schema for name, schema in self._all.items() if name not in queries}
        self.components[_EVENT_SCHEMA] = self.ref(EventMessage)
        taken_in = {self.name(kind) for kind in (Problem, *(route.body for route in routes if route.body))}
        for name, schema in self.components.items():
            # Answers are written whole: a default there does not mean that the property may be missing.
            if "properties" in schema and name not in taken_in:
                schema["required"] = list(schema["properties"])

    def ref(self, kind: Any) -> dict[str, Any]:
        """What stands where a value of this type is."""
        return self._refs[self._kinds.index(kind)]

    def name(self, kind: Any) -> str:
        """The type's name under components."""
        return str(self.ref(kind)["$ref"]).rpartition("/")[2]

    def properties(self, kind: Any) -> tuple[dict[str, Any], list[str]]:
        """A struct's properties, and which of them are required."""
        schema = self._all[self.name(kind)]
        return schema["properties"], schema["required"]


def _operation(route: Route, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.handler.__module__.rpartition(".")[2]],
        "security": _SECURITY.get(route.access, _SIGNED_IN),
        "responses": _responses(route, schemas),
    }
    if parameters := _parameters(route, schemas):
        operation["parameters"] = parameters
    if route.body is not None:
        required = bool(schemas.properties(route.body)[1])
        operation["requestBody"] = {
            "required": required,
            "content": {"application/json": {"schema": schemas.ref(route.body)}},
        }
    return operation


def _parameters(route: Route, schemas: _Schemas) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PART.findall(route.path)
    ]
    if route.query is not None:
        properties, required = schemas.properties(route.query)
        parameters += [
            {"name": name, "in": "query", "required": name in required, "schema": _without_null(schema)}
            # The token is described as a security scheme.
            for name, schema in properties.items()
            if name != MEDIA_PARAMETER
        ]
    return parameters


def _responses(route: Route, schemas: _Schemas) -> dict[str, Any]:
    responses: dict[str, Any] = {str(route.status): _success(route, schemas)}
    if isinstance(route.answer, Bytes) and 416 in route.problems:
        responses["206"] = {**_success(route, schemas), "description": "Partial Content"}
    problem = {"content": {PROBLEM_TYPE: {"schema": schemas.ref(Problem)}}}
    for status in sorted(_problem_statuses(route)):
        description = {"description": HTTPStatus(status).phrase}
        # Readiness answers 503 in its own shape.
        is_answer = status == 503 and not isinstance(route.answer, Bytes)
        responses[str(status)] = description | (_content(route, schemas) if is_answer else problem)
    return responses


def _success(route: Route, schemas: _Schemas) -> dict[str, Any]:
    return {"description": HTTPStatus(route.status).phrase, **_content(route, schemas)}


def _content(route: Route, schemas: _Schemas) -> dict[str, Any]:
    if isinstance(route.answer, Bytes):
        return {"content": {name: {} for name in route.answer.types}}
    if route.answer is None:
        return {}
    return {"content": {"application/json": {"schema": schemas.ref(route.answer)}}}


def _problem_statuses(route: Route) -> set[int]:
    implied = {421}
    if route.access is not Access.OPEN:
        implied.add(401)
    if route.access in (Access.MANAGER, Access.OWNER, Access.LOCAL) or route.method != "GET":
        implied.add(403)
    if route.body is not None:
        implied |= {400, 413, 415, 422}
    if route.query is not None and route.query.__struct_fields__:
        implied.add(422)
    return implied | set(route.problems)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is text or left out, never null."""
    if {"type": "null"} not in schema.get("anyOf", []):
        return schema
    kept = [kind for kind in schema["anyOf"] if kind != {"type": "null"}]
    return kept[0] if len(kept) == 1 else {"anyOf": kept}


def _operation_id(route: Route) -> str:
    first, *rest = str(getattr(route.handler, "__name__", "handler")).split("_")
    name = first + "".join(word.capitalize() for word in rest)
    # One handler may serve several addresses.
    return (
        name
        if route.handler.__name__ != "root_file"
        else f"{name}{route.path.strip('/').partition('.')[0].title()}"
    )


def _is_json(kind: Any) -> bool:
    return kind is not None and not isinstance(kind, Bytes)


def _plain(name: str) -> str:
    """`Page_Job_` → `JobPage`."""
    match = re.fullmatch(r"(\w+?)_(\w+)_", name)
    return f"{match[2]}{match[1]}" if match else name


def _renamed(schema: Any) -> Any:
    """The schema with references to plain names."""
    if isinstance(schema, dict):
        return {
            key: _REF.format(name=_plain(value.rpartition("/")[2])) if key == "$ref" else _renamed(value)
            for key, value in schema.items()
        }
    return [_renamed(part) for part in schema] if isinstance(schema, list) else schema


def main() -> None:
    """Print the document."""
    sys.stdout.buffer.write(msgspec.json.format(description(), indent=2) + b"\n")


if __name__ == "__main__":
    main()
