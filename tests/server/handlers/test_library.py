from __future__ import annotations

import asyncio
import os
from contextlib import closing
from pathlib import Path

import pytest

from hub.bootstrap import Hub
from hub.cli.access import RemoteHub
from hub.runtime.instance import Instance
from tests.server.conftest import Client

UNKNOWN = "01J8Z3V6Q0AAAAAAAAAAAAAAAA"


async def test_a_folder_is_added_scanned_and_removed(hub: Hub, owner: Client, films: Path) -> None:
    reply = await owner.post("/v1/folders", {"path": str(films)})
    assert reply.status == 201
    folder = reply.json
    assert set(folder) == {"id", "path", "added_at", "last_scan_at", "videos", "missing", "problem"}
    assert folder["path"] == str(films)
    reply = await owner.post("/v1/scans", {"folder_ids": [folder["id"]]})
    assert reply.status == 202
    assert reply.headers["Location"] == f"/v1/jobs/{reply.json['id']}"
    await hub.jobs.wait(reply.json["id"])
    job = (await owner.get(reply.headers["Location"])).json
    assert (job["kind"], job["state"], job["detail"]["files_new"]) == ("scan", "done", 2)
    (listed,) = (await owner.get("/v1/folders")).json["items"]
    assert (listed["id"], listed["videos"]) == (folder["id"], 2)
    assert (await owner.delete(f"/v1/folders/{folder['id']}")).status == 204
    assert (await owner.get("/v1/folders")).json == {"items": [], "next_cursor": None}
    (await owner.delete(f"/v1/folders/{folder['id']}")).problem(404, "not-found")


@pytest.mark.parametrize("path", ["", "relative/films", "/nowhere/at/all", "/etc/passwd", "/a\u0000b"])
async def test_what_is_no_folder_is_refused_in_words(owner: Client, path: str) -> None:
    reply = await owner.post("/v1/folders", {"path": path})
    assert reply.status in (404, 409, 422)
    assert reply.json["detail"]
    assert (await owner.get("/v1/folders")).json["items"] == []


async def test_the_scan_report_names_files_and_reasons(hub: Hub, owner: Client, films: Path) -> None:
    (films / "text.mp4").write_text("not a film")
    folder = (await owner.post("/v1/folders", {"path": str(films)})).json
    await hub.jobs.wait((await owner.post("/v1/scans")).json["id"])
    (problem,) = (await owner.get("/v1/folders/problems")).json["items"]
    assert problem["path"].endswith("text.mp4")
    assert problem["reason"]
    assert problem["folder_id"] == folder["id"]


async def test_folders_and_the_scan_report_are_listed_by_pages(
    hub: Hub, owner: Client, films: Path, tmp_path: Path
) -> None:
    folders = [films, *(tmp_path / f"more {n}" for n in range(3))]
    for n, folder in enumerate(folders):
        folder.mkdir(exist_ok=True)
        (folder / f"text {n}.mp4").write_text("not a film")
        (folder / "text.mp4").write_text("not a film")
        (folder / os.fsdecode(b"\xff.mp4")).write_text("not a film")
        assert (await owner.post("/v1/folders", {"path": str(folder)})).status == 201
    await hub.jobs.wait((await owner.post("/v1/scans")).json["id"])
    for path, count in (("/v1/folders", 4), ("/v1/folders/problems", 12)):
        whole = (await owner.get(f"{path}?limit=100")).json
        assert (len(whole["items"]), whole["next_cursor"]) == (count, None)
        assert await owner.pages(path, limit=1) == whole["items"]
        assert await owner.pages(path, limit=3) == whole["items"]
        for bad in ("limit=0", "limit=101", "limit=many", "cursor=", "cursor=zz", "page=2"):
            (await owner.get(f"{path}?{bad}")).problem(422, "invalid-input")
    place = (await owner.get("/v1/folders?limit=1")).json["next_cursor"]
    reply = await owner.get(f"/v1/folders/problems?cursor={place}")
    reply.problem(422, "invalid-input")
    assert reply.json["field"] == "cursor"


async def test_a_command_reads_the_whole_report_of_a_running_hub(
    hub: Hub, owner: Client, films: Path
) -> None:
    for n in range(101):
        (films / f"text {n}.mp4").touch()
    await owner.post("/v1/folders", {"path": str(films)})
    await hub.jobs.wait((await owner.post("/v1/scans")).json["id"])
    assert owner.token is not None
    with closing(RemoteHub(Instance(pid=1, url=owner.url, token=owner.token))) as remote:
        told = await asyncio.to_thread(remote.problems)
        assert told == await hub.folders.problems()
        assert len(told) == 101
        assert await asyncio.to_thread(remote.folders) == await hub.folders.list()
        assert await asyncio.to_thread(remote.users) == await hub.accounts.users()


async def test_the_longest_path_fits_into_a_cursor(hub: Hub, owner: Client, films: Path) -> None:
    deep = films.joinpath(*(f"{n}" * 199 for n in range(9)))
    deep.mkdir(parents=True)
    for n in range(2):
        (deep / f"{'x' * 250}{n}.mp4").write_text("not a film")
    await owner.post("/v1/folders", {"path": str(films)})
    await hub.jobs.wait((await owner.post("/v1/scans")).json["id"])
    assert len(await owner.pages("/v1/folders/problems", limit=1)) == 2


async def test_a_scan_of_an_unknown_folder_is_refused(owner: Client) -> None:
    (await owner.post("/v1/scans", {"folder_ids": [UNKNOWN]})).problem(404, "not-found")
    reply = await owner.post("/v1/scans", {"folder_ids": "all"})
    reply.problem(422, "invalid-input")
    assert reply.json["field"] == "folder_ids"


async def test_jobs_are_listed_newest_first_by_pages(hub: Hub, owner: Client, films: Path) -> None:
    await owner.post("/v1/folders", {"path": str(films)})
    ids = []
    for _ in range(3):
        ids.append((await owner.post("/v1/scans")).json["id"])
        await hub.jobs.wait(ids[-1])
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await owner.get(f"/v1/jobs?limit=1{cursor}")).json
        seen += [job["id"] for job in page["items"] if job["kind"] == "scan"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ids[::-1]
    place = (await owner.get("/v1/jobs?limit=1")).json["next_cursor"]
    videos = (await owner.get("/v1/videos?limit=1")).json["next_cursor"]
    for foreign in ("zz", ids[0], "", videos, f"{place}&active=true"):
        reply = await owner.get(f"/v1/jobs?cursor={foreign}")
        reply.problem(422, "invalid-input")
        assert reply.json["field"] == "cursor"
    assert ids[0] not in [job["id"] for job in (await owner.get("/v1/jobs?active=true")).json["items"]]
    assert (await owner.get("/v1/jobs?active=false")).status == 200
    reply = await owner.get("/v1/jobs?active=perhaps")
    reply.problem(422, "invalid-input")
    assert reply.json["field"] == "active"


async def test_a_job_that_is_done_is_neither_cancelled_nor_repeated(
    hub: Hub, owner: Client, films: Path
) -> None:
    await owner.post("/v1/folders", {"path": str(films)})
    job_id = (await owner.post("/v1/scans")).json["id"]
    await hub.jobs.wait(job_id)
    for action in ("cancel", "retry"):
        assert "done" in (await owner.post(f"/v1/jobs/{job_id}/{action}")).problem(409, "conflict")
        (await owner.post(f"/v1/jobs/{UNKNOWN}/{action}")).problem(404, "not-found")
    (await owner.get(f"/v1/jobs/{UNKNOWN}")).problem(404, "not-found")


async def test_the_demo_library_is_a_job(hub: Hub, owner: Client) -> None:
    reply = await owner.post("/v1/demo")
    assert reply.status == 202
    assert reply.json["kind"] == "demo"
    cancelled = await owner.post(f"{reply.headers['Location']}/cancel")
    assert cancelled.status in (200, 409)


async def test_all_qualities_of_a_video_are_a_job(
    hub: Hub, owner: Client, member: Client, library: dict[str, str]
) -> None:
    path = f"/v1/videos/{library['Alpha']}/renditions"
    (await member.post(path)).problem(403, "not-allowed")
    (await owner.post(f"/v1/videos/{UNKNOWN}/renditions")).problem(404, "not-found")

    reply = await owner.post(path)

    assert reply.status == 202
    assert reply.headers["Location"] == f"/v1/jobs/{reply.json['id']}"
    assert (reply.json["kind"], reply.json["title"]) == ("renditions", "Making all qualities of Alpha")
    ended = await hub.jobs.wait(reply.json["id"])
    assert (ended.state, ended.error) == ("done", None)
    job = (await owner.get(reply.headers["Location"])).json
    assert job["done_units"] == job["total_units"] == 2  # one rung of 90 lines, one track
    assert job["detail"]["current"] == "Alpha"
    assert sorted(name for _, name in hub.streams.store.premade()) == ["a1-aac2", "v90-h264"]


async def test_a_video_whose_file_is_gone_is_not_converted(
    owner: Client, library: dict[str, str], films: Path
) -> None:
    (films / "Alpha.mp4").unlink()
    (await owner.post(f"/v1/videos/{library['Alpha']}/renditions")).problem(409, "not-playable")
