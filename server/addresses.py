"""Addresses a person can type or click."""

from __future__ import annotations

import ipaddress
import socket

from server.hosts import own_addresses

# TEST-NET-1 (RFC 5737): nobody's address. Nothing is sent; the system only says which interface it would use.
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def url_of(host: str, port: int) -> str:
    """`http://HOST:PORT`, with IPv6 addresses in brackets."""
    return f"http://[{host.replace('%', '%25')}]:{port}" if ":" in host else f"http://{host}:{port}"


def reachable_host(host: str) -> str:
    """The address other machines reach a server by that listens on `host`. Blocking for a moment."""
    wildcards = {"0.0.0.0": socket.AF_INET, "": socket.AF_INET, "::": socket.AF_INET6}
    family = wildcards.get(host)
    return host if family is None else _lan_address(family)


def local_host(host: str) -> str:
    """The address programs on this machine reach it by, whatever becomes of the network."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)


def _lan_address(family: socket.AddressFamily) -> str:
    """The address of the interface that leads out, else any other than loopback, else loopback."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_ELSEWHERE[family], 9))
            found = str(probe.getsockname()[0])
        except OSError:
            found = ""
    version = 4 if family == socket.AF_INET else 6
    if found and not ipaddress.ip_address(found.partition("%")[0]).is_loopback:
        return found
    usable = [
        address
        for address in own_addresses()
        if address.version == version and not address.is_loopback and not address.is_link_local
    ]
    return str(usable[0]) if usable else ("127.0.0.1" if version == 4 else "::1")
