"""The quality of a result, measured at the end of its job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.domain.errors import OverloadedError, TooMuchWorkError
from app.domain.events import Notice, Result
from app.domain.request import JobRequest
from app.services.quality.job_quality import JobQuality, measure_bounded


async def with_quality(
    result: Result, request: JobRequest, tell: Callable[[Notice], None]
) -> Result:
    """Return a result with its score, and with notices of what is hard to read.

    It is measured here, once, rather than whenever the result is read.

    Args:
        result: of the job.
        request: of the job.
        tell: is given each notice.
    """
    quality = await _measured(result, request)
    notices = (_NOT_MEASURED,) if quality is None else quality.notices
    if quality is not None and result.origin != "whisper" and not result.translated:
        # Captions are shown as their authors timed them; the score says how fast they are.
        notices = ()
    for notice in notices:
        tell(notice)
    score = None if quality is None else quality.score
    return replace(result, quality=score, notices=(*result.notices, *notices))


async def _measured(result: Result, request: JobRequest) -> JobQuality | None:
    language = request.target.tag if request.target else result.language
    try:
        return await measure_bounded(result.cues, request.profile, language, result.video)
    except (OverloadedError, TooMuchWorkError):
        # The cues are worth more than their score.
        return None


_NOT_MEASURED = Notice(
    "quality_not_measured",
    "The cues were not checked against the reading profile: the server lacked the time or memory",
)
