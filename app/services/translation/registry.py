"""Translators by name, imported only when chosen."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from app.domain.errors import EngineLoadError
from app.services.translation.protocol import Translator
from app.settings import Settings

TRANSLATORS: Mapping[str, str] = MappingProxyType(
    {
        "embedded": "app.services.translation.apertium:ApertiumTranslator",
        "apertium": "app.services.translation.apertium:ApertiumTranslator",
        "openai": "app.services.translation.chat:ChatTranslator",
    }
)


def build_translator(settings: Settings) -> Translator:
    """Import and construct the translator that the settings name; ``probe`` comes later.

    Raises:
        EngineLoadError: no such translator, or its library is missing.
    """
    name = settings.translation.provider
    if name not in TRANSLATORS:
        raise EngineLoadError(f"No translator {name!r}; known: {', '.join(TRANSLATORS)}")
    module_name, class_name = TRANSLATORS[name].split(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise EngineLoadError(f"Translator {name!r} cannot be imported: {error}") from error
    return cast("Translator", getattr(module, class_name)(settings))
