"""The locks and the page about dependencies agree with pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*extras: str) -> set[str]:
    """Canonical names of the direct dependencies, those of `extras` included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [
        *project["dependencies"],
        *(line for e in extras for line in project["optional-dependencies"][e]),
    ]
    names = {canonical(re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0]) for line in lines}
    return names - {"marquee-hub"}


def locked(name: str) -> dict[str, set[str]]:
    """Canonical name → versions, of one lock file."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / "requirements" / name).read_text().splitlines():
        if match := re.match(r"([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?==(\S+)", line):
            found.setdefault(canonical(match[1]), set()).add(match[2])
    return found


def test_every_direct_dependency_is_locked() -> None:
    assert declared() <= set(locked("run.txt"))
    assert declared("build") <= set(locked("run.txt")) | set(locked("build.txt"))
    assert declared("build", "dev") <= set(locked("dev.txt"))


@pytest.mark.parametrize("lock", ["run.txt", "build.txt"])
def test_a_library_has_one_version_in_all_locks(lock: str) -> None:
    dev = locked("dev.txt")
    assert {name: versions for name, versions in locked(lock).items() if dev.get(name) != versions} == {}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_has_a_hash_for_everything_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [entry for entry in entries if "==" in entry and "--hash=sha256:" not in entry] == []
    assert re.findall(r"[a-z+]+://\S+", text) == []


def test_the_page_about_dependencies_lists_exactly_the_direct_ones() -> None:
    page = (ROOT / "docs" / "adr" / "0002-dependencies.md").read_text()
    rows = re.findall(r"^\| ([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])? \| .+ \| .+ \|$", page, flags=re.MULTILINE)
    listed = {canonical(name) for name in rows} - {"name"}
    assert listed == declared("build", "dev") | {"uv"}


def test_the_build_lock_asks_for_the_build_extra() -> None:
    lines = (ROOT / "requirements" / "build.in").read_text().splitlines()
    assert {canonical(line) for line in lines if line and not line.startswith("#")} == declared(
        "build"
    ) - declared()
