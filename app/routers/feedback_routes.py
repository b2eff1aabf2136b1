"""`/api/feedback`: ratings of translations, with corrections."""

from __future__ import annotations

import re

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import (
    BadRequestError,
    InvalidFieldError,
    InvalidLanguageError,
    StorageError,
)
from app.domain.language import parse_target
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep
from app.routers.described import described
from app.routers.raised_errors import raises
from app.routers.server_answers import FeedbackTotals, StoredFeedback
from app.services.feedback_store import Feedback

router = APIRouter(
    prefix="/api/feedback",
    tags=["feedback"],
    dependencies=[Depends(require_key)],
    route_class=GuardedRoute,
)

_MAX_CHARS = 5000
_TEXTS = ("source_text", "translated_text", "user_correction")
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class FeedbackBody(BaseModel):
    """Body of `/api/feedback`; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    video_id: str | None = Field(None, description="The video, as the client calls it")
    segment_index: int | None = Field(0, description="Which subtitle of it, from 0", ge=0)
    rating: int | None = Field(None, description="1 for good, -1 for bad")
    source_text: str | None = Field(None, description="What was said")
    translated_text: str | None = Field(None, description="What it was translated to")
    user_correction: str | None = Field(None, description="What it should have been")
    target_lang: str | None = Field(None, description="Language of the translation")

    def feedback(self) -> Feedback:
        """Return the feedback of the body.

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
            if len(getattr(self, name) or "") > _MAX_CHARS:
                raise InvalidFieldError(f"{name} exceeds maximum length of {_MAX_CHARS} characters")
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


_EXAMPLE = {
    "video_id": "dQw4w9WgXcQ",
    "segment_index": 3,
    "rating": -1,
    "target_lang": "es",
    "user_correction": "¿Adónde quieres ir?",
}


@router.post(
    "",
    dependencies=[rate_limited("feedback")],
    **described("giveFeedback", "Rate a translated subtitle", StoredFeedback, example=_EXAMPLE),
)
@raises(InvalidLanguageError, StorageError)
async def give(body: FeedbackBody, services: ServicesDep) -> dict[str, str]:
    """Store a viewer's rating of a translated subtitle."""
    await services.feedback.add(body.feedback())
    return {"status": "ok"}


@router.get("/stats", **described("getFeedbackStats", "Count the ratings", FeedbackTotals))
@raises(StorageError)
async def stats(services: ServicesDep) -> dict[str, object]:
    """Return how many translations were rated good and bad."""
    found = await services.feedback.stats()
    return {
        "total": found.total,
        "positive": found.positive,
        "negative": found.negative,
        "ratio": found.ratio,
    }
