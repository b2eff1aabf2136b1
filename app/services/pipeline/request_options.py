"""Options of a request, as the stages need them."""

from __future__ import annotations

import re

from app.domain.language import ENGLISH, known_language
from app.domain.media import MediaInfo
from app.domain.request import JobRequest
from app.services.captions.select import CaptionPreference
from app.services.sources.opened import Opened, OpenedCaptions
from app.services.translation.speech_pairs import SpeechPairs
from app.services.translation.translator import LanguagePair, Translator

_PROMPT_CHARS = 200
_ADDRESS = re.compile(r"https?://|www\.|(?<=\S)\.\w{2,4}/")


def caption_preference(request: JobRequest, *, transcribes: bool) -> CaptionPreference:
    """Return which captions would serve a request in place of its recording.

    Where speech is to be translated, only captions by people in the language that is wanted do.

    Args:
        request: names the languages.
        transcribes: whether this server can transcribe.
    """
    translating = request.task == "translate"
    return CaptionPreference(
        target=request.target or (ENGLISH if translating else None),
        spoken=request.spoken,
        force_whisper=request.force_whisper or translating,
        can_transcribe=transcribes,
        speakers=request.diarize,
    )


def check_language_pair(
    request: JobRequest, source: Opened, translator: Translator, speech: SpeechPairs
) -> None:
    """Refuse a pair of languages that the translator does not serve.

    Captions name their own language, so this is known only once the source is open. They have no
    speech that the transcriber could translate.

    Raises:
        InvalidLanguageError: the pair is not served.
    """
    if request.target is None:
        return
    source_language = request.written
    if isinstance(source, OpenedCaptions):
        source_language = known_language(source.captions.language)
    elif speech.take(source_language):
        return
    pair = LanguagePair(source_language, request.target)
    if not pair.is_same:
        translator.check(pair)


def prompt_for(request: JobRequest, info: MediaInfo) -> str:
    """Return words that are likely to occur: the request's prompt, else the video's title.

    A title in the spoken language would lead a translation back to that language.
    """
    if request.prompt or request.task == "translate" or _ADDRESS.search(info.title):
        return request.prompt
    return info.title[:_PROMPT_CHARS]
