"""Who speaks when in a file: parameters and answers of the route that asks for nothing else.

Source: the route `/v1/audio/diarization` of speaches, whose clients send it unmodified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from app.domain.errors import InvalidFormatError
from app.domain.events import Result
from app.domain.request import JobRequest, SpeakerCount, UploadedFile
from app.domain.transcript import SpeakerTurn
from app.submission.audio_output import seconds
from app.submission.job_payloads import Payload
from app.submission.known_voices import KnownVoice, known_voices
from app.submission.openai_request import COUNT_FIELDS, Fields, speaker_counts

DiarizationFormat = Literal["json", "rttm"]

DIARIZATION_FORMATS: tuple[DiarizationFormat, ...] = ("json", "rttm")

_NO_NAME = re.compile(r"[^\w.-]+")
_UNNAMED = "audio"


@dataclass(frozen=True, slots=True)
class DiarizationOptions:
    """Checked parameters of one request.

    Attributes:
        kind: the wanted format.
        speakers: how many there are, as far as that is known.
        voices: speakers whose voices are known.
    """

    kind: DiarizationFormat
    speakers: SpeakerCount
    voices: tuple[KnownVoice, ...]

    def job_request(self, file: UploadedFile) -> JobRequest:
        """Return the request of a job that finds nothing but the speakers of a file."""
        return JobRequest(file, speakers=self.speakers, speakers_only=True, audience="batch")


def diarization_options(fields: Fields) -> DiarizationOptions:
    """Check the parameters of a request.

    Args:
        fields: texts by name without brackets; those that are not empty.

    Raises:
        InvalidFormatError: no such response format.
        InvalidFieldError: another parameter is wrong.
    """
    asked = next(iter(fields.get("response_format", ())), DIARIZATION_FORMATS[0]).lower()
    kind = next((each for each in DIARIZATION_FORMATS if each == asked), None)
    if kind is None:
        raise InvalidFormatError(asked, DIARIZATION_FORMATS)
    counts = speaker_counts(fields)
    return DiarizationOptions(
        kind,
        SpeakerCount(*(counts.get(name) for name in COUNT_FIELDS)),
        known_voices(
            fields.get("known_speaker_names", ()), fields.get("known_speaker_references", ())
        ),
    )


def diarization_payload(result: Result) -> Payload:
    """Return the turns as JSON: times in seconds, and how long the recording is."""
    turns = _in_order(result.turns)
    return {
        "duration": seconds(result.audio_ms),
        "num_speakers": len({turn.speaker for turn in turns}),
        "segments": [
            {
                "start": seconds(turn.span.start_ms),
                "end": seconds(turn.span.end_ms),
                "speaker": turn.speaker,
            }
            for turn in turns
        ],
    }


def rttm(result: Result, name: str) -> str:
    """Return the turns as RTTM, a line each.

    Source: NIST, "The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan",
    appendix A: ten fields with spaces between them, so that no name may have one.

    Args:
        result: of the job.
        name: of the file, as the caller says.
    """
    return "".join(_rttm_lines(_in_order(result.turns), _word(name.rpartition(".")[0] or name)))


def _rttm_lines(turns: Sequence[SpeakerTurn], file: str) -> Iterator[str]:
    for turn in turns:
        start_s, length_s = seconds(turn.span.start_ms), seconds(turn.span.duration_ms)
        times = f"{start_s:.3f} {length_s:.3f}"
        yield f"SPEAKER {file} 1 {times} <NA> <NA> {_word(turn.speaker)} <NA> <NA>\n"


def _word(text: str) -> str:
    return _NO_NAME.sub("_", text) or _UNNAMED


def _in_order(turns: Sequence[SpeakerTurn]) -> list[SpeakerTurn]:
    return sorted(turns, key=lambda turn: (turn.span.start_ms, turn.span.end_ms))
