"""Recordings of human speech with known texts and times, made of voice prompts."""

from __future__ import annotations

import functools
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from app.domain.time import Span
from bench.figure import BenchError
from bench.no_speech import no_speech
from bench.word_match import Utterance
from scripts.sample_clip import RATE_HZ, Samples
from scripts.voice_prompts import (
    PlacedPrompt,
    VoicePrompt,
    VoicePromptsError,
    joined,
    voice_prompts,
)

Item = TypeVar("Item")

LANGUAGES = ("en", "es", "fr", "it", "ru")

_SENTENCE_WORDS = 4
"""Prompts of fewer words are letters, numbers and names of keys."""

_PAUSE_S = 0.9
_SPOKEN_S = 600
_HOUR_S = 3600
_SEED = 60


@dataclass(frozen=True, slots=True)
class SpokenFile:
    """A recording whose prompts are known.

    Attributes:
        path: 16 kHz WAV.
        placed: its prompts, in order.
    """

    path: Path
    language: str
    placed: tuple[PlacedPrompt, ...]

    @property
    def text(self) -> str:
        """What is said."""
        return " ".join(each.prompt.text for each in self.placed)

    @property
    def utterances(self) -> list[Utterance]:
        """What is said when."""
        return [
            Utterance(each.prompt.text, Span(each.start_ms, each.end_ms)) for each in self.placed
        ]


class SpeechCorpus:
    """Makes recordings when they are first asked for.

    Args:
        folder: where they are written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, SpokenFile] = {}

    def sentences(self, language: str) -> SpokenFile:
        """Return about 600 s of sentences, evenly chosen, 0.9 s apart.

        Raises:
            BenchError: the prompts cannot be had.
        """
        return self._file(f"sentences-{language}", language, lambda: _sentences(language))

    def single(self, language: str) -> list[SpokenFile]:
        """Return 24 prompts of 1 to 3 s, evenly chosen, each in a file of its own.

        Raises:
            BenchError: the prompts cannot be had.
        """
        chosen = _between(language, 1.0, 3.0, 24)
        return [
            self._file(f"single-{language}-{number}", language, functools.partial(list, [each]))
            for number, each in enumerate(chosen)
        ]

    def many_short(self) -> SpokenFile:
        """Return about 15 minutes of English: 200 prompts of 1 to 4 s with pauses of 2.5 s.

        Raises:
            BenchError: the prompts cannot be had.
        """
        return self._file(
            "many-short-en", "en", lambda: _between("en", 1.0, 4.0, 200), pause_ms=2500
        )

    def hour(self, language: str) -> SpokenFile:
        """Return 60 minutes of all prompts, in another order each time, 0.9 s apart.

        Raises:
            BenchError: the prompts cannot be had.
        """
        return self._file(f"hour-{language}", language, lambda: _for_an_hour(language))

    def without_speech(self, sound: str, seconds: float) -> Path:
        """Return a recording of a sound of `bench.no_speech`."""
        path = self._folder / f"{sound.replace(' ', '-')}-{seconds:g}.wav"
        if not path.exists():
            write_wav(path, no_speech(sound, seconds))
        return path

    def _file(
        self,
        name: str,
        language: str,
        choose: Callable[[], Sequence[VoicePrompt]],
        pause_ms: int = round(_PAUSE_S * 1000),
    ) -> SpokenFile:
        if name not in self._files:
            samples, placed = joined(choose(), pause_ms=pause_ms)
            path = self._folder / f"{name}.wav"
            write_wav(path, samples)
            self._files[name] = SpokenFile(path, language, tuple(placed))
        return self._files[name]


def evenly(items: Sequence[Item], count: int) -> list[Item]:
    """Return so many items, as far apart as they can be, in order; all where there are fewer."""
    if count >= len(items):
        return list(items)
    return [items[number * len(items) // count] for number in range(count)]


def write_wav(path: Path, samples: Samples) -> None:
    """Write mono samples at 16 kHz as 16-bit PCM."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def _sentences(language: str) -> list[VoicePrompt]:
    sentences = [each for each in _prompts(language) if len(each.text.split()) >= _SENTENCE_WORDS]
    whole_s = sum(_length_s(each) + _PAUSE_S for each in sentences)
    return evenly(sentences, round(len(sentences) * _SPOKEN_S / whole_s))


def _between(language: str, least_s: float, most_s: float, count: int) -> list[VoicePrompt]:
    prompts = [each for each in _prompts(language) if least_s <= _length_s(each) <= most_s]
    return evenly(prompts, count)


def _for_an_hour(language: str) -> list[VoicePrompt]:
    """Return all prompts in an order that only the seed decides, over and over."""
    prompts, random = _prompts(language), np.random.default_rng(_SEED)
    chosen: list[VoicePrompt] = []
    left_s = float(_HOUR_S)
    while True:
        for place in random.permutation(len(prompts)):
            left_s -= _length_s(prompts[place]) + _PAUSE_S
            if left_s < 0:
                return chosen
            chosen.append(prompts[place])


def _length_s(prompt: VoicePrompt) -> float:
    return len(prompt.samples()) / RATE_HZ


def _prompts(language: str) -> list[VoicePrompt]:
    try:
        return voice_prompts(language)
    except VoicePromptsError as error:
        raise BenchError(f"voice prompts: {error}") from error
