"""`/extract-audio`, `/transcribe`, `/screenshot/video`: sound, text and pictures of a video."""

from __future__ import annotations

import hashlib
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from app.container import Services
from app.domain import errors as e
from app.domain.events import Result
from app.domain.media import NO_INFO
from app.domain.profile import DEFAULT_PROFILE
from app.domain.request import JobRequest, Source, UploadedFile
from app.routers.access.api_keys import caller_of, require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep, require_admission
from app.routers.described import described
from app.routers.download_routes import DOWNLOAD_ERRORS
from app.routers.encoders import Payload
from app.routers.file_links import base_url
from app.routers.late_json import late_json
from app.routers.raised_errors import JOB_ERRORS, family, raises
from app.services.batch.screenshot_items import format_clock, parse_screenshot_item
from app.services.batch.taken_pictures import TakenPicture, taken_pictures
from app.services.batch.video_address import platform_of, source_of, video_id_of
from app.services.files.result_file import NewFile
from app.services.media.media_facts import media_facts
from app.services.operations.audio_kinds import AUDIO_KINDS
from app.services.operations.extract_audio_operation import EXTRACT_AUDIO, ExtractAudioInput
from app.services.operations.operation import LocalMedia
from app.services.render.formats import render_bounded
from app.submission.envelopes.batch_envelope import model_of
from app.submission.media_download import Download, download, stored_copy
from app.submission.request_fields import language_code
from app.submission.run_to_end import run_made
from app.submission.server_defaults import with_server_defaults
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

router = APIRouter(
    tags=["documents"],
    dependencies=[Depends(require_key), rate_limited("process"), Depends(require_admission)],
    route_class=GuardedRoute,
)

_URL_CHARS = 8000
_BEST_AUDIO = "bestaudio/best"
_VIDEO = "best[height<=1080]/best"
_KBPS_FROM, _KBPS_TO = 16, 512
_JPEG = "image/jpeg"

LinkQuery = Annotated[
    str | None, Query(max_length=_URL_CHARS, description="Link to a file that this server stores")
]
_EXAMPLE = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
_EXAMPLES: Any = {"video": {"value": _EXAMPLE}}
AddressQuery = Annotated[
    str | None,
    Query(max_length=_URL_CHARS, description="Page or media", openapi_examples=_EXAMPLES),
]


class VideoScreenshots(BaseModel):
    """Body of ``/screenshot/video``; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    video_url: str = Field(min_length=1, max_length=_URL_CHARS)
    timestamps: list[Any] = Field(description="Up to 100: seconds, or HH:MM:SS,mmm")
    upload_to_supabase: bool = False
    document_id: str | None = Field(None, max_length=200)
    quality: int = 2


@router.post(
    "/extract-audio", **described("extractAudio", "Get the sound of a video", dict[str, object])
)
@raises(*DOWNLOAD_ERRORS, e.BadRequestError, *family(e.MediaError))
async def extract_audio(
    request: Request,
    services: ServicesDep,
    url: AddressQuery = None,
    local_file: LinkQuery = None,
    output_format: Annotated[str, Query(max_length=10)] = "mp3",
    quality: Annotated[int, Query(ge=_KBPS_FROM, le=_KBPS_TO)] = 192,
) -> Response:
    """Store the sound of a video and return a link to it, which `/transcribe` takes.

    `local_file` is a link that this server gave, such as the `X-Server-Path` of a download.
    """
    if bool(url) == bool(local_file):
        raise e.BadRequestError("Send either url or local_file")
    if output_format not in AUDIO_KINDS:
        raise e.BadRequestError(f"output_format: one of {', '.join(AUDIO_KINDS)}")
    wanted = (output_format, quality)
    return await _answered(request, _sound(request, services, url or "", local_file, wanted))


async def _answered(request: Request, work: Coroutine[Any, Any, Payload]) -> Response:
    return await late_json(request, work, caller=caller_name(request))


async def _sound(
    request: Request,
    services: Services,
    url: str,
    local_file: str | None,
    wanted: tuple[str, int],
) -> Payload:
    async with AsyncExitStack() as resources:
        found = await _source(services, url, local_file, resources)
        title = found.info.title or Path(found.file_name()).stem
        encoded = ExtractAudioInput.model_validate(
            {"url_video": LocalMedia(found.path), "format": wanted[0], "quality": wanted[1]}
        )

        async def deliver(file: NewFile) -> Any:
            held = NewFile(file.name, file.content, file.media_type, caller_name(request))
            return await services.files.deliver(held, None, base_url(request))

        running = services.operations.running(EXTRACT_AUDIO, encoded, lambda _: None, deliver)
        result = await resources.enter_async_context(running)
        [made] = result.files
        name = found.file_name(title, wanted[0])
        link = await deliver(NewFile(name, made.path, made.media_type))
        return {
            "audio_file": link.url,
            "format": wanted[0],
            "size": link.file.size_bytes,
            "title": title,
            "source_type": "url" if url else "local_file",
            "message": "Audio extracted successfully. Send audio_file to POST /transcribe.",
            "expires_in": link.expires_at_s - int(datetime.now(UTC).timestamp()),
            "video_id": video_id_of(url) if url else None,
            "url": url or None,
            "duration": result.fields.get("duration"),
            "platform": found.platform if url else None,
        }


async def _source(
    services: Services, url: str, local_file: str | None, resources: AsyncExitStack
) -> Download:
    if local_file is None:
        return await download(services, url, _BEST_AUDIO, resources)
    path = await stored_copy(services, local_file)
    resources.callback(path.unlink, missing_ok=True)
    return Download(path, local_file.partition("?")[0], NO_INFO, None, cached=True)


@router.post(
    "/transcribe", **described("transcribeAudioFile", "Transcribe a file", dict[str, object])
)
@raises(*DOWNLOAD_ERRORS, e.BadRequestError, e.TranscriptionDisabledError, *JOB_ERRORS)
async def transcribe_file(
    request: Request,
    services: ServicesDep,
    audio_file: Annotated[
        str,
        Query(
            min_length=1,
            max_length=_URL_CHARS,
            description="Link to a file, or an address",
            openapi_examples=_EXAMPLES,
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

    async def job() -> JobRequest:
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

    told: Payload = {
        "video_id": video_id or (video_id_of(url) if url else None),
        "url": url,
        "duration": duration,
        "platform": platform or (platform_of(url) if url else None),
    }

    async def work() -> Payload:
        result = await run_made(services, job)
        return await _transcript(services, result, output_format, told)

    return await _answered(request, work())


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
    services: Services, result: Result, output_format: str, told: Payload
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
        "video_id": told["video_id"],
        "url": told["url"],
        "duration": told["duration"] or result.audio_ms / 1000,
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
            "platform": told["platform"],
            "transcription_time": result.elapsed_ms / 1000,
        },
    }


@router.post(
    "/screenshot/video",
    **described(
        "takeScreenshots",
        "Take pictures of a video",
        dict[str, object],
        example={"video_url": _EXAMPLE, "timestamps": ["00:00:01,500"]},
    ),
)
@raises(
    *DOWNLOAD_ERRORS,
    e.BatchUnavailableError,
    *family(e.MediaError, e.DocumentStoreError),
)
async def screenshot_video(
    request: Request, services: ServicesDep, body: VideoScreenshots
) -> Response:
    """Take pictures of a video at given times; one that fails fails alone."""
    storage = services.screenshots.storage
    if body.upload_to_supabase and storage is None:
        raise e.BatchUnavailableError(
            "Supabase not configured. Set SUPABASE_URL and SUPABASE_SERVICE_KEY"
        )
    parse_screenshot_item(body.model_dump())
    return await _answered(request, _pictures(request, services, body))


async def _pictures(request: Request, services: Services, body: VideoScreenshots) -> Payload:
    item = parse_screenshot_item(body.model_dump())
    async with AsyncExitStack() as resources:
        video = await download(services, item.video_url, _VIDEO, resources)
        await resources.enter_async_context(services.operations.place())
        facts = await media_facts(video.path)
        shots: list[Payload] = []
        failures: list[str] = []
        async for picture in taken_pictures(video.path, item.moments, item.quality):
            if picture.frame is None:
                failures.append(f"{picture.moment.shown}: {picture.error}")
                continue
            try:
                shots.append(await _shot(request, services, body, picture))
            except e.CuestreamError as error:
                failures.append(f"{picture.moment.shown}: {error.message}")
    return {
        "screenshots": shots,
        "video_id": video_id_of(item.video_url),
        "video_title": video.info.title or None,
        "video_duration": facts.duration_ms / 1000,
        "video_cached": video.cached,
        "total_extracted": len(shots),
        "failed_timestamps": failures,
    }


async def _shot(
    request: Request, services: Services, body: VideoScreenshots, picture: TakenPicture
) -> Payload:
    """Store a picture for its caller, and in the database's bucket where that is wanted."""
    frame = picture.frame
    if frame is None:
        raise e.UnreadableMediaError(picture.error)
    file = NewFile(f"{picture.at_ms}.jpg", frame.jpeg, _JPEG, holder=caller_name(request))
    link = await services.files.deliver(file, None, base_url(request))
    return {
        "timestamp": picture.at_ms / 1000,
        "timestamp_formatted": format_clock(picture.at_ms),
        "file_path": link.url,
        "width": frame.width,
        "height": frame.height,
        "size_bytes": len(frame.jpeg),
        "supabase_url": await _uploaded(services, body, picture, frame.jpeg),
    }


async def _uploaded(
    services: Services, body: VideoScreenshots, picture: TakenPicture, jpeg: bytes
) -> str | None:
    storage = services.screenshots.storage
    if not body.upload_to_supabase or storage is None:
        return None
    return await services.screenshots.upload(body.video_url, body.document_id, picture)
