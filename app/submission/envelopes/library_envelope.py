"""Films of a media library as a job of the queue: what its server told, worked on to the end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.domain.errors import CuestreamError, InvalidFieldError, UnavailableOptionError
from app.services.sources.library_source import inside
from app.settings import LibrarySettings
from app.submission.envelopes.envelope import EnvelopeJob
from app.submission.libraries.film_subtitles import LibraryCaller, make_subtitles
from app.submission.libraries.item_paths import item_paths, local_path
from app.submission.libraries.subtitle_names import FILM_SUFFIXES
from app.submission.request_fields import spoken_language
from app.system.thread_groups import DISK

_MOST_FILMS = 20_000
_MOST_ENTRIES = 500_000
"""Entries of a tree that are looked at: some seconds of a disk, apart from the event loop."""


async def answer_library(job: EnvelopeJob) -> object:
    """Make the subtitles that are missing beside some films; one that fails stops no other.

    The input's ``library`` has ``path``, ``directory``, or ``server`` with ``item``; ``event`` and
    ``language`` (spoken) besides.

    Raises:
        CuestreamError: the input is bad, or the films cannot be found.
    """
    fields = job.input.get("library")
    if not isinstance(fields, Mapping):
        raise InvalidFieldError("library: an object")
    settings = job.services.settings.libraries
    require_libraries(settings)
    spoken = spoken_language(_text(fields, "language") or None)
    event = _text(fields, "event")
    whose = LibraryCaller(job.caller, job.holder or "library", event, spoken)
    films: list[dict[str, object]] = []
    for path in await _films(fields, settings):
        try:
            done = await make_subtitles(job.services, path, whose)
            films.append({"file": path.name, "subtitles": done})
        except CuestreamError as error:
            films.append({"file": path.name, "error": error.message, "code": error.code})
    failed = [each for each in films if "error" in each]
    if failed and len(failed) == len(films) == 1:
        return {"error": failed[0]["error"], "films": films}
    return {"films": films}


def require_libraries(settings: LibrarySettings) -> None:
    """Refuse to work on libraries where none are named.

    Raises:
        UnavailableOptionError: MEDIA_ROOTS is not set.
    """
    if not settings.roots:
        raise UnavailableOptionError("MEDIA_ROOTS names no folder of films")


async def _films(fields: Mapping[str, object], settings: LibrarySettings) -> list[Path]:
    if path := _text(fields, "path"):
        return [local_path(path, settings.path_map)]
    if directory := _text(fields, "directory"):
        place = local_path(directory, settings.path_map)
        return await DISK.run(films_in, place, settings.roots)
    server, item = _text(fields, "server"), _text(fields, "item")
    if server not in ("plex", "jellyfin"):
        raise InvalidFieldError("library: a path, a directory, or a server with an item")
    found = await item_paths(server, item, settings)
    return [local_path(each, settings.path_map) for each in found]


def films_in(place: Path, roots: tuple[Path, ...]) -> list[Path]:
    """Return the films under a folder, or the one that the path names; links are not followed."""
    real = inside(place, roots)
    if real.is_file():
        return [real]
    found: list[Path] = []
    for entry in _entries(real):
        if Path(entry.name).suffix.lower() in FILM_SUFFIXES and entry.is_file():
            found.append(Path(entry.path))
            if len(found) > _MOST_FILMS:
                raise InvalidFieldError(
                    f"directory: more than {_MOST_FILMS} films; name a part of it"
                )
    return sorted(found)


def _entries(root: Path) -> Iterator[os.DirEntry[str]]:
    """Yield what lies in a tree but its folders; one that cannot be read is passed over."""
    folders, seen = [os.fspath(root)], 0
    while folders:
        try:
            entries = os.scandir(folders.pop())
        except OSError:
            continue
        with entries:
            for entry in entries:
                seen += 1
                if seen > _MOST_ENTRIES:
                    raise InvalidFieldError(
                        f"directory: more than {_MOST_ENTRIES} files; name a part of it"
                    )
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    yield entry


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise InvalidFieldError(f"library.{name}: a text")
    return value
