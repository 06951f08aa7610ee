from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request

from server.client import WebClient, wants_page
from server.problems import HttpProblem


def test_without_a_build_it_says_how_to_make_one(tmp_path: Path) -> None:
    client = WebClient.load(tmp_path / "dist")
    assert not client.is_built
    with pytest.raises(HttpProblem, match="make setup") as caught:
        client.respond(make_mocked_request("GET", "/"), "index.html")
    assert caught.value.status == 404


def test_a_build_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "assets" / "fonts").mkdir(parents=True)
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets" / "fonts" / "inter.woff2").write_bytes(b"wOF2")
    client = WebClient.load(tmp_path)
    assert client.is_built
    response = client.respond(make_mocked_request("GET", "/"), "assets/fonts/inter.woff2")
    assert (response.body, response.headers["Content-Type"]) == (b"wOF2", "font/woff2")


@pytest.mark.parametrize(
    ("method", "accept", "expected"),
    [
        ("GET", "text/html,*/*", True),
        ("HEAD", "text/html", True),
        ("POST", "text/html", False),
        ("GET", "application/json", False),
        ("GET", "*/*", False),
    ],
)
def test_only_a_browser_opening_a_page_wants_one(method: str, accept: str, expected: bool) -> None:
    assert wants_page(make_mocked_request(method, "/watch/x", headers={"Accept": accept})) is expected
