"""What goes over the pipes between hub and worker: msgpack messages, each behind its length (4 bytes, big-endian)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import msgspec

MAX_MESSAGE_BYTES = 64 << 20
_LENGTH_BYTES = 4


class ProtocolError(Exception):
    """What arrived is no message."""


class Request(msgspec.Struct, frozen=True, array_like=True, tag="request"):
    """A job for the worker; `job` is the encoded job type of the operation."""

    id: int
    operation: str
    job: msgspec.Raw


class Grant(msgspec.Struct, frozen=True, array_like=True, tag="grant"):
    """The job `id` may go on up to, not including, `upto`: a limit that is lower than the last one changes nothing."""

    id: int
    upto: int


class Progress(msgspec.Struct, frozen=True, array_like=True, tag="progress"):
    """The job goes on: `done` of `total`, and what is being done."""

    id: int
    done: int
    total: int
    text: str


class Done(msgspec.Struct, frozen=True, array_like=True, tag="done"):
    """The job's result, encoded."""

    id: int
    result: msgspec.Raw


class Failed(msgspec.Struct, frozen=True, array_like=True, tag="failed"):
    """The job's error: the name of a class in `hub.media.errors.FROM_WORKER`, and its sentence."""

    id: int
    error: str
    message: str


Order = Request | Grant
Reply = Progress | Done | Failed


def encode(message: msgspec.Struct) -> bytes:
    """A message ready to be written. ProtocolError when it is too large."""
    body = msgspec.msgpack.encode(message)
    if len(body) > MAX_MESSAGE_BYTES:
        raise ProtocolError(f"a message of {len(body)} bytes is too large")
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


class Unframer:
    """Cuts a stream of bytes into message bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bodies that `data` completes. ProtocolError when a length is beyond the limit."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH_BYTES:
            length = int.from_bytes(self._buffer[:_LENGTH_BYTES], "big")
            if length > MAX_MESSAGE_BYTES:
                raise ProtocolError(f"a message of {length} bytes is announced")
            end = _LENGTH_BYTES + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_LENGTH_BYTES:end])
            del self._buffer[:end]
            yield body


def decode_order(body: bytes) -> Order:
    """A message from the hub. ProtocolError when it is none."""
    try:
        return cast(Order, msgspec.msgpack.decode(body, type=Order))
    except msgspec.MsgspecError as error:
        raise ProtocolError(str(error)) from error


def decode_reply(body: bytes) -> Reply:
    """A worker's message. ProtocolError when it is none."""
    try:
        return cast(Reply, msgspec.msgpack.decode(body, type=Reply))
    except msgspec.MsgspecError as error:
        raise ProtocolError(str(error)) from error
