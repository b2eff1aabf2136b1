"""`/api/tts`: subtitles read aloud."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.domain.errors import (
    BadRequestError,
    InvalidFieldError,
    SpeechUnavailableError,
)
from app.routers.access.rate_limited import rate_limited
from app.routers.body import read_json
from app.routers.dependencies import ServicesDep, require_key, services
from app.routers.disconnect import unless_gone
from app.routers.error_responses import describe
from app.services.tts.speaker import Utterance
from app.submission.language_names import language_code

MAX_CHARS = 1000

_HEADERS = {
    "Cache-Control": "public, max-age=3600",
    "Content-Disposition": 'inline; filename="speech.mp3"',
}


async def _require_key_unless_open(request: Request) -> None:
    """Check the key where speaking wants one: extensions speak from a page and send none.

    Raises:
        UnauthorizedError: no key, or a wrong one.
    """
    if not services(request).settings.tts.open:
        await require_key(request)


router = APIRouter(
    prefix="/api/tts", tags=["tts"], dependencies=[Depends(_require_key_unless_open)]
)


class SpeakBody(BaseModel):
    """Body of `/api/tts/speak`; keys that we do not know are ignored."""

    model_config = ConfigDict(extra="ignore")

    text: str = Field("", description=f"What to say; {MAX_CHARS} characters at most")
    lang: str | None = Field("en", description="Language of the text")
    voice_id: str | None = Field(None, description="Who says it; the language's default if absent")
    use_cache: bool | None = Field(True, description="Whether an earlier recording will do")

    def utterance(self) -> Utterance:
        """Return what the body asks for.

        Raises:
            BadRequestError: a field is missing or wrong.
        """
        if not self.text.strip():
            raise BadRequestError("text is required")
        if len(self.text) > MAX_CHARS:
            raise BadRequestError(f"text exceeds maximum length of {MAX_CHARS} characters")
        cached = self.use_cache is not False
        return Utterance(self.text, language_code(self.lang or "en"), self.voice_id, cached)


_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": SpeakBody.model_json_schema()}},
    }
}


@router.get("/status")
async def status(services: ServicesDep) -> dict[str, object]:
    """Tell whether this server speaks; it never waits for models."""
    backend = services.settings.tts.engine
    try:
        defaults = await services.speaker.defaults()
    except SpeechUnavailableError:
        return {"enabled": False, "backend": backend, "default_voices": {}}
    return {"enabled": True, "backend": backend, "default_voices": dict(defaults)}


@router.get("/voices")
async def voices(
    services: ServicesDep, lang: Annotated[str | None, Query()] = None
) -> dict[str, object]:
    """List the voices, those for one language alone if it is named."""
    found = await services.speaker.voices(language_code(lang) if lang else None)
    listed = [{"id": v.id, "name": v.name, "lang": v.lang, "gender": v.gender} for v in found]
    return {"voices": listed}


@router.post(
    "/speak",
    openapi_extra=_BODY,
    dependencies=[rate_limited("tts_speak")],
    response_class=Response,
    responses={200: {"content": {"audio/mpeg": {}}, "description": "The text, spoken"}},
)
async def speak(request: Request, services: ServicesDep) -> Response:
    """Say a text; the answer is MP3. Nothing goes on when the client leaves."""
    try:
        body = SpeakBody.model_validate(await read_json(request))
    except ValidationError as error:
        raise InvalidFieldError(describe(error.errors(include_url=False))) from None
    spoken = await unless_gone(request, services.speaker.speak(body.utterance()))
    return Response(spoken, media_type="audio/mpeg", headers=_HEADERS)
