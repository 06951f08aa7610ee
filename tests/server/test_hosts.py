from __future__ import annotations

import asyncio
import socket
from unittest.mock import Mock

import pytest

from server import hosts
from server.hosts import HostNames, own_addresses


@pytest.fixture
def names() -> HostNames:
    return HostNames(["media.example.org", "2001:db8::5"])


@pytest.mark.parametrize(
    "header",
    [
        "localhost",
        "localhost:8765",
        "LOCALHOST:1",
        "localhost.",
        "app.localhost",
        "127.0.0.1:8765",
        "127.0.0.1",
        "[::1]:8765",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]:80",
        "media.example.org",
        "Media.Example.Org:443",
        "[2001:DB8::0005]:8765",
    ],
)
async def test_loopback_and_allowed_names_are_accepted(names: HostNames, header: str) -> None:
    assert await names.accepts(header)
    assert await names.accepts(header)


async def test_the_machines_own_names_and_addresses_are_accepted(names: HostNames) -> None:
    host = socket.gethostname()
    assert await names.accepts(f"{host}:8765")
    assert await names.accepts(f"{host.partition('.')[0]}.local")
    for address in own_addresses():
        assert await names.accepts(f"[{address}]:8765" if address.version == 6 else f"{address}:8765")


@pytest.mark.parametrize(
    "header",
    [
        "evil.example.com",
        "evil.example.com:8765",
        "localhost.evil.example.com",
        "evillocalhost",
        "127.0.0.1.evil.example.com",
        "192.0.2.1",
        "[2001:db8::6]",
        "media.example.org.evil.example.com",
        "",
        ":8765",
        "localhost:evil",
        "localhost/evil",
        "a@localhost",
        "localhost:80:90",
        "[::1",
        "::1",
        "local host",
        "localhost\t",
        "é.example",
    ],
)
async def test_any_other_name_is_refused(names: HostNames, header: str) -> None:
    assert not await names.accepts(header)


async def test_the_address_bound_to_is_accepted() -> None:
    assert await HostNames([], "hub.example.net").accepts("hub.example.net:8765")


async def test_a_new_address_is_found_and_asked_for_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = Mock(side_effect=[frozenset({"192.0.2.1"}), frozenset({"192.0.2.2"})])
    monkeypatch.setattr(hosts, "_own_names", reads)
    names = HostNames([])
    assert await names.accepts("192.0.2.1")
    for _ in range(50):
        assert not await names.accepts("192.0.2.2")
    assert reads.call_count == 1
    names._read_at -= hosts.REFRESH_EVERY_S
    assert await names.accepts("192.0.2.2")
    assert not await names.accepts("192.0.2.1")
    assert reads.call_count == 2


async def test_the_first_requests_wait_for_the_same_reading(names: HostNames) -> None:
    assert all(await asyncio.gather(*(names.accepts(f"127.0.0.1:{port}") for port in range(1, 20))))


async def test_what_is_remembered_is_bounded(names: HostNames) -> None:
    for port in range(1, 1000):
        assert await names.accepts(f"localhost:{port}")
    assert len(names._known_headers) <= 256
