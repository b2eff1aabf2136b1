"""The environment itself: what children get of it, and which GPUs it shows."""

from __future__ import annotations

import os


def child_environment() -> dict[str, str]:
    """Return the environment for a child process: ours without secrets."""
    secret = ("KEY", "TOKEN", "SECRET", "PASSWORD", "YTDLP_PROXY")
    return {k: v for k, v in os.environ.items() if not any(word in k.upper() for word in secret)}


def visible_gpus() -> list[str]:
    """Return the GPUs that this process may see, numbers or UUIDs; empty where it may see all."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return [gpu.strip() for gpu in listed if gpu.strip()]


def see_one_gpu(index: int) -> None:
    """Let this process and its children see one GPU alone; call it before CUDA is loaded.

    Args:
        index: counts among the GPUs that the process may see so far.
    """
    visible = visible_gpus()
    chosen = visible[index : index + 1] if visible else [str(index)]
    os.environ["CUDA_VISIBLE_DEVICES"] = "".join(chosen)
