from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.media.wire import (
    MAX_MESSAGE_BYTES,
    Done,
    Failed,
    Grant,
    Progress,
    ProtocolError,
    Request,
    Unframer,
    decode_order,
    decode_reply,
    encode,
)


@given(
    texts=st.lists(st.text(max_size=50), max_size=10),
    cuts=st.lists(st.integers(min_value=1, max_value=40), max_size=50),
)
def test_messages_come_out_whole_however_the_pipe_cuts_them(texts: list[str], cuts: list[int]) -> None:
    messages = [Failed(n, "NotMedia", text) for n, text in enumerate(texts)]
    stream = b"".join(encode(message) for message in messages)
    unframer, received = Unframer(), []
    for length in [*cuts, len(stream)]:
        received += [decode_reply(body) for body in unframer.feed(stream[:length])]
        stream = stream[length:]

    assert received == messages


@pytest.mark.parametrize(
    "message",
    [
        Progress(1, 2, 3, "x"),
        Done(1, msgspec.Raw(msgspec.msgpack.encode({"a": b"\xff"}))),
        Failed(1, "E", "m"),
    ],
)
def test_replies_survive_the_way(message: Progress | Done | Failed) -> None:
    (body,) = Unframer().feed(encode(message))

    assert decode_reply(body) == message


@pytest.mark.parametrize("message", [Request(1, "x", msgspec.Raw(b"\x01")), Grant(1, 7)])
def test_orders_survive_the_way(message: Request | Grant) -> None:
    (body,) = Unframer().feed(encode(message))

    assert decode_order(body) == message


def test_what_is_no_order_is_refused() -> None:
    with pytest.raises(ProtocolError):
        decode_order(encode(Failed(1, "E", "m"))[4:])


def test_a_length_beyond_the_limit_is_refused_before_anything_is_stored() -> None:
    with pytest.raises(ProtocolError, match="announced"):
        list(Unframer().feed((MAX_MESSAGE_BYTES + 1).to_bytes(4, "big")))


def test_a_message_beyond_the_limit_is_not_sent() -> None:
    with pytest.raises(ProtocolError, match="too large"):
        encode(Failed(1, "E", "x" * MAX_MESSAGE_BYTES))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"abc",
        msgspec.msgpack.encode(["done"]),
        encode(Request(1, "x", msgspec.Raw(b"\x01")))[4:],
    ],
)
def test_what_is_no_reply_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_reply(body)
