"""`/api/render`: cues in, a subtitle file out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue

from app.domain.cue import Cue
from app.domain.custom_profile import parse_profile
from app.domain.dialogue_turns import with_turns
from app.domain.errors import (
    InvalidFieldError,
    InvalidFormatError,
    InvalidLanguageError,
    InvalidProfileError,
    TooMuchWorkError,
)
from app.domain.language import known_language
from app.domain.profile import DEFAULT_PROFILE
from app.domain.style_fields import read_pieces, read_placement
from app.domain.time import Span
from app.domain.transcript import Word
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.described import SUBTITLE_TEXTS, described
from app.routers.disconnect import cancel_on_disconnect
from app.routers.edge.request_body import large_json
from app.routers.file_answer import notice_headers
from app.routers.job_answers import SubtitleFile
from app.routers.raised_errors import raises
from app.services.captions.raw_captions import CAPTIONS_AT_MOST
from app.services.render.cue_words import Words, timed_inks
from app.services.render.file_writer import render_file
from app.services.render.formats import check_format
from app.submission.request_fields import language_code

_MAX_MS = 10**9
"""Eleven days: longer than any recording."""

_WORD_CHARS, _MOST_WORDS = 1000, 2000

router = APIRouter(
    prefix="/api",
    tags=["subtitles"],
    dependencies=[Depends(require_key)],
    route_class=GuardedRoute,
)


class WordBody(BaseModel):
    """When a word of a cue's text is spoken."""

    model_config = ConfigDict(extra="ignore")

    text: str = Field(max_length=_WORD_CHARS, validation_alias=AliasChoices("text", "word"))
    start: int = Field(ge=0, le=_MAX_MS, validation_alias=AliasChoices("start", "start_ms"))
    end: int = Field(ge=0, le=_MAX_MS, validation_alias=AliasChoices("end", "end_ms"))


class CueBody(BaseModel):
    """One cue as clients write it: ours with its unit, the extension's without."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    start: int = Field(ge=0, le=_MAX_MS, description="Start in milliseconds")
    end: int = Field(ge=0, le=_MAX_MS, description="End in milliseconds")
    text: str
    translatedText: str | None = None  # noqa: N815 - the extension's spelling
    speaker: str | None = None
    language: str | None = Field(None, max_length=100, description="Of the text, as in results")
    words: list[WordBody] | None = Field(
        None, max_length=_MOST_WORDS, description="Words of the text with their times, in order"
    )
    placement: dict[str, Any] | None = Field(None, description="Where it stands, as in results")
    styled_text: list[dict[str, Any]] | None = Field(
        None, description="Pieces of the text with their styles, as in results"
    )
    styled_translation: list[dict[str, Any]] | None = Field(
        None, description="The same of the translation"
    )


class RenderBody(BaseModel):
    """Body of `/api/render`."""

    model_config = ConfigDict(extra="ignore")

    cues: Annotated[list[CueBody], Field(fail_fast=True)] = Field(
        min_length=1, max_length=CAPTIONS_AT_MOST
    )
    format: str = Field(description="With options where it has some: vtt:words")
    profile: str | dict[str, JsonValue] | None = Field(
        None, description="Reading profile: its name, or an object of limits"
    )
    language: str | None = Field(None, description="Language of the text shown")

    def language_tag(self) -> str:
        """Return the BCP 47 tag of the text shown, ``und`` where the body names none.

        Raises:
            InvalidLanguageError: not a language.
        """
        if not self.language or self.language == "und":
            return "und"
        return language_code(self.language).tag


_EXAMPLE = {
    "format": "vtt",
    "language": "es",
    "cues": [
        {
            "start": 500,
            "end": 2300,
            "text": "Hello",
            "translatedText": "Hola",
            "speaker": "SPEAKER_01",
        }
    ],
}


@router.post(
    "/render",
    dependencies=[large_json()],
    **described(
        "renderSubtitles",
        "Write cues as a subtitle file",
        SubtitleFile,
        content=SUBTITLE_TEXTS,
        example=_EXAMPLE,
    ),
)
@raises(
    InvalidFieldError,
    InvalidFormatError,
    InvalidProfileError,
    InvalidLanguageError,
    TooMuchWorkError,
)
async def render_cues(request: Request, body: RenderBody) -> Response:
    """Write cues as a file of any format. The work stops when the client leaves."""
    kind = check_format(body.format)
    profile = parse_profile(body.profile) if body.profile else DEFAULT_PROFILE
    ordered = list(enumerate(_sorted(body.cues)))
    cues = [_cue(number, cue) for number, cue in ordered]
    words = {number: found for number, cue in ordered if (found := _words(number, cue))}
    written = await cancel_on_disconnect(
        request, render_file(cues, body.format, profile, body.language_tag(), words=words)
    )
    name = ".".join(("subtitles", *kind.name_parts))
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        **notice_headers(written.notices),
    }
    return Response(written.data, media_type=kind.content_type, headers=headers)


def _sorted(cues: list[CueBody]) -> list[CueBody]:
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def _cue(number: int, cue: CueBody) -> Cue:
    if cue.end <= cue.start:
        raise InvalidFieldError(f"cues.{number}: end must be after start")
    text, translation = _turns(cue.text), _turns(cue.translatedText or "")
    # A result without a translation repeats the text in its place, not the pieces of it.
    same = cue.styled_text if translation == text else None
    return Cue(
        id=number,
        span=Span(cue.start, cue.end),
        text=text,
        translation=translation or None,
        speaker=cue.speaker,
        language=_language(cue.language),
        placement=read_placement(cue.placement),
        runs=read_pieces(cue.styled_text, text),
        translation_runs=read_pieces(cue.styled_translation or same, translation),
    )


def _language(tag: str | None) -> str:
    known = known_language(tag or "")
    return known.tag if known is not None else "und"


def _words(number: int, cue: CueBody) -> Words:
    """Return when the words of a cue are spoken.

    Raises:
        InvalidFieldError: they are not those of the text, or out of order.
    """
    if not cue.words:
        return ()
    if "".join("".join(word.text.split()) for word in cue.words) != "".join(cue.text.split()):
        raise InvalidFieldError(f"cues.{number}: words must be those of the text")
    starts = [word.start for word in cue.words]
    if starts != sorted(starts) or any(word.end < word.start for word in cue.words):
        raise InvalidFieldError(f"cues.{number}: words must be in order, and end after they start")
    return timed_inks([Word(word.text, Span(word.start, word.end)) for word in cue.words])


def _turns(text: str) -> str:
    """Return a text with the line breaks between speakers' turns alone: lines are laid out anew."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    return "\n".join(" ".join(turn) for turn in with_turns(lines))
