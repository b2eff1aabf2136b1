"""Refusing jobs that would wait too long for the device."""

from __future__ import annotations

import math

from app.domain.errors import OverloadedError
from app.domain.request import JobRequest, SentCaptions
from app.gpu.engine_manager import EngineManager
from app.settings import SchedulerSettings

_FULL_RETRY_S = 30


def check_wait(room: EngineManager, request: JobRequest, settings: SchedulerSettings) -> None:
    """Refuse a job whose first words would be too late.

    Captions that the client sends itself need no device. Of everything else nobody knows yet
    whether somebody has written captions for it, or has heard it already.

    Raises:
        OverloadedError: says when it is likely to fit.
    """
    if isinstance(request.source, SentCaptions):
        return
    if room.full:
        raise OverloadedError("The queue ahead of the device is full", _FULL_RETRY_S)
    viewer = request.audience == "viewer"
    limit_s = settings.viewer_wait_s if viewer else settings.batch_wait_s
    wait_s = room.expected_first_wait_s(request.audience)
    if wait_s > limit_s:
        raise OverloadedError(
            f"The device is busy: the first words would take about {math.ceil(wait_s)} s",
            max(1, math.ceil(wait_s - limit_s)),
        )
