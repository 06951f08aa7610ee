"""What every test gets: guards, a screenless Qt, an environment of its own, and a PostgreSQL when it asks for one."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ("tests.guards.plugin", "tests.pg")

# pytest-qt makes the application with the first test that wants one; by then this must stand.
os.environ["QT_QPA_PLATFORM"] = "offscreen"

# Two shared cores: a slow example says nothing about the code.
_UNHURRIED = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow], "database": None}
hypothesis.settings.register_profile("quick", max_examples=30, **_UNHURRIED)  # type: ignore[arg-type]
hypothesis.settings.register_profile("soak", max_examples=2_000, **_UNHURRIED)  # type: ignore[arg-type]

HOME = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Cut the run off from the settings and data of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("MARQUEE_")]:
        del os.environ[name]
    home = config.stash[HOME] = Path(tempfile.mkdtemp(prefix="marquee-tests-"))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        folder = home / name.removeprefix("XDG_").lower()
        folder.mkdir(mode=0o700)
        os.environ[name] = str(folder)
    soak = "soak" in config.getoption("markexpr", "").replace("not soak", "")
    hypothesis.settings.load_profile("soak" if soak else "quick")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's own home."""
    shutil.rmtree(config.stash[HOME], ignore_errors=True)
