"""Every regular expression of the application, found in its source."""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]

_FUNCTIONS = {"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub"}
_FUNCTIONS |= {"subn"}
_IMPORT_OF_RE = re.compile(r"\b(?:import|from) re\b")
_SAMPLE_WORDS = ("a", "aa", "a a", "ab ab", "- -")
"""Arguments of functions that make a pattern of words."""


@dataclass(frozen=True)
class Use:
    """A pattern and how it is used.

    Attributes:
        place: file and line.
        pattern: compiled.
        methods: of the pattern that its module calls; empty where that is not seen.
    """

    place: str
    pattern: re.Pattern[str]
    methods: frozenset[str]


def modules_with_patterns() -> list[str]:
    """Return the files of the application that import ``re``, as paths below the project."""
    paths = [
        path
        for path in sorted((ROOT / "app").rglob("*.py"))
        if _IMPORT_OF_RE.search(path.read_text(encoding="utf-8"))
    ]
    return [path.relative_to(ROOT).as_posix() for path in paths]


@cache
def uses_in(module: str) -> tuple[Use, ...]:
    """Return every use of ``re`` in a file.

    A pattern that is no constant is made by calling the function that makes it.
    """
    return tuple(_uses_in(ROOT / module))


def _uses_in(path: Path) -> Iterator[Use]:
    tree = _tree_of(path)
    names = _names_of_re(tree)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (function := _function_of(node, names)) in _FUNCTIONS:
            place = f"{path.relative_to(ROOT)}:{node.lineno}"
            for pattern in _patterns(node, tree, path, parents):
                bound = _bound_name(node, parents)
                methods = _methods_of(tree, bound) if function == "compile" else {function}
                yield Use(place, pattern, frozenset(methods))


def _names_of_re(tree: ast.Module) -> dict[str, str]:
    """Return the names that mean ``re`` ("") or one of its functions in a module."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: "" for alias in node.names if alias.name == "re"}
        if isinstance(node, ast.ImportFrom) and node.module == "re":
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
    return names


def _function_of(call: ast.Call, names: dict[str, str]) -> str:
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.attr if names.get(function.value.id) == "" else ""
    return names.get(function.id, "") if isinstance(function, ast.Name) else ""


def _patterns(
    call: ast.Call, tree: ast.Module, path: Path, parents: dict[ast.AST, ast.AST]
) -> list[re.Pattern[str]]:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    scope = _enclosing_function(call, parents)
    if scope is None and not _in_comprehension(call, parents):
        code = ast.Expression(call if _is_compile(call) else _compiling(call))
        return [eval(compile(ast.fix_missing_locations(code), str(path), "eval"), vars(module))]
    try:
        arguments = ast.Expression(_compiling(call))
        code_ = compile(ast.fix_missing_locations(arguments), str(path), "eval")
        return [eval(code_, dict(vars(module)))]
    except NameError:
        return _made_patterns(scope, module) if scope is not None else _held_patterns(module)


def _is_compile(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "compile"


def _compiling(call: ast.Call) -> ast.Call:
    """Return the call that compiles the pattern of ``re.sub(...)`` and the like."""
    flags = [keyword for keyword in call.keywords if keyword.arg == "flags"]
    places = {"sub": 4, "subn": 4, "split": 3}
    name = call.func.attr if isinstance(call.func, ast.Attribute) else "compile"
    arguments = [call.args[0]]
    if name == "compile":
        arguments = call.args
    elif len(call.args) > places.get(name, 2):
        arguments.append(call.args[places.get(name, 2)])
    compile_ = ast.Attribute(
        ast.Call(ast.Name("__import__", ast.Load()), [ast.Constant("re")], []),
        "compile",
        ast.Load(),
    )
    return ast.Call(compile_, arguments, flags)


def _made_patterns(scope: ast.FunctionDef, module: ModuleType) -> list[re.Pattern[str]]:
    """Return what a module's function makes of words; it takes one text and returns a pattern."""
    testable = len(scope.args.args) == 1 and hasattr(module, scope.name)
    assert testable, (
        f"{module.__name__}.{scope.name}: make the pattern a constant, or make it in a function of "
        "the module that takes one text and returns it, so that it can be tested"
    )
    made = [getattr(module, scope.name)(words) for words in _SAMPLE_WORDS]
    assert all(isinstance(pattern, re.Pattern) for pattern in made), scope.name
    return made


def _held_patterns(module: ModuleType) -> list[re.Pattern[str]]:
    """Return the patterns within the containers of a module."""
    found: list[re.Pattern[str]] = []

    def look(value: object) -> None:
        if isinstance(value, re.Pattern):
            found.append(value)
        elif isinstance(value, tuple | list | set | frozenset):
            for item in value:
                look(item)
        elif isinstance(value, dict):
            look(list(value.values()))

    for value in vars(module).values():
        look(value)
    assert found, f"{module.__name__}: no pattern found"
    return found


def _enclosing_function(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.FunctionDef | None:
    while (node := parents.get(node)) is not None:  # type: ignore[assignment]
        if isinstance(node, ast.FunctionDef):
            return node
    return None


def _in_comprehension(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    while (node := parents.get(node)) is not None:  # type: ignore[assignment]
        if isinstance(node, ast.GeneratorExp | ast.ListComp | ast.DictComp | ast.SetComp):
            return True
    return False


def _bound_name(call: ast.Call, parents: dict[ast.AST, ast.AST]) -> str:
    parent = parents.get(call)
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        return parent.targets[0].id
    return ""


def _methods_of(tree: ast.Module, name: str) -> set[str]:
    """Return the methods that are called of a pattern; none where it is handed on or nameless."""
    if not name:
        return set()
    called, uses = Counter[str](), 0
    for each in (tree,) if name.startswith("_") else _all_trees():
        of_names = _calls_by_name(each)
        called += of_names[name].called
        uses += of_names[name].loads
    return set(called) & _FUNCTIONS if uses == called.total() else set()


@dataclass
class _NameUses:
    """How one module uses a name.

    Attributes:
        called: attributes that are read of it, each as often as it is.
        loads: how often it is read in all.
    """

    called: Counter[str] = field(default_factory=Counter)
    loads: int = 0


@cache
def _calls_by_name(tree: ast.Module) -> defaultdict[str, _NameUses]:
    """Return how a module uses each name: one walk serves all the patterns."""
    uses: defaultdict[str, _NameUses] = defaultdict(_NameUses)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            uses[node.value.id].called[node.attr] += 1
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            uses[node.id].loads += 1
    return uses


@cache
def _all_trees() -> tuple[ast.Module, ...]:
    return tuple(_tree_of(path) for path in sorted((ROOT / "app").rglob("*.py")))


@cache
def _tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
