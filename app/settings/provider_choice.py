"""Choice of a provider by the key that is set, where no setting names one."""

from __future__ import annotations

from typing import NamedTuple

from app.settings.translation_settings import TranslationSettings, TranslatorName
from app.settings.vendor_settings import ChatName, VendorSettings

_KEYED: tuple[ChatName, ...] = (
    "openai",
    "anthropic",
    "google",
    "mistral",
    "openrouter",
    "deepseek",
)
"""Vendors with a key of their own."""

_PREFIXES: dict[str, ChatName] = {"sk-ant-": "anthropic", "sk-or-": "openrouter", "AIza": "google"}
"""Beginnings of keys that belong to one vendor; a key goes to nobody else. Source: the vendors' own
documentation of their keys."""


class ProviderChoice(NamedTuple):
    """A provider, and the variable that chose it."""

    provider: TranslatorName
    variable: str


def chosen_by_key(
    translation: TranslationSettings, vendors: VendorSettings, *, transcribes_there: bool = False
) -> ProviderChoice | None:
    """Return the provider whose key or address is set; None where none is, or several are.

    ``SERVER_API_URL`` and ``SERVER_API_KEY`` go before the vendors' own variables.

    Args:
        translation: settings that name no provider.
        vendors: hold the vendors' own keys.
        transcribes_there: whether OpenAI's own key is for the transcriber.
    """
    if translation.server_api_url is not None:
        return ProviderChoice("openai_compatible", "SERVER_API_URL")
    if translation.server_api_key is not None:
        key = translation.server_api_key.get_secret_value()
        owner = next((name for start, name in _PREFIXES.items() if key.startswith(start)), None)
        return ProviderChoice(owner or "openai", "SERVER_API_KEY")
    keyed = [n for n in keyed_vendors(vendors) if not (transcribes_there and n == "openai")]
    choices = [ProviderChoice(name, f"{name.upper()}_API_KEY") for name in keyed]
    for field in ("libretranslate_api_key", "libretranslate_url"):
        if field in translation.model_fields_set:
            choices.append(ProviderChoice("libretranslate", field.upper()))
            break
    return choices[0] if len(choices) == 1 else None


def keyed_vendors(vendors: VendorSettings) -> list[ChatName]:
    """Return the vendors whose own key is set."""
    return [name for name in _KEYED if getattr(vendors, f"{name}_api_key") is not None]
