from __future__ import annotations

import subprocess
import sys
import time

from hub.runtime.deadline import end_process_in
from tests.process import environment


def run(program: str) -> tuple[int, float]:
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], env=environment(), timeout=20)
    return done.returncode, time.monotonic() - began


def test_a_process_that_hangs_is_ended_with_code_1() -> None:
    hang = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()"
    code, took_s = run(f"from hub.runtime.deadline import end_process_in\nend_process_in(0.2)\n{hang}")
    assert code == 1
    assert took_s < 10


def test_a_process_that_ends_in_time_keeps_its_code() -> None:
    code, took_s = run(
        "from hub.runtime.deadline import end_process_in\nend_process_in(30)\nraise SystemExit(3)"
    )
    assert code == 3
    assert took_s < 10


def test_it_can_be_called_off() -> None:
    end_process_in(0.05)()
    time.sleep(0.2)
