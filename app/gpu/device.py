"""Device that models run on."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Literal

import pynvml
import structlog

from app.domain.errors import EngineLoadError
from app.gpu.packages import installed
from app.settings import visible_gpus

log = structlog.get_logger()

Device = Literal["cuda", "cpu"]

_CUBLAS = "libcublas.so.12"
"""Library that CTranslate2 looks up by name when it first computes on a GPU."""


@dataclass(frozen=True, slots=True)
class GpuInfo:
    """A GPU as its driver describes it.

    Attributes:
        name: such as ``NVIDIA L4``.
        total_bytes: its memory.
        free_bytes: memory that no process used at the moment of the query.
    """

    name: str
    total_bytes: int
    free_bytes: int


def choose_device(requested: Literal["auto", "cuda", "cpu"]) -> Device:
    """Return the device that models shall run on.

    Args:
        requested: ``auto`` takes the GPU when CTranslate2 sees one and can compute on it.

    Raises:
        EngineLoadError: a GPU is requested and there is none.
    """
    if requested == "cpu":
        return "cpu"
    if cuda_devices():
        if requested == "cuda" or cublas_installed():
            return "cuda"
        log.warning(
            "gpu_not_used",
            reason="there is a GPU, but neither PyTorch nor cuBLAS 12: install the `gpu` extra",
        )
        return "cpu"
    if requested == "cuda":
        raise EngineLoadError(
            "ASR_DEVICE is cuda and no CUDA device was found: check the driver and that the "
            "container was given a GPU, or set ASR_DEVICE to auto or cpu"
        )
    return "cpu"


def cuda_devices() -> int:
    """Return how many GPUs CTranslate2 can use; 0 where it is not installed."""
    try:
        import ctranslate2

        return int(ctranslate2.get_cuda_device_count())
    except (ImportError, RuntimeError):
        return 0


def cublas_installed() -> bool:
    """Whether CTranslate2 can find cuBLAS: PyTorch brings it, or the system has it."""
    if installed("torch"):
        return True
    try:
        ctypes.CDLL(_CUBLAS)
    except OSError:
        return False
    return True


def gpu_info(device: Device) -> GpuInfo | None:
    """Describe the GPU of this process; None on a CPU or where the driver does not answer."""
    if device == "cpu":
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    try:
        handle = _first_handle(visible_gpus())
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        return GpuInfo(str(pynvml.nvmlDeviceGetName(handle)), int(memory.total), int(memory.free))
    except pynvml.NVMLError:
        return None
    finally:
        pynvml.nvmlShutdown()


def _first_handle(visible: list[str]) -> object:
    """Return the first visible GPU: the driver counts all of the machine, CUDA the visible ones."""
    first = visible[0] if visible else "0"
    if first.isdigit():
        return pynvml.nvmlDeviceGetHandleByIndex(int(first))
    return pynvml.nvmlDeviceGetHandleByUUID(first)
