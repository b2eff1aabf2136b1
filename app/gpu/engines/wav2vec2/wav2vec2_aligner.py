"""The aligner: passages of any requests and languages in, segments with exact words out.

A passage is aligned as a whole, all its segments' words at once against all its sound, as
whisperx aligns what it transcribes window by window. The segments' own times come from the
transcriber's attention and may be off by more than a word: a segment cut out by them lacks the
sound of its first or last word, and no path can find what is not there. On made emissions with
segment times off by 0.25 s (standard deviation), 95 % of the word starts were within 0.18 s when
segments were cut out, and exact with the whole window.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from app.domain.errors import EngineLoadError
from app.domain.transcript import Segment
from app.gpu.cache_key import cache_key, package
from app.gpu.device import choose_device
from app.gpu.engines.wav2vec2.loaded_models import LoadedModels
from app.gpu.engines.wav2vec2.model_catalog import ModelCatalog, code_of
from app.gpu.engines.wav2vec2.word_times import WordTimes, with_times
from app.gpu.faults import inference_faults, load_faults
from app.gpu.models.identity import identity_of
from app.gpu.protocols import AlignmentInput
from app.settings import Settings

if TYPE_CHECKING:
    from app.gpu.engines.wav2vec2.alignment_model import AlignmentModel


from dataclasses import replace

from app.domain.transcript import Word


def worded(segment: Segment, *, spaced: bool) -> Segment:
    """Return a segment with words; they all have its times until they are aligned.

    They are as sure as the segment is.

    Source: whisperx alignment.py: a word is what stands between blanks, and a character in
    languages without blanks.
    """
    if segment.words or not segment.text.strip():
        return segment
    pieces = segment.text.split()
    if spaced:
        words = tuple(Word(piece, segment.span, segment.confidence) for piece in pieces)
    else:
        words = tuple(
            Word(char, segment.span, segment.confidence, glued=place > 0 or number == 0)
            for number, piece in enumerate(pieces)
            for place, char in enumerate(piece)
        )
    return replace(segment, words=words)


log = structlog.get_logger()

_RULES = 1
"""Counts up when the same emissions get other times."""


class Wav2Vec2Aligner:
    """Satisfies `app.gpu.protocols.Aligner` with a wav2vec2 model for each language.

    Attributes:
        device: ``cuda`` or ``cpu``.
        cache_key: see `app.gpu.protocols.Engine`.
        max_batch: passages that go through a model at once.

    Raises:
        EngineLoadError: packages are missing, or a model of `ALIGNMENT_PRELOAD` cannot be loaded.
    """

    name = "wav2vec2"

    def __init__(self, settings: Settings) -> None:
        device = choose_device(settings.asr.device)
        self.device: str = device
        self.max_batch = settings.alignment.batch_size
        with load_faults("The aligner", "ALIGNMENT_ENGINE"):
            from app.gpu.engines.wav2vec2.alignment_model import ModelLoader

            self._catalog = ModelCatalog.of(settings.alignment.chosen)
            self.cache_key = _cache_key(self._catalog, device)
        self._loader = ModelLoader(settings.models, device)
        self._shelf = LoadedModels(self._load, settings.alignment.max_loaded)
        for tag in settings.alignment.preload:
            self._shelf.take(self._preloaded(tag))

    @property
    def detail(self) -> str:
        """The loaded models, for people."""
        return ", ".join(f"{language}: {name}" for language, name in sorted(self._shelf.loaded))

    def supports(self, language: str) -> bool:
        """See the protocol."""
        return not self.unavailable_reason(language)

    def unavailable_reason(self, language: str) -> str:
        """Return why a language is not aligned, or nothing where it is; may load its model."""
        code = code_of(language)
        if code is None or self._catalog.model_for(code) is None:
            return f"No alignment model is known for {language!r}; ALIGNMENT_MODELS may name one"
        try:
            self._shelf.take(code)
        except EngineLoadError as error:
            return error.message
        return ""

    def align(self, inputs: Sequence[AlignmentInput]) -> Sequence[tuple[Segment, ...]]:
        """See the protocol.

        Segments whose words cannot be found keep their times: those without a single character
        that is spoken, texts that are longer than their sound, languages that are not served.

        Raises:
            EngineError: a model failed.
            OutOfMemoryError: the batch does not fit the device.
        """
        results = [passage.segments for passage in inputs]
        for code, places in self._by_language(inputs):
            acoustics = self._acoustics(code)
            if acoustics is None:
                continue
            for chunk in _chunks(places, self.max_batch):
                with inference_faults(self.name):
                    aligned = align_together([inputs[place] for place in chunk], acoustics)
                for place, segments in zip(chunk, aligned, strict=True):
                    results[place] = segments
        return results

    def close(self) -> None:
        """See the protocol; nothing outlives the engine."""

    def _by_language(self, inputs: Sequence[AlignmentInput]) -> Iterator[tuple[str, list[int]]]:
        """Yield languages and the passages of each by length, so that little is padded."""
        groups: dict[str, list[int]] = {}
        for place, passage in enumerate(inputs):
            code = code_of(passage.segments[0].language) if passage.segments else None
            if code is not None and len(passage.audio.samples):
                groups.setdefault(code, []).append(place)
        for code, places in groups.items():
            yield code, sorted(places, key=lambda place: -len(inputs[place].audio.samples))

    def _acoustics(self, code: str) -> AlignmentModel | None:
        try:
            return self._shelf.take(code)
        except EngineLoadError as error:
            log.warning("not_aligned", language=code, reason=error.message)
            return None

    def _load(self, code: str) -> AlignmentModel:
        model = self._catalog.model_for(code)
        if model is None:
            raise EngineLoadError(f"No alignment model is known for {code!r}")
        return self._loader.load(model, spaced=self._catalog.spaced(code))

    def _preloaded(self, tag: str) -> str:
        code = code_of(tag)
        if code is None or self._catalog.model_for(code) is None:
            raise EngineLoadError(
                f"ALIGNMENT_PRELOAD names {tag!r}, for which no alignment model is known: take it "
                "out, or name a model in ALIGNMENT_MODELS"
            )
        return code


def align_together(
    inputs: Sequence[AlignmentInput], acoustics: AlignmentModel
) -> list[tuple[Segment, ...]]:
    """Align passages of one language in one call of its model.

    Args:
        inputs: none without audio.
        acoustics: the language's model.
    """
    emissions = acoustics.network.emissions([passage.audio.samples for passage in inputs])
    return [
        _aligned(passage, emission, acoustics)
        for passage, emission in zip(inputs, emissions, strict=True)
    ]


def _aligned(
    passage: AlignmentInput, emission: object, acoustics: AlignmentModel
) -> tuple[Segment, ...]:
    from app.gpu.engines.wav2vec2.forced_alignment import find_path

    alphabet = acoustics.alphabet
    texts = [worded(segment, spaced=alphabet.spaced) for segment in passage.segments]
    wordy = [place for place, text in enumerate(texts) if text.words]
    words = [word for place in wordy for word in texts[place].words]
    spelling = alphabet.spell(words)
    frames = find_path(emission, spelling.labels, alphabet.blank)
    if frames is None:
        return passage.segments
    window = passage.audio.span
    times = WordTimes.of(frames, spelling.owners, len(words), window)
    timed = with_times([texts[place] for place in wordy], times, window)
    results = list(passage.segments)
    for place, segment in zip(wordy, timed, strict=True):
        results[place] = segment
    return tuple(results)


def _chunks(places: Sequence[int], most: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(places), most):
        yield places[start : start + most]


def _cache_key(catalog: ModelCatalog, device: str) -> str:
    """Return what decides the times, without loading a model: whisperx pins its choice by name.

    Of `AlignmentSettings`, only the models that were chosen change an output.
    """
    chosen = {
        code: identity_of(folder) if (folder := Path(model).expanduser()).is_dir() else model
        for code, model in sorted(catalog.chosen.items())
    }
    digest = hashlib.blake2b(repr(chosen).encode(), digest_size=8).hexdigest()
    precision = "float16" if device == "cuda" else "float32"
    return cache_key(
        f"rules {_RULES}", package("torchaudio"), package("whisperx"), precision, digest
    )
