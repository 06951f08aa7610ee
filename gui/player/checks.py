"""What the window adds to `marquee doctor`: libvlc."""

from __future__ import annotations

from collections.abc import Iterator

from gui.command import has_display
from gui.player import vlc_library
from gui.player.engine import EngineMissing
from hub.cli.findings import Finding, Installation, failed, note, ok


def checks(_what: Installation) -> Iterator[Finding]:
    """Whether libvlc is there; without a display nobody misses it."""
    name = "libvlc"
    try:
        module, instance = vlc_library.load()
    except EngineMissing as error:
        if not has_display():
            yield note(name, f"{error}. Only the window needs it, and there is no display here.")
            return
        yield failed(
            name,
            f"{error}. The window cannot play videos.",
            f"Install VLC 3, for instance by: {vlc_library.INSTALL}",
        )
        return
    version = module.libvlc_get_version().decode(errors="replace")
    instance.release()
    yield ok(name, f"{version} is there, for the window.", version=version)
