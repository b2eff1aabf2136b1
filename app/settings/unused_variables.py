"""Variables that are set and that nothing reads, so that the start can say so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic_settings import DotEnvSettingsSource

from app.settings.group import Group, variables_of
from app.settings.other_systems import OTHER_NAMES
from app.settings.provider_choice import keyed_vendors
from app.settings.vendor_settings import VendorSettings

if TYPE_CHECKING:
    from app.settings import Settings

_LANGUAGE_MODELS = frozenset(
    {
        *("openai", "anthropic", "google", "mistral", "openrouter", "deepseek"),
        *("ollama", "lmstudio", "llamacpp", "openai_compatible"),
    }
)
_BORROWED = {"openai_compatible": "openai", "lmstudio": "ollama", "llamacpp": "ollama"}
"""Vendors that read the variables of another one."""

_FOR_LANGUAGE_MODELS = ("server_api_key", "server_api_url", "server_model", "fallback_model")
_FOR_SPEECH_SERVERS = ("api_key", "api_url", "model", "voice")


def set_variables() -> frozenset[str]:
    """Return the names of the variables that are set, in the environment or in `.env`."""
    written = DotEnvSettingsSource(Group, env_file=".env", env_ignore_empty=True).env_vars
    pairs = {**{name: value for name, value in written.items()}, **os.environ}
    return frozenset(name.upper() for name, value in pairs.items() if value)


def unused_variables(settings: Settings, given: frozenset[str] | None = None) -> list[str]:
    """Return a sentence for each variable that is set and does nothing, in order of their names.

    Args:
        settings: as they were read.
        given: names of the variables that are set; those of this process unless given.
    """
    given = set_variables() if given is None else given
    found = dict(_foreign(settings, given))
    found |= _overridden(settings, given)
    for group, field, reason in _without_use(settings):
        for variable in variables_of(type(group), field):
            if variable in given:
                found.setdefault(variable, reason)
    return [f"{name} is set and not used: {found[name]}" for name in sorted(found)]


def _groups(settings: Settings) -> Iterator[Group]:
    for name in type(settings).model_fields:
        yield getattr(settings, name)


def _foreign(settings: Settings, given: frozenset[str]) -> Iterator[tuple[str, str]]:
    read = {
        variable
        for group in _groups(settings)
        for field in type(group).model_fields
        for variable in variables_of(type(group), field)
    }
    for name in (given & OTHER_NAMES.keys()) - read:
        yield name, OTHER_NAMES[name]


def _overridden(settings: Settings, given: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield further names of settings whose earlier name is set too."""
    for group in _groups(settings):
        for field in type(group).model_fields:
            first, *others = [
                name for name in variables_of(type(group), field) if name in given
            ] or [""]
            yield from ((name, f"{first} goes before it") for name in others)


def _without_use(settings: Settings) -> Iterator[tuple[Group, str, str]]:
    """Yield fields of engines and providers that are not chosen, each with the reason."""
    yield from _of_translators(settings)
    if settings.asr.engine != "parakeet":
        reason = f"ASR_ENGINE is {settings.asr.engine}; set it to parakeet"
        yield from ((settings.parakeet, field, reason) for field in _fields(settings.parakeet))
    if not settings.asr.is_whisper:
        reason = f"ASR_ENGINE is {settings.asr.engine}"
        yield from ((settings.whisper, field, reason) for field in _fields(settings.whisper))
    if settings.asr.engine != "openai":
        reason = f"ASR_ENGINE is {settings.asr.engine}; set it to openai"
        yield from ((settings.audio_api, field, reason) for field in _fields(settings.audio_api))
    if settings.role != "orchestrator":
        reason = f"ROLE is {settings.role}; set it to orchestrator"
        own = set(_fields(settings.endpoints)) - {"runpod_api_key"}  # which RunPod sets by itself
        yield from ((settings.endpoints, field, reason) for field in own)
    if not settings.diarization.enabled:
        by_role = settings.role in ("transcription", "orchestrator")
        reason = f"ROLE is {settings.role}" if by_role else "DIARIZATION_ENABLED is false"
        own = set(_fields(settings.diarization)) - {"enabled"}
        yield from ((settings.diarization, field, reason) for field in own)
    if settings.tts.engine in ("embedded", "espeak"):
        reason = f"TTS_ENGINE is {settings.tts.engine}; set it to openai or kokoro"
        yield from ((settings.tts, field, reason) for field in _FOR_SPEECH_SERVERS)


def _of_translators(settings: Settings) -> Iterator[tuple[Group, str, str]]:
    translation, vendors = settings.translation, settings.vendors
    provider = translation.provider
    chosen = f"TRANSLATION_PROVIDER is {provider}"
    keys = ", ".join(f"{name.upper()}_API_KEY" for name in keyed_vendors(vendors))
    several = f"{chosen}, and of several keys ({keys}) none goes first; set it to one of them"
    if provider not in _LANGUAGE_MODELS:
        missing = f"{chosen}; set it to openai, openai_compatible or another vendor"
        yield from ((translation, field, missing) for field in _FOR_LANGUAGE_MODELS)
    if provider != "libretranslate":
        for field in ("libretranslate_url", "libretranslate_api_key"):
            yield translation, field, f"{chosen}; set it to libretranslate"
    used = {_BORROWED.get(name or "", name) for name in (provider, translation.fallback_provider)}
    if settings.asr.engine == "openai":
        used.add("openai")  # its key serves the transcriber
    for field in VendorSettings.model_fields:
        if field.partition("_")[0] not in used:
            ambiguous = "," in keys and provider == "embedded" and field.endswith("_api_key")
            yield vendors, field, several if ambiguous else chosen


def _fields(group: Group) -> list[str]:
    return list(type(group).model_fields)
