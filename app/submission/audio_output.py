"""Results in the shape of the Parakeet workers: words, segments and speakers, in seconds."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.cue import Cue
from app.domain.events import Notice, Result
from app.domain.profile import DEFAULT_PROFILE
from app.domain.time import Span
from app.domain.transcript import Segment, SpeakerTurn, Word
from app.services.render.file_writer import render_bounded
from app.services.stages.assign_speakers import TurnIndex
from app.submission.audio_body import AudioBody
from app.submission.job_payloads import Payload
from app.system.thread_groups import DISK

UNKNOWN = "unknown"
"""Speaker of a segment that no turn overlaps."""

_OUR_LABEL = re.compile(r"SPEAKER_([0-9]{1,6})")

_ALWAYS_REPORTED = frozenset({"diarization_failed", "speakers_unavailable", "speech_untranscribed"})
"""Notices that come with every format; the others come with ``verbose_json``."""


@dataclass(frozen=True, slots=True)
class AudioOutput:
    """Writer of one job's output.

    Attributes:
        body: what was asked for.
        model: that transcribed, for people.
        with_segments: whether ``json`` has segments though it was not asked for them.
        notices: of the request itself, beside those of the result.
    """

    body: AudioBody
    model: str
    with_segments: bool = False
    notices: tuple[Notice, ...] = ()

    async def written(self, result: Result) -> Payload:
        """Return a result as ``response_format`` wants it; always an object."""
        return await self._formatted(result) | self.warnings(result)

    def warnings(self, result: Result) -> Payload:
        """Return what could not be done, or not as well as usual; empty where there is nothing."""
        notices = [*self.notices, *result.notices]
        if self.body.response_format != "verbose_json":
            notices = [notice for notice in notices if notice.code in _ALWAYS_REPORTED]
        return {"warnings": [dataclasses.asdict(each) for each in notices]} if notices else {}

    async def _formatted(self, result: Result) -> Payload:
        match self.body.response_format:
            case "srt":
                cues = [_bracketed(cue, result.turns) for cue in result.cues]
                return {"text": await self._file(cues, "srt", result.language)}
            case "vtt":
                cues = [replace(cue, speaker=_of_cue(cue, result.turns)) for cue in result.cues]
                return {"text": await self._file(cues, "vtt", result.language)}
            case "text":
                return {"text": full_text(result.segments)}
            case "json":
                payload: Payload = {"text": full_text(result.segments)}
                if self.with_segments or self.body.timestamps or self.body.word_timestamps:
                    payload["segments"] = await self._segments(result)
                return payload
            case "verbose_json":
                return await self._verbose(result)

    async def _file(self, cues: Sequence[Cue], kind: str, language: str) -> str:
        return await render_bounded(cues, kind, DEFAULT_PROFILE, language)

    async def _verbose(self, result: Result) -> Payload:
        return {
            "text": full_text(result.segments),
            "language": self.body.language or result.language,
            "duration": seconds(result.audio_ms),
            "model": self.model,
            "segments": await self._segments(result),
        }

    async def _segments(self, result: Result) -> list[Payload]:
        return await DISK.run(self._segment_payloads, result)

    def _segment_payloads(self, result: Result) -> list[Payload]:
        turns = TurnIndex(result.turns) if result.turns else None
        verbose = self.body.response_format == "verbose_json"
        return [
            self._segment(number, segment, turns, verbose=verbose)
            for number, segment in enumerate(result.segments)
        ]

    def _segment(
        self, number: int, segment: Segment, turns: TurnIndex | None, *, verbose: bool
    ) -> Payload:
        speaker = None if turns is None else label(turns.longest(segment.span)) or UNKNOWN
        payload: Payload = {
            "id": number,
            "start": seconds(segment.span.start_ms),
            "end": seconds(segment.span.end_ms),
            "text": segment.text,
            "speaker": speaker,
        }
        if verbose:
            payload["language"] = segment.language
            payload["language_probability"] = round(segment.language_probability, 3)
        if self.body.word_timestamps:
            payload["words"] = [_word(word, diarized=turns is not None) for word in segment.words]
        return payload


def silent(language: str | None, audio_ms: int) -> Result:
    """Return the result of a recording without speech."""
    return Result(
        (),
        translated=False,
        language=language or "und",
        audio_ms=audio_ms,
        elapsed_ms=0,
        stage_ms={},
    )


def turns_output(turns: Sequence[SpeakerTurn]) -> Payload:
    """Return speaker turns, sorted by start, as a diarization worker reports them."""
    segments = [
        {**_times(turn.span), "speaker": label(turn.speaker)}
        for turn in sorted(turns, key=lambda turn: turn.span.start_ms)
    ]
    return {
        "segments": segments,
        "num_speakers": len({turn.speaker for turn in turns}),
        "duration": seconds(max((turn.span.end_ms for turn in turns), default=0)),
    }


def full_text(segments: Sequence[Segment]) -> str:
    """Return what was said, with a space between segments."""
    return " ".join(text for segment in segments if (text := segment.text.strip()))


def label(speaker: str | None) -> str | None:
    """Return a speaker's label, ours counted from 1: ``SPEAKER_00`` is ``1``."""
    if speaker is None:
        return None
    match = _OUR_LABEL.fullmatch(speaker)
    return str(int(match[1]) + 1) if match else speaker


def seconds(ms: int) -> float:
    """Return a time in seconds."""
    return ms / 1000


def _times(span: Span) -> Payload:
    return {"start": seconds(span.start_ms), "end": seconds(span.end_ms)}


def _word(word: Word, *, diarized: bool) -> Payload:
    payload: Payload = {"word": word.text, **_times(word.span)}
    payload["probability"] = round(word.confidence, 3)
    if diarized:
        payload["speaker"] = label(word.speaker) or UNKNOWN
    return payload


def _of_cue(cue: Cue, turns: Sequence[SpeakerTurn]) -> str | None:
    return (label(cue.speaker) or UNKNOWN) if turns else None


def _bracketed(cue: Cue, turns: Sequence[SpeakerTurn]) -> Cue:
    speaker = _of_cue(cue, turns)
    if speaker is None:
        return cue
    return replace(cue, text=f"[{speaker}] {cue.text}", speaker=None, runs=())
