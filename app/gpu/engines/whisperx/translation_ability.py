"""Which Whisper checkpoints were trained to translate."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_NOT_TRAINED = re.compile("turbo|distil", re.IGNORECASE)
"""Checkpoints with a cut decoder that was trained on transcription alone. Sources: openai/whisper,
README.md, "the turbo model is not trained for translation tasks"; model cards of distil-whisper,
which transcribes alone."""

_LEAST_LAYERS = 4
"""Decoder layers of the smallest checkpoint that was trained on both tasks (tiny), as of turbo.
Source: openai/whisper, README.md and model-card.md."""

_V3_MELS = 128
"""Mel bands of large-v3 and what was cut out of it; all other checkpoints have 80."""


def is_trained_to_translate(name: str, folder: Path, mels: int) -> bool:
    """Whether a multilingual checkpoint was trained on both tasks.

    One that was not writes the spoken language where a translation is requested. It is known by
    its name, or by its decoder where a folder is called something else: the attention heads that
    follow time lie in its last layers.

    Args:
        name: of the model, as the settings have it.
        folder: of its files.
        mels: mel bands of its spectrograms.
    """
    if _NOT_TRAINED.search(name):
        return False
    layers = _deepest_layer(folder / "config.json") + 1
    return layers > _LEAST_LAYERS or (layers == _LEAST_LAYERS and mels != _V3_MELS)


def _deepest_layer(config: Path) -> int:
    """Return the last decoder layer with a head that follows time, counted from 0; 0 if unknown."""
    if not config.is_file():
        return 0
    content: Any = json.loads(config.read_text("utf-8"))
    return max((int(layer) for layer, _ in content.get("alignment_heads") or ()), default=0)
