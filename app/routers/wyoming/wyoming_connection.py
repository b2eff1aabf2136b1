"""One connection of Wyoming: an utterance to transcribe, or a text to speak."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from app.container import Services
from app.domain.errors import CuestreamError, InvalidFieldError
from app.routers.wyoming.wyoming_frames import BadFrameError, WyomingEvent, read_event, written
from app.routers.wyoming.wyoming_info import server_info
from app.routers.wyoming.wyoming_speech import WyomingSpeech
from app.services.live import utterance_events as events
from app.services.live.utterance_session import UtteranceSession
from app.services.media.live_sound import LiveSound
from app.services.media.pcm_formats import PcmCoding
from app.services.media.stream_resampler import LEAST_RATE_HZ, MOST_RATE_HZ
from app.submission.request_fields import spoken_language
from app.system.fair_places import CALLER, FairPlaces

log = structlog.get_logger()

_CODINGS: Mapping[int, PcmCoding] = {1: "s8", 2: "s16", 3: "s24", 4: "s32"}
_MOST_CHANNELS = 8

_SEND_S = 30.0
"""A client who reads nothing for so long has left: he would keep his place for ever."""

_MAX_PROMPT_CHARS = 500


class WyomingConnection:
    """Serves one connection to its end; after a failure it is closed.

    Args:
        reader, writer: of the connection.
        services: of the process.
        places: of utterances that are transcribed at a time.
        peer: name of the subscriber at the other end.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        services: Services,
        places: FairPlaces,
        peer: str,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._services, self._places, self._peer = services, places, peer
        self._options = events.TurnOptions(ends_by="stream")
        self._lock = asyncio.Lock()
        self._speech = WyomingSpeech(services.synthesizer, self._send)

    async def serve(self) -> None:
        """Answer events until the client leaves, or one of them fails."""
        CALLER.set(f"wyoming {self._peer}")
        idle_s = self._services.settings.live.idle_s
        try:
            while True:
                async with asyncio.timeout(idle_s):
                    event = await read_event(self._reader)
                if event is None or not await self._answer(event):
                    return
        except TimeoutError:
            return  # no further speech, or no reader
        except BadFrameError as error:
            await self._fail(str(error), "bad_event")
        except CuestreamError as error:
            await self._fail(error.message, error.code)

    async def _answer(self, event: WyomingEvent) -> bool:
        """Answer one event; return whether more may come."""
        match event.type:
            case "describe":
                await self._send("info", await server_info(self._services))
            case "ping":
                await self._send("pong", event.data)
            case "transcribe":
                self._options = _options(event.data)
            case "audio-start":
                async with self._places.place():
                    await self._transcribe(event)
                self._options = events.TurnOptions(ends_by="stream")
            case "audio-chunk" | "audio-stop":
                raise InvalidFieldError(f"{event.type} came without audio-start")
            case _:
                await self._speech.take(event)
        return True

    async def _transcribe(self, start: WyomingEvent) -> None:
        """Transcribe audio up to its end; send the transcript."""
        services = self._services
        services.readiness.admit()
        done: asyncio.Future[events.Transcribed] = asyncio.get_running_loop().create_future()

        async def tell(happened: events.UtteranceEvent) -> None:
            match happened:
                case events.TextDelta(_, text):
                    await self._send("transcript-chunk", {"text": text})
                case events.Transcribed() if not done.done():
                    done.set_result(happened)
                case events.NotTranscribed(_, error) if not done.done():
                    done.set_exception(error)

        session = UtteranceSession(services.readiness, services.settings, self._options, tell)
        try:
            await self._send("transcript-start", _tagged(self._options.language))
            await self._feed(session, start)
            await session.commit(always=True)
            ends: set[asyncio.Future[Any]] = {done, session.task}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                await session.task
                raise InvalidFieldError("No sound came any more")
            transcribed = done.result()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            await session.close()
        await self._send("transcript-stop", {})
        language = (
            transcribed.segments[0].language if transcribed.segments else self._options.language
        )
        await self._send("transcript", {"text": transcribed.text, **_tagged(language)})

    async def _feed(self, session: UtteranceSession, start: WyomingEvent) -> None:
        sound = _sound(start.data)
        count = 0
        while True:
            async with asyncio.timeout(self._services.settings.live.idle_s):
                event = await read_event(self._reader)
            if event is None:
                raise BadFrameError("the stream ended ahead of audio-stop")
            if event.type == "audio-stop":
                break
            if event.type == "audio-chunk":
                count += len(event.payload)
                await session.feed(sound.read(event.payload))
        if not count:
            raise InvalidFieldError("There is no sound between audio-start and audio-stop")
        await session.feed(sound.finish())

    async def _fail(self, text: str, code: str) -> None:
        log.info("wyoming connection failed", code=code)
        await self._send("error", {"text": text, "code": code})

    async def _send(self, kind: str, data: Mapping[str, object], payload: bytes = b"") -> None:
        async with self._lock:
            self._writer.write(written(WyomingEvent(kind, data, payload)))
            async with asyncio.timeout(_SEND_S):
                await self._writer.drain()


def _sound(data: Mapping[str, object]) -> LiveSound:
    """Return the reader of the sound of a client.

    Args:
        data: of ``audio-start``.
    """
    return LiveSound(
        _CODINGS[_whole(data, "width", 2, 1, 4)],
        _whole(data, "rate", 16_000, LEAST_RATE_HZ, MOST_RATE_HZ),
        _whole(data, "channels", 1, 1, _MOST_CHANNELS),
    )


def _options(data: Mapping[str, object]) -> events.TurnOptions:
    """Return how an utterance is to be transcribed.

    Raises:
        InvalidFieldError: no such language.
    """
    language = data.get("language")
    found = spoken_language(language) if isinstance(language, str) and language else None
    names, terms = data.get("transcript_names"), data.get("transcript_terms")
    words = [w for part in (names, terms) if isinstance(part, list) for w in part]
    prompt = ", ".join(word for word in words if isinstance(word, str))[:_MAX_PROMPT_CHARS]
    tag = None if found is None else found.tag
    return events.TurnOptions(ends_by="stream", language=tag, prompt=prompt)


def _tagged(language: str | None) -> dict[str, object]:
    return {} if language is None else {"language": language}


def _whole(data: Mapping[str, object], name: str, usual: int, least: int, most: int) -> int:
    value = data.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidFieldError(f"{name} is a whole number from {least} to {most}")
    return value
