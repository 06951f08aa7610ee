"""No test talks to anything beyond this machine."""

from __future__ import annotations

import ipaddress
import socket
import sys
from dataclasses import dataclass, field
from typing import Any

import psutil


class OutsideNetworkError(RuntimeError):
    """A test tried to reach another machine."""


@dataclass
class NetworkWatch:
    """Refuses connections and look-ups that would leave this machine.

    An audit hook cannot be taken off again, so `active` switches it.
    """

    active: bool = False
    found: list[str] = field(default_factory=list)

    def install(self) -> None:
        """Start refusing."""
        own = {a.address.split("%")[0] for addresses in psutil.net_if_addrs().values() for a in addresses}
        names = {"localhost", socket.gethostname(), socket.getfqdn(), ""}

        def audit(event: str, args: tuple[Any, ...]) -> None:
            if not event.startswith("socket.") or not self.active:
                return
            if event == "socket.connect":
                sock, address = args
                # A datagram socket sends nothing on connect; asking it for the way out is how one finds one's address.
                if sock.family == socket.AF_UNIX or sock.type == socket.SOCK_DGRAM:
                    return
                self._refuse_unless_here(str(address[0]), own, names)
            elif event in ("socket.getaddrinfo", "socket.gethostbyname") and args[0] is not None:
                host = args[0].decode() if isinstance(args[0], bytes) else str(args[0])
                if not _is_address(host):
                    self._refuse_unless_here(host, own, names)

        sys.addaudithook(audit)
        self.active = True

    def _refuse_unless_here(self, host: str, own: set[str], names: set[str]) -> None:
        if host in names or host in own or host.endswith(".localhost"):
            return
        if _is_address(host):
            ip = ipaddress.ip_address(host.split("%")[0])
            if ip.is_loopback or ip.is_unspecified:
                return
        self.found.append(host)
        raise OutsideNetworkError(f"a test tried to reach {host}; tests stay on this machine")

    def take(self) -> list[str]:
        """The attempts since the last call, one line each."""
        lines = [f"tried to reach another machine: {host}" for host in self.found]
        self.found.clear()
        return lines


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return True
