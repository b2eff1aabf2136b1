"""Print what the settings need on this machine before the server starts.

usage: python -m scripts.serve_needs extra|model    extra: gpu, parakeet, or nothing;
model: name of the Whisper model, or nothing
"""

from __future__ import annotations

import sys

from app.gpu.device import cublas_installed, cuda_devices
from app.gpu.models.whisper_models import default_model
from app.settings import Settings, SettingsError, read_settings


def needed_extra(settings: Settings, gpus: int) -> str:
    """Return the name of an extra; empty where the base install is enough.

    Args:
        settings: of the server.
        gpus: how many GPUs CTranslate2 sees.
    """
    if settings.asr.engine == "parakeet":
        return "parakeet"
    on_gpu = settings.asr.device != "cpu" and gpus > 0
    if on_gpu or settings.alignment.enabled or settings.diarization.enabled:
        return "gpu"
    return ""


def needed_model(settings: Settings, gpus: int) -> str:
    """Return the name of the Whisper model that the server loads; empty where it loads none.

    Args:
        settings: of the server.
        gpus: how many GPUs CTranslate2 can compute on.
    """
    if not settings.asr.enabled or not settings.asr.is_whisper:
        return ""
    on_gpu = settings.asr.device != "cpu" and gpus > 0
    return settings.whisper.model or default_model("cuda" if on_gpu else "cpu")


def main(wanted: str) -> None:
    """Print one need."""
    try:
        settings, gpus = read_settings(), cuda_devices()
    except SettingsError as error:
        sys.exit(f"error: these settings are wrong\n{error}")
    if wanted == "extra":
        print(needed_extra(settings, gpus))
    else:
        print(needed_model(settings, gpus if cublas_installed() else 0))


if __name__ == "__main__":
    main(sys.argv[1])
