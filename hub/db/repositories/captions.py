"""Text tracks that people added, and the languages they want.

Every function takes a `Connection` and runs in its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from hub.db.tables import CaptionUploadRow, SettingRow, UserRow

_HOUSEHOLD = "captions.lang"


def uploads_of(connection: Connection, video_id: str) -> Sequence[RowMapping]:
    """`lang` and `label` of what was added to a video, by language."""
    statement = (
        select(CaptionUploadRow.lang, CaptionUploadRow.label)
        .where(CaptionUploadRow.video_id == video_id)
        .order_by(CaptionUploadRow.lang)
    )
    return connection.execute(statement).mappings().all()


def upload_text(connection: Connection, video_id: str, lang: str) -> str | None:
    """The WebVTT that was added; None when there is none."""
    statement = select(CaptionUploadRow.text).where(
        CaptionUploadRow.video_id == video_id, CaptionUploadRow.lang == lang
    )
    return connection.execute(statement).scalar_one_or_none()


def put_upload(
    connection: Connection, video_id: str, lang: str, label: str, text: str, now: datetime
) -> None:
    """Add a track, or replace the one that was added in this language."""
    remove_upload(connection, video_id, lang)
    connection.execute(
        insert(CaptionUploadRow).values(video_id=video_id, lang=lang, label=label, text=text, added_at=now)
    )


def remove_upload(connection: Connection, video_id: str, lang: str) -> bool:
    """Remove a track that was added; False when there is none."""
    statement = delete(CaptionUploadRow).where(
        CaptionUploadRow.video_id == video_id, CaptionUploadRow.lang == lang
    )
    return connection.execute(statement).rowcount > 0


def wanted_langs(connection: Connection, user_id: str) -> tuple[str | None, str | None]:
    """(a person's, the household's) language of captions; empty: none; None: not said."""
    person = connection.execute(
        select(UserRow.caption_lang).where(UserRow.id == user_id)
    ).scalar_one_or_none()
    household = connection.execute(
        select(SettingRow.value).where(SettingRow.key == _HOUSEHOLD)
    ).scalar_one_or_none()
    return person, household


def set_persons_lang(connection: Connection, user_id: str, lang: str | None) -> None:
    """Note a person's language of captions."""
    connection.execute(update(UserRow).where(UserRow.id == user_id).values(caption_lang=lang))


def set_households_lang(connection: Connection, lang: str | None) -> None:
    """Note the household's language of captions."""
    connection.execute(delete(SettingRow).where(SettingRow.key == _HOUSEHOLD))
    if lang is not None:
        connection.execute(insert(SettingRow).values(key=_HOUSEHOLD, value=lang))
