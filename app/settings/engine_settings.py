"""Settings of the speech engines and their models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from app.settings.group import Group, config, listed, names

_LONGEST_BUCKET_S = 30
"""What Whisper reads at a time."""


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
    batch_size: int | None = Field(None, ge=1)
    """Windows in one batch at most, of any number of requests. 16 on a GPU and 4 on a CPU unless
    set: a CPU gains nothing by more, and first windows wait for the batch that runs. Each takes
    GPU memory while it is decoded: with 5 beams about 0.43 GB for `large-v3`, 0.06 GB for
    `turbo`, 0.1 GB for `small`. A batch that does not fit is halved."""
    self_test: bool = True
    """Whether each engine has to do a known sentence before the server counts as ready. A driver
    that does not fit has returned empty text in silence. Switch it off only for models that are
    not meant to hear words."""

    model_config = config("ASR_")

    def max_batch(self, device: Literal["cuda", "cpu"]) -> int:
        """Windows in one batch at most, on a device."""
        return self.batch_size or (16 if device == "cuda" else 4)


class WhisperSettings(Group):
    """whisperx."""

    model: str = Field("base", validation_alias=names("WHISPER_MODEL", "WORKER_MODEL_SIZE"))
    """Size name (`tiny` ... `large-v3`, `large`, `turbo`, `distil-large-v3`), hub id, or local
    folder in CTranslate2 form. OpenAI's own hub ids stand for the converted models. GPU memory of
    the weights in float16: `tiny` 0.1 GB, `base` 0.2, `small` 0.5, `medium` 1.5, `turbo` 1.6,
    `large-v3` 3.1; in int8 half of that."""
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


class ModelSettings(Group):
    """Where models come from."""

    hf_token: SecretStr | None = None
    """Hugging Face token for gated models."""
    model_cache_dir: Path | None = None
    """Folder for downloaded models, in Hugging Face's own layout; folders in it that are called
    as a model is are found too. Hugging Face's own unless set."""
    hf_home: Path | None = None
    """Hugging Face's folder; models lie in `hub` below it. `~/.cache/huggingface` unless set."""
    hf_hub_cache: Path | None = Field(
        None, validation_alias=names("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")
    )
    """Hugging Face's folder of models, where it is not the one below `HF_HOME`."""
    offline: bool = Field(False, validation_alias=names("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))
    """Fetch no model: one that is not on this machine is an error at boot. Models that are here
    already are never looked up in the hub, with or without this."""
    runpod_cache_dir: Path = Path("/runpod-volume/huggingface-cache/hub")
    """Where RunPod puts an endpoint's cached model; looked into first, without the network."""
    runpod_volume_dir: Path = Path("/runpod-volume")
    """Network volume. A model's folder may lie there or in `models` below it, called as the
    setting that asks for it calls it, with or without the owner."""

    model_config = config()

    @property
    def hub_dir(self) -> Path:
        """Where downloaded models go, and are looked for before anything is downloaded."""
        home = self.hf_home or Path("~/.cache/huggingface")
        return (self.model_cache_dir or self.hf_hub_cache or home / "hub").expanduser()
