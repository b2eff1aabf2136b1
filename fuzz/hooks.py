"""What Schemathesis loads into its process: our checks, ids that exist, a count of requests.

`fuzz.rounds` names this file in ``SCHEMATHESIS_HOOKS`` and passes the rest in variables of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies
from hypothesis.strategies import SearchStrategy

_KNOWN: Mapping[str, str] = json.loads(os.environ["FUZZ_KNOWN_IDS"])
_TALLY = Path(os.environ["FUZZ_TALLY"])
_DEFECT = 500
_KNOWN_FAILURES = {"video_failed"}
"""Codes under 500 that are no defects: clients of `/video` know a failed job by this status,
whatever its cause, such as an address that does not answer."""

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@schemathesis.hook
def flatmap_path_parameters(context: Any, path_parameters: Any) -> SearchStrategy[Any]:
    """Name a job or an upload that exists, most of the time."""
    if not isinstance(path_parameters, dict):
        return strategies.just(path_parameters)
    known = {name: _KNOWN[name] for name in path_parameters if name in _KNOWN}
    named = {**path_parameters, **known}
    return strategies.sampled_from([named, named, path_parameters])


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Write down what was asked and answered, a line a request."""
    code = _code_of(response) if response.status_code >= 400 else ""
    with _TALLY.open("a") as tally:
        row = [case.operation.definition.raw.get("operationId"), response.status_code, code]
        tally.write(json.dumps(row) + "\n")


@schemathesis.check
def no_defect(context: Any, response: Any, case: Any) -> None:
    """A failure of the server names its cause; 500 is a defect but where clients know it."""
    code = _code_of(response)
    assert response.status_code != _DEFECT or code in _KNOWN_FAILURES, "internal error"
    assert response.status_code < _DEFECT or code, "a failure without a code"


@schemathesis.check
def listed_code(context: Any, response: Any, case: Any) -> None:
    """An error's code stands in the description, under its status and its route."""
    if response.status_code < 400 or case.method.upper() == "HEAD":
        return
    if case.method.lower() != str(case.operation.method).lower() or response.status_code == 405:
        return
    raw = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    listed = raw.get("content", {}).get("application/json", {}).get("examples")
    if listed is not None:
        code = _code_of(response)
        assert code in listed, f"{response.status_code} {code!r} is not among {sorted(listed)}"


def _code_of(response: Any) -> str:
    try:
        body = json.loads(response.content)
        if "err_code" in body:
            return str(body["err_code"])
        own = body["error"] if isinstance(body["error"], dict) else body
        return str(own["code"])
    except (ValueError, KeyError, TypeError):
        return ""
