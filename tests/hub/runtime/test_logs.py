from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

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
