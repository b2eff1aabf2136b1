"""`/extract-audio`: the sound of a video."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import Response

from app.container import Services
from app.domain import errors as e
from app.domain.media import NO_INFO
from app.routers.access.callers import caller_name
from app.routers.dependencies import ServicesDep
from app.routers.described import described
from app.routers.download_routes import DOWNLOAD_ERRORS
from app.routers.encoders import Payload
from app.routers.extraction import (
    URL_CHARS,
    AddressQuery,
    answered,
    extraction_router,
)
from app.routers.file_links import base_url
from app.routers.raised_errors import answers_late, family, raises
from app.services.batch.media_downloads import Download
from app.services.batch.video_address import video_id_of
from app.services.files.result_file import NewFile
from app.services.operations.audio_kinds import AUDIO_KINDS
from app.services.operations.extract_audio_operation import EXTRACT_AUDIO, ExtractAudioInput
from app.services.operations.operation import LocalMedia
from app.submission.stored_copy import stored_copy

router = extraction_router()

_BEST_AUDIO = "bestaudio/best"
_KBPS_FROM, _KBPS_TO = 16, 512

LinkQuery = Annotated[
    str | None, Query(max_length=URL_CHARS, description="Link to a file that this server stores")
]


@router.post(
    "/extract-audio", **described("extractAudio", "Get the sound of a video", dict[str, object])
)
@raises(*DOWNLOAD_ERRORS, e.BadRequestError, *family(e.MediaError))
@answers_late
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
    return await answered(request, _sound(request, services, url or "", local_file, wanted))


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
        return await services.downloads.get(url, _BEST_AUDIO, resources)
    path = await stored_copy(services, local_file)
    resources.callback(path.unlink, missing_ok=True)
    return Download(path, local_file.partition("?")[0], NO_INFO, None, cached=True)
