"""What `server` adds to `marquee doctor`: the web client, and the port."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from hub.cli.findings import Finding, Installation, failed, note, ok
from server.client import DIST, INDEX
from server.runner import why_not_listening


def checks(what: Installation) -> Iterator[Finding]:
    """Both checks."""
    yield _web_client()
    yield _port(what)


def _web_client() -> Finding:
    if (DIST / INDEX).is_file():
        return ok("Web client", "It is built, so browsers can watch.")
    return failed("Web client", "It has not been built, so browsers have nothing to show.", "Run: make setup")


def _port(what: Installation) -> Finding:
    name, host, port = "Port", what.settings.server.host, what.settings.server.port
    if what.running is not None and (port == 0 or urlsplit(what.running.url).port == port):
        return ok(name, f"{urlsplit(what.running.url).port} is used by the Marquee that runs.")
    if port == 0:
        return ok(name, "A free one is taken at each start.")
    try:
        _listen(host or "0.0.0.0", port)
    except OSError as error:
        return failed(name, *why_not_listening(host, port, error))
    if what.running is not None:
        text = f"The Marquee that runs answers at {what.running.url}; once started anew it takes {port}, which is free."
        return note(name, text)
    return ok(name, f"{port} is free on {host or 'this machine'}.")


def _listen(host: str, port: int) -> None:
    """Listen on every address that `host` stands for, for a moment, as the server does. OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, address in found:
        with socket.socket(family, kind, protocol) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.bind(address)
            listening.listen(1)
