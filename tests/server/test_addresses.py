from __future__ import annotations

import ipaddress
import socket

import pytest

from server import addresses
from server.addresses import local_host, reachable_host, url_of
from server.hosts import own_addresses


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:8765"),
        ("::1", "http://[::1]:8765"),
        ("fe80::1%eth0", "http://[fe80::1%25eth0]:8765"),
        ("hub.local", "http://hub.local:8765"),
    ],
)
def test_a_url_brackets_what_needs_brackets(host: str, expected: str) -> None:
    assert url_of(host, 8765) == expected


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "192.0.2.7", "hub.local"])
def test_a_chosen_address_is_the_one_to_reach_it_by(host: str) -> None:
    assert reachable_host(host) == local_host(host) == host


@pytest.mark.parametrize(("wildcard", "version"), [("0.0.0.0", 4), ("", 4), ("::", 6)])
def test_a_wildcard_becomes_one_of_this_machines_addresses(wildcard: str, version: int) -> None:
    address = ipaddress.ip_address(reachable_host(wildcard).partition("%")[0])
    assert address.version == version
    assert address in own_addresses() or address.is_loopback
    assert ipaddress.ip_address(local_host(wildcard)).is_loopback


def test_without_a_network_it_is_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(addresses, "own_addresses", lambda: [ipaddress.ip_address("127.0.0.1")])
    monkeypatch.setattr(socket.socket, "connect", unreachable)
    assert reachable_host("0.0.0.0") == "127.0.0.1"
    assert reachable_host("::") == "::1"
    own = ["127.0.0.1", "169.254.3.4", "192.168.1.20", "::1", "fe80::1", "2001:db8::7"]
    monkeypatch.setattr(addresses, "own_addresses", lambda: [ipaddress.ip_address(one) for one in own])
    assert reachable_host("0.0.0.0") == "192.168.1.20"
    assert reachable_host("::") == "2001:db8::7"
