"""Bodies and queries into typed values; whatever does not fit is a problem that names the field."""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache
from typing import Any

import msgspec
from aiohttp import web

from hub.errors import InvalidInput
from server.problems import HttpProblem

MAX_BODY_BYTES = 1 << 20
BODY_S = 30.0
"""How long a body may take to arrive."""

_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_NAMED = re.compile(r"(?:unknown|required) field `(?P<name>[^`]*)`")
_TYPE = re.compile(r"`([^`]*)`")
_A_TIME = "a time such as 2026-05-01T20:15:00Z"
_WORDS = {
    "object": "an object",
    "array": "a list",
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "datetime": _A_TIME,
}
"""msgspec's names of types, for people."""


async def read_body(request: web.Request, kind: Any) -> Any:
    """The JSON body as a `kind`. A body left out is `{}`, which suits types whose fields all have defaults."""
    size_bytes = request.content_length
    if size_bytes is not None and size_bytes > MAX_BODY_BYTES:
        raise web.HTTPRequestEntityTooLarge(max_size=MAX_BODY_BYTES, actual_size=size_bytes)
    try:
        async with asyncio.timeout(BODY_S):
            raw = await request.read()
    except TimeoutError as error:
        raise HttpProblem(408, "too-slow", f"The body did not arrive within {BODY_S:.0f} seconds.") from error
    if raw and request.content_type != "application/json":
        raise HttpProblem(
            415, "not-json", "Send the body as JSON, with the header Content-Type: application/json."
        )
    try:
        return _decoder(kind).decode(raw or b"{}")
    except msgspec.ValidationError as error:
        raise _invalid(error, kind) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if not raw:
            raise InvalidInput("This needs a JSON body.") from error
        raise HttpProblem(400, "bad-json", f"The body is not valid JSON: {error}.") from error


def read_query(request: web.Request, kind: type[msgspec.Struct]) -> Any:
    """The query string as a `kind`, whose fields are texts, numbers, booleans or enums."""
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given:
            raise InvalidInput(f"{name} is given more than once.", field=name)
        if "\0" in value:
            raise InvalidInput(f"{name} holds a NUL character.", field=name)
        given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error, kind) from error


def forbid_nul(request: web.Request) -> None:
    """NotFound's status for a path no id, name or language can have; PostgreSQL would refuse to look for it."""
    if "%00" in request.raw_path.partition("?")[0]:
        raise web.HTTPNotFound


@lru_cache(maxsize=128)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _invalid(error: msgspec.ValidationError, kind: Any) -> InvalidInput:
    """msgspec's sentence in words, with the field it speaks of (`Expected `int` <= 100 - at `$.limit``)."""
    text = str(error)
    at = _AT.search(text)
    named = _NAMED.search(text)
    path = at["path"].lstrip(".") if at else ""
    field = ".".join(part for part in (path, named["name"] if named else "") if part) or None
    sentence = _in_words(_AT.sub("", text), kind, path)
    subject = field or "The body"
    return InvalidInput(f"{sentence}." if named else f"{subject}: {sentence}.", field=field)


def _in_words(text: str, kind: Any, path: str) -> str:
    if text.startswith("Invalid enum value"):
        allowed = _allowed(kind, path)
        return f"{text.removeprefix('Invalid enum value ')} is not accepted; give one of {', '.join(allowed)}"
    if text.startswith("Invalid RFC3339"):
        return f"expected {_A_TIME} (RFC 3339)"
    if text.startswith("Expected "):
        expected = _TYPE.sub(lambda found: _named_types(found[1]), text.removeprefix("Expected "))
        for sign, words in (("of length ", "with a length "), ("<=", "of at most"), (">=", "of at least")):
            expected = expected.replace(sign, words)
        return f"expected {expected}"
    return text


def _named_types(names: str) -> str:
    return " or ".join(_WORDS.get(name, name) for name in names.split(" | "))


def _allowed(kind: Any, field: str) -> list[str]:
    """The values a struct's field of an enum's or literal type may have."""
    described = msgspec.inspect.type_info(kind)
    fields = described.fields if isinstance(described, msgspec.inspect.StructType) else ()
    kinds = [one.type for one in fields if one.encode_name == field]
    kinds += [inner for one in kinds if isinstance(one, msgspec.inspect.UnionType) for inner in one.types]
    allowed: list[str] = []
    for one in kinds:
        if isinstance(one, msgspec.inspect.EnumType):
            allowed += [str(value.value) for value in one.cls]
        elif isinstance(one, msgspec.inspect.LiteralType):
            allowed += [str(value) for value in one.values]
    return allowed
