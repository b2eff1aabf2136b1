"""`/v1/models` and the lists of `/v1/audio`: what there is to choose from.

Clients ask for lists before anybody has entered a key, or never send it with them, so those of
`/v1/audio` want none.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request

from app.domain.errors import ModelNotFoundError, SpeechError, SpeechUnavailableError, quoted
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import ServicesDep, services_of
from app.routers.described import described
from app.routers.openai.openai_answers import AudioModelList, ModelList, OpenAiModel, SpeakerList
from app.routers.openai.speech_voices import OPENAI_VOICES
from app.routers.raised_errors import raises

SPEECH_MODEL = "tts-1"

_TRANSCRIBERS = (
    *("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-transcribe-diarize"),
)
_SPEECH_MODELS = (SPEECH_MODEL, "gpt-4o-mini-tts")
"""Names that clients ask for unless they are told another; all of them work."""
_CREATED_S = 1_669_852_800
"""Unix time that stands for all models; clients only want a number."""

router = APIRouter(
    prefix="/v1/models",
    tags=["health"],
    dependencies=[Depends(require_key)],
    route_class=GuardedRoute,
)
lists = APIRouter(prefix="/v1/audio", tags=["health"], route_class=GuardedRoute)


def _names(request: Request) -> list[str]:
    services = services_of(request)
    if not services.settings.asr.enabled:
        return [*_SPEECH_MODELS]
    own = []
    if services.readiness.loaded:
        own = [services.readiness.engine_manager.engines.transcriber_name]
    return list(dict.fromkeys([*own, *_TRANSCRIBERS, *_SPEECH_MODELS]))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED_S, "owned_by": "cuestream"}


@router.get("", **described("listModels", "List the models as OpenAI's API does", ModelList))
async def models(request: Request) -> dict[str, Any]:
    """List the names of models; any other name works as well."""
    return {"object": "list", "data": [_model(name) for name in _names(request)]}


@router.get(
    "/{model_id:path}",
    **described("retrieveModel", "Return a model as OpenAI's API does", OpenAiModel),
)
@raises(ModelNotFoundError)
async def model(
    model_id: Annotated[str, Path(openapi_examples={"usual": {"value": "whisper-1"}})],
    request: Request,
) -> dict[str, Any]:
    """Return a model that `/v1/models` lists."""
    if model_id not in _names(request):
        raise ModelNotFoundError(f"The model {quoted(model_id)} does not exist")
    return _model(model_id)


@lists.get("/models", **described("listAudioModels", "List the models' names", AudioModelList))
async def audio_models(request: Request) -> dict[str, Any]:
    """List the names of models for Open WebUI; wants no key."""
    return {"models": [{"id": name, "name": name} for name in _names(request)]}


@lists.get("/voices", **described("listSpeakers", "List the voices' names", SpeakerList))
@raises(SpeechError)
async def voices(services: ServicesDep) -> dict[str, Any]:
    """List the voices for Open WebUI; none where this server does not speak. Wants no key."""
    try:
        found = await services.synthesizer.voices(None)
    except SpeechUnavailableError:
        return {"voices": []}
    own = [{"id": voice.id, "name": voice.name} for voice in found]
    known = {voice["id"] for voice in own}
    usual = [{"id": name, "name": name} for name in OPENAI_VOICES if name not in known]
    return {"voices": [*usual, *own]}
