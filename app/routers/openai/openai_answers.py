"""Answers of OpenAI's API that are JSON, as the API's description has them."""

from __future__ import annotations

from typing import Literal

from app.routers.job_answers import Answer


class OpenAiModel(Answer):
    """A model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    task: str


class ModelList(Answer):
    """The models."""

    object: Literal["list"]
    data: list[OpenAiModel]


class RunningModels(Answer):
    """Names of models that are in memory."""

    models: list[str]


class NamedChoice(Answer):
    """Something to choose."""

    id: str
    name: str


class AudioModelList(Answer):
    """The models' names."""

    models: list[NamedChoice]


class SpeakerList(Answer):
    """The voices' names."""

    voices: list[NamedChoice]


class DiarizedTurn(Answer):
    """A stretch in which somebody speaks, in seconds."""

    start: float
    end: float
    speaker: str


class SpokenStretch(Answer):
    """A stretch in which somebody speaks, in milliseconds."""

    start: int
    end: int


class SpeakerTurns(Answer):
    """Who speaks when."""

    duration: float
    num_speakers: int
    segments: list[DiarizedTurn]
