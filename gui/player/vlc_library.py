"""Loading libvlc: whether it is there, and one quiet instance of it."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

from gui.player.engine import EngineMissing

log = logging.getLogger(__name__)

INSTALL = "sudo apt install libvlc5 vlc-plugin-base"
"""Debian and Ubuntu; other systems have one package called vlc."""

OPTIONS = (
    "--quiet",
    "--ignore-config",
    "--intf=dummy",
    "--no-xlib",
    "--no-lua",
    "--no-stats",
    "--no-osd",
    "--no-video-title-show",
    "--no-metadata-network-access",
    # Frames come to us in main memory; a hardware decoder would only open the picture several times over.
    "--avcodec-hw=none",
)


def load() -> tuple[Any, Any]:
    """The `vlc` module and an instance. EngineMissing when libvlc is not there or does not start."""
    try:
        import vlc
    except (ImportError, OSError, AttributeError) as error:
        raise EngineMissing(f"libvlc cannot be loaded: {error}") from error
    except SystemExit as error:
        # python-vlc leaves the program when an environment variable names a library that is not there.
        raise EngineMissing("PYTHON_VLC_LIB_PATH or PYTHON_VLC_MODULE_PATH names no libvlc") from error
    try:
        instance = vlc.Instance([*OPTIONS, *_audio_options()])
    except (NameError, AttributeError, OSError) as error:
        # Without the library, python-vlc imports all the same and fails at the first call.
        raise EngineMissing(f"libvlc is not installed: {error}") from error
    if instance is None:
        raise EngineMissing("libvlc found none of its plugins")
    log.info("libvlc %s", vlc.libvlc_get_version().decode(errors="replace"))
    return vlc, instance


def _audio_options() -> list[str]:
    """On a machine without any way to sound, take the output that plays into nothing.

    libvlc would try ALSA anew for every block of samples, and ALSA says on stderr each time that there is no card.
    """
    if not sys.platform.startswith("linux") or os.environ.get("PULSE_SERVER"):
        return []
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}"))
    places = (runtime / "pulse" / "native", Path("/run/pulse/native"), Path("/proc/asound/card0"))
    cards = Path("/proc/asound")
    has_card = cards.is_dir() and any(
        entry.name.startswith("card") and entry.is_dir() for entry in cards.iterdir()
    )
    if has_card or any(place.exists() for place in places):
        return []
    return ["--aout=adummy"]
