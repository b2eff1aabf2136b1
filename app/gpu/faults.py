"""Translation of the frameworks' exceptions into ours."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from app.domain.errors import EngineError, EngineLoadError, OutOfMemoryError

_OUT_OF_MEMORY = (
    "out of memory",
    "alloc_failed",
    "failed to allocate",
    "can't allocate memory",
    "not enough memory",
    "bad_alloc",
)
"""Messages of CTranslate2, cuBLAS, torch and ONNX Runtime; they share no exception type, since
torch's is a `RuntimeError` as well."""

_FAULTS = (RuntimeError, ValueError, IndexError, OSError, MemoryError)
"""Exceptions of the frameworks: pybind11 maps C++'s exceptions to exactly these."""

_ONNX = "onnxruntime.capi.onnxruntime_pybind11_state"
"""Module of ONNX Runtime's exceptions; they share no base but `Exception`."""

_BUSY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)

_PATH = re.compile(r"(?<![\w.])(?:\w+://|~?/|\.{1,2}/|[A-Za-z]:\\)[^\s'\",;)]+")
_TOKEN = re.compile(r"\bhf_\w+")
_LONGEST_REASON = 160


@contextmanager
def inference_faults(engine: str) -> Iterator[None]:
    """Translate exceptions that a framework raises while it computes a batch.

    Args:
        engine: the engine's name, for the message.

    Raises:
        OutOfMemoryError: the device or the machine has no memory left.
        EngineError: any other exception of the framework.
    """
    try:
        yield
    except _faults() as error:
        if is_out_of_memory(error):
            raise OutOfMemoryError(f"{engine} has no memory left for this batch") from error
        raise EngineError(f"{engine} failed: {reason(error)}") from error


@contextmanager
def load_faults(model: str, setting: str) -> Iterator[None]:
    """Translate exceptions that are raised while a model is fetched and loaded.

    Args:
        model: its description, such as ``Whisper model 'base'``.
        setting: the environment variable that names it.

    Raises:
        EngineLoadError: its message says what to do.
    """
    try:
        yield
    except ImportError as error:
        raise EngineLoadError(
            f"{model} needs packages that are not installed ({reason(error)}): "
            "install the `gpu` extra, `scripts/venv.sh gpu` in the server's folder"
        ) from error
    except EngineLoadError:
        raise
    except EngineError as error:
        raise EngineLoadError(f"{model} does not work: {error.message}") from error
    except _faults() as error:
        raise EngineLoadError(f"{model} cannot be loaded: {_advice(error, setting)}") from error


def _faults() -> tuple[type[Exception], ...]:
    """Return the exceptions of the frameworks, ONNX Runtime's only once it was imported."""
    onnx = vars(sys.modules[_ONNX]).values() if _ONNX in sys.modules else ()
    own = [kind for kind in onnx if isinstance(kind, type) and issubclass(kind, Exception)]
    return (*_FAULTS, *own)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a framework's exception means that memory ran out."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(phrase in text for phrase in _OUT_OF_MEMORY)


def reason(error: BaseException) -> str:
    """Return the first line of an exception without paths, addresses and tokens."""
    lines = str(error).strip().splitlines()
    first = _TOKEN.sub("(token)", _PATH.sub("(path)", lines[0])) if lines else ""
    return first[:_LONGEST_REASON] or type(error).__name__


def hub_unreachable(error: Exception) -> bool:
    """Whether a download failed because the hub did not answer, or not as a hub does."""
    from huggingface_hub.errors import HfHubHTTPError

    if _is_no_answer(error):
        return True
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code if error.response is not None else 0
        return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _BUSY
    # The exceptions of its HTTP client are OSErrors too, but the system's own have a number.
    return isinstance(error, OSError) and error.errno is None


def _is_no_answer(error: Exception) -> bool:
    from huggingface_hub.errors import LocalEntryNotFoundError, OfflineModeIsEnabled

    return isinstance(error, LocalEntryNotFoundError | OfflineModeIsEnabled | ConnectionError)


def _advice(error: Exception, setting: str) -> str:
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    if is_out_of_memory(error):
        return "it does not fit into memory; choose a smaller model or a smaller compute type"
    if isinstance(error, RepositoryNotFoundError):
        return f"the hub has no such model, or HF_TOKEN may not read it; check {setting}"
    if isinstance(error, HFValidationError):
        return f"{setting} is neither a size name, nor a hub id, nor a folder"
    if _is_no_answer(error):
        return (
            "it is not on this machine and the hub cannot be reached; allow the network, "
            f"fill MODEL_CACHE_DIR beforehand, or let {setting} name a local folder"
        )
    return reason(error)
