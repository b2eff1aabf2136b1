"""What routes of OpenAI's API share that take a file of sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Depends, Request

from app.domain.errors import NotReadyError
from app.routers.access.api_keys import require_key
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import require_admission, services_of
from app.routers.edge.request_body import upload_or_base64

_LOADING = "Model not loaded yet. Please try again in a few moments."


def sound_body(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of such a route in OpenAPI's words.

    Args:
        fields: schemas of a form's fields beside its file.
    """
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}, **fields},
    }
    sound = {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "string"}, "format": {"type": "string"}},
    }
    spoken = {"type": "object", "required": ["input_audio"], "properties": {"input_audio": sound}}
    content = {
        "multipart/form-data": {
            "schema": form,
            "example": {"file": "talk.wav", "model": "whisper-1"},
        },
        "application/json": {
            "schema": spoken,
            "example": {"model": "whisper-1", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        },
    }
    return {"requestBody": {"required": True, "content": content}}


async def _require_models(request: Request) -> None:
    """Refuse a file while models load: it would lie here for as long.

    Raises:
        NotReadyError: they do.
    """
    if services_of(request).readiness.state == "loading":
        raise NotReadyError(_LOADING, retry_after_s=10)


CHECKS = [
    Depends(require_key),
    rate_limited("process"),
    Depends(require_admission),
    Depends(_require_models),
    upload_or_base64(),
]
"""What is checked before the body is read."""
