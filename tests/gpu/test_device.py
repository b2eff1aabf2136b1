"""Device of the models, described by its driver."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pynvml
import pytest
from structlog.testing import capture_logs

from app.domain.errors import EngineLoadError
from app.gpu import device
from app.gpu.device import GpuInfo, choose_device, cuda_devices, gpu_info


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "cuda_devices", lambda: 0)


@pytest.fixture
def one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "cuda_devices", lambda: 1)


def test_auto_takes_what_there_is(one_gpu: None) -> None:
    assert choose_device("auto") == "cuda"
    assert choose_device("cuda") == "cuda"
    assert choose_device("cpu") == "cpu"


@pytest.mark.usefixtures("no_gpu")
def test_a_gpu_that_is_asked_for_must_be_there() -> None:
    assert choose_device("auto") == "cpu"
    assert choose_device("cpu") == "cpu"
    with pytest.raises(EngineLoadError, match="ASR_DEVICE is cuda and no CUDA device"):
        choose_device("cuda")


def test_a_gpu_without_its_libraries_is_left_alone_unless_it_is_asked_for(
    one_gpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "installed", lambda _: False)
    monkeypatch.setattr(device, "_CUBLAS", "libc.so.6")
    assert choose_device("auto") == "cuda", "the system has the library"
    monkeypatch.setattr(device, "_CUBLAS", "libnowhere.so.12")
    with capture_logs() as lines:
        assert choose_device("auto") == "cpu"
    assert "install the `gpu` extra" in lines[0]["reason"]
    assert choose_device("cuda") == "cuda", "loading it then says what is missing"


def test_ctranslate2_counts_the_gpus() -> None:
    import ctranslate2

    assert cuda_devices() == ctranslate2.get_cuda_device_count()


def test_no_ctranslate2_and_a_broken_driver_mean_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> int:
        raise RuntimeError("CUDA driver version is insufficient")

    monkeypatch.setitem(sys.modules, "ctranslate2", SimpleNamespace(get_cuda_device_count=broken))
    assert cuda_devices() == 0
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    assert cuda_devices() == 0


def test_a_cpu_has_no_card() -> None:
    assert gpu_info("cpu") is None


def test_no_driver_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", missing)
    assert gpu_info("cuda") is None


class Driver:
    """Answers as NVIDIA's management library does for a machine with two cards."""

    memory = (SimpleNamespace(total=24, free=20), SimpleNamespace(total=80, free=79))
    names = ("NVIDIA L4", "NVIDIA H200")

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = 0
        for name in ("nvmlInit", "nvmlShutdown"):
            monkeypatch.setattr(pynvml, name, getattr(self, name))
        monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", self.by_index)
        monkeypatch.setattr(
            pynvml, "nvmlDeviceGetHandleByUUID", {"GPU-b": 1, "MIG-b": 1}.__getitem__
        )
        monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", self.memory.__getitem__)
        monkeypatch.setattr(pynvml, "nvmlDeviceGetName", self.names.__getitem__)

    def nvmlInit(self) -> None:  # noqa: N802 - the library's own names
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.open -= 1

    @staticmethod
    def by_index(index: int) -> int:
        if index > 1:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return index


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        (None, GpuInfo("NVIDIA L4", 24, 20)),
        ("", GpuInfo("NVIDIA L4", 24, 20)),
        ("1", GpuInfo("NVIDIA H200", 80, 79)),
        ("1, 0", GpuInfo("NVIDIA H200", 80, 79)),
        ("GPU-b", GpuInfo("NVIDIA H200", 80, 79)),
        ("MIG-b", GpuInfo("NVIDIA H200", 80, 79)),
        ("7", None),
    ],
)
def test_the_card_is_the_first_that_the_process_may_see(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, expected: GpuInfo | None
) -> None:
    driver = Driver(monkeypatch)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpu_info("cuda") == expected
    assert driver.open == 0, "the library is closed again"
