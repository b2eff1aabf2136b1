"""Captions and transcriptions for clients of a database of documents, as they read them."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from app.container import Services
from app.domain import errors as e
from app.domain.language import Language
from app.domain.profile import DEFAULT_PROFILE
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep
from app.routers.described import described
from app.routers.edge.request_body import large_json
from app.routers.encoders import Payload
from app.routers.patient_json import patient_json
from app.routers.raised_errors import SITE_CAPTION_ERRORS, answers_late, family, raises
from app.services.batch.storable_values import storable, storable_json
from app.services.batch.transcription_row import fitting_language
from app.services.batch.video_address import platform_of, video_id_of
from app.services.render.file_writer import render_bounded
from app.services.stages.caption_cues import caption_cues
from app.submission.request_fields import language_code
from app.submission.site_captions import PageCaptions, PageTracks, page_captions, page_tracks

router = APIRouter(
    tags=["documents"],
    dependencies=[Depends(require_key), rate_limited("subtitles")],
    route_class=GuardedRoute,
)

_URL_CHARS = 8000
_MOST_SEGMENTS = 100_000

UrlQuery = Annotated[
    str,
    Query(
        min_length=1,
        max_length=_URL_CHARS,
        description="Page or video",
        openapi_examples={"video": {"value": "https://www.youtube.com/watch?v=dQw4w9WgXcQ"}},
    ),
]
CaptionFormat = Literal["text", "json", "segments", "srt", "vtt"]


_EXAMPLE = {
    "document_id": "5f0e1f0e-3a6f-4f5e-9b0a-6f9d2f9f8a11",
    "segments": [{"start": 1.0, "end": 2.5, "text": "The river rose."}],
    "language": "en",
    "source": "whisper",
}


class SavedTranscription(BaseModel):
    """Body of ``/transcriptions/save``; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    document_id: UUID
    segments: Annotated[list[dict[str, object]], Field(fail_fast=True)] = Field(
        max_length=_MOST_SEGMENTS
    )
    language: str = Field(min_length=1, max_length=100)
    source: str = Field(min_length=1, max_length=50)
    confidence_score: float | None = None
    metadata: dict[str, object] | None = None


@router.get(
    "/subtitles", **described("getSiteSubtitles", "Get a page's captions", dict[str, object])
)
@raises(*SITE_CAPTION_ERRORS)
@answers_late
async def site_subtitles(
    request: Request,
    services: ServicesDep,
    url: UrlQuery,
    lang: str = "en",
    format: CaptionFormat = "text",  # noqa: A002 - the parameter's name on the wire
    auto: bool = True,
) -> Response:
    """Return a video's captions as text, with times, or as a subtitle file inside JSON.

    In `lang`, else in English; `language` says which. With `auto=false` only people's count.
    """
    language = language_code(lang)

    async def payload() -> Payload:
        found = await page_captions(services, url, language, automatic=auto)
        return await _captions_payload(services, url, found, format)

    return await patient_json(request, payload(), services.settings.server.sync_keepalive_after_s)


async def _captions_payload(
    services: Services, url: str, found: PageCaptions, file_format: CaptionFormat
) -> Payload:
    common: Payload = {
        "title": found.title,
        "duration": _seconds(found.duration_ms),
        "language": found.captions.language,
        "source_format": found.format,
        **_notices(found),
    }
    if file_format in ("srt", "vtt"):
        cues = [cue async for cue in caption_cues(found.captions, DEFAULT_PROFILE)]
        content = await render_bounded(cues, file_format, DEFAULT_PROFILE, found.captions.language)
        return {**common, "format": file_format, "content": content}
    text = " ".join(_texts(found))
    if file_format == "text":
        return {**common, "transcript": text, "word_count": len(text.split())}
    segments = _segments(found)
    return {
        **common,
        "video_id": video_id_of(url),
        "url": url,
        "source": "subtitle",
        "provider": services.settings.batch.provider_name,
        "model": None,
        "segments": segments,
        "full_text": text,
        "word_count": len(text.split()),
        "segment_count": len(segments),
        "metadata": {"created_at": datetime.now(UTC).isoformat(), "platform": platform_of(url)},
    }


@router.get(
    "/transcription/locales",
    **described("listCaptionLocales", "List the languages of a page's captions", dict[str, object]),
)
@raises(*SITE_CAPTION_ERRORS)
@answers_late
async def caption_locales(request: Request, services: ServicesDep, url: UrlQuery) -> Response:
    """Return the languages of a video's captions."""

    async def payload() -> Payload:
        return _locales_payload(url, await page_tracks(services, url))

    return await patient_json(request, payload(), services.settings.server.sync_keepalive_after_s)


def _locales_payload(url: str, page: PageTracks) -> Payload:
    locales = [
        {
            "code": track.name,
            "name": _language_name(track.language),
            "type": [track.kind],
            "formats": [name for name, _ in track.urls],
        }
        for track in page.tracks
    ]
    manual = sum(track.kind == "manual" for track in page.tracks)
    auto = len(page.tracks) - manual
    return {
        "title": page.title,
        "duration": _seconds(page.duration_ms),
        "url": url,
        "locales": locales,
        **_notices(page),
        "summary": {
            "total": len(locales),
            "manual_count": manual,
            "auto_count": auto,
            "has_manual": bool(manual),
            "has_auto": bool(auto),
        },
    }


@router.post(
    "/transcriptions/save",
    dependencies=[large_json()],
    **described(
        "saveTranscription",
        "Store the transcription of a document",
        dict[str, object],
        example=_EXAMPLE,
    ),
)
@raises(*family(e.DocumentStoreError))
async def save_transcription(services: ServicesDep, body: SavedTranscription) -> Payload:
    """Insert or update the transcription of a document; metadata is merged."""
    texts = [text for each in body.segments if isinstance(text := each.get("text"), str)]
    full_text = storable(" ".join(texts))
    score = body.confidence_score
    saved = await services.batches.store.save(
        str(body.document_id),
        {
            "segments": storable_json(body.segments),
            "language": fitting_language(storable(body.language)),
            "source": storable(body.source),
            "confidence_score": score if score is not None and math.isfinite(score) else None,
            "full_text": full_text,
            "word_count": len(full_text.split()),
            "segment_count": len(body.segments),
            "metadata": storable_json({**(body.metadata or {}), "language_tag": body.language}),
        },
    )
    message = f"Transcription saved successfully to Supabase with ID: {saved['id']}"
    return {**saved, "message": message}


@router.get(
    "/transcriptions/check/{document_id}",
    **described(
        "checkTranscription", "Say whether a document has a transcription", dict[str, object]
    ),
)
@raises(*family(e.DocumentStoreError))
async def check_transcription(services: ServicesDep, document_id: UUID) -> Payload:
    """Return whether a document has a transcription, without its segments."""
    found = await services.batches.store.find(str(document_id))
    return {
        "exists": found is not None,
        "document_id": str(document_id),
        "transcription": found,
    }


def _notices(found: PageCaptions | PageTracks) -> Payload:
    return {"notices": [asdict(each) for each in found.notices]} if found.notices else {}


def _texts(found: PageCaptions) -> list[str]:
    return [" ".join(caption.text.split()) for caption in found.captions.items]


def _segments(found: PageCaptions) -> list[Payload]:
    return [
        {
            "segment_id": number,
            "start": caption.span.start_ms / 1000,
            "end": caption.span.end_ms / 1000,
            "text": " ".join(caption.text.split()),
        }
        for number, caption in enumerate(found.captions.items, 1)
    ]


def _language_name(tag: str) -> str:
    return Language(tag).english_name if tag != "und" else "Unknown"


def _seconds(duration_ms: int | None) -> float | None:
    return None if duration_ms is None else duration_ms / 1000
