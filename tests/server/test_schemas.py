from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from hub.library.types import Availability, Video, VideoState, Visibility
from server.schemas import VideoItem, thumbnail_url, video_item

VIDEO = Video(
    id="01J8Z3V6Q0AAAAAAAAAAAAAAAA",
    title="Alpha",
    description="",
    channel=None,
    tags=["a"],
    category=None,
    source="folder",
    state=VideoState.READY,
    visibility=Visibility.HOUSEHOLD,
    duration_s=1.5,
    width=160,
    height=90,
    size_bytes=1000,
    container="mp4",
    video_codec="h264",
    audio_codec=None,
    published_at=None,
    added_at=datetime(2026, 5, 1, tzinfo=UTC),
    views=3,
    position_s=0.5,
    watched=False,
    availability=Availability.LOCAL,
    thumb_version=7,
    thumb_color="#102030",
)


def test_an_item_is_the_video_with_an_address_for_its_picture() -> None:
    item = msgspec.to_builtins(video_item(VIDEO))
    video = msgspec.to_builtins(VIDEO)
    assert item == {name: value for name, value in video.items() if name != "thumb_version"} | {
        "thumbnail_url": "/media/01J8Z3V6Q0AAAAAAAAAAAAAAAA/thumb.jpg?v=7"
    }


def test_a_video_without_pictures_has_no_address_for_one() -> None:
    assert thumbnail_url(msgspec.structs.replace(VIDEO, thumb_version=None)) is None


def test_what_the_library_knows_of_a_video_is_in_its_item() -> None:
    """A field added to the library's type must be added here, too, or left out on purpose."""
    assert set(Video.__struct_fields__) - set(VideoItem.__struct_fields__) == {"thumb_version"}
