"""Settings of the transcribers: one group for all, one for each with settings of its own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from app.settings.group import Group, config, listed, names

_LONGEST_BUCKET_S = 30
"""What Whisper reads at a time."""


class AsrSettings(Group):
    """Choosing and feeding the transcriber."""

    enabled: bool = Field(True, validation_alias=names("ENABLE_WHISPER"))
    """Whether recordings are transcribed at all. Without, captions that exist already are the
    only source, a site's automatic ones too."""
    engine: Literal["whisperx", "whisper", "embedded", "parakeet", "openai", "endpoint"] = Field(
        "whisperx", validation_alias=names("ASR_ENGINE", "WORKER_PROVIDER")
    )
    """Transcriber. `whisperx` is Whisper on a CPU or a GPU, and `whisper`, `embedded` and `local`
    are other names for it; a GPU needs the `gpu` extra. `parakeet` needs the `parakeet` extra.
    `openai` is any server with OpenAI's audio API, at `AUDIO_API_BASE_URL`; `endpoint` is what
    ROLE=orchestrator sets, a worker of our own elsewhere."""
    device: Literal["auto", "cuda", "cpu"] = "auto"
    """Where models run. `auto` takes the GPU when there is one."""
    lanes: int | None = Field(None, ge=1)
    """Batches at a time. One unless set, which is enough for a device."""
    batch_size: int | None = Field(None, ge=1)
    """Windows in one batch at most, of any number of requests. 16 on a GPU and 2 on a CPU unless
    set: a CPU gains a twentieth by more, and first windows wait for the step that runs. Each takes
    GPU memory while it is decoded: with 5 beams about 0.43 GB for `large-v3`, 0.06 GB for
    `turbo`, 0.1 GB for `small`. A batch that does not fit is halved."""
    self_test: bool = True
    """Whether each engine has to do a known sentence before the server counts as ready. A driver
    that does not fit has returned empty text in silence. Switch it off only for models that are
    not meant to hear words."""

    model_config = config("ASR_")

    @field_validator("engine", mode="before")
    @classmethod
    def _resolve_alias(cls, value: object) -> object:
        return "whisperx" if value == "local" else value

    @property
    def is_whisper(self) -> bool:
        """Whether the engine is Whisper, by any of its names."""
        return self.engine in ("whisperx", "whisper", "embedded")

    def max_batch(self, device: Literal["cuda", "cpu"]) -> int:
        """Windows in one batch at most, on a device."""
        return self.batch_size or (16 if device == "cuda" else 2)


class WhisperSettings(Group):
    """Whisper."""

    model: str | None = Field(
        None, validation_alias=names("WHISPER_MODEL", "WORKER_MODEL_SIZE", "ASR_MODEL")
    )
    """Size name (`tiny` ... `large-v3`, `large`, `turbo`, `distil-large-v3`), hub id, or local
    folder in CTranslate2 form. Unless set, `base` on a CPU and `large-v3-turbo` on a GPU. OpenAI's
    own hub ids stand for the converted models. GPU memory of the weights in float16: `tiny` 0.1 GB,
    `base` 0.2, `small` 0.5, `medium` 1.5, `turbo` 1.6, `large-v3` 3.1; in int8 half of that."""
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
    cpu_threads: int = Field(
        0, ge=0, validation_alias=names("WHISPER_CPU_THREADS", "WHISPER_THREADS")
    )
    """CTranslate2 threads on a CPU; 0 for its own choice."""
    allowed_languages: Annotated[tuple[str, ...], NoDecode] = ()
    """Languages that detection chooses from when a request names none, separated by commas, such
    as `en,es`; empty for all that the model knows. A single one switches detection off."""
    buckets_s: Annotated[tuple[int, ...], NoDecode] = ()
    """Lengths in seconds that windows are padded to, separated by commas; 30 always belongs to
    them. Unless set, `10,15,25,30` on a CPU, where a short window then costs a third, and `30` on a
    GPU, which hardly gains: real models were trained on 30 s alone. Set `30` on a CPU too if
    short windows lose words."""

    model_config = config("WHISPER_")

    @field_validator("temperatures", "allowed_languages", "buckets_s", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return listed(value)

    @field_validator("buckets_s")
    @classmethod
    def _in_order(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(not 1 <= length <= _LONGEST_BUCKET_S for length in value):
            raise ValueError("lengths are 1 to 30 seconds")
        return tuple(sorted({*value, _LONGEST_BUCKET_S})) if value else ()


class ParakeetSettings(Group):
    """Parakeet."""

    model: str = Field(
        "nvidia/parakeet-tdt-0.6b-v3", validation_alias=names("PARAKEET_MODEL", "MODEL_ID")
    )
    """Hub id, or local folder in onnx-asr's form. `v2` (English) and `v3` (25 European languages)
    are short for NVIDIA's models, which are fetched in ONNX form."""
    quantization: str | None = None
    """Variant of the files, such as `int8`, which takes a quarter of the memory. float32 unless
    set."""
    cpu_threads: int = Field(0, ge=0)
    """ONNX Runtime threads on a CPU; 0 for its own choice."""

    model_config = config("PARAKEET_")
