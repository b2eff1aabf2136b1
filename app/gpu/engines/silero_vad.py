"""Silero voice activity detection on a stream.

Source: Silero VAD v6 (github.com/snakers4/silero-vad), the ONNX file that ships inside
faster-whisper. The network reads 512 new samples behind 64 samples of context and carries an
LSTM state of shape ``(1, 1, 128)`` twice; faster-whisper's own wrapper starts from a zero state
at each call, so a stream needs this one.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from app.domain.audio import Samples
from app.domain.errors import EngineLoadError
from app.gpu.cache_key import cache_key, package
from app.gpu.protocols import VadState
from app.settings import Settings

_FRAME_SAMPLES = 512
_CONTEXT_SAMPLES = 64
_STATE_SHAPE = (1, 1, 128)


@dataclass(frozen=True, slots=True, eq=False)
class _StreamState:
    h: NDArray[np.float32]
    c: NDArray[np.float32]
    context: Samples


class SileroVad:
    """Satisfies `app.gpu.protocols.Vad`; one instance serves any number of threads."""

    name = "silero"
    device = "cpu"
    detail = "v6, ONNX"
    frame_samples = _FRAME_SAMPLES

    def __init__(self, settings: Settings) -> None:
        self._session = _session(_model_file())
        self.cache_key = cache_key("silero v6", package("faster-whisper"))
        self.detect(np.zeros(_FRAME_SAMPLES, np.float32), None)

    def detect(
        self, samples: Samples, state: VadState | None
    ) -> tuple[NDArray[np.float32], VadState]:
        """Return the probability of speech for each 32 ms frame; see the protocol."""
        previous = _initial_state() if state is None else cast("_StreamState", state)
        frames = samples.reshape(-1, _FRAME_SAMPLES)
        if not len(frames):
            return np.empty(0, np.float32), VadState(previous)
        tails = frames[:, -_CONTEXT_SAMPLES:]
        contexts = np.concatenate([previous.context[None], tails[:-1]])
        output, h, c = self._session.run(
            None,
            {"input": np.concatenate([contexts, frames], axis=1), "h": previous.h, "c": previous.c},
        )
        return output.reshape(-1), VadState(_StreamState(h, c, tails[-1].copy()))


def _model_file() -> Path:
    """Return the file that faster-whisper brings along.

    The package itself is not imported: with it come CTranslate2 and, where installed, PyTorch,
    which a worker that transcribes nothing does without.

    Raises:
        EngineLoadError: the package is not installed.
    """
    found = importlib.util.find_spec("faster_whisper")
    if found is None or found.origin is None:
        raise EngineLoadError("Silero VAD needs faster-whisper, which is not installed")
    return Path(found.origin).parent / "assets" / "silero_vad_v6.onnx"


def _session(path: Path) -> Any:
    """Return the network, on one thread; the options are faster-whisper's."""
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineLoadError(f"Silero VAD needs onnxruntime: {error}") from error
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"], sess_options=options
        )
    except Exception as error:  # the classes that onnxruntime raises share no base of their own
        raise EngineLoadError(f"Silero VAD cannot be loaded: {type(error).__name__}") from error


def _initial_state() -> _StreamState:
    zero = np.zeros(_STATE_SHAPE, np.float32)
    return _StreamState(zero, zero, np.zeros(_CONTEXT_SAMPLES, np.float32))
