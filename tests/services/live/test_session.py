import asyncio
from collections.abc import AsyncIterator

import pytest

from app.domain.audio import Audio
from app.domain.errors import EngineError, TranslationAuthError, TranslationError
from app.gpu.protocols import Window
from app.gpu.work_context import WorkContext
from tests.services.live.scene import Scene, silence, speech, until


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    scene = Scene()
    yield scene
    await asyncio.to_thread(scene.close)


def lengths_ms(windows: list[Window]) -> list[int]:
    return [window.audio.span.duration_ms for window in windows]


async def test_a_line_ends_where_somebody_pauses_and_is_told_twice(scene: Scene) -> None:
    session = scene.session()
    session.feed(speech(1.5))
    session.feed(silence(0.6))
    await until(lambda: len(scene.told) == 2)
    (words,) = {result.text for result in scene.told}
    assert scene.lines == [("transcribing", words, None), ("final", words, f"¡{words}!")]
    assert {result.language for result in scene.told} == {"en-US"}
    assert 1500 <= lengths_ms(scene.ears.windows)[0] <= 2100
    await session.close()


async def test_speech_without_a_pause_is_cut_into_short_lines() -> None:
    scene = Scene(partial_ms=0)
    session = scene.session("en")
    session.feed(speech(8))
    session.feed(speech(8))
    session.feed(speech(4))
    session.finish()
    await session.task
    finals = lengths_ms(scene.ears.windows)
    assert max(finals) <= 7000
    assert 19_500 <= sum(finals) <= 20_100
    assert {result.status for result in scene.told} == {"final"}
    scene.close()


async def test_a_later_line_waits_for_the_translation_of_an_earlier_one(scene: Scene) -> None:
    scene.shouter.gate.clear()
    session = scene.session()
    for seconds in (1, 2, 3):
        session.feed(speech(seconds))
        session.feed(silence(0.6))
    await until(lambda: len(scene.ears.windows) == 3)
    await until(lambda: scene.shouter.asked)
    assert [status for status, *_ in scene.lines] == ["transcribing"]
    scene.shouter.gate.set()
    session.finish()
    await session.task
    assert [status for status, *_ in scene.lines] == ["transcribing", "final"] * 3
    first, second, third = (result.text for result in scene.told[::2])
    assert scene.shouter.asked == [(first, ()), (second, (first,)), (third, (first, second))]


async def test_words_come_while_somebody_speaks(scene: Scene) -> None:
    session = scene.session()
    for count in (1, 2):
        session.feed(speech(2))
        await until(lambda count=count: len(scene.told) == count)
    assert scene.lines == [("transcribing", "19", None), ("transcribing", "40", None)]
    assert scene.ears.windows[1].language is None
    session.feed(silence(0.6))
    await until(lambda: scene.told[-1].status == "final")
    session.feed(speech(2))
    await until(lambda: len(scene.ears.windows) == 4)
    assert scene.ears.windows[3].language == "en-US", "what was spoken so far is taken as known"
    await session.close()


async def test_words_that_are_late_are_not_told_after_the_line(scene: Scene) -> None:
    scene.ears.gate.clear()
    session = scene.session("en")
    session.feed(speech(2))
    await until(lambda: len(scene.ears.windows) == 1)
    session.feed(silence(0.6))
    await until(lambda: scene.ears.windows[0].cancelled.is_set())
    scene.ears.gate.set()
    session.finish()
    await session.task
    assert [status for status, *_ in scene.lines] == ["final"]


async def test_an_engine_that_has_enough_to_do_is_spared_unfinished_lines(scene: Scene) -> None:
    scene.ears.gate.clear()
    others = [
        asyncio.create_task(
            scene.scheduler.transcribe(Window(Audio(speech(1))), WorkContext("other"), 0)
        )
        for _ in range(9)
    ]
    await until(lambda: scene.scheduler.queued == 9 - scene.scheduler.capacity)
    waiting = scene.scheduler.queued
    session = scene.session()
    session.feed(speech(2))
    session.feed(speech(1))
    await asyncio.sleep(0.2)
    assert scene.scheduler.queued == waiting
    scene.ears.gate.set()
    await asyncio.gather(*others)
    await session.close()


async def test_a_line_that_cannot_be_heard_is_told_and_the_next_one_is_heard(scene: Scene) -> None:
    scene.ears.failures = [EngineError("It broke")]
    session = scene.session("en")
    session.feed(speech(1))
    session.feed(silence(0.6))
    await until(lambda: scene.told)
    session.feed(speech(1))
    session.feed(silence(0.6))
    await until(lambda: len(scene.told) == 2)
    assert scene.lines[0] == ("error", "It broke", None)
    assert scene.told[1].status == "final"
    await session.close()


async def test_a_line_that_cannot_be_translated_is_told_with_its_words(scene: Scene) -> None:
    scene.shouter.failures = [TranslationError("No answer"), None]
    session = scene.session()
    for _ in range(2):
        session.feed(speech(1))
        session.feed(silence(0.6))
    session.finish()
    await session.task
    statuses = [(r.status, r.error) for r in scene.told]
    assert statuses[:2] == [("transcribing", None), ("error", "No answer")]
    assert scene.told[1].text
    assert statuses[2:] == [("transcribing", None), ("final", None)]


async def test_a_refused_key_costs_one_request(scene: Scene) -> None:
    scene.shouter.failures = [TranslationAuthError("The key was refused")]
    session = scene.session()
    for _ in range(3):
        session.feed(speech(1))
        session.feed(silence(0.6))
    session.finish()
    await session.task
    assert len(scene.shouter.asked) == 1
    assert [r.error for r in scene.told if r.status == "error"] == ["The key was refused"]
    assert [r.translation for r in scene.told if r.status == "final"] == [None, None]


async def test_a_stream_that_begins_early_waits_for_the_models(scene: Scene) -> None:
    scene.readiness.state = "loading"
    session = scene.session("en")
    session.feed(speech(1))
    session.feed(silence(0.6))
    await until(lambda: scene.told)
    assert scene.told[0].status == "error"
    assert "loading" in (scene.told[0].error or "")
    scene.readiness.state = "ready"
    scene.loaded.set()
    await until(lambda: len(scene.told) == 2)
    assert scene.told[1].status == "final"
    await session.close()


async def test_sound_that_nobody_keeps_up_with_is_skipped_and_told_once() -> None:
    scene = Scene(max_lag_s=4, partial_ms=0)
    scene.readiness.state = "loading"
    session = scene.session("en")
    for _ in range(10):
        session.feed(speech(1))
    await until(lambda: scene.told)
    scene.loaded.set()
    session.finish()
    await session.task
    skipped = [r.error for r in scene.told if r.error and "skipped" in r.error]
    assert len(skipped) == 1
    assert 3000 <= sum(lengths_ms(scene.ears.windows)) <= 4100
    scene.close()


async def test_silence_ends_a_stream() -> None:
    scene = Scene(idle_s=0.2)
    session = scene.session()
    async with asyncio.timeout(20):
        await session.task
    assert [r.error for r in scene.told] == ["No sound came any more"]
    scene.close()


async def test_closing_withdraws_what_is_under_way(scene: Scene) -> None:
    scene.ears.gate.clear()
    before = asyncio.all_tasks()
    session = scene.session()
    session.feed(speech(1))
    session.feed(silence(0.6))
    await until(lambda: scene.ears.windows)
    await session.close()
    assert all(window.cancelled.is_set() for window in scene.ears.windows)
    assert asyncio.all_tasks() == before
    assert scene.told == []


async def test_a_defect_ends_its_own_stream_alone(scene: Scene) -> None:
    scene.readiness.engine_manager.engines.vad.detect = None
    broken = scene.session()
    broken.feed(speech(1))
    await broken.task
    assert scene.lines == [("error", "Internal server error", None)]


async def test_translated_speech_is_asked_for_in_the_language_that_was_spoken() -> None:
    scene = Scene(partial_ms=500)
    session = scene.session(None, "translate")
    session.feed(speech(1.5))
    session.feed(silence(0.6))
    await until(lambda: "final" in {result.status for result in scene.told})
    session.feed(speech(1.5))
    await until(lambda: scene.ears.windows[-1].language == "fr")
    assert {window.task for window in scene.ears.windows} == {"translate"}
    assert {result.language for result in scene.told} == {"en-US"}
    assert scene.ears.windows[-1].language == "fr"
    await session.close()
    scene.close()
