"""A Parakeet in ONNX form that transcribes tones: a graph of the real shape, some kilobytes large.

The encoder averages eight frames of the spectrogram, as the original's subsampling does. The joint
network writes a tone's tokens one after the other while its band is loud, and skips a frame at a
time; whatever was written last is not written again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx_asr.preprocessors.numpy_preprocessor import NemoPreprocessorNumpy

MELS = 80
_DURATIONS = 5
_LOUD = 1.2
"""Standard deviations above a band's mean from which its tone sounds."""


@dataclass(frozen=True, slots=True)
class Tone:
    """A pitch and what it stands for, as one token or several."""

    hz: float
    tokens: tuple[str, ...]


TONES = (
    Tone(400, (" Hello",)),
    Tone(900, (" wor", "ld.")),
    Tone(2_000, (" Good",)),
    Tone(4_000, (" day.",)),
)


def tone(hz: float, seconds: float) -> NDArray[np.float32]:
    """Return a pure tone."""
    turns = hz * np.arange(int(seconds * 16_000)) / 16_000
    return (0.3 * np.sin(2 * np.pi * turns)).astype(np.float32)


def build(folder: Path, extra_tokens: int = 0) -> Path:
    """Write the model.

    Args:
        folder: where; made if need be.
        extra_tokens: further tokens that it never writes, to be as many as a larger model has.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokens = [token for each in TONES for token in each.tokens]
    tokens += [f"x{number}" for number in range(extra_tokens)]
    lines = [f"{t.replace(' ', '▁')} {n}" for n, t in enumerate([*tokens, "<blk>"])]
    (folder / "vocab.txt").write_text("\n".join(lines) + "\n", "utf-8")
    config = {"model_type": "nemo-conformer-tdt", "features_size": MELS, "subsampling_factor": 8}
    (folder / "config.json").write_text(json.dumps(config))
    onnx.save(_encoder(), folder / "encoder-model.onnx")
    onnx.save(_joint(len(tokens)), folder / "decoder_joint-model.onnx")
    return folder


def _encoder() -> onnx.ModelProto:
    nodes = [
        helper.make_node(
            "AveragePool", ["audio_signal"], ["outputs"], kernel_shape=[8], strides=[8], ceil_mode=1
        ),
        helper.make_node("Add", ["length", "seven"], ["more"]),
        helper.make_node("Div", ["more", "eight"], ["encoded_lengths"]),
    ]
    inputs = [
        helper.make_tensor_value_info("audio_signal", TensorProto.FLOAT, ["B", MELS, "T"]),
        helper.make_tensor_value_info("length", TensorProto.INT64, ["B"]),
    ]
    outputs = [
        helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["B", MELS, "S"]),
        helper.make_tensor_value_info("encoded_lengths", TensorProto.INT64, ["B"]),
    ]
    constants = [_constant("seven", np.int64([7])), _constant("eight", np.int64([8]))]
    return _model(nodes, inputs, outputs, constants)


def _joint(tokens: int) -> onnx.ModelProto:
    """Make the network that sees one frame and the token before: what follows, and how far on."""
    vocabulary = tokens + 1
    weights = np.zeros((MELS, vocabulary), np.float32)
    allowed = np.full((vocabulary, vocabulary), -50, np.float32)
    place = 0
    for each, band in zip(TONES, _bands(), strict=True):
        for number in range(len(each.tokens)):
            weights[band, place] = 10
            own = range(place - number, place - number + len(each.tokens))
            before = [place - 1] if number else [n for n in range(vocabulary) if n not in own]
            allowed[before, place] = 0
            place += 1
    allowed[:, vocabulary - 1] = 10 * _LOUD
    step = np.float32([[0, 9, 0, 0, 0]])
    nodes = [
        helper.make_node("Squeeze", ["encoder_outputs", "last"], ["frame"]),
        helper.make_node("MatMul", ["frame", "heard"], ["loud"]),
        helper.make_node("Squeeze", ["targets", "last"], ["target"]),
        helper.make_node("Gather", ["allowed", "target"], ["after"]),
        helper.make_node("Add", ["loud", "after"], ["logits"]),
        helper.make_node("Concat", ["logits", "step"], ["both"], axis=1),
        helper.make_node("Unsqueeze", ["both", "middle"], ["outputs"]),
        helper.make_node("Identity", ["input_states_1"], ["output_states_1"]),
        helper.make_node("Identity", ["input_states_2"], ["output_states_2"]),
        helper.make_node("Identity", ["target_length"], ["prednet_lengths"]),
    ]
    state = [1, 1, 2]
    inputs = [
        helper.make_tensor_value_info("encoder_outputs", TensorProto.FLOAT, [1, MELS, 1]),
        helper.make_tensor_value_info("targets", TensorProto.INT32, [1, 1]),
        helper.make_tensor_value_info("target_length", TensorProto.INT32, [1]),
        helper.make_tensor_value_info("input_states_1", TensorProto.FLOAT, state),
        helper.make_tensor_value_info("input_states_2", TensorProto.FLOAT, state),
    ]
    outputs = [
        helper.make_tensor_value_info(
            "outputs", TensorProto.FLOAT, [1, 1, vocabulary + _DURATIONS]
        ),
        helper.make_tensor_value_info("prednet_lengths", TensorProto.INT32, [1]),
        helper.make_tensor_value_info("output_states_1", TensorProto.FLOAT, state),
        helper.make_tensor_value_info("output_states_2", TensorProto.FLOAT, state),
    ]
    constants = [
        _constant("heard", weights),
        _constant("allowed", allowed),
        _constant("step", step),
        _constant("last", np.int64([-1])),
        _constant("middle", np.int64([1])),
    ]
    return _model(nodes, inputs, outputs, constants)


def _bands() -> list[int]:
    """Return the mel band in which each tone is loudest."""
    waveforms = np.stack([np.pad(tone(each.hz, 0.5), (8_000, 8_000)) for each in TONES])
    lengths = np.full(len(TONES), waveforms.shape[1], np.int64)
    features, _ = NemoPreprocessorNumpy("nemo80")(waveforms, lengths)
    loudness = features[:, :, 60:90].mean(axis=2) - features[:, :, :40].mean(axis=2)
    others = [np.delete(loudness, row, axis=0).max(axis=0) for row in range(len(TONES))]
    return [int(np.argmax(loudness[row] - others[row])) for row in range(len(TONES))]


def _constant(name: str, array: NDArray[np.generic]) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(array), name)


def _model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    constants: Sequence[onnx.TensorProto],
) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "tones", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model
