"""Frameworks' exceptions become ours, without paths and tokens."""

from __future__ import annotations

import pytest
import requests
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
)

from app.domain.errors import (
    CuestreamError,
    EngineError,
    EngineLoadError,
    InvalidLanguageError,
    OutOfMemoryError,
)
from app.gpu.faults import inference_faults, load_faults, reason


def at_work(error: Exception) -> CuestreamError:
    with pytest.raises(CuestreamError) as caught, inference_faults("whisperx"):
        raise error
    return caught.value


def at_load(error: Exception) -> EngineLoadError:
    with (
        pytest.raises(EngineLoadError) as caught,
        load_faults("Whisper model 'x'", "WHISPER_MODEL"),
    ):
        raise error
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA failed with error out of memory"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("std::bad_alloc"),
        MemoryError(),
    ],
)
def test_out_of_memory(error: Exception) -> None:
    ours = at_work(error)
    assert isinstance(ours, OutOfMemoryError)
    assert ours.__cause__ is error
    assert "does not fit into memory" in at_load(error).message


@pytest.mark.gpu
def test_torch_says_it_with_a_type_of_its_own() -> None:
    import torch

    assert isinstance(at_work(torch.OutOfMemoryError("no more")), EngineError)
    assert isinstance(at_work(torch.OutOfMemoryError("CUDA out of memory.")), OutOfMemoryError)


@pytest.mark.parametrize(
    "error", [RuntimeError("it broke"), ValueError("it broke"), OSError("it broke")]
)
def test_anything_else_is_an_engine_error(error: Exception) -> None:
    ours = at_work(error)
    assert type(ours) is EngineError
    assert ours.message == "whisperx failed: it broke"
    assert ours.__cause__ is error


def test_our_own_errors_and_our_own_mistakes_pass_through() -> None:
    own = InvalidLanguageError("no")
    assert at_work(own) is own
    with pytest.raises(AttributeError), inference_faults("whisperx"):
        raise AttributeError("a defect of ours")
    unavailable = EngineLoadError("no")
    assert at_load(unavailable) is unavailable


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ImportError("No module named 'whisperx'"), "install the `gpu` extra"),
        (OfflineModeIsEnabled("offline"), "the hub cannot be reached"),
        (LocalEntryNotFoundError("not cached"), "the hub cannot be reached"),
        (ConnectionError("refused"), "the hub cannot be reached"),
        (HFValidationError("bad id"), "neither a size name, nor a hub id, nor a folder"),
        (GatedRepoError("403", response=requests.Response()), "HF_TOKEN may not read it"),
        (RuntimeError("File model.bin is incomplete"), "File model.bin is incomplete"),
        (EngineError("whisperx failed: no heads"), "does not work: whisperx failed: no heads"),
    ],
)
def test_a_model_that_cannot_be_loaded_says_what_to_do(error: Exception, advice: str) -> None:
    ours = at_load(error)
    assert ours.message.startswith("Whisper model 'x' ")
    assert advice in ours.message
    assert not ours.retryable


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Unable to open file 'model.bin' in model '/srv/models/x'",
         "Unable to open file 'model.bin' in model '(path)'"),
        ("cannot reach https://example.org/a?b=c, giving up", "cannot reach (path), giving up"),
        ("bad token hf_AbC123 given", "bad token (token) given"),
        ("read C:\\models\\x and ~/models and ./here", "read (path) and (path) and (path)"),
        ("12/13 layers, 1.5/2 GB", "12/13 layers, 1.5/2 GB"),
        ("first line\nsecond line", "first line"),
        ("", "RuntimeError"),
    ],
)  # fmt: skip
def test_reasons_hold_no_path_and_no_token(text: str, kept: str) -> None:
    assert reason(RuntimeError(text)) == kept


def test_reasons_are_short() -> None:
    assert len(reason(RuntimeError("x" * 5000))) == 160
