from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from hub import errors
from hub.media.errors import UnreadableFile
from server.problems import HttpProblem, respond, status_of


def document(error: Exception, path: str = "/v1/x") -> dict[str, Any]:
    response = respond(make_mocked_request("GET", path), error)
    assert response.content_type == "application/problem+json"
    assert isinstance(response.body, bytes)
    found: dict[str, Any] = json.loads(response.body)
    assert found["status"] == response.status
    return found


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidInput("x"), 422),
        (errors.NotFound("x"), 404),
        (errors.Conflict("x"), 409),
        (errors.NotPlayable("x"), 409),
        (errors.NotSignedIn("x"), 401),
        (errors.NotAllowed("x"), 403),
        (errors.TooManyRequests("x", retry_after_s=1), 429),
        (errors.DatabaseUnavailable("x"), 503),
        (errors.StorageFull("x"), 507),
        (errors.MediaError("x"), 500),
        (errors.DataFolderError("x"), 500),
        (UnreadableFile("x"), 500),
    ],
)
def test_each_error_has_its_status(error: errors.HubError, status: int) -> None:
    assert status_of(error) == status


def test_an_error_for_people_becomes_a_document() -> None:
    assert document(errors.InvalidInput("The title is empty.", field="title")) == {
        "type": "urn:marquee:problem:invalid-input",
        "title": "That value is not accepted",
        "status": 422,
        "code": "invalid-input",
        "detail": "The title is empty.",
        "instance": "/v1/x",
        "field": "title",
    }


def test_a_limit_says_when_to_come_back() -> None:
    response = respond(make_mocked_request("POST", "/"), errors.TooManyRequests("Wait.", retry_after_s=17))
    assert (response.status, response.headers["Retry-After"]) == (429, "17")


def test_a_refused_credential_is_challenged() -> None:
    response = respond(make_mocked_request("GET", "/"), errors.NotSignedIn("Sign in."))
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="Marquee"'


def test_aiohttps_own_errors_speak_this_servers_words() -> None:
    assert document(web.HTTPNotFound())["detail"] == "There is nothing at this address."
    assert document(web.HTTPRequestEntityTooLarge(1, 2))["code"] == "too-large"
    assert document(web.HTTPBadRequest(text="no upgrade"))["detail"] == "no upgrade"
    response = respond(make_mocked_request("GET", "/"), web.HTTPMethodNotAllowed("GET", {"POST", "PUT"}))
    assert response.headers["Allow"] == "POST,PUT"


def test_the_instance_is_text_whatever_the_path() -> None:
    assert document(HttpProblem(404, "x", "y"), "/v1/%ff%fe")["instance"].startswith("/v1/")


@pytest.mark.expect_errors("GET /v1/x failed")
def test_a_defect_is_not_described() -> None:
    found = document(RuntimeError("password=hunter2"))
    assert (found["status"], found["code"]) == (500, "internal")
    assert "hunter2" not in json.dumps(found)
