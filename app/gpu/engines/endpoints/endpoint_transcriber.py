"""Transcriber on a worker elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from app.domain.errors import EngineError
from app.domain.transcript import Segment
from app.gpu.cache_key import cache_key
from app.gpu.calls.answered_speech import segments_in
from app.gpu.calls.call_loop import CallLoop
from app.gpu.calls.sound_files import is_inaudible, to_wav
from app.gpu.engines.endpoints.worker_endpoint import endpoint_for
from app.gpu.protocols import ELSEWHERE, Prepared, Window
from app.settings import Settings

_LONGEST_MS = 30_000

_WHO = "The transcription worker"


class EndpointTranscriber:
    """Satisfies `app.gpu.protocols.Transcriber` with a worker that takes ``audio`` jobs.

    Every window is a job of its own, so that an endpoint works on one recording with as many
    workers as it has. Word times are those of the worker, which aligns them itself.

    Attributes:
        device: ``remote``.
        detail: for people; names no address.
        lanes: jobs at a time.
        max_batch: one window a job.
        languages: None: the worker knows.
        cache_key: see `app.gpu.protocols.Engine`.

    Raises:
        EngineLoadError: no endpoint is configured, or no key.
    """

    name = "endpoint"
    translates = False

    def __init__(self, settings: Settings) -> None:
        endpoints = settings.endpoints
        self._endpoint = endpoint_for("transcription", endpoints)
        self._loop = CallLoop("transcription-endpoint")
        self.device = ELSEWHERE
        self.detail = "a worker elsewhere"
        self.lanes = endpoints.endpoint_concurrency
        self.max_batch = 1
        self.languages: tuple[str, ...] | None = None
        self.cache_key = cache_key(self.name, self._endpoint.address, endpoints.endpoint_revision)

    def prepare(self, window: Window) -> Prepared:
        """Write the window as the input of a job.

        Raises:
            EngineError: the window is longer than 30 s.
        """
        if window.audio.span.duration_ms > _LONGEST_MS:
            raise EngineError("A window has 30 s at most")
        if is_inaudible(window.audio.samples):
            return Prepared(window)
        job_input: dict[str, object] = {
            "audio": base64.b64encode(to_wav(window.audio.samples)).decode(),
            "audio_format": "wav",
            "response_format": "verbose_json",
            "timestamps": True,
            "word_timestamps": True,
            "diarize": False,
        }
        if window.language is not None:
            job_input["language"] = window.language
        if window.prompt:
            job_input["prompt"] = window.prompt
        if window.allowed_languages:
            job_input["allowed_languages"] = list(window.allowed_languages)
        return Prepared(window, padded_ms=window.audio.span.duration_ms, payload=job_input)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        """Transcribe windows one after the other; see the protocol.

        Raises:
            RemoteEngineError: the worker failed, or cannot be reached.
            JobCancelledError: a window was cancelled; its job was cancelled there.
        """
        return [self._decoded(prepared) for prepared in batch]

    def _decoded(self, prepared: Prepared) -> list[Segment]:
        window, job_input = prepared.window, prepared.payload
        if not isinstance(job_input, dict):
            return []
        call = self._endpoint.call(job_input)
        answer = self._loop.run(call, window.cancelled.is_set)
        return segments_in(answer, window.audio, window.language, _WHO)
