"""Jobs and their results as JSON objects, for every door that a job comes by."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import cast

from app.domain.cue import Cue
from app.domain.events import OutputPart, Progress, Result
from app.domain.media import AudioTrack
from app.domain.style_fields import style_fields
from app.domain.transcript import SpeakerTurn
from app.services.jobs.runtime import JobRuntime
from app.services.pipeline.progress import format_eta
from app.services.render.file_writer import render_file
from app.services.render.written_file import WrittenFile
from app.submission.quality_payload import score_payload

Payload = dict[str, object]
"""A JSON object of the wire."""

_DIGIT = re.compile("[0-9]")


def progress_payload(progress: Progress) -> Payload:
    """Return a stage event; ``eta`` is a string or absent, ``activity`` that of an operation."""
    payload: Payload = {
        "stage": progress.stage,
        "message": progress.message,
        "percent": progress.percent,
        "step": progress.step,
        "totalSteps": progress.total_steps,
    }
    if progress.eta_ms:
        payload["eta"] = format_eta(progress.eta_ms)
    if progress.activity:
        payload["activity"] = progress.activity
    return payload


def cue_payload(cue: Cue, *, names: bool = False) -> Payload:
    """Return a cue in the extension's shape; ``speaker`` is absent when unknown.

    Args:
        cue: of a job or of a file.
        names: whether a speaker may have a name without digits; see `numbered_speaker`.

    Texts hold no markup and no marks of direction: the extension sets them as plain text in an
    element of its own. What a style adds is in fields that it does not look at.
    """
    payload: Payload = {
        "start": cue.span.start_ms,
        "end": cue.span.end_ms,
        "text": cue.text,
        "translatedText": cue.translation or cue.text,
        "confidence": round(cue.confidence, 3),
    }
    if cue.language != "und":
        payload["language"] = cue.language
    speaker = cue.speaker if names else numbered_speaker(cue)
    if speaker is not None:
        payload["speaker"] = speaker
    if cue.turn_speakers and (names or all(map(_DIGIT.search, cue.turn_speakers))):
        payload["speakers"] = list(cue.turn_speakers)
    return {**payload, **style_fields(cue)}


def numbered_speaker(cue: Cue) -> str | None:
    """Return a cue's speaker by a label with digits; None for a name without any.

    The extension tells speakers apart by the digits of their labels and shows a name that captions
    have as a number that is none. Files and the native view have the name.
    """
    return cue.speaker if _DIGIT.search(cue.speaker or "") else None


def turn_payloads(turns: Sequence[SpeakerTurn]) -> list[Payload]:
    """Return the speaker turns, in milliseconds."""
    return [
        {"start": turn.span.start_ms, "end": turn.span.end_ms, "speaker": turn.speaker}
        for turn in turns
    ]


async def result_payload(result: Result, job: JobRuntime, formats: Sequence[str]) -> Payload:
    """Return the result of a finished job, with the files that were requested.

    Its cues are an iterator: see `sliced_json`. A job that makes no subtitles has ``parts``, which
    are its output.
    """
    payload: Payload = {
        "subtitles": map(cue_payload, result.cues),
        "source": result.origin,
        "translated": result.translated,
        "language": result.language,
        "target_lang": job.request.target.tag if job.request.target else None,
        "job_id": job.id,
        "duration_ms": result.audio_ms,
        "elapsed_ms": result.elapsed_ms,
        "rtf": round(result.rtf, 4),
        "stage_ms": result.stage_ms,
        "cached": dict(result.cached),
        **_optional_fields(result),
    }
    if job.request.wants_shot_changes and result.video.frames_per_s is not None:
        payload["video"] = {
            "frame_rate": round(result.video.frames_per_s, 3),
            "shot_changes_ms": list(result.video.shot_changes_ms),
        }
    if result.quality is not None:
        payload["quality"] = score_payload(result.quality)
    if job.record.queue is not None and job.record.queue.is_call:
        parts = [event.json for _, event in job.log.after(0) if isinstance(event, OutputPart)]
        payload["parts"] = await asyncio.to_thread(lambda: [json.loads(part) for part in parts])
    return add_files(payload, await rendered_formats(result, job, formats)) if formats else payload


def add_files(payload: Payload, files: Mapping[str, WrittenFile]) -> Payload:
    """Return a payload with subtitle files as texts, and what they could not carry as notices.

    A binary file is in base64; ``formats_base64`` names those.
    """
    payload = {**payload, "formats": {name: file.json_text for name, file in files.items()}}
    if binary := [name for name, file in files.items() if file.is_binary]:
        payload["formats_base64"] = binary
    notices = dict.fromkeys(notice for file in files.values() for notice in file.notices)
    if notices:
        told = payload.get("notices", ())
        more = [dataclasses.asdict(notice) for notice in notices]
        payload["notices"] = [*cast("list[object]", told), *more]
    return payload


async def rendered_formats(
    result: Result, job: JobRuntime, formats: Sequence[str]
) -> dict[str, WrittenFile]:
    """Return subtitle files of a finished job by the names of their formats."""
    profile = job.request.profile
    language = job.request.target.tag if job.request.target else result.language
    return {
        name: await render_file(
            result.cues, name, profile, language, result.segments, video=result.video
        )
        for name in formats
    }


def _optional_fields(result: Result) -> Payload:
    """Return the fields of a result that are absent where there is nothing to report."""
    payload: Payload = {}
    if result.spoken is not None:
        payload["task"] = "translate"
        payload["spoken_language"] = result.spoken
    if result.translators:
        payload["translators"] = list(result.translators)
    if result.voiced_untranscribed_ms is not None:
        payload["voiced_untranscribed_s"] = result.voiced_untranscribed_ms / 1000
    if len(result.heard.tracks) > 1:
        payload["audio_track"] = result.heard.index
        payload["audio_tracks"] = [track_payload(track) for track in result.heard.tracks]
    if result.notices:
        payload["notices"] = [dataclasses.asdict(notice) for notice in result.notices]
    if result.turns:
        payload["speakers"] = turn_payloads(result.turns)
    if result.title:
        payload["title"] = result.title
    if result.usage is not None:
        payload["usage"] = dataclasses.asdict(result.usage)
    return payload


def track_payload(track: AudioTrack) -> Payload:
    """Return an audio track as the wire has it."""
    return {
        "index": track.index,
        "language": "/".join(track.languages) or None,
        "title": track.title,
        "role": track.role,
        "channels": track.channels,
        "decodable": track.decodable,
    }
