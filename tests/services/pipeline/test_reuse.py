"""Which cached results a request may use, and which of its own are cached."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.events import Notice
from app.domain.language import Language
from app.domain.media import NO_INFO, MediaInfo
from app.domain.request import JobRequest, SpeakerCount, UploadedFile
from app.gpu.work_context import WorkContext
from app.services.cache.transcript_cache import Transcript
from app.services.pipeline.event_emitter import EventEmitter
from app.services.pipeline.request_options import prompt_for
from app.services.pipeline.reuse import ReusePolicy
from app.services.sources.opened import OpenedMedia
from app.services.translation.llm.ledger import unlimited_ledger
from app.settings import Settings
from app.system.workdir import WorkDir
from tests.services.cache.stores import caches_in
from tests.services.pipeline.runs import Runs, recording
from tests.services.stages.translating import SPANISH

REQUEST = JobRequest(UploadedFile(Path("talk.wav"), sha256="talk"))


@pytest.fixture
async def runs(workdir: WorkDir, tmp_path: Path) -> AsyncIterator[Runs]:
    caches = caches_in(tmp_path / "cache")
    runs = Runs(workdir, caches)
    yield runs
    runs.close()
    await caches.close()


async def cached(runs: Runs, request: JobRequest, info: MediaInfo = NO_INFO) -> Transcript | None:
    return await ReusePolicy(request, runs.services).transcript("a.wav", info)


async def transcribe(runs: Runs, folder: Path, **options: object) -> JobRequest:
    request = replace(JobRequest(recording(folder / "a.wav")), **options)  # type: ignore[arg-type]
    await runs.run(request)
    return request


async def test_a_finished_transcript_answers_an_equal_request(runs: Runs, tmp_path: Path) -> None:
    assert await cached(runs, REQUEST) is None
    request = await transcribe(runs, tmp_path)
    found = await cached(runs, request)
    assert found is not None
    assert [segment.text for segment in found.segments] == ["Second 0.", "Second 4.", "Second 8."]


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "another"},
        {"allowed_languages": ("en", "es")},
        {"task": "translate"},
        {"force_whisper": True},
        {"force_refresh": True},
        {"diarize": True},
    ],
)
async def test_what_changes_the_words_or_asks_for_new_ones_finds_nothing(
    runs: Runs, tmp_path: Path, other: dict[str, object]
) -> None:
    request = await transcribe(runs, tmp_path)
    assert await cached(runs, replace(request, **other)) is None  # type: ignore[arg-type]


async def test_a_title_is_a_prompt_and_so_part_of_the_key(runs: Runs, tmp_path: Path) -> None:
    request = await transcribe(runs, tmp_path)
    assert await cached(runs, request, MediaInfo(title="Rivers of Spain")) is None
    assert prompt_for(request, MediaInfo(title="Rivers of Spain")) == "Rivers of Spain"
    assert prompt_for(request, MediaInfo(title="https://example.com/talk")) == ""
    assert prompt_for(replace(request, prompt="mine"), MediaInfo(title="Rivers")) == "mine"


async def test_terms_of_the_glossary_are_likely_words(runs: Runs, tmp_path: Path) -> None:
    request = await transcribe(runs, tmp_path)
    terms = replace(request, glossary=(("Asterisk", "Sternchen"), ("PBX", "Anlage")))
    assert await cached(runs, terms) is None, "they change what is written"
    assert prompt_for(terms, MediaInfo(title="Rivers")) == "Rivers. Asterisk, PBX"
    assert (
        prompt_for(replace(terms, prompt="Calls"), MediaInfo(title="R")) == "Asterisk, PBX. Calls"
    )
    english = replace(terms, task="translate")
    assert prompt_for(english, MediaInfo(title="R")) == "Sternchen, Anlage", "as it is written"
    further = replace(english, target=Language.parse("de"))
    assert prompt_for(further, MediaInfo()) == "", "those terms are German"
    many = replace(request, glossary=tuple((f"term {n}", "t") for n in range(200)))
    assert len(prompt_for(many, MediaInfo())) <= 200


async def test_a_transcript_with_speakers_serves_with_them_and_without(
    runs: Runs, tmp_path: Path
) -> None:
    request = await transcribe(runs, tmp_path, diarize=True)
    with_speakers = await cached(runs, request)
    without = await cached(runs, replace(request, diarize=False))
    assert with_speakers is not None
    assert without is not None
    assert [turn.speaker for turn in with_speakers.turns] == ["SPEAKER_00", "SPEAKER_01"]
    assert without.turns == ()
    assert await cached(runs, replace(request, speakers=SpeakerCount(exact=3))) is None


@pytest.mark.parametrize("code", ["alignment_failed", "diarization_failed"])
async def test_a_failure_that_may_pass_keeps_the_transcript_out_of_the_cache(
    runs: Runs, code: str
) -> None:
    await store(runs, Notice(code, "out of memory"))
    assert await cached(runs, REQUEST) is None


async def test_other_notices_are_cached_with_their_transcript(runs: Runs) -> None:
    notice = Notice("alignment_skipped", "no model")
    await store(runs, notice)
    found = await cached(runs, REQUEST)
    assert found is not None
    assert found.notices == (notice,)


async def test_a_cancelled_job_caches_no_transcript(runs: Runs) -> None:
    await store(runs, cancelled=True)
    assert await cached(runs, REQUEST) is None


async def test_bytes_that_have_not_all_passed_cache_no_transcript(runs: Runs) -> None:
    await store(runs, content=None)
    assert await cached(runs, REQUEST) is None


def test_a_refresh_takes_no_cached_download(runs: Runs) -> None:
    assert ReusePolicy(REQUEST, runs.services).downloads
    assert ReusePolicy(replace(REQUEST, force_whisper=True), runs.services).downloads
    assert not ReusePolicy(replace(REQUEST, force_refresh=True), runs.services).downloads


async def test_translations_are_reused_unless_a_refresh_is_asked_for(runs: Runs) -> None:
    request = replace(REQUEST, target=SPANISH)
    assert await ReusePolicy(REQUEST, runs.services).translation_memory() is None
    memory = await ReusePolicy(request, runs.services).translation_memory()
    assert memory is not None
    memory.put("key", "hola")
    await memory.save()
    again = await ReusePolicy(request, runs.services).translation_memory()
    refreshed = await ReusePolicy(
        replace(request, force_refresh=True), runs.services
    ).translation_memory()
    assert again is not None
    assert refreshed is not None
    assert (again.get("key"), refreshed.get("key")) == ("hola", None)


async def store(
    runs: Runs, *notices: Notice, cancelled: bool = False, content: str | None = "a.wav"
) -> None:
    """Store an empty transcript of a run that met some notices."""

    async def no_blocks() -> AsyncIterator[object]:
        return
        yield

    media = OpenedMedia(1000, no_blocks(), content=lambda: content)  # type: ignore[arg-type]
    policy = ReusePolicy(REQUEST, runs.services)
    options = policy.transcribe_options(NO_INFO, WorkContext("job"), unlimited_ledger(Settings()))
    if cancelled:
        options.context.cancelled.set()
    events = EventEmitter(REQUEST, media, lambda _: None)
    for notice in notices:
        events.notice(notice)
    await policy.store(media, events, options)
