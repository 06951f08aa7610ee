"""Machines without libvlc, each in its own way; every case in a process of its own, since a library loads once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.process import environment

PROBE = """
import sys
{prepare}
from gui.player.engine import EngineMissing
from gui.player.vlc_library import load
try:
    load()
except EngineMissing as error:
    print("missing:", error.reason)
else:
    print("there")
"""


def probe(prepare: str = "", **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(prepare=prepare)],
        capture_output=True,
        text=True,
        env=environment(**variables),
        timeout=60,
        check=True,
    )
    return done.stdout


def test_libvlc_is_found_here() -> None:
    assert probe() == "there\n"


def test_library_that_is_not_installed_is_missing() -> None:
    hide = "import ctypes.util; ctypes.util.find_library = lambda name: None\n"
    hide += "import ctypes; real = ctypes.CDLL\n"
    hide += "def refuse(name, *a, **k):\n"
    hide += "    if name and 'vlc' in str(name): raise OSError('no such library')\n"
    hide += "    return real(name, *a, **k)\n"
    hide += "ctypes.CDLL = refuse"
    assert probe(hide).startswith("missing:")


def test_variable_that_names_no_library_is_missing_not_the_end(tmp_path: Path) -> None:
    assert probe(PYTHON_VLC_LIB_PATH=str(tmp_path / "libvlc.so")).startswith("missing: PYTHON_VLC_LIB_PATH")


def test_variable_that_names_no_folder_is_missing_not_the_end(tmp_path: Path) -> None:
    assert probe(PYTHON_VLC_MODULE_PATH=str(tmp_path / "nowhere")).startswith("missing:")


def test_library_without_its_plugins_is_missing(tmp_path: Path) -> None:
    assert probe(VLC_PLUGIN_PATH=str(tmp_path), VLC_LIB_PATH=str(tmp_path)) in (
        "missing: libvlc found none of its plugins\n",
        "there\n",  # builds that look beside the library whatever the variable says
    )


def test_python_package_that_is_not_installed_is_missing() -> None:
    assert probe("sys.modules['vlc'] = None").startswith("missing: libvlc cannot be loaded")


@pytest.mark.parametrize("scheme", ["", "unix:/run/user/0/pulse/native"])
def test_sound_output_is_left_to_libvlc_where_there_is_one(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gui.player import vlc_library

    monkeypatch.setenv("PULSE_SERVER", scheme)
    monkeypatch.setattr("pathlib.Path.exists", lambda self: False)
    monkeypatch.setattr("pathlib.Path.is_dir", lambda self: False)
    assert vlc_library._audio_options() == ([] if scheme else ["--aout=adummy"])
