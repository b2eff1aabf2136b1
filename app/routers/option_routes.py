"""`/api/options` and `/api/queue`: what can be asked of this server, and how much waits."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from app.container import Services
from app.domain.profile import PROFILES
from app.routers.access.api_keys import require_key
from app.routers.access.callers import caller_name
from app.routers.dependencies import ServicesDep
from app.routers.described import described
from app.routers.job_answers import Answer
from app.services.operations.operation_fields import FieldKind, OperationField, operation_fields
from app.services.operations.operation_table import OPERATIONS
from app.services.render.formats import FORMATS

router = APIRouter(prefix="/api", tags=["health"], dependencies=[Depends(require_key)])

_EMBEDDED_TARGETS = ("en", "es")
"""Of the embedded translator, Apertium with its pair of English and Spanish."""


class FormatOption(Answer):
    """A subtitle format."""

    name: str
    extension: str = Field(description="Of a file's name, without the dot")
    options: list[str] = Field(description="What may stand behind its name and a colon")


class FieldOption(Answer):
    """A field of a media operation."""

    name: str
    kind: FieldKind = Field(
        description="file is a part of the form or an address, files a list of them"
    )
    description: str
    required: bool
    default: bool | int | float | str | None = Field(description="Null where there is none")
    minimum: float | None
    maximum: float | None
    choices: list[str] = Field(description="Empty where it may be anything")
    items: list[FieldOption] = Field(description="Fields of each entry of a list of objects")


class OperationOption(Answer):
    """A media operation."""

    name: str
    summary: str
    fields: list[FieldOption]


class ServerOptions(Answer):
    """What can be asked of this server."""

    formats: list[FormatOption]
    profiles: list[str]
    default_profile: str
    operations: list[OperationOption]
    spoken_languages: list[str] | None = Field(
        description="Tags that the transcriber hears; null where it has no list, or still loads"
    )
    target_languages: list[str] | None = Field(description="Null where it may be any language")
    transcription: bool
    speakers: bool = Field(description="Whether speakers are told apart")
    speech: bool = Field(description="Whether the server speaks, as a dub needs it")
    live: bool = Field(description="Whether there are live captions")
    jobs_listed: bool = Field(description="Whether callers are told apart, and their jobs listed")
    max_upload_bytes: int = Field(description="Longest body with a file")
    max_resumable_upload_bytes: int = Field(description="Longest upload in parts")


class QueueStanding(Answer):
    """How much waits."""

    waiting: int = Field(description="Jobs in the queue")
    own: int = Field(description="Those of the caller")
    running: int = Field(description="Jobs that this worker does")
    expected_wait_s: float = Field(description="Until the engines would begin another recording")


@router.get(
    "/options", **described("getOptions", "Say what can be asked of this server", ServerOptions)
)
async def options(services: ServicesDep) -> ServerOptions:
    """Return formats, profiles, operations, languages and limits, for pages and programs."""
    settings = services.settings
    has = {status.role for status in services.readiness.statuses if status.state != "disabled"}
    embedded = settings.translation.provider == "embedded"
    return ServerOptions(
        formats=[
            FormatOption(name=kind.name, extension=kind.extension, options=list(kind.takes))
            for kind in FORMATS.values()
        ],
        profiles=list(PROFILES),
        default_profile=settings.jobs.default_profile,
        operations=[
            OperationOption(
                name=each.name,
                summary=each.summary,
                fields=[_field_option(field) for field in operation_fields(each)],
            )
            for each in OPERATIONS.values()
        ],
        spoken_languages=_spoken(services),
        target_languages=list(_EMBEDDED_TARGETS) if embedded else None,
        transcription="transcriber" in has,
        speakers="diarizer" in has,
        speech=settings.tts.enabled,
        live=settings.live.enabled and "transcriber" in has,
        jobs_listed=bool(settings.access.api_keys),
        max_upload_bytes=settings.max_upload_bytes,
        max_resumable_upload_bytes=settings.uploads.max_resumable_upload_mb * 2**20,
    )


@router.get("/queue", **described("getQueue", "Say how much work waits", QueueStanding))
async def queue(request: Request, services: ServicesDep) -> QueueStanding:
    """Return how many jobs wait, and for how long the engines are busy.

    Callers are served in turn, so a job has no fixed place among those of others.
    """
    waiting, own = await services.runner.queued(caller_name(request))
    return QueueStanding(
        waiting=waiting,
        own=own,
        running=len(services.runner.running),
        expected_wait_s=services.readiness.engine_manager.expected_first_wait_s("batch"),
    )


def _field_option(field: OperationField) -> FieldOption:
    return FieldOption.model_validate(asdict(field))


def _spoken(services: Services) -> list[str] | None:
    languages = services.readiness.engine_manager.languages
    return None if languages is None else sorted(languages)
