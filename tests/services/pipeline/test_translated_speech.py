"""Runs whose speech the transcriber translates: what they tell, and what later runs reuse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import InvalidLanguageError
from app.domain.events import CuesReady, Notice
from app.domain.language import ENGLISH, Language
from app.domain.request import JobRequest, SentCaptions
from app.domain.transcript import Segment
from app.gpu.protocols import Prepared, Window
from app.services.translation.translator import LanguagePair
from app.system.workdir import WorkDir
from tests.services.cache.stores import caches_in
from tests.services.pipeline.runs import Runs, WindowCounter, recording
from tests.services.stages.translating import SPANISH, ScriptedTranslator

SRT = "1\n00:00:01,000 --> 00:00:03,000\nBonjour.\n"


class NoFrench(ScriptedTranslator):
    """Has no pair for French."""

    def check(self, pair: LanguagePair) -> None:
        if pair.source is not None and pair.source.base == "fr":
            raise InvalidLanguageError("No French here")


class Interpreter(WindowCounter):
    """Hears French, and writes it or its translation; remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str | None]] = []

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        self.asked += [(each.window.task, each.window.language) for each in batch]
        return [self._written(each.window) for each in batch]

    def _written(self, window: Window) -> list[Segment]:
        segment = self._segment(window)
        if window.task == "translate":
            return [replace(segment, spoken="fr")]
        first, last = segment.words
        words = (replace(first, text="Seconde"), last)
        return [replace(segment, text=f"Seconde {last.text}", words=words, language="fr")]


@pytest.fixture
async def runs(workdir: WorkDir, tmp_path: Path) -> AsyncIterator[Runs]:
    caches = caches_in(tmp_path / "cache")
    runs = Runs(workdir, caches, transcriber=Interpreter())
    engines = runs.services.engines
    assert engines is not None
    runs.services = replace(
        runs.services,
        engines=replace(engines, translates=True, transcriber_name="counter (one)"),
        translator=NoFrench(),
    )
    yield runs
    runs.close()
    await caches.close()


def asked(runs: Runs) -> list[tuple[str, str | None]]:
    """Return what the transcriber was asked for since the last call."""
    interpreter = runs.transcriber
    assert isinstance(interpreter, Interpreter)
    found, interpreter.asked = interpreter.asked, []
    return found


@pytest.fixture
def spoken(tmp_path: Path) -> JobRequest:
    return JobRequest(recording(tmp_path / "a.wav"))


TEXTS = ["Second 0.", "Second 4.", "Second 8."]


async def test_a_job_whose_task_is_translation(runs: Runs, spoken: JobRequest) -> None:
    result = await runs.run(replace(spoken, task="translate"))
    assert [cue.text for cue in result.cues] == TEXTS
    assert {cue.language for cue in result.cues} == {"en"}
    assert (result.language, result.spoken, result.translated) == ("en", "fr", False)
    assert result.translators == ("counter (one)",)
    assert [notice.code for notice in result.notices] == ["speech_translated"]
    assert "French" in result.notices[0].message
    assert set(asked(runs)) == {("translate", None)}
    again = await runs.run(replace(spoken, task="translate"))
    assert asked(runs) == []
    assert (again.cues, again.spoken, again.notices) == (result.cues, "fr", result.notices)


async def test_its_english_is_translated_further(runs: Runs, spoken: JobRequest) -> None:
    result = await runs.run(replace(spoken, task="translate", target=SPANISH))
    assert [cue.translation for cue in result.cues] == [text.upper() for text in TEXTS]
    assert result.translators == ("scripted (upper case)", "counter (one)")


async def test_the_transcriber_translates_what_the_translator_cannot(
    runs: Runs, spoken: JobRequest
) -> None:
    request = replace(spoken, target=ENGLISH)
    result = await runs.run(request)
    assert [cue.translation for cue in result.cues] == TEXTS
    assert [cue.text for cue in result.cues] == ["Seconde 0.", "Seconde 4.", "Seconde 8."]
    assert (result.language, result.spoken, result.translated) == ("fr", None, True)
    assert result.translators == ("counter (one)",)
    assert [notice.code for notice in result.notices] == ["translated_by_transcriber"]
    assert result.cached == {"transcribe": 0.0, "translate": 0.0}
    assert sorted(asked(runs), key=str) == [("transcribe", None)] * 3 + [("translate", "fr")] * 3
    drafts = [event for event in runs.of(CuesReady) if not event.final]
    assert len(drafts) == 3
    again = await runs.run(request)
    assert asked(runs) == []
    assert (again.cues, again.notices) == (result.cues, result.notices)
    assert again.cached == {"transcribe": 1.0, "translate": 1.0}


async def test_earlier_work_without_translations_is_not_repeated(
    runs: Runs, spoken: JobRequest
) -> None:
    await runs.run(spoken)
    assert set(asked(runs)) == {("transcribe", None)}
    result = await runs.run(replace(spoken, target=ENGLISH))
    assert asked(runs) == [("translate", "fr")] * 3
    assert [cue.translation for cue in result.cues] == TEXTS
    plain = await runs.run(spoken)
    assert asked(runs) == []
    assert [cue.translation for cue in plain.cues] == [None] * 3
    assert plain.notices == ()


async def test_cues_that_get_a_speaker_keep_their_translation(
    runs: Runs, spoken: JobRequest
) -> None:
    result = await runs.run(replace(spoken, target=ENGLISH, diarize=True))
    assert [cue.translation for cue in result.cues] == TEXTS
    assert {cue.speaker for cue in result.cues} == {"SPEAKER_00", "SPEAKER_01"}


async def test_a_named_language_without_a_pair_is_refused_where_nobody_translates_it(
    runs: Runs, spoken: JobRequest
) -> None:
    engines = runs.services.engines
    assert engines is not None
    request = replace(spoken, target=ENGLISH, spoken=Language("fr"))
    assert (await runs.run(request)).translated
    runs.services = replace(runs.services, engines=replace(engines, translates=False))
    with pytest.raises(InvalidLanguageError, match="No French"):
        await runs.run(replace(request, force_refresh=True))
    with pytest.raises(InvalidLanguageError, match="No French"):
        await runs.run(JobRequest(SentCaptions(SRT, "fr"), target=ENGLISH))


async def test_captions_are_not_heard_and_the_result_says_so(runs: Runs) -> None:
    result = await runs.run(JobRequest(SentCaptions(SRT, "en"), task="translate"))
    assert [notice.code for notice in runs.of(Notice)] == ["speech_not_translated"]
    assert (result.spoken, result.translators) == (None, ())
    assert asked(runs) == []
