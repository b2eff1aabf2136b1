"""A Whisper of any true shape that writes a chosen text, made on the machine.

All weights are small random numbers, so every step costs what it costs in the real model. The
text comes out since the decoder's position codes outweigh everything else in the residual stream
and the row of each token of the text in the output matrix is the code of its position.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.gpu.shapes import WhisperShape

TEXT = (
    " The water came up very fast last night, so we called the people near the bridge. They"
    " measured the height of the river every morning and wrote it down. Nobody had seen so much"
    " rain before, and the old road was closed until noon. We thank you all for your help."
)

_SCALE = 1e-3
_LOGIT = 16.0
"""Of the token that is written; 51,866 others have about 0."""
_PREFIX = 3
"""Position of the last token of a prompt without a hint."""
_HEAD = 64
"""Width of a head, in every Whisper."""
_END_PLACES = 3
"""Positions after the text that end it too: a beam that missed the end would run to its limit."""
_NEVER_WRITTEN = (
    "startoftranscript", "translate", "transcribe", "startoflm", "startofprev", "nospeech",
)  # fmt: skip

Weights = NDArray[np.float32]


def write_whisper(
    folder: Path, shape: WhisperShape, quantization: str = "float16", seed: int = 0
) -> Path:
    """Write a model in CTranslate2's form.

    Args:
        folder: where; made if need be.
        shape: of the model.
        quantization: of the weights on disk: ``float16`` or ``int8_float16``; ``int8`` for a CPU.
        seed: of the weights.

    Returns:
        The folder.
    """
    from ctranslate2.specs import WhisperSpec

    from scripts.fixtures.whisper_vocabulary import LANGUAGES, ordered_tokens, whisper_tokenizer

    tokenizer = whisper_tokenizer([TEXT])
    tokens = ordered_tokens(tokenizer)
    tokens += [f"<|spare {n}|>" for n in range(shape.tokens - len(tokens))]
    spec = WhisperSpec(shape.encoders, shape.heads, shape.decoders, shape.heads)
    _RandomWeights(shape, len(tokens), np.random.default_rng(seed)).fill(spec)
    written = [*tokenizer.encode(TEXT, add_special_tokens=False).ids]
    _script(spec, written, tokenizer.token_to_id("<|endoftext|>"))
    token_id = tokenizer.token_to_id
    spec.config.suppress_ids = sorted(token_id(f"<|{name}|>") for name in _NEVER_WRITTEN)
    spec.config.suppress_ids_begin = [220, token_id("<|endoftext|>")]
    spec.config.lang_ids = [token_id(f"<|{code}|>") for code in LANGUAGES]
    spec.config.alignment_heads = [(shape.decoders - 1, 0)]
    spec.register_vocabulary(tokens)
    spec.validate()
    spec.optimize(quantization=quantization)
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    tokenizer.save(str(folder / "tokenizer.json"))
    features = {"feature_size": shape.mels, "sampling_rate": 16_000, "hop_length": 160}
    (folder / "preprocessor_config.json").write_text(json.dumps({**features, "n_fft": 400}))
    return folder


def _script(spec: Any, written: list[int], end: int) -> None:
    """Let each position write its token."""
    codes = spec.decoder.position_encodings.encodings
    places = [*enumerate(written, start=_PREFIX)]
    places += [(_PREFIX + len(written) + n, end) for n in range(_END_PLACES)]
    for position, token in places:
        spec.decoder.projection.weight[token] += codes[position] * (_LOGIT / codes.shape[1])
    _follow_time(spec, codes[_PREFIX : _PREFIX + len(written)])


def _follow_time(spec: Any, codes: Weights) -> None:
    """Let the head that gives word times look at each token's share of the 30 s.

    Without, all words would crowd somewhere, and the pipeline would transcribe the gaps again.
    """
    sound = spec.encoder.position_encodings.encodings
    sound[:] = codes[np.arange(len(sound)) * len(codes) // len(sound)]
    attention = spec.decoder.layer[-1].attention
    same = np.eye(_HEAD, dtype=np.float32)
    attention.linear[0].weight[:_HEAD, :_HEAD] += same
    # The first half of these rows are keys.
    attention.linear[1].weight[:_HEAD, :_HEAD] += same


class _RandomWeights:
    """Fills a specification with random weights."""

    def __init__(self, shape: WhisperShape, tokens: int, rng: np.random.Generator) -> None:
        self._shape = shape
        self._tokens = tokens
        self._rng = rng

    def fill(self, spec: Any) -> None:
        width = self._shape.width
        self._convolution(spec.encoder.conv1, self._shape.mels)
        self._convolution(spec.encoder.conv2, width)
        for stack, positions in ((spec.encoder, 1500), (spec.decoder, 448)):
            stack.position_encodings.encodings = self._signs(positions, width)
            self._norm(stack.layer_norm)
            for layer in stack.layer:
                self._layer(layer)
        spec.decoder.embeddings.weight = self._small(self._tokens, width)
        spec.decoder.projection.weight = self._small(self._tokens, width)

    def _small(self, *shape: int) -> Weights:
        made = self._rng.standard_normal(shape, np.float32)
        made *= _SCALE
        return made

    def _signs(self, rows: int, width: int) -> Weights:
        return self._rng.choice(np.array([-1, 1], np.float32), (rows, width))

    def _norm(self, spec: Any) -> None:
        spec.gamma = np.ones(self._shape.width, np.float32)
        spec.beta = np.zeros(self._shape.width, np.float32)

    def _linear(self, spec: Any, inputs: int, outputs: int) -> None:
        spec.weight = self._small(outputs, inputs)
        spec.bias = np.zeros(outputs, np.float32)

    def _convolution(self, spec: Any, inputs: int) -> None:
        spec.weight = self._small(self._shape.width, inputs, 3)
        spec.bias = np.zeros(self._shape.width, np.float32)

    def _layer(self, spec: Any) -> None:
        width = self._shape.width
        self._norm(spec.self_attention.layer_norm)
        self._linear(spec.self_attention.linear[0], width, 3 * width)
        self._linear(spec.self_attention.linear[1], width, width)
        if hasattr(spec, "attention"):
            self._norm(spec.attention.layer_norm)
            self._linear(spec.attention.linear[0], width, width)
            self._linear(spec.attention.linear[1], width, 2 * width)
            self._linear(spec.attention.linear[2], width, width)
        self._norm(spec.ffn.layer_norm)
        self._linear(spec.ffn.linear_0, width, 4 * width)
        self._linear(spec.ffn.linear_1, 4 * width, width)
