"""Keyset cursors: where a list goes on, as an opaque text.

A cursor names the sort key and id of the last row shown, and a digest of the list it belongs to: used with another list
it is refused instead of skipping or repeating rows.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
from bisect import bisect_right
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, TypeVar

import msgspec

from hub.errors import InvalidInput
from hub.library.types import Page, VideoQuery, VideoSort

T = TypeVar("T")

_MAX_LENGTH = 4_000
"""A path of the scan report has at most 2,256 bytes, which are 3,008 characters here."""
Rank = tuple[float, bytes]
"""A time in seconds since 1970, negative where the newest comes first, and what tells rows of the same time apart."""
_INT64 = range(-(2**63), 2**63)
"""What both databases keep whole numbers in."""


def encode_cursor(query: VideoQuery, key: Any, video_id: str) -> str:
    """A cursor that continues `query` after the row with this sort key and id."""
    return pack_cursor(_digest(query), key, video_id)


def decode_cursor(query: VideoQuery) -> tuple[Any, str] | None:
    """The (sort key, id) that `query.cursor` stands for; None for the first page. InvalidInput when it is not ours."""
    if query.cursor is None:
        return None
    digest, key, video_id = unpack_cursor(query.cursor)
    if not _is_key_of(query.sort, key) or "\0" in video_id:
        raise _not_ours()
    if digest != _digest(query):
        raise InvalidInput(
            "This cursor belongs to a list with another sort or filter. Start again without a cursor.",
            field="cursor",
        )
    return key, video_id


def encode_place(name: str, row_id: str) -> str:
    """A cursor that continues the list called `name`, which is sorted by id alone, after this row."""
    return pack_cursor(_name_digest(name), 0, row_id)


def decode_place(name: str, cursor: str | None) -> str | None:
    """The id after which the list called `name` goes on; None for the first page. InvalidInput when it is not ours."""
    if cursor is None:
        return None
    digest, _, row_id = unpack_cursor(cursor)
    if digest != _name_digest(name) or "\0" in row_id:
        raise _not_ours()
    return row_id


def page_of(
    name: str, items: Iterable[T], rank: Callable[[T], Rank], *, limit: int, cursor: str | None
) -> Page[T]:
    """A page of the list called `name`, which is short enough to be read whole, sorted by `rank`.

    A cursor is the rank of the last row shown, so that rows that come and go neither repeat nor hide others.
    InvalidInput for a cursor of another list.
    """
    ranked = sorted(((rank(item), item) for item in items), key=itemgetter(0))
    start = 0
    if cursor is not None:
        digest, last = _unpack(cursor, tuple[bytes, Rank])
        if digest != _name_digest(name):
            raise _not_ours()
        start = bisect_right(ranked, last, key=itemgetter(0))
    shown = ranked[start : start + limit]
    is_last = start + limit >= len(ranked)
    return Page(
        items=[item for _, item in shown],
        next_cursor=None if is_last else _pack((_name_digest(name), shown[-1][0])),
    )


def pack_cursor(digest: bytes, key: Any, row_id: str) -> str:
    """The text form of any keyset cursor."""
    return _pack((digest, key, row_id))


def unpack_cursor(cursor: str) -> tuple[bytes, int | float | str, str]:
    """(digest, sort key, id) of a cursor's text. InvalidInput when it is not one."""
    return _unpack(cursor, tuple[bytes, int | float | str, str])


def _pack(place: tuple[object, ...]) -> str:
    packed = msgspec.msgpack.encode(place)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _unpack(cursor: str, kind: type[T]) -> T:
    try:
        if len(cursor) > _MAX_LENGTH:
            raise ValueError
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.msgpack.decode(packed, type=kind)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise _not_ours() from error


def _is_key_of(sort: VideoSort, key: int | float | str) -> bool:
    """Whether the databases can compare this with the sort's column; what they cannot is an error of theirs."""
    if sort is VideoSort.TITLE:
        return isinstance(key, str) and "\0" not in key
    if isinstance(key, int):
        return _INT64.start <= key < _INT64.stop
    return sort is VideoSort.DURATION and isinstance(key, float) and math.isfinite(key)


def _not_ours() -> InvalidInput:
    return InvalidInput("This is not a cursor from this list. Start again without a cursor.", field="cursor")


def _name_digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=6).digest()


def _digest(query: VideoQuery) -> bytes:
    fields = {
        name: getattr(query, name) for name in query.__struct_fields__ if name not in ("cursor", "limit")
    }
    return hashlib.blake2b(msgspec.msgpack.encode(fields), digest_size=6).digest()
