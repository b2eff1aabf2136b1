"""Settings of translation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from app.settings.group import Group, config, names


class TranslationSettings(Group):
    """Choosing the translator."""

    provider: Literal["embedded", "apertium", "openai"] = Field(
        "embedded", validation_alias=names("TRANSLATION_PROVIDER", "LLM_PROVIDER")
    )
    """Translator. `embedded` is apertium (English-Spanish, no key); `openai` is any server that
    speaks its chat-completions protocol."""
    server_api_key: SecretStr | None = Field(
        None, validation_alias=names("SERVER_API_KEY", "OPENAI_API_KEY")
    )
    """Key for the provider."""
    server_api_url: str | None = None
    """Base address of the provider, `https://api.openai.com/v1` unless set."""
    server_model: str = Field("gpt-4o-mini", validation_alias=names("SERVER_MODEL", "OPENAI_MODEL"))
    """Model name at the provider."""
    concurrency: int = Field(
        8, ge=1, validation_alias=names("TRANSLATION_CONCURRENCY", "OPENAI_CONCURRENT_REQUESTS")
    )
    """Requests to the provider at a time, per job."""
    timeout_s: float = Field(60.0, gt=0, validation_alias=names("TRANSLATION_TIMEOUT_S"))
    """Seconds of silence after which one request is given up and asked again."""
    attempts: int = Field(4, ge=1, validation_alias=names("TRANSLATION_ATTEMPTS"))
    """Requests for the same lines before the job fails."""

    model_config = config()
