"""The guides against the code: routes, error codes, settings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.errors import CuestreamError
from app.main import create_app
from app.routers.error_responses import STATUSES
from scripts.settings_table import env_names, fields
from tests.server import ROOT

API = ROOT / "docs" / "api.md"
GUIDES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("s*/*.md")]
    if ".venv" not in path.parts
)


def routes() -> set[str]:
    paths = create_app().openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def test_every_route_is_described_and_every_described_route_exists() -> None:
    methods = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS"
    named = set(re.findall(rf"`((?:{methods}) /[^`]*)`", API.read_text()))
    assert named == routes()


def codes(kind: type[CuestreamError] = CuestreamError) -> Iterator[tuple[str, int]]:
    for child in kind.__subclasses__():
        known = [STATUSES[ancestor] for ancestor in child.__mro__ if ancestor in STATUSES]
        if "code" in vars(child):
            yield child.code, known[0]
        yield from codes(child)


def test_every_error_code_is_listed_under_its_status() -> None:
    table = dict(re.findall(r"^\| (\d{3}) \| (.*) \|$", API.read_text(), re.MULTILINE))
    listed = {
        (code, int(status))
        for status, cell in table.items()
        for code in re.findall(r"`([a-z_]+)`", cell)
    }
    assert set(codes()) <= listed
    assert listed - set(codes()) == {("method_not_allowed", 405)}


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if re.match(r"https?:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), target


def anchors(path: Path) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize(
    "name", ["load-balancer.md", "pod.md", "queue-worker.md", "api.md", "architecture.md"]
)
def test_variables_that_a_guide_names_are_read_by_the_code(name: str) -> None:
    text = (ROOT / "docs" / name).read_text()
    ours = {variable for group, n, field in fields() for variable in env_names(group, n, field)}
    named = set(re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`", text))
    foreign = {value for value in named if value.startswith(("RUNPOD_", "AMPERE", "ADA", "HOPPER"))}
    assert named - foreign <= ours


@pytest.mark.parametrize("name", ["load-balancer.md", "pod.md", "queue-worker.md"])
def test_a_guide_says_what_was_not_tried(name: str) -> None:
    text = " ".join((ROOT / "docs" / name).read_text().split())
    assert "not been tried on a live" in text
