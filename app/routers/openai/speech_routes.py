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
    NamedFieldError,
    OverloadedError,
    SpeechError,
    SpeechUnavailableError,
    quoted,
)
from app.domain.language import ENGLISH
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep
from app.routers.described import FILE, TEXT, described
from app.routers.disconnect import cancel_on_disconnect
from app.routers.openai.speech_voices import voice_named
from app.routers.raised_errors import family, raises
from app.services.tts.speech_formats import SPEECH_FORMATS, encode_speech
from app.services.tts.speech_synthesizer import SpeechSynthesizer

_MAX_CHARS = 4096
_SLOWEST, _FASTEST = 0.25, 4.0
"""Source of these limits: OpenAI's reference of ``audio.speech.create``."""
_DELTA_BYTES = 24_000
_DEFAULT_VOICE = "alloy"


class SpeechBody(BaseModel):
    """Body of `/v1/audio/speech`; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    input: str = Field(description=f"What to say; {_MAX_CHARS} characters at most")
    model: str | None = Field("tts-1", description="Any name")
    voice: str | dict[str, Any] | None = Field(
        _DEFAULT_VOICE, description="Of this server, or one of OpenAI's names; or an object with id"
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
        return str(named or _DEFAULT_VOICE)


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
    ),
)
@raises(
    InvalidFormatError,
    OverloadedError,
    SpeechUnavailableError,
    NamedFieldError,
    *family(SpeechError),
)
async def speech(request: Request, body: SpeechBody, services: ServicesDep) -> Response:
    """Speak a text; the work stops when the client disconnects."""
    body.check()
    data = await cancel_on_disconnect(request, _spoken(services.synthesizer, body))
    if body.stream_format == "sse":
        return StreamingResponse(_events(data, body), media_type="text/event-stream")
    return Response(data, headers={"Content-Type": SPEECH_FORMATS[body.kind].media_type})


async def _spoken(synthesizer: SpeechSynthesizer, body: SpeechBody) -> bytes:
    voices = await synthesizer.voices(None)
    voice = voice_named(body.voice_name, voices, ENGLISH)
    if voice is None:
        raise NamedFieldError("voice", f"no voice {quoted(body.voice_name)}")
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
