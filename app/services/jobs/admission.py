"""Admission of jobs: requests that this server cannot serve, or not soon enough, are refused."""

from __future__ import annotations

import math
from collections.abc import Sequence

from app.domain.errors import OverloadedError, UnavailableOptionError
from app.domain.request import JobRequest, SentCaptions, UploadedFile
from app.gpu.engine_manager import EngineManager
from app.services.readiness import Readiness
from app.services.translation.speech_pairs import SpeechPairs
from app.services.translation.text.script_conversion import needs_translator
from app.services.translation.translator import LanguagePair
from app.settings import JobSettings, JobStoreSettings, SchedulerSettings, Settings

_FULL_RETRY_S = 30
_RETRY_AFTER_S = 15


def check_options(request: JobRequest, settings: Settings, readiness: Readiness) -> None:
    """Refuse options and languages that no engine of this server serves.

    While the engines load their languages are not known; the check is made again afterwards.

    Raises:
        UnavailableOptionError: the server has no diarization engine, or no transcriber that
            translates, or there is no speech to translate.
        InvalidLanguageError: the transcriber or the translator does not know the language.
    """
    check_role(request, settings)
    finds_speakers = request.diarize and request.turns is None and not request.speakers_only
    if finds_speakers and not (settings.diarization.enabled and settings.asr.enabled):
        raise UnavailableOptionError(
            "diarize: this server has no diarization engine (DIARIZATION_ENABLED)"
        )
    if request.task == "translate":
        _check_task(request, settings, readiness)
    if not readiness.loaded:
        return
    if settings.asr.enabled and isinstance(request.source, UploadedFile):
        # Every other source may have captions, which the pipeline knows once it is open.
        readiness.engine_manager.engines.require_language(request.spoken)
    if request.target is not None and isinstance(request.source, UploadedFile):
        translates = settings.asr.enabled and readiness.engine_manager.engines.translates
        speech = SpeechPairs.of(
            settings, readiness.translator, request.target, translates=translates
        )
        pair = LanguagePair(request.written, request.target)
        if needs_translator(pair) and not speech.take(request.written):
            readiness.translator.check(pair)


def check_role(request: JobRequest, settings: Settings) -> None:
    """Refuse what the worker's role leaves to others.

    Raises:
        UnavailableOptionError: it does.
    """
    if request.speakers_only:
        if not settings.diarization.enabled:
            raise UnavailableOptionError("This server has no diarization engine")
    elif settings.role == "diarization":
        raise UnavailableOptionError("This worker only tells speakers apart (ROLE=diarization)")


def _check_task(request: JobRequest, settings: Settings, readiness: Readiness) -> None:
    """Refuse to translate speech where there is none, or nothing that translates it."""
    if isinstance(request.source, SentCaptions):
        raise UnavailableOptionError(
            "Captions hold no speech that could be translated; target_lang translates their text"
        )
    if not settings.asr.enabled:
        raise UnavailableOptionError("This server has no transcriber, so it translates no speech")
    if readiness.loaded:
        readiness.engine_manager.engines.require_speech_translation()


def check_wait(manager: EngineManager, request: JobRequest, settings: SchedulerSettings) -> None:
    """Refuse a job whose first words would come too late.

    Captions that the client sends need no device. For every other source it is not known yet
    whether captions or a cached transcript exist.

    Raises:
        OverloadedError: carries the time after which the job is likely to fit.
    """
    if isinstance(request.source, SentCaptions):
        return
    if manager.full:
        raise OverloadedError("The queue ahead of the device is full", _FULL_RETRY_S)
    limit_s = settings.viewer_wait_s if request.audience == "viewer" else settings.batch_wait_s
    wait_s = manager.expected_first_wait_s(request.audience)
    if wait_s > limit_s:
        raise OverloadedError(
            f"The device is busy: the first words would take about {math.ceil(wait_s)} s",
            max(1, math.ceil(wait_s - limit_s)),
        )


def check_places(running: Sequence[JobRequest], request: JobRequest, limits: JobSettings) -> None:
    """Refuse a job that finds no free place, or whose caller has his share of them.

    Args:
        running: requests of the jobs that this process works on.
        request: of the new job.
        limits: number of places, and a caller's share.

    Raises:
        OverloadedError: it is refused.
    """
    if len(running) >= limits.max_jobs:
        raise OverloadedError(f"All {limits.max_jobs} places are taken", _RETRY_AFTER_S)
    own = [each for each in running if each.holder == request.holder]
    if request.holder and len(own) >= limits.caller_share:
        raise OverloadedError(
            f"{len(own)} jobs of yours are running, which is one caller's share", _RETRY_AFTER_S
        )


def check_queue(waiting: int, own: int, owner: str, limits: JobStoreSettings) -> None:
    """Refuse a job that finds no place in the queue, or whose owner has his share of it.

    Args:
        waiting: number of jobs in the queue.
        own: number of the owner's among them.
        owner: of the new job; empty for none.
        limits: length of the queue, and an owner's share.

    Raises:
        OverloadedError: it is refused.
    """
    if waiting >= limits.max_queued_jobs:
        raise OverloadedError(f"{waiting} jobs wait already", _RETRY_AFTER_S)
    if owner and own >= limits.max_queued_jobs_per_caller:
        raise OverloadedError(
            f"{own} jobs of yours wait, which is one caller's share", _RETRY_AFTER_S
        )
