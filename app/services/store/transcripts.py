"""What was heard in a whole recording."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.transcript import Segment
from app.services.store.keys import stage_key
from app.services.store.lifetimes import TRANSCRIPTS
from app.services.store.lookups import Observe, unobserved
from app.services.store.segments import pack, segment_rows, segments_of, unpack
from app.services.store.stage_store import Store


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything that was heard in a recording.

    Attributes:
        segments: in order of start.
        audio_ms: length of the recording as it was decoded.
        language: BCP 47 tag of what was spoken.
    """

    segments: tuple[Segment, ...]
    audio_ms: int
    language: str


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
            hearing: key of everything that changes what is heard, see `recording_hearing`.
        """
        payload = await self._store.get(TRANSCRIPTS, stage_key(content, hearing))
        transcript = None if payload is None else _transcript(payload)
        self._observe(TRANSCRIPTS, transcript is not None)
        return transcript

    async def keep(self, content: str, hearing: str, transcript: Transcript) -> None:
        """Keep the transcript of a whole recording.

        Args:
            content: hash of the media's bytes.
            hearing: key of everything that changes what is heard, see `recording_hearing`.
            transcript: finished: nothing was cut short, cancelled or left out.
        """
        rows = segment_rows(transcript.segments)
        payload = pack([int(transcript.audio_ms), transcript.language, rows])
        await self._store.put(TRANSCRIPTS, stage_key(content, hearing), payload)


def _transcript(payload: bytes) -> Transcript | None:
    try:
        audio_ms, language, rows = unpack(payload)
        return Transcript(segments_of(rows), audio_ms, language)
    except (TypeError, ValueError):
        return None
