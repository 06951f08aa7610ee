from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from hub.media.operations import CAPTIONS, CaptionsJob
from hub.media.wire import Done, Failed, Progress, Request, Unframer, decode_reply, encode
from tests.hub.media.conftest import odd_command
from tests.hub.media.odd_worker import OddJob


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def send(process: subprocess.Popen[bytes], number: int, operation: str, job: msgspec.Struct) -> None:
    assert process.stdin is not None
    process.stdin.write(encode(Request(number, operation, msgspec.Raw(msgspec.msgpack.encode(job)))))


def receive(process: subprocess.Popen[bytes]) -> Progress | Done | Failed:
    assert process.stdout is not None
    unframer = Unframer()
    while data := process.stdout.read(1):
        for body in unframer.feed(data):
            return decode_reply(body)
    raise EOFError


def test_requests_are_answered_in_order_under_their_numbers() -> None:
    with running(odd_command()) as worker:
        for number in (7, 8, 9):
            send(worker, number, "odd", OddJob("echo", str(number)))

        for number in (7, 8, 9):
            assert receive(worker) == Done(number, msgspec.Raw(msgspec.msgpack.encode(str(number))))


def test_an_operation_it_does_not_know_and_a_job_that_is_none_are_errors() -> None:
    with running(odd_command()) as worker:
        send(worker, 1, "unheard of", OddJob("echo"))
        send(worker, 2, CAPTIONS.name, OddJob("echo"))
        send(worker, 3, "odd", OddJob("echo", "fine"))

        answers = [receive(worker) for _ in range(3)]

    assert [type(answer) for answer in answers] == [Failed, Failed, Done]
    assert isinstance(answers[0], Failed)
    assert answers[0].error == "WorkerFailed"


def test_it_ends_when_its_input_does_even_in_the_middle_of_a_job() -> None:
    with running(odd_command()) as worker:
        send(worker, 1, "odd", OddJob("sleep"))
        assert receive(worker) == Progress(1, 0, 1, "asleep")
        assert worker.stdin is not None

        worker.stdin.close()

        assert worker.wait(10) == 0


def test_it_ends_at_once_when_its_hub_is_already_gone() -> None:
    command = [sys.executable, "-m", "hub.media.worker", "--parent", str(os.getppid())]

    with running(command) as worker:
        assert worker.wait(10) == 0


def test_it_ends_quietly_when_nobody_takes_its_answer() -> None:
    with running(odd_command()) as worker:
        assert worker.stdout is not None
        assert worker.stderr is not None
        worker.stdout.close()

        send(worker, 1, "odd", OddJob("echo"))

        assert worker.wait(10) == 0
        assert worker.stderr.read() == b""


def test_a_captions_job_needs_no_ffmpeg() -> None:
    script = (
        "import sys, hub.media.worker, hub.media.captions; "
        "sys.exit(any(m in sys.modules for m in ('av', 'PIL')))"
    )

    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
    assert CaptionsJob(b"x").path == b"x"
