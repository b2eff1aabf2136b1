"""The door looks at the queue before it lets a job in."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.domain.errors import InvalidLanguageError, OverloadedError, UnavailableOptionError
from app.domain.language import ENGLISH, Language
from app.domain.request import JobRequest, MediaUrl, SentCaptions, UploadedFile
from app.gpu.loaded_engines import Engines
from app.services.jobs.admission import check_options
from app.services.jobs.runner import JobRunner
from app.services.jobs.store.memory_job_store import MemoryJobStore
from app.services.translation.translator import LanguagePair
from app.settings import AsrSettings, SchedulerSettings, Settings, TranslationSettings
from tests.services.stages.translating import ScriptedTranslator


async def test_a_job_that_would_wait_too_long_is_refused_before_any_work() -> None:
    asked: list[str] = []

    def wait_s(audience: str) -> float:
        asked.append(audience)
        return 42.0

    room = SimpleNamespace(full=False, expected_first_wait_s=wait_s)
    readiness = SimpleNamespace(
        admit=lambda: None, state="loading", loaded=False, engine_manager=room
    )
    nothing: Any = None
    settings = Settings(scheduler=SchedulerSettings(viewer_wait_s=30))
    runner = JobRunner(
        settings,
        readiness,  # type: ignore[arg-type]
        nothing,
        MemoryJobStore(),
    )
    with pytest.raises(OverloadedError) as caught:
        await runner.submit(JobRequest(MediaUrl("http://127.0.0.1/x.mp3")))
    assert caught.value.retry_after_s == 12
    assert asked == ["viewer"]
    assert runner.running == []


FRENCH = Language("fr")
MEDIA = MediaUrl("http://127.0.0.1/x.mp3")
UPLOAD = UploadedFile(Path("talk.wav"), "0")


class NoFrench(ScriptedTranslator):
    def check(self, pair: LanguagePair) -> None:
        if pair.source == FRENCH:
            raise InvalidLanguageError("No French here")


def check(
    request: JobRequest,
    *,
    translates: bool,
    state: str = "ready",
    hears: tuple[str, ...] | None = None,
    **groups: Any,
) -> None:
    nothing: Any = None
    engines = Engines(
        nothing,
        nothing,
        "",
        languages=hears,
        transcriber_name="parakeet (tdt)",
        translates=translates,
    )
    readiness: Any = SimpleNamespace(
        state=state,
        loaded=state == "ready",
        engine_manager=SimpleNamespace(engines=engines),
        translator=NoFrench(),
    )
    check_options(request, Settings(**groups), readiness)


def test_speech_is_translated_where_the_transcriber_can() -> None:
    check(JobRequest(MEDIA, task="translate"), translates=True)
    with pytest.raises(UnavailableOptionError, match=r"parakeet \(tdt\), was not trained"):
        check(JobRequest(MEDIA, task="translate"), translates=False)
    # Its model is not known yet; the check is made again once it is.
    check(JobRequest(MEDIA, task="translate"), translates=False, state="loading")


@pytest.mark.parametrize("state", ["loading", "ready"])
def test_no_speech_and_no_transcriber_translate_nothing(state: str) -> None:
    with pytest.raises(UnavailableOptionError, match="Captions hold no speech"):
        check(JobRequest(SentCaptions("x"), task="translate"), translates=True, state=state)
    off = AsrSettings(enabled=False)
    with pytest.raises(UnavailableOptionError, match="no transcriber"):
        check(JobRequest(MEDIA, task="translate"), translates=True, state=state, asr=off)


def test_an_uploads_language_pair_may_be_left_to_the_transcriber() -> None:
    to_english = JobRequest(UPLOAD, target=ENGLISH, spoken=FRENCH)
    check(to_english, translates=True)
    with pytest.raises(InvalidLanguageError, match="No French"):
        check(to_english, translates=False)
    apertium = TranslationSettings(provider="apertium")
    with pytest.raises(InvalidLanguageError, match="No French"):
        check(to_english, translates=True, translation=apertium)
    with pytest.raises(InvalidLanguageError, match="No French"):
        check(JobRequest(UPLOAD, target=Language("es"), spoken=FRENCH), translates=True)
    # Its English goes to the translator, not its French.
    check(JobRequest(UPLOAD, Language("es"), FRENCH, task="translate"), translates=True)


@pytest.mark.parametrize("spoken", ["no", "nb", "yue", "cmn", "fr"])
def test_row_30_the_language_of_captions_need_not_be_heard(spoken: str) -> None:
    """Nor that of a page's video, which may have captions."""
    language = Language.parse(spoken)
    for source in (SentCaptions("x", spoken), MEDIA):
        check(JobRequest(source, spoken=language), translates=False, hears=("en",))
    with pytest.raises(InvalidLanguageError, match="hears en alone"):
        check(JobRequest(UPLOAD, spoken=language), translates=False, hears=("en",))


def test_every_spelling_of_a_language_that_is_heard_is_admitted() -> None:
    for spoken in ("en", "en-GB", "eng", "EN_us"):
        request = JobRequest(UPLOAD, spoken=Language.parse(spoken))
        check(request, translates=False, hears=("en",))
