"""Names of subtitle files beside films, as players read them: `Film.es.srt`.

Source: the naming of external subtitles in Plex's, Jellyfin's, Emby's and Kodi's documentation.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from app.domain.language import Language, known_language
from app.services.media.subtitle_probe import FileTracks
from app.services.render.formats import FORMATS
from app.system.workdir import storage_errors

_FILE_MODE = 0o644
_FLAGS = frozenset({"forced", "foreign", "signs", "sdh", "cc", "hi", "default", "full"})
_PARTIAL = frozenset({"forced", "foreign", "signs"})
"""Files that hold a part of the dialogue do not stand for the whole."""

_SIDE_SUFFIXES = frozenset({".srt", ".ass", ".ssa", ".vtt", ".smi", ".sub", ".ttml", ".dfxp"})

FILM_SUFFIXES = frozenset(
    {".mkv", ".mp4", ".m4v", ".avi", ".mov", ".ts", ".m2ts", ".mts", ".wmv", ".webm", ".mpg"}
    | {".mpeg", ".flv", ".ogv", ".3gp", ".vob", ".divx"}
)
"""Suffixes of films in a folder that is worked on as a whole."""


def subtitle_path(film: Path, language: str, kind: str) -> Path:
    """Return where the subtitles of a film go.

    Args:
        film: its path.
        language: BCP 47 tag.
        kind: name of the format.
    """
    return film.with_name(f"{film.stem}.{language}.{FORMATS[kind].extension}")


def languages_beside(film: Path) -> list[Language]:
    """Return the languages of the whole subtitles that lie beside a film; reads the disk."""
    found = []
    start = f"{film.stem}."
    with storage_errors(), os.scandir(film.parent) as entries:
        # Names first: a folder may hold a hundred thousand files of others.
        names = [each.name for each in entries if each.name.startswith(start) and each.is_file()]
    for name in names:
        path = Path(name)
        if path.suffix.lower() in _SIDE_SUFFIXES:
            marks = name[len(film.stem) : -len(path.suffix)].lower().strip(".").split(".")
            if not _PARTIAL & set(marks):
                tags = (known_language(mark) for mark in marks if mark and mark not in _FLAGS)
                found += [tag for tag in tags if tag is not None]
    return found


def embedded_languages(tracks: FileTracks) -> list[Language]:
    """Return the languages of the text tracks in a film that hold all of its dialogue."""
    whole = (each for each in tracks.subtitles if each.role in ("full", "hearing_impaired"))
    tags = (known_language(each.language) for each in whole if each.form == "text")
    return [tag for tag in tags if tag is not None and tag.base != "und"]


def write_beside(path: Path, data: bytes) -> bool:
    """Write a file that appears as a whole; one that is there already stays.

    Returns:
        Whether it was written.

    Raises:
        StorageError: the disk is full or not writable.
    """
    with storage_errors():
        handle, name = tempfile.mkstemp(".part", ".", dir=path.parent)
        own = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                os.fchmod(file.fileno(), _FILE_MODE)
            return _appear(own, path)
        finally:
            with suppress(OSError):
                own.unlink(missing_ok=True)


def _appear(own: Path, path: Path) -> bool:
    """Give a file its name unless another one has it."""
    try:
        os.link(own, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if path.exists() or path.is_symlink():
            return False
        own.replace(path)
    return True
