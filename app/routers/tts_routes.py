"""`/api/tts`: speech synthesis of subtitles."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import (
    BadRequestError,
    InvalidLanguageError,
    OverloadedError,
    SpeechError,
    SpeechUnavailableError,
    UnauthorizedError,
)
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep, services_of
from app.routers.described import FILE, described
from app.routers.disconnect import cancel_on_disconnect
from app.routers.raised_errors import raises, wants_key
from app.routers.server_answers import SpeechStatus, VoiceList
from app.services.tts.speech_synthesizer import Utterance
from app.submission.request_fields import language_code

_MAX_CHARS = 1000

_HEADERS = {
    "Cache-Control": "public, max-age=3600",
    "Content-Disposition": 'inline; filename="speech.mp3"',
}


@wants_key(optional=True)
@raises(UnauthorizedError)
async def _require_key_unless_open(request: Request) -> None:
    """Check the key unless `TTS_OPEN` is set: extensions speak from a page and send none.

    Raises:
        UnauthorizedError: no key, or a wrong one.
    """
    if not services_of(request).settings.tts.open:
        await require_key(request)


router = APIRouter(
    prefix="/api/tts",
    tags=["tts"],
    dependencies=[Depends(_require_key_unless_open)],
    route_class=GuardedRoute,
)


class SpeakBody(BaseModel):
    """Body of `/api/tts/speak`; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    text: str = Field("", description=f"What to say; {_MAX_CHARS} characters at most")
    lang: str | None = Field("en", description="Language of the text")
    voice_id: str | None = Field(None, description="Who says it; the language's default if absent")
    use_cache: bool | None = Field(True, description="Whether an earlier recording will do")

    def utterance(self) -> Utterance:
        """Return the utterance that the body requests.

        Raises:
            BadRequestError: a field is missing or wrong.
        """
        if not self.text.strip():
            raise BadRequestError("text is required")
        if len(self.text) > _MAX_CHARS:
            raise BadRequestError(f"text exceeds maximum length of {_MAX_CHARS} characters")
        cached = self.use_cache is not False
        return Utterance(self.text, language_code(self.lang or "en"), self.voice_id, cached)


async def _default_voices(services: ServicesDep) -> dict[str, str] | None:
    """Return each language's default voice; None where this server has no speech engine."""
    try:
        return dict(await services.synthesizer.defaults())
    except SpeechUnavailableError:
        return None


@router.get(
    "/status", **described("getSpeechStatus", "Say whether this server speaks", SpeechStatus)
)
@raises(SpeechError)
async def status(
    services: ServicesDep,
    default_voices: Annotated[dict[str, str] | None, Depends(_default_voices)],
) -> dict[str, object]:
    """Return whether this server speaks; it never waits for models."""
    return {
        "enabled": default_voices is not None,
        "backend": services.settings.tts.engine,
        "default_voices": default_voices or {},
    }


@router.get("/voices", **described("listVoices", "List the voices", VoiceList))
@raises(InvalidLanguageError, SpeechUnavailableError, SpeechError)
async def voices(
    services: ServicesDep,
    lang: Annotated[
        str | None,
        Query(
            description="Language of the voices, in any spelling",
            openapi_examples={"portuguese": {"value": "pt-BR"}},
        ),
    ] = None,
) -> dict[str, object]:
    """List the voices, those for one language alone if it is named."""
    found = await services.synthesizer.voices(language_code(lang) if lang else None)
    listed = [{"id": v.id, "name": v.name, "lang": v.lang, "gender": v.gender} for v in found]
    return {"voices": listed}


@router.post(
    "/speak",
    dependencies=[rate_limited("tts_speak")],
    **described(
        "speak",
        "Speak a text",
        content={"audio/mpeg": {"schema": FILE}},
        answer="The text, spoken",
        example={"text": "Where do you want to go?", "lang": "en"},
    ),
)
@raises(InvalidLanguageError, OverloadedError, SpeechUnavailableError, SpeechError)
async def speak(request: Request, body: SpeakBody, services: ServicesDep) -> Response:
    """Speak a text; the answer is MP3. The work stops when the client disconnects."""
    mp3 = await cancel_on_disconnect(request, services.synthesizer.speak(body.utterance()))
    return Response(mp3, media_type="audio/mpeg", headers=_HEADERS)
