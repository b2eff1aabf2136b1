"""The API's own description, an OpenAPI document, completed with what signatures do not say.

FastAPI describes parameters, bodies and answers. Added here, for every route from what its checks
and functions say of themselves: the errors by status, with their codes; whether a key is wanted;
parameters of a path that no function takes.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import BaseModel

from app.domain import errors as e
from app.routers.access.guarded_route import GuardedRoute
from app.routers.error_responses import ERROR_SHAPES, shape_for, status_of_kind
from app.routers.error_shapes import ErrorShape, HttpError, plain_text
from app.routers.raised_errors import KeyNeed, errors_of, is_late, key_need_of

TAGS = (
    {"name": "subtitles", "description": "Media in, subtitles out"},
    {"name": "jobs", "description": "Running and finished jobs"},
    {"name": "queue", "description": "The same jobs as a RunPod queue shows them"},
    {"name": "batch", "description": "Batches of documents of a database"},
    {"name": "documents", "description": "Captions and transcriptions for that database's clients"},
    {"name": "uploads", "description": "Large files in parts, by the tus protocol"},
    {"name": "tts", "description": "Subtitles, spoken"},
    {"name": "media", "description": "Media files made out of others"},
    {"name": "video", "description": "The same for clients of video services"},
    {"name": "files", "description": "Stored result files, by signed links"},
    {"name": "feedback", "description": "Viewers' ratings of translations"},
    {"name": "health", "description": "What runs here and how it does"},
)

SCHEMES = {
    "ApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "One of `API_KEYS`; none is wanted where none is set",
    },
    "Bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The same key, where no gateway uses this header for one of its own",
    },
    "JobToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "`PY_API_TOKEN`, of those who hand in batches",
    },
}

_ALWAYS = (e.InternalError, e.HeadersTooLargeError)
_WITH_PARAMETERS = (e.InvalidFieldError, e.RepeatedFieldError)
_WITH_BODY = (
    e.BadRequestError,
    e.InvalidFieldError,
    e.PayloadTooLargeError,
    e.RequestTimeoutError,
    e.OverloadedError,
    e.JobCancelledError,
)
_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")
_COMPONENTS = "#/components/schemas/"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

_PATH_PARAMETERS: Mapping[str, str] = {
    "endpoint": "Any name; it has no meaning here",
    "job_id": "Id of a job",
    "upload_id": "Id of an upload",
    "document_id": "Id of a document",
    "transcript_id": "Id of a transcript",
    "kind": "srt or vtt",
    "webhook_id": "Id of a webhook",
    "operation": "Name of a media operation",
    "model_id": "Name of a model",
    "name": "Any name of a file, whose extension is the format",
}

_HEADERS: Mapping[type[e.CuestreamError], Mapping[str, str]] = {
    e.BusyError: {"Retry-After": "Seconds until it is worth a try"},
    e.UnauthorizedError: {"WWW-Authenticate": "How to bring a key"},
    e.UploadOffsetError: {"Upload-Offset": "Where the next part has to begin"},
    e.UploadVersionError: {"Tus-Version": "The version that is spoken here"},
}


class DescribedApi(FastAPI):
    """An application that describes itself by `api_document`."""

    def openapi(self) -> dict[str, Any]:
        """Return the description, which is made once."""
        if not self.openapi_schema:
            self.openapi_schema = api_document(self)
        return self.openapi_schema


def api_document(app: FastAPI) -> dict[str, Any]:
    """Return the description of an application."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description="Times are integer milliseconds unless a field says otherwise.",
        routes=app.routes,
        tags=list(TAGS),
    )
    schemas = document["components"]["schemas"]
    for name in _FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    for shape in ERROR_SHAPES:
        schemas |= _schemas_of(shape.model)
    document["components"]["securitySchemes"] = SCHEMES
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute) and context.include_in_schema:
            for method in context.methods or ():
                operation = document["paths"][context.path_format][method.lower()]
                _complete(operation, context, context.original_route)
    return document


def _complete(operation: dict[str, Any], context: RouteContext, route: APIRoute) -> None:
    functions = list(_functions(context, route))
    _declare_path(operation, str(context.path_format))
    _declare_key(operation, dict.fromkeys(map(key_need_of, functions)))
    kinds: list[type[e.CuestreamError]] = list(_ALWAYS)
    for function in functions:
        kinds += errors_of(function)
    if operation.get("parameters"):
        kinds += _WITH_PARAMETERS
    if "requestBody" in operation:
        kinds += _WITH_BODY
    responses = operation["responses"]
    if _is_framework_refusal(responses.get("422", {})):
        del responses["422"]
    shape = shape_for(str(context.path_format))
    if any(map(is_late, functions)):
        _declare_late_errors(responses["200"], shape)
    for status, response in error_answers(kinds, shape).items():
        responses.setdefault(status, response)
    operation["responses"] = dict(sorted(responses.items()))


def _declare_late_errors(answer: dict[str, Any], shape: ErrorShape) -> None:
    """Say that an answer with status 200 may be an error; see `late_body`."""
    described = answer["content"]["application/json"]
    error = {"$ref": _COMPONENTS + shape.model.__name__}
    described["schema"] = {"anyOf": [described["schema"], error]}
    answer["description"] += "; an error too, where the answer began before the work had ended"


def _functions(context: RouteContext, route: APIRoute) -> Iterator[Callable[..., Any]]:
    """Yield what runs for a request: its checks, its dependencies, its endpoint."""
    if isinstance(route, GuardedRoute):
        yield from route.checks
    pending: list[Dependant] = [context.dependant]
    while pending:
        dependant = pending.pop()
        pending += dependant.dependencies
        if dependant.call is not None:
            yield dependant.call


def _schemas_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's schema and those that it refers to, by name."""
    schema = model.model_json_schema(mode="serialization", ref_template=_COMPONENTS + "{model}")
    return {**schema.pop("$defs", {}), model.__name__: schema}


def error_answers(
    kinds: Iterable[type[e.CuestreamError]], shape: ErrorShape
) -> dict[str, dict[str, Any]]:
    """Return the answers of some classes of errors, by status."""
    by_status: dict[str, dict[str, type[e.CuestreamError]]] = {}
    # Of classes with one code the most general one is described, which comes last.
    for kind in sorted(set(kinds), key=lambda kind: (kind.code, -len(kind.__mro__), kind.__name__)):
        status = status_of_kind(kind)
        by_status.setdefault(str(shape.statuses.get(status, status)), {})[kind.code] = kind
    return {
        status: _error_answer(list(found.values()), shape) for status, found in by_status.items()
    }


def _error_answer(kinds: list[type[e.CuestreamError]], shape: ErrorShape) -> dict[str, Any]:
    examples = {
        kind.code: {
            "value": shape.body(
                HttpError(status_of_kind(kind), _sentence(kind), kind.code, kind.retryable)
            )
        }
        for kind in kinds
    }
    headers = {
        name: {"description": text, "schema": {"type": "string"}}
        for kind in kinds
        for parent in kind.__mro__
        for name, text in _HEADERS.get(parent, {}).items()
    }
    schema = {"$ref": _COMPONENTS + shape.model.__name__}
    content: dict[str, Any] = {"application/json": {"schema": schema, "examples": examples}}
    if shape.is_text:
        lines = {
            kind.code: {
                "value": plain_text(HttpError(status_of_kind(kind), _sentence(kind), kind.code))
            }
            for kind in kinds
        }
        content = {"text/plain": {"schema": {"type": "string"}, "examples": lines}}
    answer: dict[str, Any] = {
        "description": "\n".join(f"- `{kind.code}`: {_sentence(kind)}" for kind in kinds),
        "content": content,
    }
    return {**answer, "headers": headers} if headers else answer


def _sentence(kind: type[e.CuestreamError]) -> str:
    return (inspect.getdoc(kind) or kind.code).partition("\n")[0]


def _declare_path(operation: dict[str, Any], path: str) -> None:
    """Describe the parameters of a path, also those that no function takes."""
    parameters = operation.setdefault("parameters", [])
    declared = {each["name"]: each for each in parameters if each["in"] == "path"}
    for name in _PLACEHOLDER.findall(path):
        if name not in declared:
            declared[name] = {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
            }
            parameters.append(declared[name])
        declared[name].setdefault("description", _PATH_PARAMETERS[name])
    if not parameters:
        del operation["parameters"]


def _declare_key(operation: dict[str, Any], needs: Iterable[KeyNeed | None]) -> None:
    wanted = [need for need in needs if need is not None]
    ways: list[dict[str, list[str]]] = [{name: []} for need in wanted for name in need.schemes]
    if any(need.optional for need in wanted):
        ways.insert(0, {})
    operation["security"] = ways


def _is_framework_refusal(response: Mapping[str, Any]) -> bool:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).endswith(_FRAMEWORK_SCHEMAS[0])
