"""`/transcribe`: the text of a file that this server stores, or of one behind an address."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.responses import Response

from app.container import Services
from app.domain import errors as e
from app.domain.events import Result
from app.domain.language import Language
from app.domain.profile import DEFAULT_PROFILE
from app.domain.request import JobRequest, Source, UploadedFile
from app.routers.access.api_keys import caller_of
from app.routers.access.callers import caller_name
from app.routers.dependencies import ServicesDep
from app.routers.described import described
from app.routers.download_routes import DOWNLOAD_ERRORS
from app.routers.encoders import Payload
from app.routers.extraction import (
    QUERY_EXAMPLES,
    URL_CHARS,
    AddressQuery,
    answered,
    extraction_router,
)
from app.routers.raised_errors import JOB_ERRORS, answers_late, raises
from app.services.batch.video_address import platform_of, source_of, video_id_of
from app.services.render.file_writer import render_bounded
from app.submission.envelopes.batch_envelope import model_of
from app.submission.request_fields import language_code
from app.submission.run_to_end import run_made
from app.submission.server_defaults import with_server_defaults
from app.submission.stored_copy import stored_copy
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

router = extraction_router()


@router.post(
    "/transcribe", **described("transcribeAudioFile", "Transcribe a file", dict[str, object])
)
@raises(*DOWNLOAD_ERRORS, e.BadRequestError, e.TranscriptionDisabledError, *JOB_ERRORS)
@answers_late
async def transcribe_file(
    request: Request,
    services: ServicesDep,
    audio_file: Annotated[
        str,
        Query(
            min_length=1,
            max_length=URL_CHARS,
            description="Link to a file, or an address",
            openapi_examples=QUERY_EXAMPLES,
        ),
    ],
    language: Annotated[str | None, Query(max_length=35)] = None,
    model_size: Annotated[
        str, Query(max_length=50, description="The server's own counts")
    ] = "medium",
    provider: Literal["local", "openai"] = "local",
    output_format: Annotated[str, Query(max_length=20)] = "json",
    video_id: Annotated[str | None, Query(max_length=200)] = None,
    url: AddressQuery = None,
    duration: float | None = None,
    platform: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Transcribe a file that this server stores, or one behind an address.

    The model and the provider are the server's; the answer names them.
    """
    if not services.settings.asr.enabled:
        raise e.TranscriptionDisabledError("This server does not transcribe")
    services.readiness.admit()
    spoken = language_code(language) if language else None
    video = _Video(
        id=video_id or (video_id_of(url) if url else None),
        url=url,
        duration_s=duration,
        platform=platform or (platform_of(url) if url else None),
    )

    async def work() -> Payload:
        result = await run_made(services, lambda: _job(request, services, audio_file, spoken))
        return await _transcript(services, result, output_format, video)

    return await answered(request, work())


@dataclass(frozen=True, slots=True)
class _Video:
    """What the caller knows of the video, which the answer repeats.

    Attributes:
        id: on its platform.
        url: its page.
        duration_s: its length.
        platform: name of the site.
    """

    id: str | None
    url: str | None
    duration_s: float | None
    platform: str | None


async def _job(
    request: Request, services: Services, audio_file: str, spoken: Language | None
) -> JobRequest:
    """Return the request of the job that transcribes a file."""
    wanted = JobRequest(
        await _audio(services, audio_file),
        spoken=spoken,
        force_whisper=True,
        reuse_transcript=True,
        caller=caller_of(request),
        audience="batch",
        holder=caller_name(request),
    )
    return with_server_defaults(wanted, services.settings)


async def _audio(services: Services, audio_file: str) -> Source:
    if "/files/" not in audio_file and audio_file.startswith(("http://", "https://")):
        return source_of(audio_file)
    path = await stored_copy(services, audio_file)
    try:
        with storage_errors():
            digest = await DISK.run(_sha256, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return UploadedFile(path, digest)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _transcript(
    services: Services, result: Result, output_format: str, video: _Video
) -> Payload:
    """Return a transcript as text, as a subtitle file inside JSON, or with its segments."""
    model = model_of(services)
    common: Payload = {"title": result.title or None, "language": result.language}
    if output_format in ("srt", "vtt"):
        content = await render_bounded(result.cues, output_format, DEFAULT_PROFILE, result.language)
        return {**common, "format": output_format, "content": content, "provider": model.provider}
    text = " ".join(each.text for each in result.segments)
    words = len(text.split())
    if output_format != "json":
        transcript = {"transcript": text, "word_count": words}
        return {**common, **transcript, "provider": model.provider, "model": model.name}
    segments = [
        {
            "segment_id": number,
            "start": each.span.start_ms / 1000,
            "end": each.span.end_ms / 1000,
            "text": each.text,
        }
        for number, each in enumerate(result.segments, 1)
    ]
    return {
        **common,
        "video_id": video.id,
        "url": video.url,
        "duration": video.duration_s or result.audio_ms / 1000,
        "source": "ai",
        "provider": model.provider,
        "model": model.name,
        "source_format": None,
        "segments": segments,
        "full_text": text,
        "word_count": words,
        "segment_count": len(segments),
        "metadata": {
            "created_at": datetime.now(UTC).isoformat(),
            "platform": video.platform,
            "transcription_time": result.elapsed_ms / 1000,
        },
    }
