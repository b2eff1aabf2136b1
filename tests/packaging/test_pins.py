"""constraints.txt pins everything that the installation brings."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.server import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split())


def asked_for() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]
    return [Requirement(line) for line in lines]


def everything() -> Iterator[str]:
    """Yield the name of everything that the requirements bring here, at whatever distance."""
    waiting = asked_for()
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ["", *requirement.extras]:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                needs = distribution(name).requires or []
            except PackageNotFoundError:
                continue
            yield name
            for need in map(Requirement, needs):
                if need.marker is None or need.marker.evaluate({"extra": extra}):
                    waiting.append(need)


def test_what_the_project_asks_for_is_pinned_to_a_version_that_it_accepts() -> None:
    for requirement in asked_for():
        version = PINS[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), (requirement, version)


def test_what_is_installed_is_what_is_pinned() -> None:
    installed = {name: distribution(name).version for name in everything()}
    assert len(installed) > 50
    wrong = {name: (v, PINS.get(name)) for name, v in installed.items() if PINS.get(name) != v}
    assert wrong == {}


def test_the_installer_and_the_build_are_pinned_too() -> None:
    assert {"uv", "hatchling"} <= PINS.keys()


def test_the_list_is_sorted_and_has_nothing_twice() -> None:
    lines = (ROOT / "constraints.txt").read_text().split()
    assert lines == sorted(set(lines))
    assert len(PINS) == len(lines)
