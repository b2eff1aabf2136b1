"""Everything besides the sound that decides what is heard, as one key."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from app.domain.language import Language
from app.domain.request import SpeakerCount
from app.domain.version import __version__
from app.gpu.engine_manager import Engines
from app.gpu.protocols import Diarizer
from app.services.cache.keys import stage_key
from app.settings import Settings

_NOT_HEARD = {"model", "cpu_threads"}
"""Settings of the engine that leave its words alone. What the model's name stands for may
change; the engine's revision tells which one was loaded."""


def hearing_fingerprint(settings: Settings, revision: str) -> str:
    """Return what decides which words the transcriber hears in a given window.

    Args:
        settings: of the server.
        revision: of the loaded transcriber, see `app.gpu.protocols.Engine`.
    """
    chosen = settings.whisper.model_dump(mode="json", exclude=_NOT_HEARD)
    return stage_key("hearing", __version__, revision, chosen)


def window_hearing(
    settings: Settings,
    engines: Engines,
    language: Language | None,
    prompt: str,
    allowed_languages: Sequence[str] = (),
) -> str:
    """Return how one window of speech is heard.

    Args:
        settings: of the server.
        engines: as they were loaded.
        language: spoken language, or None to detect it.
        prompt: words that are likely to occur.
        allowed_languages: base tags that detection chooses from.
    """
    tag = language.tag if language else None
    heard = hearing_fingerprint(settings, engines.revision)
    return stage_key(heard, tag, prompt, list(allowed_languages))


def recording_hearing(
    settings: Settings,
    engines: Engines,
    language: Language | None,
    prompt: str,
    allowed_languages: Sequence[str] = (),
) -> str:
    """Return how a whole recording is heard: its windows, and where they are cut.

    Args:
        settings: of the server.
        engines: as they were loaded.
        language: spoken language, or None to detect it.
        prompt: words that are likely to occur.
        allowed_languages: base tags that detection chooses from.
    """
    heard = window_hearing(settings, engines, language, prompt, allowed_languages)
    aligned = engines.aligner.revision if engines.aligner is not None else None
    return stage_key(heard, engines.vad.revision, settings.vad.model_dump(mode="json"), aligned)


def recording_speakers(hearing: str, diarizer: Diarizer, speakers: SpeakerCount) -> str:
    """Return how a whole recording is heard and its speakers told apart.

    Args:
        hearing: see `recording_hearing`.
        diarizer: as it was loaded.
        speakers: how many there are, as far as is known.
    """
    return stage_key(hearing, diarizer.revision, list(dataclasses.astuple(speakers)))
