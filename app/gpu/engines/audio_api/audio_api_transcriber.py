"""Transcriber behind OpenAI's audio API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.domain.audio import Audio
from app.domain.errors import EngineError
from app.domain.language import known_language
from app.domain.time import SAMPLES_PER_MS
from app.domain.transcript import Segment
from app.gpu.cache_key import cache_key
from app.gpu.calls.answered_speech import segments_in
from app.gpu.calls.call_loop import CallLoop
from app.gpu.calls.sound_files import (
    BYTES_PER_SAMPLE,
    WAV_HEADER_BYTES,
    is_inaudible,
    pieces,
    to_wav,
)
from app.gpu.engines.audio_api.audio_api_client import AudioApiClient, TranscriptionRequest
from app.gpu.engines.audio_api.audio_prices import price_of
from app.gpu.protocols import ELSEWHERE, Prepared, Window
from app.settings import Settings

_LONGEST_MS = 30_000

_WHO = "The transcription server"


@dataclass(frozen=True, slots=True)
class _File:
    audio: Audio
    request: TranscriptionRequest


class AudioApiTranscriber:
    """Satisfies `app.gpu.protocols.Transcriber` with a server that others run.

    The pipeline cuts speech at its pauses into windows of half a minute, so the first words come
    early and no recording is too long for the server. A window that is larger than the server takes
    is cut again in its quietest places. Word times are the server's where it has them; where not,
    words share the time of their segment until they are aligned.

    Attributes:
        device: ``remote``.
        detail: model and host.
        lanes: requests at a time.
        max_batch: one window a request.
        languages: None: the server knows.
        cache_key: see `app.gpu.protocols.Engine`.
        price: of the audio.

    Raises:
        EngineLoadError: the address or the key is missing.
    """

    name = "openai"
    translates = False

    def __init__(self, settings: Settings) -> None:
        api = settings.audio_api
        self._client = AudioApiClient(settings)
        self._loop = CallLoop("audio-api")
        self._most_samples = (int(api.max_file_mb * 2**20) - WAV_HEADER_BYTES) // BYTES_PER_SAMPLE
        self.device = ELSEWHERE
        host = urlsplit(api.base_url).hostname or ""
        self.detail = f"{api.model} at {host}"
        self.lanes = api.concurrency
        self.max_batch = 1
        self.languages: tuple[str, ...] | None = None
        self.price = price_of(api)
        address = urlsplit(api.base_url)._replace(netloc=_place(api.base_url), query="").geturl()
        longest = min(self._most_samples, _LONGEST_MS * SAMPLES_PER_MS)
        self.cache_key = cache_key(self.name, address, api.model, str(longest))

    def prepare(self, window: Window) -> Prepared:
        """Write the window as the files of its requests.

        Raises:
            EngineError: the window is longer than 30 s.
        """
        if window.audio.span.duration_ms > _LONGEST_MS:
            raise EngineError("A window has 30 s at most")
        language = known_language(window.language or _only(window.allowed_languages) or "")
        code = language.base if language is not None else None
        files: list[_File] = []
        for start, samples in pieces(window.audio.samples, self._most_samples):
            if not is_inaudible(samples):
                audio = Audio(samples, window.audio.start_sample + start)
                request = TranscriptionRequest(to_wav(samples), code, window.prompt)
                files.append(_File(audio, request))
        padded_ms = window.audio.span.duration_ms
        return Prepared(window, padded_ms=padded_ms, payload=tuple(files))

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        """Transcribe windows one after the other; see the protocol.

        Raises:
            RemoteEngineError: the server failed, refused or cannot be reached.
            JobCancelledError: a window was cancelled; its request was given up.
        """
        return [self._decoded(prepared) for prepared in batch]

    def _decoded(self, prepared: Prepared) -> list[Segment]:
        files = prepared.payload
        segments: list[Segment] = []
        for file in files if isinstance(files, tuple) else ():
            call = self._client.transcribe(file.request)
            answer = self._loop.run(call, prepared.window.cancelled.is_set)
            segments += segments_in(answer, file.audio, prepared.window.language, _WHO)
        return segments


def _only(languages: Sequence[str]) -> str | None:
    return languages[0] if len(languages) == 1 else None


def _place(url: str) -> str:
    """Return host and port of an address, without what may be a key ahead of them."""
    return urlsplit(url).netloc.rpartition("@")[2]
