"""Sounds that an engine hears are in subtitles for the deaf, and in no others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.profile import profile_named
from app.domain.request import JobRequest
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.gpu.protocols import Prepared, Window
from app.system.workdir import WorkDir
from tests.services.cache.stores import caches_in
from tests.services.pipeline.runs import Runs, WindowCounter, recording

SDH = profile_named("netflix").for_readers(children=False, sdh=True)


class Hearing(WindowCounter):
    """Writes laughter ahead of every sentence where sounds are wanted, as Whisper may."""

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        return [[self._heard(each.window)] for each in batch]

    def _heard(self, window: Window) -> Segment:
        segment = self._segment(window)
        if not window.sounds:
            return segment
        start_ms = segment.span.start_ms
        laughter = Word("[laughter]", Span(start_ms, start_ms), 0.6)
        return replace(segment, words=(laughter, *segment.words))


@pytest.fixture
async def runs(workdir: WorkDir, tmp_path: Path) -> AsyncIterator[Runs]:
    caches = caches_in(tmp_path / "cache")
    runs = Runs(workdir, caches, transcriber=Hearing())
    yield runs
    runs.close()
    await caches.close()


async def test_a_request_for_the_deaf_has_them_whatever_earlier_jobs_heard(
    runs: Runs, tmp_path: Path
) -> None:
    request = JobRequest(recording(tmp_path / "a.wav"), diarize=True)
    plain = await runs.run(request)
    assert [cue.text for cue in plain.cues] == ["Second 0.", "Second 4.", "Second 8."]
    sdh = await runs.run(replace(request, profile=SDH))
    assert [cue.text.replace("\u00a0", " ") for cue in sdh.cues] == [
        "[Speaker 1] [laughter] Second 0.",
        "[laughter] Second 4.",
        "[Speaker 2] [laughter] Second 8.",
    ]
    again = await runs.run(request)
    assert [cue.text for cue in again.cues] == [cue.text for cue in plain.cues]
