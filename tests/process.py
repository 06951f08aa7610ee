"""A real `marquee` process on a data folder of its own, started and stopped as a user would."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import urllib3

READY = re.compile(r"Marquee is ready at (http://\S+)")
CODE = re.compile(r"\b([0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4})\b")
PASSWORD = "correct horse battery"


def marquee(*arguments: str | Path, data: Path) -> list[str]:
    """The command line that runs Marquee from this tree on `data`."""
    return [sys.executable, "-m", "hub.cli.main", "--data", str(data), *map(str, arguments)]


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without the caller's own Marquee settings, plus `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MARQUEE_")}
    return kept | {"PYTHONPATH": str(Path(__file__).parent.parent)} | variables


def run_marquee(
    *arguments: str | Path, data: Path, stdin: str | None = None, timeout_s: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        marquee(*arguments, data=data),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env=environment(),
        check=False,
    )


class Serving:
    """`marquee serve` on a free loopback port; a context manager."""

    def __init__(self, data: Path, *arguments: str, command: str = "serve", **variables: str) -> None:
        self.data = data
        self.errors = data.parent / f"{data.name}.stderr"
        self._command = marquee(command, *(arguments or ("--host", "127.0.0.1", "--port", "0")), data=data)
        self._variables = variables
        self.url = ""
        self.token = ""
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(30))
        self.process: subprocess.Popen[str]
        self.ready_after_s = 0.0

    def __enter__(self) -> Serving:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def start(self, timeout_s: float = 30) -> None:
        """Start and wait for the ready line."""
        began = time.perf_counter()
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                self._command,
                stdout=subprocess.PIPE,
                stderr=errors,
                stdin=subprocess.DEVNULL,
                text=True,
                env=environment(**self._variables),
            )
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], timeout_s)
        line = self.process.stdout.readline() if readable else ""
        found = READY.fullmatch(line.strip())
        if found is None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            raise AssertionError(f"the first line was {line!r}; stderr: {self.errors.read_text()}")
        self.ready_after_s = time.perf_counter() - began
        self.url = found.group(1)

    def stop(self, timeout_s: float = 10) -> int:
        """SIGTERM, and the exit code; kills after `timeout_s`."""
        self._http.clear()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            assert self.process.stdout is not None
            self.process.stdout.close()
        return code

    def kill(self) -> None:
        """Pull the plug."""
        self._http.clear()
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    @property
    def first_run_code(self) -> str:
        """The code this hub printed."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if found := CODE.search(self.errors.read_text()):
                return found.group(1)
            time.sleep(0.05)  # the code follows the ready line on another stream
        raise AssertionError(f"no first-run code in: {self.errors.read_text()}")

    def set_up(self, name: str = "Ada", password: str = PASSWORD) -> str:
        """Become the owner; the session's token."""
        answer = self.call(
            "POST", "/v1/setup", {"code": self.first_run_code, "name": name, "password": password}
        )
        self.token = answer["token"]
        return self.token

    def call(self, method: str, path: str, body: object = None) -> Any:
        """An API call with the session's token; the decoded answer. AssertionError for an error."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        content = None if body is None else json.dumps(body).encode()
        answer = self._http.request(method, self.url + path, body=content, headers=headers)
        if answer.status >= 400:
            raise AssertionError(
                f"{method} {path} answered {answer.status}: {answer.data.decode(errors='replace')}"
            )
        return json.loads(answer.data or b"null")
