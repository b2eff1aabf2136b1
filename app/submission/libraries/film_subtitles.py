"""Makes the subtitles of one film of a library and puts them beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from app.container import Services
from app.domain.custom_profile import parse_profile
from app.domain.errors import CuestreamError, NoSpeechError
from app.domain.events import Result
from app.domain.language import Language, known_language, parse_target
from app.domain.profile import ReadingProfile, profile_named
from app.domain.request import JobRequest, LibraryFile
from app.services.media.subtitle_probe import file_tracks
from app.services.render.file_writer import render_file
from app.services.sources.library_source import library_file
from app.submission.libraries.item_paths import tell_completed
from app.submission.libraries.subtitle_names import (
    embedded_languages,
    languages_beside,
    subtitle_path,
    write_beside,
)
from app.submission.run_to_end import run_to_end
from app.submission.server_defaults import with_server_defaults
from app.system.thread_groups import DISK

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LibraryCaller:
    """Whose work it is.

    Attributes:
        caller: who pays.
        holder: who holds the places.
        event: that asked for it, for the address that is notified of the end.
        spoken: spoken language, where it is known.
    """

    caller: str
    holder: str
    event: str
    spoken: Language | None = None


async def make_subtitles(
    services: Services, path: Path, whose: LibraryCaller
) -> list[dict[str, str]]:
    """Make what is missing of a film's subtitles; one language that fails stops no other.

    Returns:
        What was done of each language, with ``status`` ``written``, ``skipped`` or ``failed``.

    Raises:
        ForbiddenMediaError: it is no file under MEDIA_ROOTS.
        StorageError: its folder cannot be read.
    """
    settings = services.settings.libraries
    film = await DISK.run(library_file, path, settings.roots)
    present = [
        *await DISK.run(languages_beside, film.path),
        *embedded_languages(await file_tracks(film.path)),
    ]
    done: list[dict[str, str]] = []
    for name in settings.languages:
        try:
            done += await _make(services, film, name, present, whose)
        except CuestreamError as error:
            log.warning("no subtitles for a film", language=name, reason=error.message)
            done.append({"language": name, "status": "failed", "error": error.message})
    return done


async def _make(
    services: Services,
    film: LibraryFile,
    name: str,
    present: Sequence[Language],
    whose: LibraryCaller,
) -> list[dict[str, str]]:
    target = parse_target(name)
    wanted = target or whose.spoken
    if wanted is not None and _has(present, wanted):
        return [{"language": name, "status": "skipped"}]
    settings = services.settings.libraries
    own = parse_profile(settings.profile) if settings.profile else None
    profile = own or profile_named(services.settings.jobs.default_profile)
    request = JobRequest(
        film,
        target,
        whose.spoken,
        profile,
        caller=whose.caller,
        holder=whose.holder,
        audience="batch",
    )
    request = with_server_defaults(request, services.settings, profile=own is None)
    try:
        result = await run_to_end(services, request)
    except NoSpeechError:
        return [{"language": name, "status": "skipped"}]
    shown = target or known_language(result.language)
    if shown is None:
        return [{"language": name, "status": "failed", "error": "The language is not known"}]
    if target is None and _has(present, shown):
        return [{"language": shown.tag, "status": "skipped"}]
    return await _write(services, film.path, result, shown, profile, whose.event)


async def _write(
    services: Services,
    film: Path,
    result: Result,
    language: Language,
    profile: ReadingProfile,
    event: str,
) -> list[dict[str, str]]:
    settings = services.settings.libraries
    done = []
    for kind in settings.formats:
        path = subtitle_path(film, language.tag, kind)
        file = await render_file(
            result.cues, kind, profile, language.tag, result.segments, video=result.video
        )
        content = file.content
        data = content if isinstance(content, bytes) else content.encode()
        written = await DISK.run(write_beside, path, data)
        entry = {"language": language.tag, "status": "written" if written else "skipped"}
        done.append({**entry, "subtitle": path.name})
        if written and settings.completed_url:
            told = {
                "event": event,
                "file": str(film),
                "subtitle": str(path),
                "language": language.tag,
            }
            if not await tell_completed(settings.completed_url, told):
                log.warning("WEBHOOK_URL_COMPLETED did not take what it was told")
                done[-1]["notice"] = "WEBHOOK_URL_COMPLETED did not answer"
    return done


def _has(present: Sequence[Language], wanted: Language) -> bool:
    return any(each.same_language(wanted) for each in present)
