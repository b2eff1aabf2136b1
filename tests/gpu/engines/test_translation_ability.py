"""Which Whisper checkpoints translate, by their name and by their decoder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.gpu.engines.whisperx.translation_ability import is_trained_to_translate

TINY = [[2, 2], [3, 0], [3, 2], [3, 3], [3, 4], [3, 5]]
BASE = [[3, 1], [4, 2], [4, 3], [4, 7], [5, 1], [5, 2], [5, 4], [5, 6]]
TURBO = [[2, 4], [2, 11], [3, 3], [3, 6], [3, 11], [3, 14]]
LARGE = [[7, 0], [10, 17], [12, 18], [13, 12], [16, 1], [25, 6]]
DISTILLED = [[1, head] for head in range(20)]
"""Heads that follow time, as the checkpoints' own files list them."""


def checkpoint(folder: Path, heads: list[list[int]]) -> Path:
    (folder / "config.json").write_text(json.dumps({"alignment_heads": heads}))
    return folder


@pytest.mark.parametrize(
    ("heads", "mels", "trained"),
    [
        (TINY, 80, True),
        (BASE, 80, True),
        (LARGE, 80, True),
        (LARGE, 128, True),
        (TURBO, 128, False),
        (DISTILLED, 80, False),
        (DISTILLED, 128, False),
        ([], 80, False),
    ],
)
def test_a_cut_decoder_is_known_whatever_its_folder_is_called(
    tmp_path: Path, heads: list[list[int]], mels: int, *, trained: bool
) -> None:
    assert is_trained_to_translate("mine", checkpoint(tmp_path, heads), mels) is trained


@pytest.mark.parametrize(
    "name", ["turbo", "large-v3-turbo", "owner/Whisper-Large-V3-Turbo-ct2", "distil-large-v2"]
)
def test_models_without_the_task_are_known_by_name(tmp_path: Path, name: str) -> None:
    assert not is_trained_to_translate(name, checkpoint(tmp_path, LARGE), 80)


def test_a_folder_without_a_configuration_promises_nothing(tmp_path: Path) -> None:
    assert not is_trained_to_translate("mine", tmp_path, 80)
