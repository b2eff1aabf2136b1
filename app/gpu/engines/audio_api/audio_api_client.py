"""Client of a server with OpenAI's audio API.

Source: https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from app.domain.errors import EngineLoadError, RemoteEngineError
from app.gpu.calls.call_retry import repeated
from app.gpu.calls.http_calls import HttpCaller, StatusError
from app.settings import Settings

_WHO = "The transcription server"

_OPENAI = "api.openai.com"

_FORM_REFUSED = frozenset({400, 415, 422})

_FORMS: tuple[Mapping[str, str | list[str]], ...] = (
    {"response_format": "verbose_json", "timestamp_granularities[]": ["word", "segment"]},
    {"response_format": "verbose_json"},
    {"response_format": "json"},
)
"""What is asked for, the best first: servers without word times, and models without any times
(gpt-4o-transcribe), refuse the former."""

_PROMPT_CHARS = 800
"""Whisper reads 224 tokens, about so many letters."""


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """One file to transcribe.

    Attributes:
        file: WAV.
        language: ISO 639-1 code; None to detect it.
        prompt: words that are likely to occur.
    """

    file: bytes
    language: str | None
    prompt: str


class AudioApiClient:
    """Sends files to ``/audio/transcriptions`` of one server, bounded in number.

    Args:
        settings: address, model, key, limits.

    Raises:
        EngineLoadError: the address is none, or OpenAI's without a key.
    """

    def __init__(self, settings: Settings) -> None:
        api = settings.audio_api
        url = urlsplit(api.base_url)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise EngineLoadError("AUDIO_API_BASE_URL is no http or https address")
        key = api.api_key
        if key is None and url.hostname == _OPENAI:
            key = settings.vendors.openai_api_key
            if key is None:
                raise EngineLoadError("ASR_ENGINE is openai: set AUDIO_API_KEY or OPENAI_API_KEY")
        headers = {"Accept": "application/json"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key.get_secret_value()}"
        self._url = f"{api.base_url.rstrip('/')}/audio/transcriptions"
        self._model = api.model
        self._attempts = api.attempts
        self._timeout_s = api.timeout_s
        self._caller = HttpCaller(_WHO, api.timeout_s, headers)
        self._form = 0

    async def transcribe(self, request: TranscriptionRequest) -> object:
        """Return the parsed answer.

        Raises:
            RemoteEngineError: the server refuses the file, or every attempt failed.
        """
        while True:
            form = self._form
            try:
                return await repeated(self._attempts, partial(self._once, request, form))
            except StatusError as error:
                if error.status not in _FORM_REFUSED or form + 1 >= len(_FORMS):
                    raise self._explained(error) from None
            # Calls side by side may have found out meanwhile.
            self._form = max(self._form, form + 1)

    async def _once(self, request: TranscriptionRequest, form: int) -> object:
        fields: dict[str, object] = {"model": self._model, "temperature": "0", **_FORMS[form]}
        if request.language is not None:
            fields["language"] = request.language
        if request.prompt:
            fields["prompt"] = request.prompt[-_PROMPT_CHARS:]
        files = {"file": ("audio.wav", request.file, "audio/wav")}
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._caller.json("POST", self._url, data=fields, files=files)
        except TimeoutError:
            raise RemoteEngineError(f"{_WHO} took too long") from None

    def _explained(self, error: StatusError) -> RemoteEngineError:
        if error.status == 404:
            return RemoteEngineError(
                f"{error.message}: AUDIO_API_BASE_URL or AUDIO_API_MODEL may be wrong"
            )
        if error.status == 413:
            return RemoteEngineError(f"{error.message}: lower AUDIO_API_MAX_FILE_MB")
        return RemoteEngineError(error.message)
