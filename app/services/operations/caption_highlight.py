"""`caption_highlight`: subtitles whose words light up as they are spoken."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field, InstanceOf, field_validator

from app.domain.cue import Cue
from app.domain.errors import InvalidCaptionsError
from app.domain.json_text import read_json
from app.domain.transcript import Segment
from app.services.captions.bounded_decoding import pieces
from app.services.layout.segment_words import words_of
from app.services.media.picture_graph import shown_size
from app.services.operations.burn_in import burn_script
from app.services.operations.caption_operation import EditedCues, language_tag, write_script
from app.services.operations.highlight_lines import TimedWord
from app.services.operations.highlight_script import highlight_script_bounded
from app.services.operations.highlight_style import HighlightStyle
from app.services.operations.operation import (
    LocalMedia,
    MediaOperation,
    MediaSource,
    OperationResult,
    OutputFile,
    PackagedInput,
)
from app.services.operations.operation_context import OperationContext
from app.services.operations.subtitle_script import ScriptTarget, profile_for, shown_cues
from app.system.bounded_work import work_on

_MOST_WORDS = 200_000
_WORD_CHARS = 200
_LATEST_S = 10**6
_CHARS_PER_WORD = 64
"""Of an entry with its times, as JSON has it."""

_Words = Annotated[list[dict[str, object]], Field(fail_fast=True)]


class CaptionHighlightInput(PackagedInput):
    """Input of `caption_highlight`."""

    url_video: MediaSource = Field(description="Address of the video")
    url_words_json: MediaSource | None = Field(
        None, description='Address of the word times: {"words":[{"word","start","end"}]}, seconds'
    )
    words: _Words | InstanceOf[LocalMedia] | None = Field(
        None, description="The same as url_words_json, or the word times themselves"
    )
    job_id: str | None = Field(None, max_length=64, description="Subtitle job whose cues are shown")
    edited: EditedCues = False
    language: str | None = Field(None, max_length=35, description="Language of the words")
    style: HighlightStyle = Field(default_factory=HighlightStyle, description="Look of the text")

    @field_validator("style", mode="before")
    @classmethod
    def _default(cls, value: object) -> object:
        return {} if value is None else value


async def burn_highlights(
    wanted: CaptionHighlightInput, context: OperationContext
) -> OperationResult:
    """Burn words into a video, each lit while it is spoken.

    Raises:
        InvalidCaptionsError: the word times cannot be read.
        CuestreamError: the video or the words cannot be fetched, or ffmpeg failed.
    """
    language = language_tag(wanted.language) or "und"
    fetching, encoding = context.steps(1, 9)
    video = await fetching.fetch(wanted.url_video, "video")
    facts = await fetching.facts(video)
    target = ScriptTarget(shown_size(facts), language)
    words = await _words(wanted, fetching, target)
    text = await highlight_script_bounded(words, wanted.style, language, target.canvas)
    script = await write_script(context, text)
    output = context.folder / "captioned.mp4"
    burned = await burn_script(encoding, video, facts, script, output)
    return OperationResult(
        (OutputFile(output, f"{uuid.uuid4()}_captioned.mp4"),),
        "Caption added successfully",
        {"encoder": burned.encoder},
        notices=tuple(burned.notices),
    )


async def _words(
    wanted: CaptionHighlightInput, context: OperationContext, target: ScriptTarget
) -> list[TimedWord]:
    if wanted.words is not None and not isinstance(wanted.words, LocalMedia):
        given = wanted.words
        return await work_on(timed_words, given, chars=_CHARS_PER_WORD * len(given))
    source = wanted.url_words_json or wanted.words
    if source is not None and not isinstance(source, list):
        data = await context.fetch_text(source, "words")
        return await work_on(_words_of_file, pieces(data), chars=len(data))
    found = await context.job_cues(wanted.job_id, edited=wanted.edited)
    cues, language = shown_cues(found, language_tag(wanted.language))
    if found.words and language == found.language:
        spoken = (TimedWord(w.text, w.span.start_ms, w.span.end_ms) for w in found.words)
        return sorted(spoken, key=lambda word: word.start_ms)
    chars = sum(len(cue.shown) for cue in cues)
    return await work_on(_words_of_cues, cues, target, chars=chars)


def _words_of_file(parts: list[bytes]) -> list[TimedWord]:
    return timed_words(_json(b"".join(parts)))


def _words_of_cues(cues: Sequence[Cue], target: ScriptTarget) -> Iterator[TimedWord]:
    """Yield the words of cues, which share their cue's time by their length."""
    profile = profile_for(target)
    for cue in cues:
        for word in words_of(Segment(cue.shown, cue.span, (), cue.language), profile):
            yield TimedWord(word.text, word.span.start_ms, word.span.end_ms)


def _json(data: bytes) -> object:
    try:
        return read_json(data.decode("utf-8-sig"))
    except (ValueError, json.JSONDecodeError):
        raise InvalidCaptionsError("The word times are not JSON") from None


def timed_words(found: object) -> list[TimedWord]:
    """Return words with their times, sorted by their start; those without a text are left out.

    Args:
        found: ``{"words": [{"word", "start", "end"}]}`` in seconds, or the list itself.

    Raises:
        InvalidCaptionsError: they have another form, or there are none.
    """
    listed = found.get("words") if isinstance(found, Mapping) else found
    if not isinstance(listed, list) or len(listed) > _MOST_WORDS:
        raise InvalidCaptionsError(f"words: a list of {_MOST_WORDS} at most")
    words = [word for each in listed if (word := _word(each)) is not None]
    if not words:
        raise InvalidCaptionsError("words: none has a text and times")
    return sorted(words, key=lambda word: word.start_ms)


def _word(each: object) -> TimedWord | None:
    if not isinstance(each, Mapping):
        raise InvalidCaptionsError("words: each is an object with word, start and end")
    text, start, end = each.get("word", each.get("text")), each.get("start"), each.get("end")
    if not isinstance(text, str) or not _is_time(start) or not _is_time(end):
        raise InvalidCaptionsError("words: each is an object with word, start and end in seconds")
    shown = " ".join(text.split())[:_WORD_CHARS]
    start_ms, end_ms = round(float(str(start)) * 1000), round(float(str(end)) * 1000)
    return TimedWord(shown, start_ms, max(end_ms, start_ms + 10)) if shown else None


def _is_time(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= float(str(value)) <= _LATEST_S


CAPTION_HIGHLIGHT = MediaOperation(
    name="caption_highlight",
    summary="Burn words into a video that light up as they are spoken",
    input=CaptionHighlightInput,
    run=burn_highlights,
    required=(("url_video",), ("url_words_json", "words", "job_id")),
    example={
        "url_video": "https://example.com/talk.mp4",
        "words": [{"word": "Hello", "start": 0.2, "end": 0.6}],
        "style": {"tamanho_fonte": 80, "words_per_line": 4},
    },
)
