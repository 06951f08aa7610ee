from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from hub.paths import Paths
from hub.runtime.logs import set_up_logging

_PROGRAM = """
import logging, sys
from pathlib import Path
from hub.paths import Paths
from hub.runtime.logs import set_up_logging
paths = Paths(Path(sys.argv[1]))
paths.create()
set_up_logging(paths)
logging.getLogger("a.b").info("quiet news")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("a.b").exception("it broke")
"""


def test_the_file_has_everything_once_and_the_screen_has_the_warnings(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, tmp_path], capture_output=True, text=True, check=True
    )
    log = (tmp_path / "logs" / "marquee.log").read_text()
    assert "INFO a.b: quiet news" in log
    assert log.count("quiet news") == log.count("it broke") == log.count("ZeroDivisionError: ") == 1
    assert "quiet news" not in done.stderr
    assert done.stderr == "ERROR: it broke\n"
    assert (tmp_path / "logs" / "marquee.log").stat().st_mode & 0o777 == 0o600


_FULL = """
import logging, resource, signal, sys
from pathlib import Path
from hub.paths import Paths
from hub.runtime.logs import set_up_logging
paths = Paths(Path(sys.argv[1]))
paths.create()
stop = set_up_logging(paths)
log = logging.getLogger("a.b")
log.info("while there is room")
while not paths.log_file.exists() or not paths.log_file.read_text():
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
for number in range(50):
    log.info("lost %d", number)
stop()
stop = set_up_logging(paths)
log.warning("shown all the same")
stop()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
stop = set_up_logging(paths)
log.info("room again")
stop()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size there")
def test_a_disk_without_room_is_one_line_an_episode_and_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _FULL, tmp_path], capture_output=True, text=True, check=True)
    said = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in said] == ["WARNING"] * 3, done.stderr
    assert sum("marquee.log cannot be written" in line for line in said) == 2
    assert "WARNING: shown all the same" in said
    log = (tmp_path / "logs" / "marquee.log").read_text()
    assert "while there is room" in log
    assert "room again" in log


def test_what_is_ended_leaves_nothing_behind(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    paths = Paths(tmp_path)
    paths.create()
    stop = set_up_logging(paths)
    logging.getLogger("a.b").info("the last words")
    stop()
    assert (list(root.handlers), root.level) == before
    assert "the last words" in paths.log_file.read_text()
