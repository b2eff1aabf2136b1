"""OpenAI's names of voices, by which clients ask whatever the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.domain.errors import InvalidLanguageError, NamedFieldError, quoted
from app.domain.language import Language
from app.services.tts.speech_engine import ANY_LANGUAGE, Gender, Voice
from app.services.tts.speech_synthesizer import SpeechSynthesizer
from app.services.tts.text_language import language_of_text

OPENAI_VOICES: dict[str, Gender] = {
    "alloy": "neutral",
    "ash": "male",
    "ballad": "male",
    "cedar": "male",
    "coral": "female",
    "echo": "male",
    "fable": "neutral",
    "marin": "female",
    "nova": "female",
    "onyx": "male",
    "sage": "female",
    "shimmer": "female",
    "verse": "male",
}
"""Source: OpenAI's guide to text to speech."""


DEFAULT_VOICE = "default"
"""Stands for the voice that the server itself chooses for the language."""


async def chosen_voice(
    synthesizer: SpeechSynthesizer, name: str, text: str, language: Language | None
) -> Voice:
    """Return the engine's voice for a name; docs/decisions/0132 says how they map.

    Args:
        synthesizer: speaks.
        name: a voice's of the engine, or one of OpenAI's, which stands for a voice of its gender in
            the text's language; empty or ``default`` for the language's first one.
        text: to be spoken.
        language: of the text; None where it is to be found.

    Raises:
        NamedFieldError: no such voice.
        InvalidLanguageError: no voice speaks the language.
        SpeechUnavailableError: speech is not available on this server.
    """
    everyone = await synthesizer.voices(None)
    wanted = name.lower()
    is_default = wanted in ("", DEFAULT_VOICE)
    own = None if is_default else next((voice for voice in everyone if voice.id == name), None)
    if own is not None:
        return own
    if not is_default and wanted not in OPENAI_VOICES:
        raise NamedFieldError("voice", f"no voice {quoted(name)}")
    if language is None and all(voice.lang == ANY_LANGUAGE for voice in everyone):
        return everyone[0]
    if language is None:
        # Its statistics take a second to load.
        language = await asyncio.to_thread(language_of_text, text, await _speaks(synthesizer))
    speaking = await synthesizer.voices(language)
    if not speaking:
        raise InvalidLanguageError(f"No voice of this server speaks {language.tag}")
    if is_default:
        return speaking[0]
    gender = OPENAI_VOICES[wanted]
    return next((each for each in speaking if each.gender == gender), speaking[0])


async def _speaks(synthesizer: SpeechSynthesizer) -> Callable[[Language], bool]:
    engine = await synthesizer.engine()
    return lambda language: bool(engine.voices(language))
