"""The whole pipeline: from each kind of source to its result and its events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.errors import (
    EngineError,
    InvalidLanguageError,
    NoSpeechError,
    TranscriptionDisabledError,
)
from app.domain.events import (
    CuesReady,
    MediaOpened,
    Notice,
    Progress,
    SegmentTranscribed,
    SpeakersFound,
)
from app.domain.language import Language
from app.domain.request import JobRequest, SentCaptions
from app.domain.time import Span
from app.services.cache.caches import no_caches
from app.settings import Settings
from app.system.workdir import WorkDir
from tests.processes import own_children
from tests.services.cache.stores import caches_in
from tests.services.pipeline.runs import Runs, recording
from tests.services.stages.translating import SPANISH

SRT = """1
00:00:01,000 --> 00:00:03,000
Good morning.

2
00:00:04,000 --> 00:00:06,000
How are you?
"""


@pytest.fixture
def runs(workdir: WorkDir) -> Iterator[Runs]:
    runs = Runs(workdir, no_caches(Settings()))
    yield runs
    runs.close()


async def test_a_recording_is_transcribed_and_laid_out_while_it_is_decoded(
    runs: Runs, tmp_path: Path
) -> None:
    result = await runs.run(JobRequest(recording(tmp_path / "a.wav")))
    kinds = [type(event) for event in runs.events if not isinstance(event, Progress)]
    assert kinds[0] is MediaOpened
    assert kinds[1:] == [SegmentTranscribed, CuesReady] * 3, "each cue follows its segment"
    assert [cue.text for cue in result.cues] == ["Second 0.", "Second 4.", "Second 8."]
    assert (result.origin, result.translated, result.language) == ("whisper", False, "en")
    assert result.audio_ms == 12_000
    assert not own_children(), "the decoder has ended"


async def test_the_result_carries_segments_and_words_beside_the_cues(
    runs: Runs, tmp_path: Path
) -> None:
    result = await runs.run(JobRequest(recording(tmp_path / "a.wav")))
    assert [segment.text for segment in result.segments] == [cue.text for cue in result.cues]
    [first, second] = result.segments[1].words
    assert (first.text, second.text) == ("Second", "4.")
    assert first.span.end_ms <= second.span.start_ms
    assert (first.confidence, second.confidence) == (0.9, 0.5)
    assert first.speaker is None


async def test_speakers_revise_the_cues_and_stand_in_the_segments(
    runs: Runs, tmp_path: Path
) -> None:
    result = await runs.run(JobRequest(recording(tmp_path / "a.wav"), diarize=True))
    speakers = ["SPEAKER_00", "SPEAKER_00", "SPEAKER_01"]
    assert [cue.speaker for cue in result.cues] == speakers
    assert [segment.words[0].speaker for segment in result.segments] == speakers
    [found] = runs.of(SpeakersFound)
    assert found.turns == result.turns
    drafts = [event for event in runs.of(CuesReady) if not event.final]
    assert len(drafts) == 3, "cues show before the speakers are known"
    assert runs.events.index(found) > runs.events.index(drafts[-1])


async def test_a_translation_follows_each_draft(runs: Runs, tmp_path: Path) -> None:
    result = await runs.run(JobRequest(recording(tmp_path / "a.wav"), target=SPANISH))
    assert [cue.translation for cue in result.cues] == ["SECOND 0.", "SECOND 4.", "SECOND 8."]
    assert result.translated
    finals = [event.cues[0].id for event in runs.of(CuesReady) if event.final]
    assert finals == [cue.id for cue in result.cues]


async def test_what_the_viewer_watches_comes_first(runs: Runs, tmp_path: Path) -> None:
    request = JobRequest(recording(tmp_path / "a.wav", sentences=30), position_ms=60_000)
    result = await runs.run(request)
    order = [event.segment.span.start_ms // 1000 for event in runs.of(SegmentTranscribed)]
    assert order == [*range(60, 120, 4), *range(0, 60, 4)]
    assert [cue.span.start_ms // 1000 for cue in result.cues] == sorted(order)


async def test_captions_need_no_engine_and_their_segments_have_no_invented_words(
    workdir: WorkDir,
) -> None:
    runs = Runs(workdir, no_caches(Settings()), transcribes=False)
    try:
        result = await runs.run(JobRequest(SentCaptions(SRT, "en")))
    finally:
        runs.close()
    assert result.origin == "client_captions"
    assert [cue.text for cue in result.cues] == ["Good morning.", "How are you?"]
    assert [segment.span for segment in result.segments] == [Span(1000, 3000), Span(4000, 6000)]
    assert [segment.words for segment in result.segments] == [(), ()]
    assert result.voiced_untranscribed_ms is None
    assert runs.of(SegmentTranscribed) == []


async def test_captions_name_no_speakers_and_the_result_says_so(runs: Runs) -> None:
    result = await runs.run(JobRequest(SentCaptions(SRT, "en"), diarize=True))
    assert [notice.code for notice in result.notices] == ["speakers_unknown"]
    assert [notice.code for notice in runs.of(Notice)] == ["speakers_unknown"]
    assert all(event.final for event in runs.of(CuesReady)), "there is nothing to wait for"


async def test_a_pair_that_the_translator_does_not_serve_is_refused_before_the_media_counts_as_open(
    runs: Runs, tmp_path: Path
) -> None:
    request = JobRequest(recording(tmp_path / "a.wav"), target=SPANISH, spoken=Language("ja"))
    with pytest.raises(InvalidLanguageError):
        await runs.run(request)
    assert runs.events == []
    assert not own_children()


async def test_the_captions_own_language_decides_and_not_the_request(runs: Runs) -> None:
    request = JobRequest(SentCaptions(SRT, "en"), target=SPANISH, spoken=Language("ja"))
    assert (await runs.run(request)).translated


async def test_a_server_without_engines_refuses_a_recording(
    workdir: WorkDir, tmp_path: Path
) -> None:
    runs = Runs(workdir, no_caches(Settings()), transcribes=False)
    try:
        with pytest.raises(TranscriptionDisabledError):
            await runs.run(JobRequest(recording(tmp_path / "a.wav")))
    finally:
        runs.close()
    assert not own_children()


async def test_a_failed_engine_ends_the_run_and_closes_the_source(
    runs: Runs, tmp_path: Path, workdir: WorkDir
) -> None:
    runs.transcriber.failure = EngineError("broken")
    with pytest.raises(EngineError):
        await runs.run(JobRequest(recording(tmp_path / "a.wav"), diarize=True))
    assert not own_children(), "the decoder has ended"
    assert [path.suffix for path in workdir.path.iterdir() if path.name != ".cuestream-work"] == []


async def test_a_recording_without_speech_is_an_error(runs: Runs, tmp_path: Path) -> None:
    with pytest.raises(NoSpeechError):
        await runs.run(JobRequest(recording(tmp_path / "a.wav", peak=100)))


async def test_a_second_run_reads_the_transcript_of_the_first(
    workdir: WorkDir, tmp_path: Path
) -> None:
    caches = caches_in(tmp_path / "cache")
    runs = Runs(workdir, caches)
    try:
        first = await runs.run(JobRequest(recording(tmp_path / "a.wav")))
        decoded = len(runs.transcriber.decoded)
        second = await runs.run(JobRequest(recording(tmp_path / "a.wav"), target=SPANISH))
    finally:
        runs.close()
        await caches.close()
    assert len(runs.transcriber.decoded) == decoded == 3
    assert (first.cached["transcribe"], second.cached["transcribe"]) == (0.0, 1.0)
    assert second.segments == first.segments
    assert [cue.text for cue in second.cues] == [cue.text for cue in first.cues]
