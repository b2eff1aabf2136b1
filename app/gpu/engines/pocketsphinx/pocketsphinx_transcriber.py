"""Transcriber that decodes in child processes with pocketsphinx."""

from __future__ import annotations

import json
import os
import queue
import re
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event

import numpy as np

from app.domain.audio import Samples
from app.domain.errors import EngineError, EngineLoadError, InvalidLanguageError
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.gpu.cache_key import cache_key, package
from app.gpu.engines.pocketsphinx.pocketsphinx_process import FRAME_MS
from app.gpu.protocols import Prepared, Window
from app.settings import Settings, child_environment

_LANGUAGE = "en-US"
_POLL_S = 0.05
_LOAD_S = 60.0
_FILLER = re.compile(r"^(<.*>|\[.*\]|\+\+.*\+\+)$")
_VARIANT = re.compile(r"\(\d+\)$")
_PAUSE_MS = 350
"""A longer silence inside a window starts a new segment, as a full stop would."""
_FIRST_PERSON = re.compile(r"^i(?=$|')")


class PocketsphinxTranscriber:
    """Satisfies `app.gpu.protocols.Transcriber` with one child process per lane.

    Raises:
        EngineLoadError: pocketsphinx is not installed or its model cannot be read.
    """

    name = "pocketsphinx"
    device = "cpu"
    detail = "en-us"
    languages: tuple[str, ...] | None = ("en",)
    translates = False
    max_batch = 1

    def __init__(self, settings: Settings) -> None:
        self.lanes = settings.asr.lanes or max(1, (os.cpu_count() or 1) - 1)
        self._idle: queue.SimpleQueue[_DecoderProcess] = queue.SimpleQueue()
        for _ in range(self.lanes):
            self._idle.put(_DecoderProcess())
        # The acoustic model and the dictionary ship inside the wheel.
        self.cache_key = cache_key(package("pocketsphinx"), self.detail)

    def prepare(self, window: Window) -> Prepared:
        """See the protocol; nothing has to be prepared."""
        if window.language and window.language.partition("-")[0] != "en":
            raise InvalidLanguageError("pocketsphinx hears US English alone")
        return Prepared(window, padded_ms=window.audio.span.duration_ms)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        """Transcribe one window after the other; see the protocol.

        A window that is cancelled while it decodes ends its child process at once.
        """
        return [self._transcribe_one(prepared.window) for prepared in batch]

    def close(self) -> None:
        """End the child processes."""
        while not self._idle.empty():
            self._idle.get().kill()

    def _transcribe_one(self, window: Window) -> list[Segment]:
        with self._child() as child:
            words = child.decode(window.audio.samples, window.cancelled)
        return _segments(words, window.audio.span)

    @contextmanager
    def _child(self) -> Iterator[_DecoderProcess]:
        child = self._idle.get()
        try:
            if not child.alive:
                child = _DecoderProcess()
            yield child
        finally:
            # Returned in any case, or a lane would wait for ever.
            self._idle.put(child)


RecognizedWord = tuple[str, int, int, float]
"""Text, first and last frame of `FRAME_MS`, and probability 0..1."""


class _DecoderProcess:
    """One decoder process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app.gpu.engines.pocketsphinx.pocketsphinx_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=child_environment(),
            start_new_session=True,
        )
        try:
            self._read(Event(), _LOAD_S)
        except EngineError as error:
            self.kill()
            assert self._process.stderr is not None  # noqa: S101 - Popen was given a pipe
            lines = self._process.stderr.read().decode(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else str(error)
            raise EngineLoadError(f"pocketsphinx cannot be loaded: {reason}") from error

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def decode(self, samples: Samples, cancelled: Event) -> list[RecognizedWord]:
        pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
        assert self._process.stdin is not None  # noqa: S101 - Popen was given a pipe
        try:
            self._process.stdin.write(json.dumps({"bytes": len(pcm)}).encode() + b"\n" + pcm)
            self._process.stdin.flush()
        except OSError as error:
            self.kill()
            raise EngineError("The speech recognizer's process ended") from error
        return self._read(cancelled)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self, cancelled: Event, limit_s: float | None = None) -> list[RecognizedWord]:
        assert self._process.stdout is not None  # noqa: S101 - Popen was given a pipe
        waited_s = 0.0
        while not select.select([self._process.stdout], [], [], _POLL_S)[0]:
            waited_s += _POLL_S
            if cancelled.is_set():
                self.kill()
                return []
            if limit_s is not None and waited_s > limit_s:
                raise EngineError("The speech recognizer did not start in time")
        line = self._process.stdout.readline()
        if not line:
            self.kill()
            raise EngineError("The speech recognizer's process ended")
        return [tuple(word) for word in json.loads(line)]


def _segments(recognized: Sequence[RecognizedWord], window: Span) -> list[Segment]:
    groups: list[list[Word]] = []
    for text, first, last, probability in recognized:
        if _FILLER.match(text):
            continue
        word = _word(text, first, last, probability, window)
        if not groups or word.span.start_ms - groups[-1][-1].span.end_ms >= _PAUSE_MS:
            groups.append([])
        groups[-1].append(word)
    return [_segment(words) for words in groups]


def _word(text: str, first: int, last: int, probability: float, window: Span) -> Word:
    start_ms = min(window.start_ms + first * FRAME_MS, window.end_ms)
    end_ms = min(window.start_ms + (last + 1) * FRAME_MS, window.end_ms)
    plain = _FIRST_PERSON.sub("I", _VARIANT.sub("", text))
    return Word(plain, Span(start_ms, max(start_ms, end_ms)), min(1.0, max(0.0, probability)))


def _segment(words: Sequence[Word]) -> Segment:
    span = Span(words[0].span.start_ms, words[-1].span.end_ms)
    return Segment(
        text=" ".join(word.text for word in words),
        span=span,
        words=tuple(words),
        language=_LANGUAGE,
        confidence=sum(word.confidence for word in words) / len(words),
        clear_until_ms=span.end_ms,
    )
