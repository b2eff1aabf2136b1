"""`/v1/models` and the lists of `/v1/audio`: what there is to choose from.

Clients ask for lists before anybody has entered a key, or never send it with them, so those of
`/v1/audio` want none.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from app.domain.errors import ModelNotFoundError, SpeechError, SpeechUnavailableError, quoted
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import ServicesDep, services_of
from app.routers.described import described
from app.routers.openai.openai_answers import (
    AudioModelList,
    ModelList,
    OpenAiModel,
    RunningModels,
    SpeakerList,
)
from app.routers.openai.speech_voices import OPENAI_VOICES
from app.routers.raised_errors import raises

SPEECH_MODEL = "tts-1"

_TRANSCRIBERS = (
    *("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-transcribe-diarize"),
)
_SPEECH_MODELS = (SPEECH_MODEL, "gpt-4o-mini-tts")
"""Names that clients ask for unless they are told another; all of them work."""
_TRANSCRIBES, _SPEAKS = "automatic-speech-recognition", "text-to-speech"
_CREATED_S = 1_669_852_800
"""Unix time that stands for all models; clients only want a number."""

router = APIRouter(
    prefix="/v1",
    tags=["health"],
    dependencies=[Depends(require_key)],
    route_class=GuardedRoute,
)
running = APIRouter(
    prefix="/api",
    tags=["health"],
    dependencies=[Depends(require_key)],
    route_class=GuardedRoute,
)
lists = APIRouter(prefix="/v1/audio", tags=["health"], route_class=GuardedRoute)


Task = Annotated[
    str, Query(description="As speaches names it: automatic-speech-recognition or text-to-speech")
]


def _names(request: Request) -> dict[str, str]:
    """Return the names of models with what each of them does."""
    services = services_of(request)
    names = dict.fromkeys(_SPEECH_MODELS, _SPEAKS)
    if not services.settings.asr.enabled:
        return names
    return dict.fromkeys([*_loaded(request), *_TRANSCRIBERS], _TRANSCRIBES) | names


def _loaded(request: Request) -> list[str]:
    services = services_of(request)
    if not (services.settings.asr.enabled and services.readiness.loaded):
        return []
    return [services.readiness.engine_manager.engines.transcriber_name]


def _model(name: str, task: str) -> dict[str, Any]:
    usual = {"id": name, "object": "model", "created": _CREATED_S, "owned_by": "cuestream"}
    return {**usual, "task": task}


@router.get("/models", **described("listModels", "List the models as OpenAI's API does", ModelList))
async def models(request: Request, task: Task = "") -> dict[str, Any]:
    """List the names of models; any other name works as well."""
    listed = [_model(*each) for each in _names(request).items() if task in ("", each[1])]
    return {"object": "list", "data": listed}


@router.get(
    "/registry",
    **described("listRegistry", "List the models as speaches' registry does", ModelList),
)
async def registry(request: Request, task: Task = "") -> dict[str, Any]:
    """List the names of models that can be had: those that are here, for none is fetched."""
    return await models(request, task)


@router.get(
    "/models/{model_id:path}",
    **described("retrieveModel", "Return a model as OpenAI's API does", OpenAiModel),
)
@raises(ModelNotFoundError)
async def model(
    model_id: Annotated[str, Path(openapi_examples={"usual": {"value": "whisper-1"}})],
    request: Request,
) -> dict[str, Any]:
    """Return a model that `/v1/models` lists."""
    task = _names(request).get(model_id)
    if task is None:
        raise ModelNotFoundError(f"The model {quoted(model_id)} does not exist")
    return _model(model_id, task)


@running.get("/ps", **described("listLoadedModels", "List the loaded models", RunningModels))
async def loaded_models(request: Request) -> dict[str, list[str]]:
    """List the models that are in memory, as speaches does."""
    return {"models": _loaded(request)}


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
