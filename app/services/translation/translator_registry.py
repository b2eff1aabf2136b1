"""Registry of translators by name, imported only when chosen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from app.gpu.engine_registry import load_engine
from app.services.translation.llm.vendors import VENDORS
from app.services.translation.translator import Translator
from app.settings import Settings

TRANSLATORS: Mapping[str, str] = MappingProxyType(
    {
        "embedded": "app.services.translation.providers.apertium:ApertiumTranslator",
        "apertium": "app.services.translation.providers.apertium:ApertiumTranslator",
        "libretranslate": "app.services.translation.providers.libretranslate:LibreTranslator",
        **dict.fromkeys(VENDORS, "app.services.translation.llm.chat_translator:ChatTranslator"),
    }
)


def build_translator(settings: Settings) -> Translator:
    """Import and construct the translator that the settings name; ``probe`` comes later.

    Raises:
        EngineLoadError: no such translator, or its library is missing.
    """
    engine = load_engine(TRANSLATORS, settings.translation.provider, settings)
    return cast("Translator", engine)
