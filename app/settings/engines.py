"""Settings of the speech engines and their models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from app.settings.group import Group, config, listed, names


class VadSettings(Group):
    """Finding speech and cutting it into windows."""

    engine: Literal["silero"] = "silero"
    """Voice activity detector."""
    threshold: float = Field(0.5, gt=0, lt=1)
    """Probability from which a frame counts as speech. Lower it when quiet speech is lost."""
    min_silence_ms: int = Field(250, ge=32)
    """Silence that separates two stretches of speech."""
    pad_ms: int = Field(160, ge=0)
    """Audio kept around speech, so that soft beginnings and endings survive."""
    first_window_ms: int = Field(8_000, ge=1000, le=12_000)
    """From this length on, the first window ends at the next silence; at 12 s in any case."""
    window_ms: int = Field(20_000, ge=2000, le=30_000)
    """The same for later windows; they end at 30 s in any case."""
    max_gap_ms: int = Field(3_000, ge=0)
    """A longer silence ends a window."""

    model_config = config("VAD_")


class AsrSettings(Group):
    """Choosing and feeding the transcriber."""

    enabled: bool = Field(True, validation_alias=names("ENABLE_WHISPER"))
    """Whether recordings are transcribed at all. Without, captions that exist already are the
    only source, a site's automatic ones too."""
    engine: Literal["embedded", "pocketsphinx", "whisperx", "parakeet"] = "embedded"
    """Transcriber. `embedded` is pocketsphinx (US English, no download); `whisperx` needs the
    `gpu` extra, `parakeet` the `parakeet` extra."""
    device: Literal["auto", "cuda", "cpu"] = "auto"
    """Where models run. `auto` takes the GPU when there is one."""
    lanes: int | None = Field(None, ge=1)
    """Batches at a time. One for a GPU; pocketsphinx takes a process for each, as many as
    there are CPU cores less one, at least one."""
    batch_size: int = Field(16, ge=1)
    """Windows in one batch at most, of any number of requests."""

    model_config = config("ASR_")


class WhisperSettings(Group):
    """whisperx."""

    model: str = Field("base", validation_alias=names("WHISPER_MODEL", "WORKER_MODEL_SIZE"))
    """Size name (`tiny` ... `large-v3`, `turbo`), hub id, or local folder in CTranslate2 form."""
    language: str = ""
    """Spoken language when a request does not say; empty to detect it."""
    beam_size: int = Field(5, ge=1, le=20)
    """Beams of the first decoding attempt; later ones sample as many candidates. 1 is about twice
    as fast and slightly less exact."""
    compute_type: str | None = None
    """CTranslate2 precision. float16 on a GPU and int8 on a CPU unless set."""
    no_speech_threshold: float = Field(0.4, ge=0, le=1)
    """A window with a higher no-speech probability and a low log-probability is dropped."""
    logprob_threshold: float = -1.0
    """Mean token log-probability under which a window is decoded again."""
    compression_ratio_threshold: float = Field(2.4, gt=1)
    """gzip ratio of the text above which a window counts as a loop and is decoded again."""
    temperatures: Annotated[tuple[float, ...], NoDecode] = Field(
        (0.0, 0.2, 0.4, 0.6, 0.8, 1.0), min_length=1
    )
    """Sampling temperatures of the attempts, separated by commas."""
    cpu_threads: int = Field(0, ge=0)
    """CTranslate2 threads on a CPU; 0 for its own choice."""

    model_config = config("WHISPER_")

    @field_validator("temperatures", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return listed(value)


class ModelSettings(Group):
    """Where models come from."""

    hf_token: SecretStr | None = None
    """Hugging Face token for gated models."""
    model_cache_dir: Path | None = None
    """Folder for downloaded models. Hugging Face's own unless set."""
    runpod_cache_dir: Path = Path("/runpod-volume/huggingface-cache/hub")
    """Where RunPod puts an endpoint's cached model; looked into first, without the network."""

    model_config = config()
