"""`/v1/audio/speech`: OpenAI's speech route.

Source: https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import (
    InvalidFormatError,
    InvalidLanguageError,
    NamedFieldError,
    OverloadedError,
    SpeechError,
    SpeechUnavailableError,
)
from app.domain.language import Language
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep
from app.routers.described import FILE, TEXT, described
from app.routers.disconnect import cancel_on_disconnect
from app.routers.openai.speech_voices import DEFAULT_VOICE, chosen_voice
from app.routers.raised_errors import family, raises
from app.services.tts.speech_engine import ANY_LANGUAGE, Voice
from app.services.tts.speech_formats import SPEECH_FORMATS, encode_speech
from app.services.tts.speech_synthesizer import SpeechSynthesizer

_MAX_CHARS = 4096
_SLOWEST, _FASTEST = 0.25, 4.0
"""Source of these limits: OpenAI's reference of ``audio.speech.create``."""
_DELTA_BYTES = 24_000


class SpeechBody(BaseModel):
    """Body of `/v1/audio/speech`; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    input: str = Field(description=f"What to say; {_MAX_CHARS} characters at most")
    model: str | None = Field("tts-1", description="Any name")
    voice: str | dict[str, Any] | None = Field(
        DEFAULT_VOICE,
        description="Of this server, or one of OpenAI's names, which stands for a voice of the "
        "text's language; or an object with id",
    )
    language: str | None = Field(
        None, description="Language of the text in any spelling; found out if absent"
    )
    instructions: str | None = Field(None, description="Has no effect")
    response_format: str | None = Field("mp3", description=", ".join(SPEECH_FORMATS))
    speed: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        1.0, description=f"{_SLOWEST} to {_FASTEST}"
    )
    stream_format: str | None = Field("audio", description="audio or sse")

    def check(self) -> None:
        """Check the fields.

        Raises:
            InvalidFormatError: no such format.
            NamedFieldError: another field is wrong.
        """
        if not self.input.strip():
            raise NamedFieldError("input", "a text to say")
        if len(self.input) > _MAX_CHARS:
            raise NamedFieldError("input", f"{_MAX_CHARS} characters at most")
        if self.kind not in SPEECH_FORMATS:
            raise InvalidFormatError(self.kind, tuple(SPEECH_FORMATS))
        if not _SLOWEST <= self.wanted_speed <= _FASTEST:
            raise NamedFieldError("speed", f"{_SLOWEST} to {_FASTEST}")
        if self.stream_format not in (None, "", "audio", "sse"):
            raise NamedFieldError("stream_format", "audio or sse")

    @property
    def kind(self) -> str:
        """The wanted format."""
        return (self.response_format or "mp3").lower()

    @property
    def wanted_speed(self) -> float:
        """The wanted speed."""
        return 1.0 if self.speed is None else self.speed

    @property
    def voice_name(self) -> str:
        """The wanted voice."""
        named = self.voice.get("id") if isinstance(self.voice, dict) else self.voice
        return str(named or DEFAULT_VOICE)

    @property
    def spoken(self) -> Language | None:
        """The language of the text; None where nobody names it.

        Raises:
            InvalidLanguageError: not a language.
        """
        return Language.parse(self.language) if self.language else None


router = APIRouter(
    prefix="/v1/audio",
    tags=["tts"],
    dependencies=[Depends(require_key), rate_limited("tts_speak")],
    route_class=GuardedRoute,
)


@router.post(
    "/speech",
    **described(
        "createSpeech",
        "Speak a text as OpenAI's API does",
        content={
            kind: {"schema": TEXT if kind == "text/event-stream" else FILE}
            for kind in (
                *(each.media_type for each in SPEECH_FORMATS.values()),
                "text/event-stream",
            )
        },
        answer="The text, spoken",
        example={"input": "Where do you want to go?", "model": "tts-1", "voice": "alloy"},
        headers={
            "X-Voice": {"description": "Id of the voice that speaks", "schema": TEXT},
            "Content-Language": {"description": "Language of that voice", "schema": TEXT},
        },
    ),
)
@raises(
    InvalidFormatError,
    InvalidLanguageError,
    OverloadedError,
    SpeechUnavailableError,
    NamedFieldError,
    *family(SpeechError),
)
async def speech(request: Request, body: SpeechBody, services: ServicesDep) -> Response:
    """Speak a text; the work stops when the client disconnects."""
    body.check()
    voice = await chosen_voice(services.synthesizer, body.voice_name, body.input, body.spoken)
    data = await cancel_on_disconnect(request, _spoken(services.synthesizer, body, voice))
    headers = {"X-Voice": voice.id}
    if voice.lang != ANY_LANGUAGE:
        headers["Content-Language"] = voice.lang
    if body.stream_format == "sse":
        return StreamingResponse(
            _events(data, body), media_type="text/event-stream", headers=headers
        )
    headers["Content-Type"] = SPEECH_FORMATS[body.kind].media_type
    return Response(data, headers=headers)


async def _spoken(synthesizer: SpeechSynthesizer, body: SpeechBody, voice: Voice) -> bytes:
    sound = await synthesizer.sound(body.input, voice, body.wanted_speed)
    return await encode_speech(sound, body.kind)


def _events(data: bytes, body: SpeechBody) -> Iterator[bytes]:
    for at in range(0, len(data), _DELTA_BYTES):
        piece = base64.b64encode(data[at : at + _DELTA_BYTES]).decode()
        yield _event("speech.audio.delta", {"audio": piece})
    # Characters stand for tokens, of which the engine has none.
    used = {"input_tokens": len(body.input), "output_tokens": 0, "total_tokens": len(body.input)}
    yield _event("speech.audio.done", {"usage": used})


def _event(kind: str, payload: dict[str, object]) -> bytes:
    data = json.dumps({"type": kind, **payload}, separators=(",", ":"))
    return f"event: {kind}\ndata: {data}\n\n".encode()
