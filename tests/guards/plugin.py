"""The pytest plugin that puts the guards around every test.

Hooks rather than fixtures: they see the state before the first and after the last fixture of a test, and they stay out
of Hypothesis's way.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.guards.blocking import BlockingWatch
from tests.guards.leaks import Snapshot, TaskWatch, end_children, leaked_since
from tests.guards.logs import ErrorLog
from tests.guards.network import NetworkWatch

MARKERS = (
    "allow_blocking(reason): blocking calls on the loop are what this test is about",
    "expect_errors(*patterns): this test provokes ERROR log records; each must match one regular expression",
    "platform_skip: a skip with this marker is right even in CI (another operating system's test)",
)


@dataclass
class Guards:
    """The state of all guards in this process."""

    tasks: TaskWatch = field(default_factory=TaskWatch)
    blocking: BlockingWatch = field(default_factory=BlockingWatch)
    errors: ErrorLog = field(default_factory=ErrorLog)
    network: NetworkWatch = field(default_factory=NetworkWatch)
    before: Snapshot | None = None
    failed: bool = False
    installed: ExitStack = field(default_factory=ExitStack)


GUARDS = pytest.StashKey[Guards]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Whose blocking calls count."""
    parser.addini("guarded_packages", "packages that must not block an event loop", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Install what watches the whole run."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    guards = config.stash[GUARDS] = Guards()
    guards.installed.enter_context(guards.tasks.installed())
    guards.errors.install()
    guards.installed.callback(guards.errors.remove)
    guards.network.install()
    guards.blocking.install(config.getini("guarded_packages"))
    guards.installed.callback(guards.blocking.remove)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take everything off again."""
    if (guards := config.stash.get(GUARDS, None)) is not None:
        guards.network.active = False
        guards.installed.close()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Look before the first fixture."""
    guards = item.config.stash[GUARDS]
    guards.failed = False
    guards.before = Snapshot.take()
    yield


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """What a fixture wider than one test opens is not a leak of the test that happened to be first."""
    if fixturedef.scope == "function":
        return (yield)
    before = Snapshot.take()
    result = yield
    guards = request.config.stash[GUARDS]
    if guards.before is not None:
        guards.before |= Snapshot.take() - before
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """A test about blocking calls may make them."""
    if item.get_closest_marker("allow_blocking") is None:
        yield
        return
    with item.config.stash[GUARDS].blocking.paused():
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Look after the last fixture; whatever was left fails the test."""
    yield
    guards = item.config.stash[GUARDS]
    assert guards.before is not None
    left = leaked_since(guards.before)
    marker = item.get_closest_marker("expect_errors")
    lines = [
        *guards.tasks.take(),
        *left.describe(),
        *guards.blocking.take(),
        *guards.errors.take(marker.args if marker else ()),
        *guards.network.take(),
    ]
    end_children(left.children)
    # A failed test's traceback keeps its objects alive; its own failure is the news.
    if lines and not guards.failed:
        pytest.fail(
            "the test left or did what no test may:\n" + "\n".join(f"- {line}" for line in lines),
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one: a missing tool must not pass for success."""
    report = yield
    if report.when in ("setup", "call") and report.failed:
        item.config.stash[GUARDS].failed = True
    expected = hasattr(report, "wasxfail") or item.get_closest_marker("platform_skip") is not None
    if report.skipped and _in_ci() and not expected:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where nothing may be: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself."""
    report = yield
    if report.skipped and _in_ci():
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where nothing may be: {report.longrepr}"
    return report


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")
