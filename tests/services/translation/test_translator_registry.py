"""Choosing a translator by name."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest

from app.domain.errors import EngineLoadError
from app.services.translation.llm.chat_translator import ChatTranslator
from app.services.translation.llm.vendors import VENDORS
from app.services.translation.providers.apertium import ApertiumTranslator
from app.services.translation.providers.libretranslate import LibreTranslator
from app.services.translation.translator_registry import TRANSLATORS, build_translator
from app.settings import ChatName, Settings, TranslationSettings


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("embedded", ApertiumTranslator),
        ("apertium", ApertiumTranslator),
        ("libretranslate", LibreTranslator),
        *((name, ChatTranslator) for name in get_args(ChatName)),
    ],
)
def test_builds_the_translator_of_that_name(name: str, kind: type):
    settings = Settings(translation=TranslationSettings.model_validate({"provider": name}))
    assert type(build_translator(settings)) is kind


def test_every_name_that_the_settings_take_is_known():
    assert set(get_args(ChatName)) == set(VENDORS)
    assert set(VENDORS) | {"embedded", "apertium", "libretranslate"} == set(TRANSLATORS)


def test_an_unknown_name_is_refused_with_the_known_ones():
    unknown = TranslationSettings.model_construct(provider="deepl")
    known = "embedded, apertium, libretranslate, openai"
    with pytest.raises(EngineLoadError, match=f"'deepl'; known: {known}"):
        build_translator(Settings.model_construct(translation=unknown))


def test_the_embedded_translator_does_not_import_the_openai_sdk():
    program = (
        "import sys; from app.settings import Settings;"
        "from app.services.translation.translator_registry import build_translator;"
        "build_translator(Settings()); print('openai' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, check=True, capture_output=True).stdout == b"False\n"
