"""Pages of the docs site that are written from the program: API reference and errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.error_advice import ADVICE
from app.domain.errors import CuestreamError
from app.main import create_app
from app.routers.error_responses import STATUSES

_METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
_MOST_EXAMPLE_CHARS = 1500


def api_reference() -> str:
    """Return every route of the OpenAPI document as Markdown."""
    document = create_app().openapi()
    by_tag: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                found = operations[method]
                tag = (found.get("tags") or ["other"])[0]
                by_tag.setdefault(tag, []).append(_route(method, path, found))
    version = f"OpenAPI {document['openapi']}, version {document['info']['version']}."
    guide = "[The guide](api.md) says how routes belong together."
    lines = ["# API reference", "", f"{version} {guide}", ""]
    for tag, routes in by_tag.items():
        lines += [f"## {tag}\n", *routes]
    return "\n".join(lines)


def _route(method: str, path: str, operation: Mapping[str, Any]) -> str:
    lines = [f"### `{method.upper()} {path}`", "", operation.get("summary", "") + ".", ""]
    if text := operation.get("description"):
        lines += [_cell(text), ""]
    if parameters := operation.get("parameters"):
        lines += ["| parameter | in | type | |", "| --- | --- | --- | --- |"]
        lines += [_parameter(each) for each in parameters]
        lines.append("")
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        lines += [f"Body: `{kind}`", "", *_example(content)]
    lines += ["| status | |", "| --- | --- |"]
    for status, answer in operation.get("responses", {}).items():
        kinds = ", ".join(f"`{kind}`" for kind in answer.get("content", {}))
        lines.append(f"| {status} | {_cell(answer.get('description', ''))} {kinds} |")
    return "\n".join([*lines, ""])


def _parameter(found: Mapping[str, Any]) -> str:
    schema = found.get("schema", {})
    kinds = [schema, *schema.get("anyOf", ())]
    kind = ", ".join(str(each["type"]) for each in kinds if each.get("type", "null") != "null")
    name = f"`{found['name']}`{'*' if found.get('required') else ''}"
    return f"| {name} | {found['in']} | {kind} | {_cell(found.get('description', ''))} |"


def _example(content: Mapping[str, Any]) -> list[str]:
    examples = [each.get("value") for each in content.get("examples", {}).values()]
    example = content.get("example", examples[0] if examples else None)
    if example is None:
        return []
    text = json.dumps(example, indent=2, ensure_ascii=False)
    return ["```json", text, "```", ""] if len(text) < _MOST_EXAMPLE_CHARS else []


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def errors_page() -> str:
    """Return a table of every error code with its status and what helps."""
    retrying = "`retryable` says whether the same request may succeed later."
    lines = ["# Errors", "", f"Every error has a code that stays. {retrying}", ""]
    lines += ["| code | status | meaning | what helps |", "| --- | --- | --- | --- |"]
    for code, status, retryable, meaning in sorted(set(_codes(CuestreamError))):
        helps = ADVICE.get(code) or _usual_advice(status, retryable=retryable)
        lines.append(f"| `{code}` | {status} | {_cell(meaning)} | {_linked(_cell(helps))} |")
    return "\n".join([*lines, ""])


def _linked(text: str) -> str:
    """Return advice whose pages are links."""
    return re.sub(r"\bdocs/([\w-]+\.md)", r"[\1](\1)", text)


def _codes(kind: type[CuestreamError]) -> Iterator[tuple[str, int, bool, str]]:
    for child in kind.__subclasses__():
        known = [STATUSES[ancestor] for ancestor in child.__mro__ if ancestor in STATUSES]
        if "code" in vars(child):
            first = (child.__doc__ or "").strip().split("\n\n")[0]
            yield child.code, known[0], child.retryable, first
        yield from _codes(child)


def _usual_advice(status: int, *, retryable: bool) -> str:
    if retryable:
        return "the same request again, after `Retry-After` where there is one"
    if status >= 500:
        return "the server's log, under the answer's `X-Request-ID`"
    return "another request: the error's text names what is wrong"
