"""`/api/feedback`: what viewers think of translations."""

from __future__ import annotations

import re

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.domain.errors import BadRequestError, InvalidFieldError
from app.domain.language import parse_target
from app.routers.access.rate_limited import rate_limited
from app.routers.body import read_json
from app.routers.dependencies import ServicesDep, require_key
from app.routers.error_responses import describe
from app.services.feedback_store import Feedback

router = APIRouter(prefix="/api/feedback", tags=["feedback"], dependencies=[Depends(require_key)])

MAX_CHARS = 5000
_TEXTS = ("source_text", "translated_text", "user_correction")
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class FeedbackBody(BaseModel):
    """Body of `/api/feedback`; keys that we do not know are ignored."""

    model_config = ConfigDict(extra="ignore")

    video_id: str | None = Field(None, description="The video, as the client calls it")
    segment_index: int | None = Field(0, description="Which subtitle of it, from 0", ge=0)
    rating: int | None = Field(None, description="1 for good, -1 for bad")
    source_text: str | None = Field(None, description="What was said")
    translated_text: str | None = Field(None, description="What it was translated to")
    user_correction: str | None = Field(None, description="What it should have been")
    target_lang: str | None = Field(None, description="Language of the translation")

    def feedback(self) -> Feedback:
        """Return what the body says.

        Raises:
            BadRequestError: a field is missing or wrong.
        """
        if not self.video_id:
            raise BadRequestError("video_id is required")
        if not _VIDEO_ID.fullmatch(self.video_id):
            raise BadRequestError("Invalid video_id format")
        if self.rating not in (1, -1):
            raise InvalidFieldError("rating must be 1 or -1")
        for name in _TEXTS:
            if len(getattr(self, name) or "") > MAX_CHARS:
                raise InvalidFieldError(f"{name} exceeds maximum length of {MAX_CHARS} characters")
        target = parse_target(self.target_lang)
        return Feedback(
            video_id=self.video_id,
            segment_index=self.segment_index or 0,
            rating=self.rating,
            source_text=self.source_text or "",
            translated_text=self.translated_text or "",
            user_correction=self.user_correction or "",
            target_lang=target.tag if target else "",
        )


_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": FeedbackBody.model_json_schema()}},
    }
}


@router.post("", openapi_extra=_BODY, dependencies=[rate_limited("feedback")])
async def give(request: Request, services: ServicesDep) -> dict[str, str]:
    """Keep what a viewer thinks of a translated subtitle."""
    try:
        body = FeedbackBody.model_validate(await read_json(request))
    except ValidationError as error:
        raise InvalidFieldError(describe(error.errors(include_url=False))) from None
    await services.feedback.add(body.feedback())
    return {"status": "ok"}


@router.get("/stats")
async def stats(services: ServicesDep) -> dict[str, object]:
    """Count what viewers thought."""
    found = await services.feedback.stats()
    return {
        "total": found.total,
        "positive": found.positive,
        "negative": found.negative,
        "ratio": found.ratio,
    }
