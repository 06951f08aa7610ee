"""A media worker whose encode sessions do what the "file" says: they write small files at a given pace, crash or hang.

The path of the job is that of a JSON file with `Script`; everything else about it is a real worker.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from hub.media.errors import BrokenMedia, DiskFull, OutputNotWritable, UnreadableFile
from hub.media.grants import Grants
from hub.media.operations import ENCODE, OPERATIONS, Operation, Report
from hub.media.stream.fragments import segment_name, write_atomically, write_init
from hub.media.stream.types import EncodeJob, Made
from hub.media.worker import main

SCRIPTED = Operation(
    "encode", EncodeJob, Made, "tests.hub.media.stream.scripted_encoder:run", is_granted=True
)


class Script(msgspec.Struct, frozen=True):
    """What sessions do. `crash_at`, `hang_at`, `fail_at`: at this segment, while `times` is not used up.

    With `only`, sessions without this rendition do not; with `beside`, those with fewer renditions do not.
    """

    segment_s: float = 0.02
    crash_at: int | None = None
    hang_at: int | None = None
    fail_at: int | None = None
    error: str = "BrokenMedia"
    times: int = 1_000
    only: str | None = None
    beside: int = 1


def run(job: EncodeJob, report: Report, grants: Grants) -> Made:
    """Play the script."""
    script = msgspec.json.decode(Path(os.fsdecode(job.path)).read_bytes(), type=Script)
    grants.allow(job.granted)
    names = [output.rendition.id for output in job.outputs]
    with Path(os.fsdecode(job.path) + ".log").open("a") as log:
        log.write(f"{' '.join(names)} {job.first} {job.stop}\n")
    for output in job.outputs:
        write_init(output.folder, b"init " + output.rendition.id.encode())
    is_meant = (script.only is None or script.only in names) and len(names) >= script.beside
    for k in range(job.first, job.stop):
        while not grants.wait_for(k, 1.0):
            pass
        time.sleep(script.segment_s)
        is_at = is_meant and k in (script.crash_at, script.hang_at, script.fail_at)
        if is_at and _is_due(job.path, script.times):
            _misbehave(script, k)
        for output in job.outputs:
            write_atomically(output.folder, segment_name(k), b"segment %d" % k)
            report(k + 1, job.stop, output.rendition.id)
    return Made(job.stop)


def _misbehave(script: Script, k: int) -> None:
    if k == script.crash_at:
        os.abort()
    if k == script.hang_at:
        time.sleep(120)
    kinds = (BrokenMedia, UnreadableFile, OutputNotWritable, DiskFull)
    raise {kind.__name__: kind for kind in kinds}[script.error]("The script says so.")


def _is_due(path: bytes, times: int) -> bool:
    counter = Path(os.fsdecode(path) + ".count")
    done = int(counter.read_text()) if counter.exists() else 0
    counter.write_text(str(done + 1))
    return done < times


if __name__ == "__main__":
    others = tuple(each for each in OPERATIONS if each.name != ENCODE.name)
    main(operations=(*others, SCRIPTED))
