"""Text tracks that files have already, as a source of captions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from app.domain.captions import Captions
from app.domain.errors import CuestreamError
from app.domain.events import Notice
from app.domain.language_tags import standard_tag
from app.domain.media import AudioTrack, MediaInfo, SubtitleTrack
from app.services.cache.caches import Caches
from app.services.cache.keys import stage_key
from app.services.cache.lifetimes import CAPTIONS
from app.services.cache.segment_codec import pack, unpack
from app.services.captions.parse import parse_bounded
from app.services.captions.select import CaptionPreference
from app.services.media.media_part import file_parts
from app.services.media.subtitle_probe import FileTracks, file_tracks
from app.services.media.subtitle_text import subtitle_text, text_format
from app.services.media.track_choice import TrackWish
from app.services.sources.opened import OpenedCaptions
from app.services.sources.text_track_choice import ChosenText, TextPlan, plan_text, used_notice
from app.system.language_statistics import language_identifier

log = structlog.get_logger()

_TRIED = 3
"""Tracks that are read before the sound is heard after all."""

_SPARSE_FROM_MS = 600_000
_SPARSE_CUES_PER_MIN = 1.0
"""Dialogue of films has some ten captions a minute, a forced track of one some ten in all. Where a
film has hardly any speech, hearing it costs little."""

_IDENTIFIED_CHARS = 4000
_SURE = 0.9

ReadText = Callable[[SubtitleTrack], Awaitable[bytes | None]]
"""Returns the text of a track; None where it is not there any more."""


@dataclass(frozen=True, slots=True)
class TextResult:
    """What the text tracks of a file give.

    Attributes:
        captions: that take the place of the sound; None where none serve.
        notices: why none do.
    """

    captions: OpenedCaptions | None = None
    notices: tuple[Notice, ...] = ()


NO_TEXT = TextResult()


class TextTracks:
    """Reads the text tracks of files; what was read is stored by the content of the file.

    Args:
        caches: results of earlier jobs.
    """

    def __init__(self, caches: Caches) -> None:
        self._store = caches.store

    async def of_file(
        self,
        path: Path,
        content: str | None,
        preference: CaptionPreference | None,
        wish: TrackWish,
        info: MediaInfo,
    ) -> TextResult:
        """Return the captions of a file that may replace its sound.

        Args:
            path: of the file.
            content: SHA-256 of its bytes; None where it is not known.
            preference: of the request; None where the sound is wanted.
            wish: which audio track is to be heard.
            info: metadata of its page.

        Raises:
            InvalidAudioTrackError: it has not got the audio track that is wished for.
        """
        if preference is None:
            return NO_TEXT
        found = await file_tracks(path)
        await self._store_tracks(content, found)
        plan = plan_text(found, preference, wish)
        if plan.chosen and len(await file_parts(path)) > 1:
            return NO_TEXT  # the tracks are those of the first of several files

        async def read(track: SubtitleTrack) -> bytes | None:
            text = await self._stored_text(content, track)
            if text is None:
                text = await subtitle_text(path, track)
                await self._store_text(content, track, text)
            return text

        return await _first_usable(plan, found, read, info)

    async def of_content(
        self,
        content: str,
        preference: CaptionPreference | None,
        wish: TrackWish,
        info: MediaInfo,
    ) -> TextResult | None:
        """Return the same for a file that an earlier job read; None where that is not stored."""
        if preference is None:
            return NO_TEXT
        payload = await self._store.get(CAPTIONS, _tracks_key(content))
        found = None if payload is None else _decoded_tracks(payload)
        if found is None:
            return None
        plan = plan_text(found, preference, wish)
        texts = {each.track: await self._stored_text(content, each.track) for each in plan.chosen}
        if any(text is None for text in list(texts.values())[:_TRIED]):
            return None

        async def read(track: SubtitleTrack) -> bytes | None:
            return texts[track]

        return await _first_usable(plan, found, read, info)

    async def note(self, content: str | None, found: FileTracks) -> None:
        """Store the tracks of a file that was read as a stream."""
        await self._store_tracks(content, found)

    async def _store_tracks(self, content: str | None, found: FileTracks) -> None:
        if content:
            await self._store.put(CAPTIONS, _tracks_key(content), pack(asdict(found)))

    async def _stored_text(self, content: str | None, track: SubtitleTrack) -> bytes | None:
        return await self._store.get(CAPTIONS, _text_key(content, track)) if content else None

    async def _store_text(self, content: str | None, track: SubtitleTrack, text: bytes) -> None:
        if content:
            await self._store.put(CAPTIONS, _text_key(content, track), text)


async def _first_usable(
    plan: TextPlan, found: FileTracks, read: ReadText, info: MediaInfo
) -> TextResult:
    """Return the first track that can be read and holds the whole dialogue."""
    failed: list[Notice] = []
    for chosen in plan.chosen[:_TRIED]:
        try:
            text = await read(chosen.track)
            captions = None if text is None else await _parsed(text, chosen)
        except CuestreamError as error:
            log.warning("subtitle track cannot be used", reason=error.message)
            failed.append(_unusable(chosen.track, error.message))
            continue
        if captions is None or _is_sparse(captions, found.duration_ms):
            failed.append(_unusable(chosen.track, "it has too few lines for the whole dialogue"))
            continue
        notices = (used_notice(chosen, plan.chosen), *failed, *plan.notices, *captions.notices)
        captions = replace(captions, notices=notices)
        origin, name = chosen.choice.origin, chosen.track.codec
        opened = OpenedCaptions(captions, origin, info, found.duration_ms, name)
        return TextResult(opened, notices)
    return TextResult(None, (*failed, *plan.notices))


async def _parsed(text: bytes, chosen: ChosenText) -> Captions:
    language, track = chosen.language, chosen.track
    captions = await parse_bounded(text, text_format(track), language, "manual")
    if track.language != "und":
        return captions
    found = await asyncio.to_thread(_identified, captions)
    return captions if found is None else replace(captions, language=found)


def _identified(captions: Captions) -> str | None:
    """Return the language of a track that names none, where its letters leave little doubt."""
    text = " ".join(each.text for each in captions.items[:200])[:_IDENTIFIED_CHARS]
    label, probability = language_identifier().rank(text)[0]
    return standard_tag(label) if probability >= _SURE else None


def _is_sparse(captions: Captions, duration_ms: int | None) -> bool:
    if duration_ms is None or duration_ms < _SPARSE_FROM_MS:
        return False
    return len(captions.items) < _SPARSE_CUES_PER_MIN * duration_ms / 60_000


def _unusable(track: SubtitleTrack, reason: str) -> Notice:
    text = f"The file's subtitle track {track.summary} was not used: {reason}"
    return Notice("subtitle_track_unusable", text)


def _tracks_key(content: str) -> str:
    return stage_key(content, "subtitle tracks")


def _text_key(content: str | None, track: SubtitleTrack) -> str:
    return stage_key(content, "subtitle track", track.index)


def _decoded_tracks(payload: bytes) -> FileTracks | None:
    try:
        fields: dict[str, Any] = unpack(payload)
        subtitles = tuple(SubtitleTrack(**each) for each in fields["subtitles"])
        audio = tuple(_audio(**each) for each in fields["audio"])
        return FileTracks(subtitles, audio, fields["duration_ms"])
    except (KeyError, TypeError, ValueError):
        return None


def _audio(languages: list[str], **fields: Any) -> AudioTrack:
    return AudioTrack(languages=tuple(languages), **fields)
