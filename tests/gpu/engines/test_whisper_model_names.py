"""Names of Whisper checkpoints."""

from __future__ import annotations

import pytest

from app.domain.errors import EngineLoadError
from app.gpu.device import Device
from app.gpu.models import whisper_models
from app.gpu.models.whisper_models import default_model, hub_id

LARGE, TURBO = "Systran/faster-whisper-large-v3", "mobiuslabsgmbh/faster-whisper-large-v3-turbo"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("tiny", "Systran/faster-whisper-tiny"),
        ("base.en", "Systran/faster-whisper-base.en"),
        ("large", LARGE), ("large-v3", LARGE), ("Large-V3", LARGE), (" large-v3 ", LARGE),
        ("whisper-large-v3", LARGE), ("faster-whisper-large-v3", LARGE),
        ("openai/whisper-large-v3", LARGE), ("Systran/faster-whisper-large-v3", LARGE),
        ("turbo", TURBO), ("large-v3-turbo", TURBO), ("openai/whisper-large-v3-turbo", TURBO),
        ("distil-large-v3", "Systran/faster-distil-whisper-large-v3"),
        ("distil-whisper/distil-large-v3", "Systran/faster-distil-whisper-large-v3"),
        ("distil-large-v3.5", "distil-whisper/distil-large-v3.5-ct2"),
        ("distil-whisper/distil-large-v3.5-ct2", "distil-whisper/distil-large-v3.5-ct2"),
        ("someone/large-v3", "someone/large-v3"),
    ],
)  # fmt: skip
def test_where_the_hub_has_it(wanted: str, expected: str) -> None:
    assert hub_id(wanted) == expected


def test_a_name_of_nothing_lists_the_sizes() -> None:
    with pytest.raises(EngineLoadError, match=r"neither a folder.*large-v3.*turbo"):
        hub_id("huge")


@pytest.mark.parametrize(
    ("device", "torch", "expected"),
    [("cpu", True, "base"), ("cpu", False, "base"), ("cuda", True, "large-v3-turbo"),
     ("cuda", False, "base")],
)  # fmt: skip
def test_the_model_where_none_is_set(
    monkeypatch: pytest.MonkeyPatch, device: Device, torch: bool, expected: str
) -> None:
    monkeypatch.setattr(whisper_models, "installed", lambda name: torch and name == "torch")
    assert default_model(device) == expected
    assert hub_id(expected)
