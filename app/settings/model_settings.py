"""Settings of model files."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from app.settings.group import Group, config, names


class ModelSettings(Group):
    """Where models come from."""

    hf_token: SecretStr | None = Field(
        None,
        validation_alias=names("HF_TOKEN", "HUGGINGFACE_ACCESS_TOKEN", "HUGGING_FACE_HUB_TOKEN"),
    )
    """Hugging Face token for gated models."""
    model_cache_dir: Path | None = Field(
        None,
        validation_alias=names(
            "MODEL_CACHE_DIR", "WHISPER_CACHE_DIR", "MODEL_PATH", "ASR_MODEL_PATH"
        ),
    )
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
    def token(self) -> str | None:
        """The Hugging Face token in clear, for a call of the hub."""
        return self.hf_token.get_secret_value() if self.hf_token else None

    @property
    def hub_dir(self) -> Path:
        """Where downloaded models go, and are looked for before anything is downloaded."""
        home = self.hf_home or Path("~/.cache/huggingface")
        return (self.model_cache_dir or self.hf_hub_cache or home / "hub").expanduser()
