"""Cached transcripts of whole recordings."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from app.domain.events import Notice
from app.domain.media import UNLISTED_TRACK, AudioTrack, HeardTrack
from app.domain.time import Span
from app.domain.transcript import Segment, SpeakerTurn
from app.domain.video_timing import NO_VIDEO, VideoTiming
from app.services.cache.keys import stage_key
from app.services.cache.lifetimes import TRANSCRIPTS
from app.services.cache.lookups import OnLookup, ignore_lookup
from app.services.cache.segment_codec import pack, segment_rows, segments_of, unpack
from app.services.cache.stage_store import Store


@dataclass(frozen=True, slots=True)
class Transcript:
    """The transcript of a whole recording.

    Attributes:
        segments: in order of start.
        audio_ms: length of the decoded recording.
        language: BCP 47 tag of the language spoken most.
        untranscribed_ms: speech that never became text.
        turns: speaker turns; empty without diarization, or without speech.
        notices: what could not be done.
        heard: which audio track it is.
        video: frame rate and shot changes of the picture, as far as they were looked for.
    """

    segments: tuple[Segment, ...]
    audio_ms: int
    language: str
    untranscribed_ms: int = 0
    turns: tuple[SpeakerTurn, ...] = ()
    notices: tuple[Notice, ...] = ()
    heard: HeardTrack = UNLISTED_TRACK
    video: VideoTiming = NO_VIDEO


class TranscriptCache:
    """Finished transcripts, by a recording's bytes and a key of how it was transcribed.

    Args:
        store: of the entries.
        on_lookup: called with each lookup.
    """

    def __init__(self, store: Store, on_lookup: OnLookup = ignore_lookup) -> None:
        self._store = store
        self._on_lookup = on_lookup

    async def get(self, content: str, options_key: str) -> Transcript | None:
        """Return the transcript of a recording; None if there is none.

        Args:
            content: SHA-256 of the media's bytes.
            options_key: of everything else that changes the transcript, see
                `app.services.cache.fingerprints`.
        """
        payload = await self._store.get(TRANSCRIPTS, stage_key(content, options_key))
        transcript = None if payload is None else _decode_transcript(payload)
        self._on_lookup(TRANSCRIPTS, transcript is not None)
        return transcript

    async def put(self, content: str, options_key: str, transcript: Transcript) -> None:
        """Store the transcript of a whole recording.

        Args:
            content: SHA-256 of the media's bytes.
            options_key: as for `get`.
            transcript: complete: not cut short, cancelled or partial.
        """
        payload = _encode_transcript(transcript)
        await self._store.put(TRANSCRIPTS, stage_key(content, options_key), payload)


def _encode_transcript(transcript: Transcript) -> bytes:
    turns = [(t.span.start_ms, t.span.end_ms, t.speaker) for t in transcript.turns]
    notices = [(notice.code, notice.message) for notice in transcript.notices]
    return pack(
        [
            int(transcript.audio_ms),
            transcript.language,
            segment_rows(transcript.segments),
            int(transcript.untranscribed_ms),
            turns,
            notices,
            [transcript.heard.index, [dataclasses.astuple(t) for t in transcript.heard.tracks]],
            [transcript.video.frames_per_s, list(transcript.video.shot_changes_ms)],
        ]
    )


def _decode_transcript(payload: bytes) -> Transcript | None:
    try:
        audio_ms, language, rows, untranscribed_ms, turns, notices, heard, *video = unpack(payload)
        return Transcript(
            segments=segments_of(rows),
            audio_ms=audio_ms,
            language=language,
            untranscribed_ms=untranscribed_ms,
            turns=tuple(SpeakerTurn(Span(start, end), who) for start, end, who in turns),
            notices=tuple(Notice(code, message) for code, message in notices),
            heard=HeardTrack(tuple(_track(row) for row in heard[1]), heard[0]),
            video=VideoTiming(video[0][0], tuple(video[0][1])) if video else NO_VIDEO,
        )
    except (TypeError, ValueError):
        return None


def _track(row: list[Any]) -> AudioTrack:
    index, languages, *rest = row
    return AudioTrack(index, tuple(languages), *rest)
