"""The OpenAPI description of a submission, whose body FastAPI does not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.submission.subtitle_body import SubtitleBody

CAPTIONS_EXAMPLE = {
    "captions": "1\n00:00:01,000 --> 00:00:03,500\nWhere do you want to go?\n",
    "captions_lang": "en",
    "target_lang": "es",
    "formats": ["srt", "vtt"],
}
"""A body that works as it stands, on every server that translates."""

_DEFINITION = "#/$defs/"


def written_out(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a schema with its definitions in the places that refer to them."""
    if isinstance(schema, list):
        return [written_out(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if (target := str(schema.get("$ref", ""))).startswith(_DEFINITION):
        found = written_out(definitions[target.removeprefix(_DEFINITION)], definitions)
        return {**found, **{name: value for name, value in schema.items() if name != "$ref"}}
    return {
        name: written_out(value, definitions) for name, value in schema.items() if name != "$defs"
    }


_FULL_SCHEMA = SubtitleBody.model_json_schema()

_SCHEMA = written_out(_FULL_SCHEMA, _FULL_SCHEMA.get("$defs", {}))

SUBMISSION_OPENAPI = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _SCHEMA,
                "examples": {
                    "captions": {"summary": "Captions to translate", "value": CAPTIONS_EXAMPLE},
                    "address": {
                        "summary": "A media file that a server has",
                        "value": {"url": "https://example.com/talk.mp4", "formats": ["srt"]},
                    },
                },
            },
            "multipart/form-data": {
                "schema": {
                    **_SCHEMA,
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        **_SCHEMA["properties"],
                    },
                },
                "example": {"file": "talk.srt", "target_lang": "es", "formats": "srt,vtt"},
            },
        },
    }
}
"""Both forms for OpenAPI, since FastAPI does not see what `SubmissionDep` reads."""
