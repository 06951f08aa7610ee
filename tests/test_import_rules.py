"""What import-linter cannot say, read from the syntax tree of every module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Third-party engine → the one package that may import it.
ENGINES = {
    "av": "hub.media",
    "vlc": "gui.player",
    "whoosh": "hub.search",
    "tantivy": "hub.search",
    "apscheduler": "hub.jobs",
    "yt_dlp": "hub.youtube",
}
TASKS_MODULE = "hub.runtime.tasks"
ROOT_OF_THE_WINDOW = "gui.bootstrap"


def modules() -> dict[str, ast.Module]:
    """Module name → syntax tree, of everything that ships."""
    found = {}
    for top in ("hub", "server", "gui", "assets"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if "node_modules" in path.parts:
                continue
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Every module the code names in an import, those inside functions and by `import_module` included."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
            case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]) if _last_name(func) in (
                "import_module",
                "__import__",
            ):
                yield name


def bare_tasks(tree: ast.AST) -> Iterator[int]:
    """Lines that start a task on a loop directly. A task group's `create_task` is fine: the group holds its tasks."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="create_task" | "ensure_future", value=owner)) if (
                "loop" in ast.unparse(owner).lower() or ast.unparse(owner) == "asyncio"
            ):
                yield node.lineno


def _last_name(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def engine_violations(trees: dict[str, ast.Module]) -> list[str]:
    """Modules that import an engine outside its one package."""
    return [
        f"{module} imports {name}; only {owner} may"
        for module, tree in trees.items()
        for name in imported_names(tree)
        for engine, owner in ENGINES.items()
        if _is_in(name, engine) and not _is_in(module, owner)
    ]


def server_violations(trees: dict[str, ast.Module]) -> list[str]:
    """Modules of the window, other than its root, that touch the server."""
    return [
        f"{module} imports {name}; only {ROOT_OF_THE_WINDOW} may"
        for module, tree in trees.items()
        for name in imported_names(tree)
        if _is_in(module, "gui") and _is_in(name, "server") and module != ROOT_OF_THE_WINDOW
    ]


def task_violations(trees: dict[str, ast.Module]) -> list[str]:
    """Places that start a task without an owner."""
    return [
        f"{module}:{line} starts a bare task; use {TASKS_MODULE}"
        for module, tree in trees.items()
        if module != TASKS_MODULE
        for line in bare_tasks(tree)
    ]


CHECKS = (engine_violations, server_violations, task_violations)


@pytest.mark.parametrize("check", CHECKS)
def test_the_tree_keeps_the_rule(check: object) -> None:
    assert callable(check)
    assert check(modules()) == []


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("hub.library.scan", "import av", "only hub.media"),
        ("hub.library.scan", "def f():\n    from av.codec import Codec", "only hub.media"),
        ("gui.views.player", "import importlib\nimportlib.import_module('vlc')", "only gui.player"),
        ("hub.jobs.queue", "from yt_dlp import YoutubeDL", "only hub.youtube"),
        ("gui.views.grid", "from server.app import build", "only gui.bootstrap"),
        ("hub.jobs.queue", "asyncio.get_running_loop().create_task(f())", "bare task"),
        ("server.app", "asyncio.create_task(f())", "bare task"),
    ],
)
def test_a_breach_is_found(module: str, source: str, complaint: str) -> None:
    trees = {module: ast.parse(source)}
    assert any(complaint in line for check in CHECKS for line in check(trees))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("hub.media.probe", "import av"),
        ("hub.library.scan", "import available"),
        ("gui.bootstrap", "from server.app import build"),
        ("hub.runtime.tasks", "asyncio.get_running_loop().create_task(f())"),
        ("hub.media.pool", "async with asyncio.TaskGroup() as group:\n    group.create_task(f())"),
    ],
)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    trees = {module: ast.parse(source)}
    assert [line for check in CHECKS for line in check(trees)] == []
