"""A media worker with one more operation: it does to itself what broken files and libraries do to workers."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from hub.media.errors import BadPicture, NoPicture
from hub.media.operations import OPERATIONS, Operation, Report
from hub.media.worker import main


class OddJob(msgspec.Struct, frozen=True):
    """What to do, and with what."""

    do: str
    argument: str = ""


ODD = Operation("odd", OddJob, str, "tests.hub.media.odd_worker:run")


class StrangePicture(BadPicture):
    """An error class the hub has never heard of, below one it has."""


def run(job: OddJob, report: Report) -> str:
    """Do it."""
    return _DEEDS[job.do](job.argument, report)


def _echo(argument: str, report: Report) -> str:
    return argument


def _pid(argument: str, report: Report) -> str:
    return str(os.getpid())


def _print(argument: str, report: Report) -> str:
    sys.stdout.write("chatter from Python\n" * 1_000)
    os.write(1, b"chatter from C\n" * 10_000)
    os.write(2, b"\xff\xfe worse chatter\n" * 10_000)
    return argument


def _read(argument: str, report: Report) -> str:
    return sys.stdin.read() + argument


def _sleep(argument: str, report: Report) -> str:
    report(0, 1, "asleep")
    time.sleep(120)
    return argument


def _nap(argument: str, report: Report) -> str:
    report(0, 1, "asleep")
    time.sleep(float(argument))
    return "rested"


def _abort(argument: str, report: Report) -> str:
    os.abort()


def _abort_once(argument: str, report: Report) -> str:
    marker = Path(argument)
    if not marker.exists():
        marker.touch()
        os.abort()
    return "second try"


def _orphan(argument: str, report: Report) -> str:
    """Die and leave a child behind that inherited the log's pipe."""
    child = subprocess.Popen(["sleep", "60"])
    report(child.pid, 0, "child")
    os.abort()


def _exit(argument: str, report: Report) -> str:
    os._exit(int(argument))


def _exhaust(argument: str, report: Report) -> str:
    return str(len(bytearray(64 << 30)))


def _fail(argument: str, report: Report) -> str:
    raise RuntimeError("a name that is not UTF-8: \udcff")


def _media_error(argument: str, report: Report) -> str:
    raise NoPicture(f"Nothing to see in {argument}.")


def _strange_error(argument: str, report: Report) -> str:
    raise StrangePicture("A strange picture.")


def _progress(argument: str, report: Report) -> str:
    for number in range(3):
        report(number, 3, f"step {number}")
    return "done"


def _huge(argument: str, report: Report) -> str:
    return "x" * (65 << 20)


def _nonsense(argument: str, report: Report) -> str:
    """Write garbage where the replies go: as a library with the wrong descriptor would."""
    for fd in range(3, 32):
        try:
            mode = os.fstat(fd).st_mode
        except OSError:
            continue
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            try:
                os.write(fd, bytes.fromhex(argument))
            except OSError:
                continue  # the reading end
    time.sleep(120)
    return ""


_DEEDS: dict[str, Callable[[str, Report], str]] = {
    name.removeprefix("_"): deed
    for name, deed in list(globals().items())
    if name.startswith("_") and callable(deed) and getattr(deed, "__module__", "") == __name__
}


if __name__ == "__main__":
    main(operations=(*OPERATIONS, ODD))
