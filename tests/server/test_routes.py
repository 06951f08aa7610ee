from __future__ import annotations

import types
import typing
from typing import Any

import pytest
from aiohttp import web

from server.access import Access
from server.call import Bytes, Call, Route
from server.routes import ROUTES

BY_NAME = {f"{route.method} {route.path}": route for route in ROUTES}


def test_no_address_is_twice_in_the_table() -> None:
    assert len(BY_NAME) == len(ROUTES)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_table_says_what_the_handler_takes_and_gives(name: str) -> None:
    route = BY_NAME[name]
    hints = typing.get_type_hints(route.handler, localns={"Hub": object})
    (call,) = (hint for parameter, hint in hints.items() if parameter != "return")
    assert typing.get_origin(call) is Call
    body, query = typing.get_args(call)
    assert body == (type(None) if route.body is None else route.body)
    if route.query is not None:
        assert query is route.query
    _check_answer(route, hints["return"])


def _check_answer(route: Route, given: Any) -> None:
    if isinstance(given, type) and issubclass(given, web.StreamResponse):
        # The handler writes its answer itself; its own tests look at it.
        return
    assert given == (type(None) if route.answer is None else route.answer)
    assert (route.status == 204) == (route.answer is None)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_row_is_complete(name: str) -> None:
    route = BY_NAME[name]
    assert route.summary
    assert not route.summary.endswith(".")
    assert route.handler.__doc__
    assert isinstance(route.handler, types.FunctionType)
    assert route.method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    if route.method == "GET":
        assert route.body is None
    if route.access is Access.MEDIA:
        assert route.path.startswith("/media/{video}/")
    if isinstance(route.answer, Bytes):
        assert route.answer.types
