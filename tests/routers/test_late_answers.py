"""Routes whose JSON may come late say that it may be an error, whatever the status."""

from __future__ import annotations

import ast
from pathlib import Path

from app import routers

_FOLDER = Path(routers.__file__).parent
_LATE = {"patient_json", "late_json", "answered", "JsonAnswer"}
"""What begins an answer in JSON before its work has ended."""

_METHODS = {"get", "post", "put", "patch", "delete", "api_route"}

Function = ast.AsyncFunctionDef | ast.FunctionDef


def functions_of(module: Path) -> dict[str, Function]:
    tree = ast.parse(module.read_text())
    return {node.name: node for node in tree.body if isinstance(node, Function)}


def called(function: Function) -> set[str]:
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {func.id for func in calls if isinstance(func, ast.Name)}


def decorators(function: Function) -> set[str]:
    return {ast.unparse(each).partition("(")[0] for each in function.decorator_list}


def late_names(functions: dict[str, Function]) -> set[str]:
    """Return which functions of a module begin a late answer, by themselves or by another."""
    late = set(_LATE)
    while more := {name for name, each in functions.items() if called(each) & late} - late:
        late |= more
    return late


def test_every_late_answer_is_declared_as_one() -> None:
    late, declared = set(), set()
    for module in _FOLDER.rglob("*_routes.py"):
        functions = functions_of(module)
        names = late_names(functions)
        for name, function in functions.items():
            found = decorators(function)
            if any(each.rpartition(".")[2] in _METHODS for each in found):
                late |= {f"{module.stem}.{name}"} if name in names else set()
                declared |= {f"{module.stem}.{name}"} if "answers_late" in found else set()
    assert late == declared
    assert "process_routes.process" in declared
