"""Client of a server with OpenAI's speech protocol."""

from __future__ import annotations

from typing import Literal

import httpx2
import openai
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

from app.domain.errors import SpeechError
from app.services.tts.mp3 import is_mp3, to_mp3
from app.services.tts.speech_engine import SpeechAbilities
from app.settings import TtsSettings
from app.system.answer_limits import (
    PLAIN_HEADERS,
    AnswerLimitError,
    AnswerLimits,
    limit_answer,
)
from app.system.kept_connections import answered

AudioForm = Literal["mp3", "wav"]

SERVER_ABILITIES = SpeechAbilities(0.25, 4.0)
"""Source: OpenAI's reference of ``audio/speech``, ``speed``. A server that knows no speed answers
at its own; whoever asks measures what comes."""

_CONNECT_TIMEOUT_S = 5.0
"""Time limit for establishing a connection."""

_LIMITS = AnswerLimits(max_bytes=64 * 2**20)
"""Much more than the speech of a thousand characters takes."""


class SpeechServer:
    """HTTP client of one speech server; slow to construct, since the SDK is large.

    Args:
        settings: API key and time limit.
        url: base URL.
        model: model name on the server.
    """

    def __init__(self, settings: TtsSettings, url: str, model: str) -> None:
        key = settings.api_key
        self._model = model
        timeout = Timeout(settings.timeout_s, connect=_CONNECT_TIMEOUT_S)
        self._client = AsyncOpenAI(
            api_key=key.get_secret_value() if key else "none",
            base_url=url,
            timeout=timeout,
            max_retries=0,
            default_headers=PLAIN_HEADERS,
            http_client=DefaultAsyncHttpxClient(
                timeout=timeout, event_hooks={"response": [_limit]}
            ),
        )
        # First access makes the SDK import that part of itself: here, not during a request.
        self._speech = self._client.audio.speech.with_streaming_response

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def speak(self, text: str, voice: str) -> bytes:
        """Return the text as MP3, whatever format the server answers with.

        The server's error texts are dropped on purpose: they may quote the key or the text.

        Raises:
            SpeechError: the server cannot be reached, or refuses.
        """
        audio = await self._answer(text, voice, "mp3", 1.0)
        return audio if is_mp3(audio) else await to_mp3(audio)

    async def sound(self, text: str, voice: str, speed: float) -> bytes:
        """Return the text as WAV, or whatever other format the server answers with.

        Raises:
            SpeechError: the server cannot be reached, or refuses.
        """
        return await self._answer(text, voice, "wav", speed)

    async def _answer(self, text: str, voice: str, form: AudioForm, speed: float) -> bytes:
        try:
            audio = await self._request(text, voice, form, speed)
        except openai.APIStatusError as error:
            raise SpeechError(f"The speech server answered with {error.status_code}") from None
        except AnswerLimitError as error:
            raise SpeechError(f"The speech server: {error}") from None
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, AnswerLimitError):
                raise SpeechError(f"The speech server: {error.__cause__}") from None
            raise SpeechError("The speech server cannot be reached") from None
        except (openai.APIError, httpx2.HTTPError, OSError):
            raise SpeechError("The speech server cannot be reached") from None
        if not audio:
            raise SpeechError("The speech server sent nothing")
        return audio

    async def _request(self, text: str, voice: str, form: AudioForm, speed: float) -> bytes:
        audio = bytearray()
        # Models that know no speed refuse the field, so it is there only where it says something.
        told = openai.omit if speed == 1.0 else speed
        async with answered(
            lambda: self._speech.create(
                model=self._model, voice=voice, input=text, response_format=form, speed=told
            )
        ) as answer:
            async for data in answer.iter_bytes():
                audio += data
        return bytes(audio)


async def _limit(response: httpx2.Response) -> None:
    limit_answer(response, _LIMITS)
