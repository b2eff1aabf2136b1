"""Settings of translation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from app.settings.group import Group, config, names
from app.settings.vendor_settings import ChatName

TranslatorName = Literal["embedded", "apertium", "libretranslate"] | ChatName


class TranslationSettings(Group):
    """Choosing the translator."""

    provider: TranslatorName = Field(
        "embedded", validation_alias=names("TRANSLATION_PROVIDER", "LLM_PROVIDER")
    )
    """Translator. `embedded` is apertium (English-Spanish, no key) and, from speech in other
    languages into English, the transcriber itself where its model can; `apertium` is apertium
    alone, `libretranslate` a server of that name; the others are language models: `ollama`,
    `lmstudio` and `llamacpp` on this machine, `openai_compatible` at `SERVER_API_URL`, the rest at
    the vendor of that name. Unless set, the key or address that is set chooses: `SERVER_API_URL`,
    `SERVER_API_KEY` (the vendor whose keys begin so, else `openai`), the one vendor's own key, such
    as `ANTHROPIC_API_KEY`, or LibreTranslate's."""
    server_api_key: SecretStr | None = None
    """Key for the provider; goes before the vendor's own variable, such as `OPENAI_API_KEY`."""
    server_api_url: str | None = None
    """Base address of the provider, such as `https://api.openai.com/v1`. The vendor's own unless
    set."""
    server_model: str | None = None
    """Model name at the provider; goes before the vendor's own variable, such as
    `OPENAI_MODEL`."""
    fallback_model: str | None = None
    """Model that is asked for lines that the first one could not translate, and when the first
    one stays out of reach. None unless set."""
    fallback_provider: ChatName | None = None
    """Where the fallback model is, asked with that vendor's own key. The same provider unless
    set."""
    concurrency: int | None = Field(None, ge=1, validation_alias=names("TRANSLATION_CONCURRENCY"))
    """Requests to the provider at a time, of all jobs together. It is halved whenever the
    provider asks for patience and grows again slowly; with a model on this machine it begins
    with one. The vendor's own variable unless set."""
    rpm: float | None = Field(None, gt=0, validation_alias=names("TRANSLATION_RPM"))
    """Requests to the provider in a minute at most. No limit unless set."""
    timeout_s: float = Field(60.0, gt=0, validation_alias=names("TRANSLATION_TIMEOUT_S"))
    """Seconds of silence after which a request is given up and asked again, unless it waits in the
    queue of a server that still writes other answers. A server of your own that writes nothing
    and still answers is given ten times as long, to load a model or to read a prompt."""
    attempts: int = Field(4, ge=1, validation_alias=names("TRANSLATION_ATTEMPTS"))
    """Failures in a row after which the provider is given up, and requests for one line alone
    after which the line is. Then the fallback model is asked, or the job fails."""
    max_cost_usd: float | None = Field(None, gt=0)
    """What the translation of one job may cost in US dollars; checked before each request. No
    limit unless set."""
    price_input_usd: float | None = Field(
        None, ge=0, validation_alias=names("TRANSLATION_PRICE_INPUT_USD")
    )
    """Price of a million tokens that go to the model, in US dollars. A table of list prices is
    used unless both prices are set."""
    price_output_usd: float | None = Field(
        None, ge=0, validation_alias=names("TRANSLATION_PRICE_OUTPUT_USD")
    )
    """Price of a million tokens that the model writes, in US dollars."""
    libretranslate_url: str = "http://localhost:5000"
    """Address of the LibreTranslate server."""
    libretranslate_api_key: SecretStr | None = None
    """Key for LibreTranslate, where it wants one."""

    model_config = config()
