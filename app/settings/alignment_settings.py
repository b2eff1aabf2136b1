"""Settings of forced alignment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from app.settings.group import Group, config, listed


class AlignmentSettings(Group):
    """Finding word times with a model of the language's sounds."""

    enabled: bool | None = None
    """Whether words are aligned, which needs the `gpu` extra. Unset, they are where the transcriber
    is Whisper, whose own word times are rough, and PyTorch is installed; a model that cannot be
    loaded is then no reason to stop."""
    engine: Literal["wav2vec2"] = "wav2vec2"
    """What finds the word times."""
    models: Annotated[tuple[str, ...], NoDecode] = ()
    """Models by language instead of whisperx's own choice, such as `en=folder,cs=owner/name`:
    a local folder, a hub id, or the name of a torchaudio pipeline."""
    preload: Annotated[tuple[str, ...], NoDecode] = ("en",)
    """Languages whose models are loaded at the start; others load when they are first heard."""
    max_loaded: int = Field(4, ge=1)
    """Models that stay loaded; the one unused for longest goes first. Each takes about 0.4 GB,
    large ones 1.3 GB."""
    batch_size: int = Field(8, ge=1)
    """Windows that go through a model at once."""

    model_config = config("ALIGNMENT_")

    @field_validator("models", "preload", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return listed(value)

    @field_validator("models")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for choice in value:
            language, _, model = choice.partition("=")
            if not language.strip() or not model.strip():
                raise ValueError(f"{choice!r} does not read language=model, such as en=owner/name")
        return value

    @property
    def chosen(self) -> Mapping[str, str]:
        """The models that `models` names, by language as it is written there."""
        pairs = (choice.partition("=") for choice in self.models)
        return {language.strip(): model.strip() for language, _, model in pairs}
