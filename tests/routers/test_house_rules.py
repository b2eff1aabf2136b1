"""Rules that every module of `app/routers` keeps, read from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import ROOT

MODULES = sorted((ROOT / "app" / "routers").rglob("*.py"))
SCHEDULING = {"playback", "context"}
JOBS = {"job", *SCHEDULING}


def targets(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Assign(targets=found) | ast.Delete(targets=found):
            return found
        case ast.AugAssign(target=found) | ast.AnnAssign(target=found):
            return [found]
        case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[first, *_]):
            return [ast.Attribute(first, "_")]
        case _:
            return []


def writes_to_others(tree: ast.AST) -> Iterator[str]:
    """Yield assignments to an attribute of a job or of any object that is not ``self``'s."""
    for node in ast.walk(tree):
        for target in targets(node):
            for part in ast.walk(target):
                if isinstance(part, ast.Attribute) and not is_own(part):
                    yield ast.unparse(node)


def is_own(part: ast.Attribute) -> bool:
    """Whether an attribute is only read, or belongs to ``self`` and to no job."""
    if isinstance(getattr(part, "ctx", None), ast.Load):
        return True
    owner = ast.unparse(part.value).split(".")
    return owner[0] == "self" and JOBS.isdisjoint(name.strip("_") for name in owner)


def calls_of_scheduling_state(tree: ast.AST) -> Iterator[str]:
    """Yield calls of a method of a job's playback or context."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=name))) if name in SCHEDULING:
                yield ast.unparse(node)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name in SCHEDULING:
                yield ast.unparse(node)


def handlers_with_try(tree: ast.AST) -> Iterator[str]:
    """Yield routes, handlers of Socket.IO events and request handlers that hold a ``try``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and is_handler(node):
            yield from (node.name for part in ast.walk(node) if isinstance(part, ast.Try))


def is_handler(node: ast.AsyncFunctionDef | ast.FunctionDef) -> bool:
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    is_route = any(text.partition(".")[0].endswith(ROUTERS) for text in decorators)
    return is_route or node.name.startswith("on_") or node.name == "get_route_handler"


ROUTERS = ("router", "capabilities", "check")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_router_writes_scheduling_state(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert list(writes_to_others(tree)) == []
    assert list(calls_of_scheduling_state(tree)) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_route_has_a_try(path: Path) -> None:
    assert list(handlers_with_try(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "code",
    [
        "job.context.audience = 'viewer'",
        "job.playback.position_ms += 1",
        "context.audience, x = 'viewer', 1",
        "setattr(job, 'ended_s', 0)",
        "self._job.ended_s = 1",
        "job.playback.move(3)",
        "playback.move(3)",
    ],
)
def test_a_module_that_writes_it_would_be_found(code: str) -> None:
    tree = ast.parse(code)
    assert [*writes_to_others(tree), *calls_of_scheduling_state(tree)]


def test_a_route_with_a_try_would_be_found() -> None:
    code = "@router.get('/x')\nasync def x():\n    try:\n        pass\n    finally:\n        pass\n"
    assert list(handlers_with_try(ast.parse(code))) == ["x"]


def test_there_are_routes_to_look_at() -> None:
    trees = [ast.parse(path.read_text()) for path in MODULES]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    functions = (ast.AsyncFunctionDef, ast.FunctionDef)
    assert sum(isinstance(node, functions) and is_handler(node) for node in nodes) > 30
