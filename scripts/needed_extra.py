"""Print the extra that the settings need on this machine: gpu, parakeet, or nothing."""

from __future__ import annotations

from app.gpu.device import cuda_devices
from app.settings import Settings


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


if __name__ == "__main__":
    print(needed_extra(Settings(), cuda_devices()))
