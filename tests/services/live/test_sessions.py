import asyncio
from collections.abc import AsyncIterator

import pytest

from app.domain.errors import (
    InvalidFieldError,
    InvalidLanguageError,
    OverloadedError,
    UnavailableOptionError,
)
from app.services.live.sessions import LiveSessions
from tests.services.live.scene import Scene, silence, speech, until


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    scene = Scene(max_sessions=2)
    yield scene
    await asyncio.to_thread(scene.close)


@pytest.fixture
def hub(scene: Scene) -> LiveSessions:
    return LiveSessions(scene.settings, scene.readiness)


async def test_there_are_so_many_places_and_each_can_be_taken_again(
    scene: Scene, hub: LiveSessions
) -> None:
    before = asyncio.all_tasks()
    for reader in ("a", "b", "a", "b"):
        await hub.start(reader, "es", scene.tell, caller=reader)
    assert hub.sessions == 2
    with pytest.raises(OverloadedError):
        await hub.start("c", "es", scene.tell)
    await hub.stop("a")
    await hub.stop("a")
    with pytest.raises(OverloadedError, match="of a caller"):
        await hub.start("c", "es", scene.tell, caller="b")
    await hub.start("c", "es", scene.tell)
    await hub.close()
    assert hub.sessions == 0
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("target", ["klingonese", 5, ["es"], {"a": 1}])
async def test_what_is_no_language_is_refused_and_ends_what_there_was(
    scene: Scene, hub: LiveSessions, target: object
) -> None:
    await hub.start("a", "es", scene.tell)
    with pytest.raises(InvalidLanguageError, match="Invalid target language"):
        await hub.start("a", target, scene.tell)
    assert hub.sessions == 0
    for _ in range(2):
        with pytest.raises(InvalidFieldError, match="No stream is open: Invalid target language"):
            hub.feed("a", silence(1))
    await hub.stop("a")
    with pytest.raises(InvalidFieldError, match="send start_stream first"):
        hub.feed("a", silence(1))


async def test_a_stream_that_is_finished_tells_the_rest_and_frees_its_place(
    scene: Scene, hub: LiveSessions
) -> None:
    await hub.start("a", "zh_CN", scene.tell)
    hub.feed("a", speech(1))
    hub.finish("a")
    await until(lambda: hub.sessions == 0)
    assert scene.told[-1].status == "final"
    with pytest.raises(InvalidFieldError, match="No stream is open: it has ended"):
        hub.feed("a", silence(1))


async def test_every_reader_is_told_that_the_server_leaves(scene: Scene, hub: LiveSessions) -> None:
    await hub.start("a", "es", scene.tell)
    await hub.start("b", None, scene.tell, caller="b")
    await hub.leave()
    assert [result.error for result in scene.told] == ["The server is shutting down"] * 2
    assert hub.sessions == 0


@pytest.mark.parametrize("task", ["summarize", 5, ["translate"], ""])
async def test_what_is_no_task_is_refused(scene: Scene, hub: LiveSessions, task: object) -> None:
    with pytest.raises(InvalidFieldError, match="task is transcribe or translate"):
        await hub.start("a", "es", scene.tell, task)
    assert hub.sessions == 0


async def test_speech_is_translated_where_the_transcriber_can(
    scene: Scene, hub: LiveSessions
) -> None:
    def refuse() -> None:
        raise UnavailableOptionError("not trained for that")

    engines = scene.readiness.engine_manager.engines
    engines.require_speech_translation = refuse
    with pytest.raises(UnavailableOptionError):
        await hub.start("a", None, scene.tell, "translate")
    engines.require_speech_translation = lambda: None
    await hub.start("a", None, scene.tell, "translate")
    hub.feed("a", speech(1))
    hub.finish("a")
    await until(lambda: hub.sessions == 0)
    assert {window.task for window in scene.ears.windows} == {"translate"}


async def test_chunks_after_a_silence_are_told_that_it_ended_the_stream() -> None:
    scene = Scene(idle_s=0.05)
    hub = LiveSessions(scene.settings, scene.readiness)
    await hub.start("a", "es", scene.tell)
    await until(lambda: hub.sessions == 0)
    with pytest.raises(InvalidFieldError, match="No stream is open: No sound came any more"):
        hub.feed("a", speech(1))
    await asyncio.to_thread(scene.close)
