"""Channels and tags by name: the same name in another case, width or accent is the same one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select
from ulid import ULID

from hub.db.tables import ChannelRow, TagRow

_DIGITS = re.compile(r"\d+")


def fold(text: str) -> str:
    """`text` for comparing and sorting: compatibility forms unified, case and accents gone, white space collapsed.

    Accents are the combining diacritical marks (U+0300–U+036F); marks of other scripts tell words apart and stay.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in decomposed if not "\u0300" <= char <= "\u036f")
    return " ".join(unicodedata.normalize("NFKC", bare).split())


def sort_key(text: str) -> str:
    """`fold`ed text that sorts as people count: part 2 before part 10, whatever the digits' script.

    Each run of digits loses its leading zeros and is preceded by its length (at most 99), so comparing characters
    compares numbers.
    """
    return _DIGITS.sub(_counted, fold(text))


def _counted(run: re.Match[str]) -> str:
    digits = "".join(str(unicodedata.decimal(digit)) for digit in run[0]).lstrip("0") or "0"
    return f"{min(len(digits), 99):02}{digits}"


def clean(text: str) -> str:
    """`text` as both engines can store it: no NUL, and lone surrogates (bytes that are not UTF-8) replaced."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def channel_id(connection: Connection, name: str) -> str:
    """The id of the channel called `name`, made if there is none."""
    name = clean(name).strip()
    found = connection.execute(
        select(ChannelRow.id).where(ChannelRow.name_key == fold(name))
    ).scalar_one_or_none()
    if found is not None:
        return found
    made = str(ULID())
    connection.execute(
        insert(ChannelRow).values(id=made, name=name, name_key=fold(name), created_at=datetime.now(UTC))
    )
    return made


def tag_ids(connection: Connection, names: Iterable[str]) -> list[str]:
    """The ids of the tags with these names, made where there are none; each once, in the order given."""
    wanted = {fold(name): clean(name).strip() for name in reversed(list(names)) if name.strip()}
    rows = connection.execute(select(TagRow.name_key, TagRow.id).where(TagRow.name_key.in_(wanted)))
    known = dict(rows.all())
    missing = [
        {"id": str(ULID()), "name": name, "name_key": key} for key, name in wanted.items() if key not in known
    ]
    if missing:
        connection.execute(insert(TagRow), missing)
        known |= {row["name_key"]: row["id"] for row in missing}
    return [known[key] for key in reversed(list(wanted))]
