"""What was heard in a whole recording."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.events import Notice
from app.domain.time import Span
from app.domain.transcript import Segment, SpeakerTurn
from app.services.cache.keys import stage_key
from app.services.cache.lifetimes import TRANSCRIPTS
from app.services.cache.lookups import Observe, unobserved
from app.services.cache.segment_codec import pack, segment_rows, segments_of, unpack
from app.services.cache.stage_store import Store


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything that was heard in a recording.

    Attributes:
        segments: in order of start.
        audio_ms: length of the recording as it was decoded.
        language: BCP 47 tag of what was spoken most.
        untranscribed_ms: speech that never became text.
        turns: who spoke when; empty where nobody asked, or nobody spoke.
        notices: what could not be done.
    """

    segments: tuple[Segment, ...]
    audio_ms: int
    language: str
    untranscribed_ms: int = 0
    turns: tuple[SpeakerTurn, ...] = ()
    notices: tuple[Notice, ...] = ()


class Transcripts:
    """Finished transcripts by what the recording's bytes are and how it was heard.

    Args:
        store: where they are kept.
        observe: told of each look, and whether it found something.
    """

    def __init__(self, store: Store, observe: Observe = unobserved) -> None:
        self._store = store
        self._observe = observe

    async def find(self, content: str, hearing: str) -> Transcript | None:
        """Return the transcript of a recording; None if nobody has finished it.

        Args:
            content: hash of the media's bytes.
            hearing: key of everything that changes what is heard, see `recording_key`.
        """
        payload = await self._store.get(TRANSCRIPTS, stage_key(content, hearing))
        transcript = None if payload is None else _transcript(payload)
        self._observe(TRANSCRIPTS, transcript is not None)
        return transcript

    async def keep(self, content: str, hearing: str, transcript: Transcript) -> None:
        """Keep the transcript of a whole recording.

        Args:
            content: hash of the media's bytes.
            hearing: key of everything that changes what is heard, see `recording_key`.
            transcript: finished: nothing was cut short, cancelled or left out.
        """
        rows = segment_rows(transcript.segments)
        turns = [(t.span.start_ms, t.span.end_ms, t.speaker) for t in transcript.turns]
        notices = [(notice.code, notice.message) for notice in transcript.notices]
        payload = pack(
            [
                int(transcript.audio_ms),
                transcript.language,
                rows,
                int(transcript.untranscribed_ms),
                turns,
                notices,
            ]
        )
        await self._store.put(TRANSCRIPTS, stage_key(content, hearing), payload)


def _transcript(payload: bytes) -> Transcript | None:
    try:
        audio_ms, language, rows, untranscribed_ms, turns, notices = unpack(payload)
        return Transcript(
            segments=segments_of(rows),
            audio_ms=audio_ms,
            language=language,
            untranscribed_ms=untranscribed_ms,
            turns=tuple(SpeakerTurn(Span(start, end), who) for start, end, who in turns),
            notices=tuple(Notice(code, message) for code, message in notices),
        )
    except (TypeError, ValueError):
        return None
