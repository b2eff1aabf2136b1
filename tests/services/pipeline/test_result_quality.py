"""The score of a result and what is told with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.cue import Cue
from app.domain.errors import TooMuchWorkError
from app.domain.events import Notice, Result
from app.domain.profile import PROFILES
from app.domain.request import JobRequest, MediaUrl
from app.domain.time import Span
from app.services.pipeline import result_quality
from app.services.pipeline.result_quality import with_quality

REQUEST = JobRequest(MediaUrl("https://media.example/a.mp4"), profile=PROFILES["web"])
CUES = (
    Cue(0, Span(0, 1000), "We measure the river every day.", language="en"),
    Cue(1, Span(2000, 4000), "The water came up.", language="en"),
)
RESULT = Result(CUES, False, "en", 4000, 10, {}, notices=(Notice("gaps_skipped", "a gap"),))


async def test_a_result_has_its_score_and_tells_of_cues_that_are_too_fast() -> None:
    told: list[Notice] = []
    found = await with_quality(RESULT, REQUEST, told.append)
    assert found.quality is not None
    assert (found.quality.score, found.quality.broken) == (0.5, {"reading_speed": 1})
    assert [notice.code for notice in found.notices] == ["gaps_skipped", "cues_too_fast"]
    assert told == list(found.notices[1:])
    authored = replace(RESULT, origin="client_captions")
    found = await with_quality(authored, REQUEST, told.append)
    assert found.notices == RESULT.notices
    assert found.quality is not None
    slow = replace(REQUEST, profile=replace(PROFILES["web"], max_cps=40.0))
    assert (await with_quality(RESULT, slow, told.append)).notices == RESULT.notices


async def test_a_result_outlives_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    async def too_much(*_: object) -> None:
        raise TooMuchWorkError("too much")

    monkeypatch.setattr(result_quality, "measure_bounded", too_much)
    told: list[Notice] = []
    found = await with_quality(RESULT, REQUEST, told.append)
    assert (found.cues, found.quality) == (CUES, None)
    assert [notice.code for notice in told] == ["quality_not_measured"]
