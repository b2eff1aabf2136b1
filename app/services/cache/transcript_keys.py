"""Keys of cached transcripts: everything besides the audio that decides their words.

They are made of the engines' cache keys, which hold the settings that an engine reads, of the
request, and of this program's version.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from app.domain.language import Language
from app.domain.request import SpeakerCount, Task
from app.domain.version import __version__
from app.gpu.loaded_engines import Engines
from app.gpu.protocols import Diarizer
from app.services.cache.keys import stage_key
from app.settings import VadSettings


def window_key(
    engines: Engines,
    windowing: VadSettings,
    language: Language | None,
    prompt: str,
    allowed_languages: Sequence[str] = (),
    task: Task = "transcribe",
) -> str:
    """Return what decides the transcript of one window of speech, besides its audio.

    Args:
        engines: as they were loaded.
        windowing: settings by which speech is detected, which word times follow.
        language: spoken language, or None to detect it.
        prompt: words that are likely to occur.
        allowed_languages: base tags that detection chooses from.
        task: whether it is transcribed or translated.
    """
    tag = language.tag if language else None
    return stage_key(
        "window",
        __version__,
        engines.transcriber_cache_key,
        engines.vad.cache_key,
        windowing.model_dump(mode="json"),
        tag,
        prompt,
        list(allowed_languages),
        task,
    )


def recording_key(
    engines: Engines,
    windowing: VadSettings,
    language: Language | None,
    prompt: str,
    allowed_languages: Sequence[str] = (),
    task: Task = "transcribe",
) -> str:
    """Return what decides the transcript of a whole recording: its windows and their borders.

    Args:
        engines: as they were loaded.
        windowing: settings that decide where windows are cut.
        language: spoken language, or None to detect it.
        prompt: words that are likely to occur.
        allowed_languages: base tags that detection chooses from.
        task: whether it is transcribed or translated.
    """
    window = window_key(engines, windowing, language, prompt, allowed_languages, task)
    aligner = engines.aligner.cache_key if engines.aligner is not None else None
    return stage_key("recording", window, aligner)


def track_key(recording: str, track: int | str | None) -> str:
    """Return what decides the transcript of one audio track.

    Args:
        recording: see `recording_key`; it names the spoken language, which decides the track
            unless the request does.
        track: index or language by the request; None where it names none.
    """
    return stage_key(recording, "by language and marks" if track is None else track)


def sounds_key(speech: str) -> str:
    """Return the key of a window or a transcript in which sounds are described too."""
    return stage_key(speech, "sounds")


def shot_changes_key(recording: str) -> str:
    """Return the key of a transcript that has the shot changes of its picture."""
    return stage_key(recording, "shot changes")


def translated_recording_key(recording: str) -> str:
    """Return what decides the transcript of a whole recording with translations by the transcriber.

    Args:
        recording: see `recording_key`.
    """
    return stage_key(recording, "with translations into English")


def diarized_recording_key(recording: str, diarizer: Diarizer, speakers: SpeakerCount) -> str:
    """Return what decides the transcript of a whole recording with its speakers.

    Args:
        recording: see `recording_key`.
        diarizer: as it was loaded.
        speakers: how many there are, as far as is known.
    """
    return stage_key(recording, diarizer.cache_key, list(dataclasses.astuple(speakers)))
