"""Which names this hub answers to.

A web page elsewhere can point a name of its own at this machine's address (DNS rebinding) and would then be same-origin
with the hub. So the Host header must be one of the machine's own names or addresses, or one the owner allowed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import time
from collections.abc import Iterable

import psutil

REFRESH_EVERY_S = 3.0

_AUTHORITY = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%[^\]]*)?)\]|(?P<name>[^:\[\]/?#@\\\s]+))(?::[0-9]*)?")


class HostNames:
    """The machine's names and addresses; read again when a request comes for one that is not known yet."""

    def __init__(self, allowed: Iterable[str], bound_to: str = "") -> None:
        self._fixed = {_normal(name) for name in (*allowed, bound_to) if name}
        self._own: frozenset[str] = frozenset()
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._known_headers: set[str] = set()

    async def accepts(self, host_header: str) -> bool:
        """Whether a Host header names this hub."""
        if host_header in self._known_headers:
            return True
        name = _name_of(host_header)
        if name is None:
            return False
        if not self._has(name):
            await self._refresh()
        if not self._has(name):
            return False
        if len(self._known_headers) < 256:
            self._known_headers.add(host_header)
        return True

    async def _refresh(self) -> None:
        # Whoever comes while it is under way waits for its result.
        async with self._reading:
            if time.monotonic() - self._read_at < REFRESH_EVERY_S:
                return
            self._own = await asyncio.to_thread(_own_names)
            # Forgotten with the old addresses, so that one this machine has lost is refused again.
            self._known_headers.clear()
            self._read_at = time.monotonic()

    def _has(self, name: str) -> bool:
        return name in self._own or name in self._fixed or name == "localhost" or name.endswith(".localhost")


def own_addresses() -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The addresses of this machine's interfaces that are up. Blocking."""
    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    return [
        ipaddress.ip_address(address.address.partition("%")[0])
        for name, addresses in psutil.net_if_addrs().items()
        for address in addresses
        if name in up and address.family in (socket.AF_INET, socket.AF_INET6)
    ]


def _own_names() -> frozenset[str]:
    host = socket.gethostname().lower()
    short = host.partition(".")[0]
    names = {host, short, f"{short}.local", *(str(address) for address in own_addresses())}
    # Loopback is more than one address, and there even when no interface reports it.
    return frozenset({*names, "127.0.0.1", "::1"})


def _name_of(host_header: str) -> str | None:
    match = _AUTHORITY.fullmatch(host_header)
    return _normal(match["v6"] or match["name"]) if match else None


def _normal(name: str) -> str:
    """A name or address for comparison: lower case, no brackets, zone or final dot, addresses in their short form."""
    name = name.strip().strip("[]").partition("%")[0].rstrip(".").lower()
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
