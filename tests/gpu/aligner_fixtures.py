"""Fake models for tests of the aligner: a tiny network, emissions that spell a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray

from app.domain.audio import Audio, Samples
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.gpu.engines.wav2vec2.alignment_model import AlignmentModel
from app.gpu.engines.wav2vec2.label_spelling import Alphabet
from app.gpu.protocols import AlignmentInput
from app.settings import AlignmentSettings, AsrSettings, Settings

LABELS = ("<pad>", "<s>", "</s>", "<unk>", "|", *"etaonihsrdlumwcfgypbvkxjqz'")
CODES = {label: code for code, label in enumerate(LABELS)}
FRAME_MS = 20

SENTENCES = (
    "The river runs along the old stone wall.",
    "Nobody knew what the letter said, but everybody asked.",
    "Bring three apples and a bottle of cold milk!",
    "Will you come with us tomorrow morning?",
)


def settings_for(*models: str, preload: Sequence[str] = (), **alignment: Any) -> Settings:
    """Return settings that align on the CPU with models such as ``en=folder``."""
    return Settings(
        asr=AsrSettings(device="cpu"),
        alignment=AlignmentSettings(models=models, preload=tuple(preload), **alignment),
    )


def tiny_wav2vec2(folder: Path, *, norm: str = "group", seed: int = 0) -> Path:
    """Save a network of random weights in the form of transformers.

    Args:
        folder: to be written into.
        norm: ``group`` as base models have it, ``layer`` as large ones.
        seed: of the weights.
    """
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
        Wav2Vec2Processor,
    )

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(CODES))
    torch.manual_seed(seed)
    model = Wav2Vec2ForCTC(
        Wav2Vec2Config(
            vocab_size=len(LABELS),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            conv_dim=(16,) * 7,
            feat_extract_norm=norm,
            conv_bias=norm == "layer",
            do_stable_layer_norm=norm == "layer",
            num_conv_pos_embeddings=16,
            num_conv_pos_embedding_groups=2,
        )
    )
    model.save_pretrained(folder)
    extractor = Wav2Vec2FeatureExtractor(do_normalize=norm == "layer")
    tokenizer = Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
    Wav2Vec2Processor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(folder)
    return folder


def roughly(
    sentences: Sequence[str], start_ms: int, end_ms: int, language: str = "en"
) -> tuple[Segment, ...]:
    """Return segments whose words share a span of time evenly, whatever their true times."""
    texts = [sentence.split() for sentence in sentences]
    edges = np.linspace(start_ms, end_ms, sum(map(len, texts)) + 1).astype(int).tolist()
    made: list[Segment] = []
    for sentence, text in zip(sentences, texts, strict=True):
        words = []
        for piece in text:
            words.append(Word(piece, Span(edges[0], edges[1]), confidence=0.5))
            edges.pop(0)
        span = Span(words[0].span.start_ms, words[-1].span.end_ms)
        made.append(Segment(sentence, span, tuple(words), language, clear_until_ms=span.end_ms))
    return tuple(made)


@dataclass(frozen=True)
class Said:
    """Emissions of a model for a text.

    Attributes:
        logits: shape ``(frames, labels)``.
        spans: true start and end frame of each word.
    """

    logits: NDArray[np.float32]
    spans: tuple[tuple[int, int], ...]


def said(text: str, frames: int, *, noise: float = 1.0, seed: int = 0) -> Said:
    """Return emissions that spell a text: peaks of a frame or two between blanks.

    Args:
        text: its words are spread over the frames with pauses between.
        frames: of the whole audio.
        noise: standard deviation of what is added; peaks are 10 high.
        seed: of places and noise.
    """
    random = np.random.default_rng(seed)
    words = [re.sub(r"[^a-z']", "", word.lower()) for word in text.split()]
    steps = random.integers(2, 5, sum(map(len, words)))
    gaps = random.uniform(0.5, 1.5, len(words) + 1)
    gaps *= (frames - steps.sum() - 3 * len(words) - 2) / gaps.sum()
    codes = np.zeros(frames, np.int64)
    spans: list[tuple[int, int]] = []
    place, letter = 1 + gaps[0], 0
    for index, word in enumerate(words):
        start = round(place)
        for char in word:
            at = round(place)
            codes[at : at + 1 + int(steps[letter] > 3)] = CODES[char]
            place += steps[letter]
            letter += 1
        end = round(place)
        spans.append((start, end))
        if index < len(words) - 1:
            codes[end] = CODES["|"]
        place += gaps[index + 1] + 2
    logits = random.normal(0, noise, (frames, len(LABELS))).astype(np.float32)
    logits[np.arange(frames), codes] += 10
    return Said(logits, tuple(spans))


@dataclass(frozen=True)
class FixedNetwork:
    """Returns the same emissions for any audio."""

    logits: NDArray[np.float32]

    def emissions(self, clips: Sequence[Samples]) -> list[torch.Tensor]:
        """See `Wav2Vec2Network`."""
        return [torch.log_softmax(torch.from_numpy(self.logits), -1) for _ in clips]

    def __call__(self, waveform: torch.Tensor) -> Any:
        """Answer as a model of transformers does, for whisperx."""
        return SimpleNamespace(logits=torch.from_numpy(self.logits)[None])


def acoustics_of(logits: NDArray[np.float32], *, spaced: bool = True) -> AlignmentModel:
    """Return a model that gives the same emissions for any audio."""
    alphabet = Alphabet.of(CODES, len(LABELS), spaced=spaced)
    return AlignmentModel("fixed", alphabet, FixedNetwork(logits))


def alignment_input_of(sentences: Sequence[str], frames: int, start_ms: int = 0) -> AlignmentInput:
    """Return sentences over silence of some frames, their words at wrong times."""
    audio = Audio(np.zeros(frames * FRAME_MS * 16, np.float32), start_ms * 16)
    return AlignmentInput(audio, roughly(sentences, start_ms, start_ms + frames * FRAME_MS))


@contextmanager
def whisperx_alone() -> Iterator[Any]:
    """Yield whisperx's `alignment` with our sentence splitter; its own needs a download."""
    from whisperx import alignment

    with patch.object(alignment, "nltk_load", lambda _: Whole()):
        yield alignment


class Whole:
    """Takes a whole text as one sentence."""

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        """Return the one span."""
        return [(0, len(text))]


def whisperx_words(
    model: Any, alignment_input: AlignmentInput, codes: dict[str, int]
) -> list[dict[str, Any]]:
    """Return the words as whisperx aligns them with a transformers model."""
    text = " ".join(segment.text for segment in alignment_input.segments)
    seconds = len(alignment_input.audio.samples) / 16_000
    metadata = {
        "language": alignment_input.segments[0].language,
        "dictionary": {char.lower(): code for char, code in codes.items()},
        "type": "huggingface",
    }
    transcript = [{"text": text, "start": 0.0, "end": seconds}]
    with whisperx_alone() as alignment:
        aligned = alignment.align(transcript, model, metadata, alignment_input.audio.samples, "cpu")
    return list(aligned["word_segments"])
