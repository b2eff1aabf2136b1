"""Engines that failed."""

from __future__ import annotations

from app.domain.errors.root import CuestreamError


class EngineError(CuestreamError):
    """An engine failed on this input."""

    code = "engine_failed"
    retryable = True


class EngineLoadError(EngineError):
    """An engine cannot be loaded."""

    code = "engine_unavailable"
    retryable = False


class SpeechUnavailableError(EngineLoadError):
    """This server does not speak: it was told not to, or its engine is not installed."""

    code = "speech_unavailable"


class SpeechError(EngineError):
    """A text could not be spoken."""

    code = "speech_failed"


class OutOfMemoryError(EngineError):
    """The device has no memory left."""

    code = "out_of_memory"
