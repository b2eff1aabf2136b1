"""How many people speak: the request's word over the settings'."""

from __future__ import annotations

from app.domain.errors import EngineLoadError
from app.domain.request import SpeakerCount
from app.settings import DiarizationSettings


def check_defaults(settings: DiarizationSettings) -> None:
    """Refuse limits that contradict each other.

    Raises:
        EngineLoadError: the fewest are more than the most.
    """
    if (settings.min_speakers or 0) > (settings.max_speakers or float("inf")):
        raise EngineLoadError("DIARIZATION_MIN_SPEAKERS is above DIARIZATION_MAX_SPEAKERS")


def expected(asked: SpeakerCount, settings: DiarizationSettings) -> SpeakerCount:
    """Return the limits to work with.

    A default that contradicts what the request says is dropped. 0 means unknown everywhere.
    """
    if asked.exact:
        return SpeakerCount(exact=asked.exact)
    least = asked.least or settings.min_speakers or None
    most = asked.most or settings.max_speakers or None
    if least and most and least > most:
        return SpeakerCount(least=asked.least or None, most=asked.most or None)
    return SpeakerCount(least=least, most=most)
