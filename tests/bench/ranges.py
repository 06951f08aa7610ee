"""Byte ranges: 1.5 MB at random offsets of a 1 GB file over 50 connections, against nginx with sendfile."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

from tests.bench.figures import abab, print_pair
from tests.media import make_clip
from tests.process import Serving, run_marquee

FILE_BYTES = 1_000_000_000
CONNECTIONS = 50
SECONDS = 6
ROUNDS = 5

_SCRIPT = """
math.randomseed(os.time())
request = function()
  local start = math.random(0, {last})
  wrk.headers["Range"] = "bytes=" .. start .. "-" .. (start + 1499999)
  return wrk.format("GET", nil, wrk.headers)
end
response = function(status) if status ~= 206 then wrong = (wrong or 0) + 1 end end
"""

_NGINX = """
daemon off;
pid {root}/nginx.pid;
error_log {root}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  server {{ listen 127.0.0.1:{port}; root {root}/files; }}
}}
"""


def run() -> None:
    """Print the figures."""
    for program in ("nginx", "wrk"):
        if shutil.which(program) is None:
            raise SystemExit(f"The bench needs {program}: apt-get install nginx-light wrk")
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as name:
        root = Path(name)
        root.chmod(0o755)
        files = root / "files"
        files.mkdir()
        big_file(files / "big.mp4", FILE_BYTES)
        script = root / "ranges.lua"
        script.write_text(_SCRIPT.format(last=FILE_BYTES - 1_500_000))
        data = root / "data"
        added = run_marquee("add", files, data=data)
        assert added.returncode == 0, added.stderr
        with Serving(data, MARQUEE_LIBRARY__WATCH="false") as hub, _nginx(root) as peer:
            hub.set_up()
            (video,) = hub.call("GET", "/v1/videos")["items"]
            url = hub.url + hub.call("GET", f"/v1/videos/{video['id']}/play")["url"].removeprefix(hub.url)
            ours, theirs = abab(
                lambda: _megabytes_per_s(url, script),
                lambda: _megabytes_per_s(f"{peer}/big.mp4", script),
                ROUNDS,
            )
        print_pair(
            f"1.5 MB ranges of a 1 GB file, {CONNECTIONS} connections",
            "MB/s",
            ours,
            theirs,
            "nginx",
            ">= 0.9",
        )


def big_file(path: Path, size_bytes: int) -> None:
    """A valid, playable MP4 of this size: a short clip and a long box of padding, its blocks really on the disk."""
    make_clip(path, seconds=1)
    padding = size_bytes - path.stat().st_size
    with path.open("ab") as file:
        # ISO/IEC 14496-12 §4.2: size 1 announces a 64-bit size after the type.
        file.write((1).to_bytes(4, "big") + b"free" + padding.to_bytes(8, "big"))
        block = os.urandom(1_000_000)
        left = padding - 16
        while left > 0:
            left -= file.write(block[: min(left, len(block))])


@contextmanager
def _nginx(root: Path) -> Iterator[str]:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = root / "nginx.conf"
    config.write_text(_NGINX.format(root=root, port=port))
    process = subprocess.Popen(["nginx", "-c", str(config), "-p", str(root)], stderr=subprocess.DEVNULL)
    try:
        _wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nginx did not start")


def _megabytes_per_s(url: str, script: Path) -> float:
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), url],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Non-2xx" not in done.stdout, done.stdout
    found = re.search(r"Transfer/sec:\s+([\d.]+)(KB|MB|GB)", done.stdout)
    assert found is not None, done.stdout
    return float(found.group(1)) * {"KB": 1e-3, "MB": 1.0, "GB": 1e3}[found.group(2)]
