from __future__ import annotations

import base64
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, text, update
from ulid import ULID

from hub.accounts.types import Role, Viewer
from hub.db.engine import Database
from hub.db.repositories.names import channel_id, fold, sort_key, tag_ids
from hub.db.repositories.videos import set_tags
from hub.db.tables import FileRow, FolderRow, UserRow, VideoRow
from hub.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotPlayable
from hub.events import Event, EventBus, PositionChanged, VideosAdded, VideosChanged, VideosRemoved
from hub.library.catalogue import LibraryService
from hub.library.cursors import pack_cursor, unpack_cursor
from hub.library.positions import PositionService
from hub.library.types import Availability, Order, VideoPatch, VideoQuery, VideoSort, VideoState, Visibility
from hub.media.types import Probe

START = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = Viewer(user_id="01OWNER0000000000000000000", name="Ada", role=Role.OWNER)
MEMBER = Viewer(user_id="01MEMBER000000000000000000", name="Bo", role=Role.MEMBER)


class Pictures:
    async def path(self, video_id: str, width: int) -> Path | None:
        return Path(f"/pictures/{video_id}-{width}.webp") if width == 320 else None


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
async def library(database: Database, events: list[Event]) -> LibraryService:
    bus = EventBus()
    bus.subscribe(Event, events.append)
    await database.write(_add_users)
    return LibraryService(database, bus, Pictures())


def _add_users(connection: Connection) -> None:
    for viewer in (OWNER, MEMBER):
        connection.execute(
            insert(UserRow).values(
                id=viewer.user_id,
                name=viewer.name,
                name_key=fold(viewer.name),
                role=viewer.role,
                created_at=START,
            )
        )


def _add_video(connection: Connection, /, title: str, n: int = 0, **values: object) -> str:
    video_id = str(ULID())
    tags = values.pop("tags", ())
    channel = values.pop("channel", None)
    row = {
        "id": video_id,
        "title": title,
        "title_key": sort_key(title),
        "source": "folder",
        "state": "ready",
        "visibility": "household",
        "added_at": START + timedelta(minutes=n),
        "updated_at": START,
        "channel_id": channel_id(connection, str(channel)) if channel else None,
    }
    connection.execute(insert(VideoRow).values(**(row | values)))
    assert isinstance(tags, Sequence)
    set_tags(connection, video_id, tag_ids(connection, tags))
    return video_id


def _add_file(connection: Connection, video_id: str, folder: Path, name: bytes, **values: object) -> None:
    folder_id = str(ULID())
    connection.execute(insert(FolderRow).values(id=folder_id, path=bytes(folder), added_at=START))
    row = {
        "id": str(ULID()),
        "video_id": video_id,
        "folder_id": folder_id,
        "dir": b"",
        "name": name,
        "size_bytes": 3,
        "mtime_ns": 255,
        "fingerprint": "f" * 32,
        "container": "mp4",
        "probe": msgspec.to_builtins(
            Probe(
                container="mp4",
                duration_s=10.0,
                bitrate_bps=None,
                width=None,
                height=None,
                streams=(),
                chapters=(),
                tags={},
                has_cover_art=False,
            )
        ),
    }
    connection.execute(insert(FileRow).values(**(row | values)))


async def _titles(library: LibraryService, viewer: Viewer, **query: object) -> list[str]:
    titles: list[str] = []
    cursor = None
    while True:
        page = await library.list_videos(viewer, VideoQuery(cursor=cursor, **query))  # type: ignore[arg-type]
        titles += [video.title for video in page.items]
        if (cursor := page.next_cursor) is None:
            return titles


async def test_every_sort_pages_through_all_without_doubles_in_both_directions(
    library: LibraryService, database: Database
) -> None:
    def fill(connection: Connection) -> None:
        for n in range(23):
            _add_video(
                connection,
                f"Title {n % 7}",
                n // 3,
                views=n % 4,
                duration_s=None if n % 5 == 0 else n % 3 + 0.1,
                published_at=None if n % 4 == 0 else START + timedelta(days=n % 3),
            )

    await database.write(fill)
    for sort in VideoSort:
        up = await _ids(library, sort, Order.ASC)
        down = await _ids(library, sort, Order.DESC)
        assert len(set(up)) == 23
        assert up == list(reversed(down))
        natural = await library.video_ids(OWNER, VideoQuery(sort=sort))
        assert natural == (up if sort is VideoSort.TITLE else down)


async def _ids(library: LibraryService, sort: VideoSort, order: Order) -> list[str]:
    ids: list[str] = []
    cursor = None
    while True:
        page = await library.list_videos(OWNER, VideoQuery(sort=sort, order=order, limit=4, cursor=cursor))
        ids += [video.id for video in page.items]
        if (cursor := page.next_cursor) is None:
            return ids


async def test_titles_sort_without_regard_to_case_and_accents(
    library: LibraryService, database: Database
) -> None:
    def fill(connection: Connection) -> None:
        for title in ("école", "Zebra", "apple", "Étude", "banana"):
            _add_video(connection, title)

    await database.write(fill)
    assert await _titles(library, OWNER, sort=VideoSort.TITLE) == [
        "apple",
        "banana",
        "école",
        "Étude",
        "Zebra",
    ]


async def test_filters_narrow_the_list(library: LibraryService, database: Database) -> None:
    def fill(connection: Connection) -> None:
        _add_video(connection, "A", 1, channel="Nature", tags=["Birds", "sea"], category="film")
        _add_video(connection, "B", 2, channel="Nature", tags=["sea"])
        _add_video(connection, "C", 3, channel="Cities", source="youtube", state="failed")

    await database.write(fill)
    assert await _titles(library, OWNER, channel="NATURE") == ["B", "A"]
    assert await _titles(library, OWNER, tag="bïrds") == ["A"]
    assert await _titles(library, OWNER, category="film") == ["A"]
    assert await _titles(library, OWNER, source="youtube") == ["C"]
    assert await _titles(library, OWNER, state="failed") == ["C"]
    assert await _titles(library, OWNER, channel="nobody") == []


async def test_members_see_what_they_may(library: LibraryService, database: Database) -> None:
    def fill(connection: Connection) -> list[str]:
        return [_add_video(connection, v, n, visibility=v) for n, v in enumerate(Visibility)]

    household, unlisted, private = await database.write(fill)
    assert await _titles(library, MEMBER) == ["household"]
    assert await library.count(MEMBER) == 1
    assert await library.video_ids(MEMBER, VideoQuery()) == [household]
    assert (await library.get_video(MEMBER, unlisted)).title == "unlisted"
    with pytest.raises(NotFound):
        await library.get_video(MEMBER, private)
    assert [video.id for video in await library.videos_by_ids(MEMBER, [private, household])] == [household]
    assert await library.count(OWNER) == 3
    assert await _titles(library, MEMBER, visibility=Visibility.PRIVATE) == []


async def test_removed_videos_are_listed_for_those_who_can_bring_them_back(
    library: LibraryService, database: Database
) -> None:
    gone = await database.write(_add_video, "Gone", state="deleted")
    await database.write(_add_video, "Here")
    query = VideoQuery(state=VideoState.DELETED)
    assert await _titles(library, OWNER, state=VideoState.DELETED) == ["Gone"]
    assert await library.video_ids(OWNER, query) == [gone]
    assert await _titles(library, MEMBER, state=VideoState.DELETED) == []
    assert await library.video_ids(MEMBER, query) == []
    assert await _titles(library, MEMBER) == ["Here"]


_KEYS = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from([2**63 - 1, 2**63, -(2**63), 0, -1]),
    st.floats(),
    st.text(),
    st.booleans(),
    st.none(),
    st.binary(),
    st.lists(st.integers(0, 9), max_size=2),
)


@given(data=st.data(), sort=st.sampled_from(VideoSort), order=st.sampled_from([*Order, None]))
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
async def test_any_cursor_gives_a_page_or_is_refused(
    library: LibraryService, database: Database, data: st.DataObject, sort: VideoSort, order: Order | None
) -> None:
    if await library.count(OWNER) < 3:
        await database.write(lambda c: [_add_video(c, f"Title {n}", n, duration_s=n + 0.5) for n in range(3)])
    query = VideoQuery(sort=sort, order=order, limit=1)
    ours = (await library.list_videos(OWNER, query)).next_cursor
    assert ours
    packed = _unpacked(ours)
    digest, key, row_id = msgspec.msgpack.decode(packed)
    if data.draw(st.booleans(), "by its fields"):
        fields = (
            digest,
            data.draw(st.one_of(st.just(key), _KEYS), "key"),
            data.draw(st.one_of(st.just(row_id), st.text()), "id"),
        )
        packed = msgspec.msgpack.encode(fields)
    else:
        place = data.draw(st.integers(0, len(packed)), "place")
        dropped = data.draw(st.integers(0, 3), "dropped")
        packed = packed[:place] + data.draw(st.binary(max_size=3), "put there") + packed[place + dropped :]
    cursor = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    with contextlib.suppress(InvalidInput):
        page = await library.list_videos(OWNER, msgspec.structs.replace(query, cursor=cursor))
        assert len(page.items) <= 1


def _unpacked(cursor: str) -> bytes:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        (VideoSort.ADDED, 2**63),
        (VideoSort.ADDED, "text"),
        (VideoSort.ADDED, 1.5),
        (VideoSort.VIEWS, float("nan")),
        (VideoSort.DURATION, float("inf")),
        (VideoSort.DURATION, "text"),
        (VideoSort.TITLE, 7),
        (VideoSort.TITLE, "a\0b"),
    ],
)
async def test_a_key_the_sort_cannot_have_is_refused(
    library: LibraryService, database: Database, sort: VideoSort, key: object
) -> None:
    await database.write(lambda c: [_add_video(c, "x") for _ in range(2)])
    ours = (await library.list_videos(OWNER, VideoQuery(sort=sort, limit=1))).next_cursor
    assert ours
    digest, _, row_id = unpack_cursor(ours)
    with pytest.raises(InvalidInput) as caught:
        await library.list_videos(OWNER, VideoQuery(sort=sort, cursor=pack_cursor(digest, key, row_id)))
    assert caught.value.field == "cursor"


async def test_a_removed_video_comes_back_as_it_was(
    library: LibraryService, database: Database, events: list[Event]
) -> None:
    video_id = await database.write(_add_video, "Gone", tags=["a"], channel="One")
    await library.delete_video(OWNER, video_id)
    assert [video.title for video in await library.videos_by_ids(OWNER, [video_id])] == ["Gone"]
    assert await library.videos_by_ids(MEMBER, [video_id]) == []
    with pytest.raises(NotFound):
        await library.update_video(OWNER, video_id, VideoPatch(title="New"))
    with pytest.raises(NotAllowed):
        await library.update_video(MEMBER, video_id, VideoPatch(state="ready"))
    detail = await library.update_video(OWNER, video_id, VideoPatch(state="ready"))
    assert (detail.state, detail.title, detail.channel, detail.tags) == ("ready", "Gone", "One", ["a"])
    assert events == [VideosRemoved((video_id,)), VideosAdded((video_id,))]
    assert await _titles(library, MEMBER) == ["Gone"]
    edited = await database.read(lambda c: c.execute(text("SELECT edited FROM videos")).scalar_one())
    assert msgspec.json.decode(edited) == []
    await library.update_video(OWNER, video_id, VideoPatch(state="ready"))
    assert events[2:] == [VideosChanged((video_id,))]


@pytest.mark.parametrize("state", ["blocked", "failed", "processing"])
async def test_what_was_not_removed_cannot_be_brought_back(
    library: LibraryService, database: Database, state: str
) -> None:
    video_id = await database.write(_add_video, "Odd", state=state)
    with pytest.raises(Conflict, match=state):
        await library.update_video(OWNER, video_id, VideoPatch(state="ready"))
    assert (await library.get_video(OWNER, video_id)).state == state


async def test_a_cursor_of_another_list_or_of_nobody_is_refused(
    library: LibraryService, database: Database
) -> None:
    await database.write(lambda connection: [_add_video(connection, "x") for _ in range(3)])
    cursor = (await library.list_videos(OWNER, VideoQuery(limit=1))).next_cursor
    assert cursor
    for query in (
        VideoQuery(cursor=cursor, sort=VideoSort.TITLE),
        VideoQuery(cursor=cursor, tag="x"),
        VideoQuery(cursor="nonsense!"),
        VideoQuery(cursor="A" * 3000),
        VideoQuery(cursor=""),
    ):
        with pytest.raises(InvalidInput) as caught:
            await library.list_videos(OWNER, query)
        assert caught.value.field == "cursor"
    for limit in (0, 101):
        with pytest.raises(InvalidInput, match="1 to 100"):
            await library.list_videos(OWNER, VideoQuery(limit=limit))


@given(
    st.binary(max_size=6),
    st.one_of(st.integers(-(2**62), 2**62), st.floats(allow_nan=False), st.text()),
    st.text(),
)
def test_cursors_carry_every_key_exactly(digest: bytes, key: int | float | str, row_id: str) -> None:
    if len(pack_cursor(digest, key, row_id)) <= 2000:
        assert unpack_cursor(pack_cursor(digest, key, row_id)) == (digest, key, row_id)


@given(st.text())
def test_no_text_is_more_than_a_refused_cursor(cursor: str) -> None:
    with contextlib.suppress(InvalidInput):
        unpack_cursor(cursor)


async def test_an_edit_is_kept_marked_and_told(
    library: LibraryService, database: Database, events: list[Event]
) -> None:
    video_id = await database.write(_add_video, "Old", tags=["a"], channel="One")
    patch = VideoPatch(title="  New  ", tags=["b", "B", "c"], channel="Two", visibility=Visibility.UNLISTED)
    detail = await library.update_video(OWNER, video_id, patch)
    assert (detail.title, detail.channel, detail.tags) == ("New", "Two", ["b", "c"])
    assert events == [VideosChanged((video_id,))]
    edited = await database.read(lambda c: c.execute(text("SELECT edited FROM videos")).scalar_one())
    assert msgspec.json.decode(edited) == ["channel", "tags", "title", "visibility"]
    cleared = await library.update_video(OWNER, video_id, VideoPatch(channel=None))
    assert (cleared.channel, cleared.title) == (None, "New")


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        (VideoPatch(title="  "), "title"),
        (VideoPatch(title="x" * 501), "title"),
        (VideoPatch(description="a\0b"), "description"),
        (VideoPatch(tags=[""]), "tags"),
        (VideoPatch(tags=["x"] * 101), "tags"),
    ],
)
async def test_a_bad_edit_names_its_field_and_changes_nothing(
    library: LibraryService, database: Database, patch: VideoPatch, field: str
) -> None:
    video_id = await database.write(_add_video, "Old")
    with pytest.raises(InvalidInput) as caught:
        await library.update_video(OWNER, video_id, patch)
    assert caught.value.field == field
    assert (await library.get_video(OWNER, video_id)).title == "Old"


async def test_members_change_nothing(library: LibraryService, database: Database) -> None:
    video_id = await database.write(_add_video, "Old")
    with pytest.raises(NotAllowed):
        await library.update_video(MEMBER, video_id, VideoPatch(title="x"))
    with pytest.raises(NotAllowed):
        await library.delete_video(MEMBER, video_id)


async def test_a_deleted_video_is_gone_from_lists_but_its_row_stays(
    library: LibraryService, database: Database, events: list[Event]
) -> None:
    video_id = await database.write(_add_video, "Old")
    await library.delete_video(OWNER, video_id)
    assert events == [VideosRemoved((video_id,))]
    assert await _titles(library, OWNER) == []
    assert await library.count(OWNER) == 0
    with pytest.raises(NotFound):
        await library.get_video(OWNER, video_id)
    assert (
        await database.read(lambda c: c.execute(text("SELECT state FROM videos")).scalar_one()) == "deleted"
    )


async def test_only_a_file_that_is_there_plays(
    library: LibraryService, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"abc")

    def fill(connection: Connection) -> list[str]:
        ids = [_add_video(connection, title) for title in ("local", "missing", "listed", "vanished")]
        _add_file(connection, ids[0], tmp_path, b"a.mp4")
        _add_file(connection, ids[1], tmp_path / "b", b"b.mp4", missing_since=START)
        _add_file(connection, ids[3], tmp_path / "c", b"c.mp4")
        return ids

    local, missing, listed, vanished = await database.write(fill)
    file = await library.playable_file(OWNER, local)
    assert (file.path, file.etag) == (bytes(tmp_path / "a.mp4"), "f" * 32 + "-ff")
    for video_id, reason in ((missing, "missing"), (listed, "only listed"), (vanished, "not where it was")):
        with pytest.raises(NotPlayable, match=reason):
            await library.playable_file(OWNER, video_id)
    shown = {
        video.title: video.availability for video in (await library.list_videos(OWNER, VideoQuery())).items
    }
    assert shown["local"] is Availability.LOCAL
    assert shown["missing"] is Availability.MISSING
    assert shown["listed"] is Availability.CATALOGUE


async def test_videos_of_a_folder_with_a_problem_are_missing_and_play_if_it_is_there_after_all(
    library: LibraryService, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"abc")

    def fill(connection: Connection) -> str:
        video_id = _add_video(connection, "film")
        _add_file(connection, video_id, tmp_path, b"a.mp4")
        return video_id

    async def note(problem: str | None) -> Availability:
        await database.write(lambda c: c.execute(update(FolderRow).values(problem=problem)))
        (listed,) = (await library.list_videos(OWNER, VideoQuery())).items
        assert (await library.get_video(OWNER, video_id)).availability is listed.availability
        return listed.availability

    video_id = await database.write(fill)
    assert await note("This folder is not there.") is Availability.MISSING
    assert (await library.playable_file(OWNER, video_id)).path == bytes(tmp_path / "a.mp4")
    (tmp_path / "a.mp4").unlink()
    with pytest.raises(NotPlayable, match="is its disk connected"):
        await library.playable_file(OWNER, video_id)
    assert await note(None) is Availability.LOCAL


async def test_a_file_is_found_by_its_place_whatever_its_name(
    library: LibraryService, database: Database, tmp_path: Path
) -> None:
    def fill(connection: Connection) -> list[str]:
        ids = [
            _add_video(connection, "top"),
            _add_video(connection, "deep", visibility="private"),
            _add_video(connection, "gone", state="deleted"),
        ]
        _add_file(connection, ids[0], tmp_path / "v", b"caf\xe9.mp4")
        _add_file(connection, ids[1], tmp_path / "w", b"b.mp4", dir=b"x/y")
        _add_file(connection, ids[2], tmp_path / "z", b"c.mp4")
        return ids

    top, deep, _ = await database.write(fill)
    here = bytes(tmp_path)
    assert await library.video_at(OWNER, here + b"/v/caf\xe9.mp4") == top
    assert await library.video_at(OWNER, here + b"/w/x/y/b.mp4") == deep
    assert await library.video_at(MEMBER, here + b"/w/x/y/b.mp4") is None
    for nothing in (b"/z/c.mp4", b"/w/x/b.mp4", b"/v", b"/v/..", b"/elsewhere/b.mp4"):
        assert await library.video_at(OWNER, here + nothing) is None


async def test_videos_of_a_folder_that_was_removed_are_not_listed(
    library: LibraryService, database: Database, tmp_path: Path
) -> None:
    def fill(connection: Connection) -> None:
        _add_file(connection, _add_video(connection, "here"), tmp_path, b"a.mp4")
        _add_file(connection, _add_video(connection, "gone"), tmp_path / "b", b"b.mp4", folder_id=None)

    await database.write(fill)
    assert await _titles(library, OWNER) == ["here"]
    assert await library.count(OWNER) == 1
    assert len(await library.video_ids(OWNER, VideoQuery())) == 1


async def test_details_tell_of_streams_captions_and_a_readable_path(
    library: LibraryService, database: Database, tmp_path: Path
) -> None:
    track = {
        "lang": "en",
        "label": "English",
        "forced": False,
        "hearing_impaired": False,
        "name": b"a.en.srt".hex(),
    }

    def fill(connection: Connection) -> str:
        video_id = _add_video(connection, "Film")
        _add_file(connection, video_id, tmp_path, b"caf\xe9.mp4", captions=[track])
        return video_id

    video_id = await database.write(fill)
    detail = await library.get_video(OWNER, video_id)
    assert detail.file_path == f"{tmp_path}/caf?.mp4"
    assert [caption.label for caption in detail.captions] == ["English"]
    assert await library.thumbnail_path(OWNER, video_id, 320) == Path(f"/pictures/{video_id}-320.webp")
    with pytest.raises(NotFound, match="picture"):
        await library.thumbnail_path(OWNER, video_id, 1)


async def test_of_two_positions_the_later_wins_and_each_person_has_their_own(
    library: LibraryService, database: Database
) -> None:
    bus = EventBus()
    heard: list[PositionChanged] = []
    bus.subscribe(PositionChanged, heard.append)
    positions = PositionService(database, bus)
    video_id = await database.write(_add_video, "Film", duration_s=100.0)
    now = datetime.now(UTC)
    await positions.set(OWNER, video_id, 50.0, now)
    await positions.set(OWNER, video_id, 10.0, now - timedelta(minutes=1))
    assert await positions.get(OWNER, video_id) == 50.0
    assert await positions.get(MEMBER, video_id) == 0.0
    assert [event.position_s for event in heard] == [50.0]
    await positions.set(OWNER, video_id, 91.0)
    await positions.set(OWNER, video_id, 500.0)
    (video,) = await library.videos_by_ids(OWNER, [video_id])
    assert (video.position_s, video.watched) == (100.0, True)
    await positions.set(OWNER, video_id, 0.0)
    (video,) = await library.videos_by_ids(OWNER, [video_id])
    assert (video.position_s, video.watched) == (0.0, True)


async def test_playing_goes_on_where_it_was_left_and_a_watched_video_starts_anew(
    library: LibraryService, database: Database
) -> None:
    positions = PositionService(database, EventBus())
    video_id = await database.write(_add_video, "Film", duration_s=100.0)
    for left_at, goes_on_at in ((0.0, 0.0), (1.5, 1.5), (89.0, 89.0), (90.0, 0.0), (100.0, 0.0)):
        await positions.set(OWNER, video_id, left_at)
        assert await positions.resume(OWNER, video_id) == goes_on_at
    endless = await database.write(_add_video, "Of unknown length")
    await positions.set(OWNER, endless, 500.0)
    assert await positions.resume(OWNER, endless) == 500.0


async def test_bad_positions_are_refused(library: LibraryService, database: Database) -> None:
    positions = PositionService(database, EventBus())
    video_id = await database.write(_add_video, "Film")
    for bad in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidInput, match="position_s"):
            await positions.set(OWNER, video_id, bad)
    with pytest.raises(InvalidInput, match="future"):
        await positions.set(OWNER, video_id, 1.0, datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(InvalidInput, match="time zone"):
        await positions.set(OWNER, video_id, 1.0, datetime(2026, 1, 1))  # noqa: DTZ001  # the naive time is the point
    with pytest.raises(NotFound):
        await positions.set(OWNER, "nobody", 1.0)


async def test_views_are_counted(library: LibraryService, database: Database) -> None:
    video_id = await database.write(_add_video, "Film")
    await library.add_view(MEMBER, video_id)
    await library.add_view(OWNER, video_id)
    assert (await library.get_video(OWNER, video_id)).views == 2


@pytest.mark.parametrize("sort", list(VideoSort))
async def test_sqlite_reads_every_sort_from_its_index(
    library: LibraryService, database: Database, sort: VideoSort
) -> None:
    if not database.is_sqlite:
        return
    statements: list[str] = []

    def explain(connection: Connection) -> None:
        from sqlalchemy import event

        from hub.db.repositories import videos as rows

        def note(_c: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
            if not statement.startswith("EXPLAIN"):
                plan = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
                statements.extend(str(row) for row in plan.fetchall())

        event.listen(connection, "before_cursor_execute", note)
        key: object = "x" if sort is VideoSort.TITLE else 1
        rows.list_videos(
            connection, VideoQuery(sort=sort), user_id="u", sees_all=True, after=(key, "x"), count=5
        )

    await database.read(explain)
    plan = "\n".join(statements)
    assert "TEMP B-TREE" not in plan
    assert f"USING INDEX ix_videos_{sort}" in plan
