"""Errors of the engines: transcriber, aligner, diarizer, speech output."""

from __future__ import annotations

from app.domain.errors.cuestream_error import CuestreamError


class EngineError(CuestreamError):
    """An engine failed on this input."""

    code = "engine_failed"
    retryable = True


class RemoteEngineError(EngineError):
    """A server that an engine calls failed, or its answer cannot be used."""

    code = "remote_engine_failed"


class RemoteEngineAuthError(RemoteEngineError):
    """A server that an engine calls refused the key."""

    code = "remote_engine_auth"
    retryable = False


class EngineLoadError(EngineError):
    """An engine cannot be loaded."""

    code = "engine_unavailable"
    retryable = False


class SpeechUnavailableError(EngineLoadError):
    """This server does not speak: speech is disabled, or its engine is not installed."""

    code = "speech_unavailable"


class SpeechError(EngineError):
    """A text could not be spoken."""

    code = "speech_failed"


class SpeechTimeoutError(SpeechError):
    """A text was not spoken in time."""

    code = "speech_timeout"


class SpeechSilentError(SpeechError):
    """The speech engine answered with silence."""

    code = "speech_silent"


class SpeechTruncatedError(SpeechError):
    """The speech engine broke off."""

    code = "speech_truncated"


class OutOfMemoryError(EngineError):
    """The device has no memory left."""

    code = "out_of_memory"
