"""Choosing a translator by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.domain.errors import EngineLoadError
from app.services.translation.apertium import ApertiumTranslator
from app.services.translation.chat import ChatTranslator
from app.services.translation.registry import build_translator
from app.settings import Settings, TranslationSettings


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("embedded", ApertiumTranslator),
        ("apertium", ApertiumTranslator),
        ("openai", ChatTranslator),
    ],
)
def test_builds_the_translator_of_that_name(name: str, kind: type):
    settings = Settings(translation=TranslationSettings.model_validate({"provider": name}))
    assert type(build_translator(settings)) is kind


def test_an_unknown_name_is_refused_with_the_known_ones():
    unknown = TranslationSettings.model_construct(provider="deepl")
    with pytest.raises(EngineLoadError, match="'deepl'; known: embedded, apertium, openai"):
        build_translator(Settings.model_construct(translation=unknown))


def test_the_embedded_translator_does_not_import_the_openai_sdk():
    program = (
        "import sys; from app.settings import Settings;"
        "from app.services.translation.registry import build_translator;"
        "build_translator(Settings()); print('openai' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, check=True, capture_output=True).stdout == b"False\n"
