"""Options of a request, as the stages need them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.domain.language import ENGLISH, known_language
from app.domain.media import MediaInfo
from app.domain.request import JobRequest
from app.services.captions.select import CaptionPreference
from app.services.sources.opened import Opened, OpenedCaptions
from app.services.stages.labelled_captions import labelled
from app.services.stages.without_sdh import without_sdh
from app.services.translation.speech_pairs import SpeechPairs
from app.services.translation.text.script_conversion import needs_translator
from app.services.translation.translator import LanguagePair, Translator

_PROMPT_CHARS = 200
_TERMS_CHARS = 200
"""Whisper's prompts hold 64 tokens of hints, which are about 250 letters of English."""

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
        speakers=request.diarize and not request.late_speakers,
        automatic=request.automatic_captions,
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
    if needs_translator(pair):
        translator.check(pair)


def prompt_for(request: JobRequest, info: MediaInfo) -> str:
    """Return words that are likely to occur: the glossary's terms with the request's prompt.

    Without a prompt the video's title is used. A title in the spoken language would lead a
    translation back to that language. What stands last counts most, as long prompts are cut in
    front: first the title, last what was written for this purpose.
    """
    translated = request.task == "translate"
    has_title = not (request.prompt or translated or _ADDRESS.search(info.title))
    title = info.title[:_PROMPT_CHARS] if has_title else ""
    terms = written_terms(request) if translated else _listed(term for term, _ in request.glossary)
    return _sentences([title, terms, request.prompt])


def written_terms(request: JobRequest) -> str:
    """Return the glossary's English terms, for speech that the transcriber writes in English.

    None where English is translated further: then the glossary's are of other languages.
    """
    if request.target is not None and not request.target.same_language(ENGLISH):
        return ""
    return _listed(wanted for _, wanted in request.glossary)


def _listed(terms: Iterable[str]) -> str:
    """Return as many terms as a prompt may hold, as a list in a sentence."""
    listed = ""
    for term in dict.fromkeys(terms):
        longer = f"{listed}, {term}" if listed else term
        if len(longer) <= _TERMS_CHARS:
            listed = longer
    return listed


def _sentences(parts: Sequence[str]) -> str:
    """Join what is not empty, with a full stop after a part that has no end."""
    *first, last = [part.strip() for part in parts if part.strip()] or [""]
    return " ".join([*(f"{part}." if part[-1].isalnum() else part for part in first), last])


async def without_unwanted(request: JobRequest, source: Opened) -> Opened:
    """Return a source whose captions are without what the request wants removed, and labelled.

    Raises:
        InvalidCaptionsError: nothing else is in them.
        TooMuchWorkError: it takes more memory or time than it may.
    """
    if not isinstance(source, OpenedCaptions):
        return source
    captions = source.captions
    if request.remove_sdh:
        captions, notices = await without_sdh(captions)
        captions = replace(captions, notices=(*source.captions.notices, *notices))
    if request.profile.labels:
        captions = await labelled(captions)
    return replace(source, captions=captions)
