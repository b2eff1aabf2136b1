"""Parameters of Deepgram's `/v1/listen`, of recordings and of streams.

Sources: the parameters of ``listen.v1.media.transcribe_file`` and of ``listen.v1.connect`` of
Deepgram's Python SDK, and its reference of features.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.domain.errors import (
    InvalidFieldError,
    InvalidLanguageError,
    NamedFieldError,
    RepeatedFieldError,
    UnavailableOptionError,
)
from app.domain.language import Language
from app.submission.field_problems import describe
from app.submission.request_fields import base_languages, spoken_language
from app.submission.vendors.transcript_wish import PROMPT_CHARS, TranscriptWish, prompt_of

Items = Sequence[tuple[str, str]]
"""Parameters of a query, in order; one may come several times."""

_MOST_VALUES = 100
_MAX_CHARS = 2000
_MOST_WARNINGS = 50
_OFF = frozenset({"", "0", "false", "no", "none", "off"})
_ON = frozenset({"1", "true", "yes", "on"})
_ANY_LANGUAGE = "multi"
_BOOST = re.compile(r"^(.+):(-?[0-9.]+)$", re.DOTALL)

_REFUSED: Mapping[str, str] = {
    "redact": "nothing is redacted here",
    "profanity_filter": "no word is filtered here",
    "replace": "no word is replaced here",
    "search": "transcripts are not searched here",
    "sentiment": "there is no sentiment analysis here",
    "summarize": "there are no summaries here",
    "topics": "no topics are detected here",
    "custom_topic": "no topics are detected here",
    "intents": "no intents are detected here",
    "custom_intent": "no intents are detected here",
    "detect_entities": "no entities are detected here",
    "multichannel": "channels are mixed here; send each one by itself",
}
"""Options without which an answer would not be what its client relies on."""

_NO_EFFECT: Mapping[str, str] = {
    "dictation": "spoken commands for punctuation stay words",
    "filler_words": "filler words are written as the model hears them",
    "measurements": "measurements are written as the model hears them",
    "numerals": "numbers are written as the model hears them, mostly in figures",
    "alternatives": "there is one alternative",
    "language_hint": "the language is detected among all",
    "custom_topic_mode": "no topics are detected",
    "custom_intent_mode": "no intents are detected",
}

_MEANT = frozenset({"version", "mip_opt_out", "token", "api_key"})
"""What changes no answer: any model is this server's, nothing is used for training, keys."""


@dataclass(frozen=True, slots=True)
class ListenWarning:
    """What could not be done as it was asked for.

    Attributes:
        parameter: that asked for it; empty for none.
        type: stable name of the kind.
        message: for people.
    """

    parameter: str
    type: str
    message: str


class ListenQuery(BaseModel):
    """Parameters that recordings and streams share."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field("", max_length=200, description="Any name; it is this server's model")
    language: str = Field("", max_length=100, description="Spoken language; multi to detect it")
    punctuate: bool = Field(False, description="Punctuation and capitals")
    smart_format: bool = Field(False, description="As punctuate")
    keyterm: list[str] = Field([], description="Terms that are likely to occur")
    keywords: list[str] = Field([], description="Words that are likely to occur; no weights")
    diarize: bool = Field(False, description="Tell speakers apart")
    diarize_model: str = Field("", max_length=100, description="Any name tells speakers apart")
    tag: list[str] = Field([], description="Comes back in the metadata")
    extra: list[str] = Field([], description="KEY:VALUE, which comes back in the metadata")
    encoding: str = Field("", max_length=20, description="Of sound without a header")
    sample_rate: int | None = Field(None, ge=8_000, le=192_000, description="Of such sound, in Hz")
    channels: int = Field(1, ge=1, le=8, description="Of such sound; they are mixed")

    @property
    def is_punctuated(self) -> bool:
        """Whether words keep their punctuation."""
        return self.punctuate or self.smart_format

    @property
    def wants_speakers(self) -> bool:
        """Whether speakers are wanted."""
        return self.diarize or self.diarize_model.lower() not in _OFF

    @property
    def extras(self) -> dict[str, str]:
        """What comes back in the metadata, by key."""
        pairs = (each.partition(":") for each in self.extra)
        return {key: value for key, _, value in pairs}


class RecordingQuery(ListenQuery):
    """Parameters of recordings."""

    detect_language: list[str] = Field([], description="true, or languages to choose from")
    utterances: bool = Field(False, description="Add stretches between pauses")
    utt_split: float = Field(0.8, gt=0, le=3600, description="Length of such a pause, in seconds")
    paragraphs: bool = Field(False, description="Add paragraphs and punctuation")
    callback: str = Field("", max_length=_MAX_CHARS, description="Address that gets the answer")
    callback_method: str = Field("post", max_length=10, description="post alone")

    @property
    def is_punctuated(self) -> bool:
        """See the base class."""
        return self.punctuate or self.smart_format or self.paragraphs

    @property
    def detects(self) -> bool:
        """Whether the answer names the language that was detected."""
        return any(each.lower() not in _OFF for each in self.detect_language)


Query = TypeVar("Query", bound=ListenQuery)


def parse_query(items: Items, kind: type[Query]) -> tuple[Query, list[ListenWarning]]:
    """Return the parameters of a query, and what of it has no effect.

    Args:
        items: of the query.
        kind: which parameters there are.

    Raises:
        UnavailableOptionError: an option that the answer would have to have.
        RepeatedFieldError: a parameter with one value comes twice.
        InvalidFieldError: a value is wrong.
    """
    values: dict[str, list[str]] = {}
    for name, text in items:
        if len(text) > _MAX_CHARS:
            raise NamedFieldError(name[:100], f"at most {_MAX_CHARS} characters")
        values.setdefault(name, []).append(text)
    fields = kind.model_fields
    given: dict[str, object] = {}
    for name in fields.keys() & values.keys():
        sent = [text for text in values[name] if text]
        if len(sent) > _MOST_VALUES:
            raise NamedFieldError(name, f"at most {_MOST_VALUES} values")
        if get_origin(fields[name].annotation) is list:
            given[name] = sent
        elif len(sent) > 1:
            raise RepeatedFieldError(name)
        elif sent:
            given[name] = sent[0]
    warnings = list(_without_effect(values, fields.keys()))
    try:
        return kind.model_validate(given), warnings[:_MOST_WARNINGS]
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise InvalidFieldError(describe(problems)) from None


def _without_effect(values: Mapping[str, list[str]], known: object) -> Iterator[ListenWarning]:
    """Yield what is said of parameters that are not served.

    Raises:
        UnavailableOptionError: one that the answer would have to have.
    """
    for name, sent in values.items():
        is_on = any(text.lower() not in _OFF for text in sent)
        if name in known or name in _MEANT or not is_on:  # type: ignore[operator]
            continue
        if name in _REFUSED:
            raise UnavailableOptionError(f"{name}: {_REFUSED[name]}")
        if name in _NO_EFFECT:
            yield ListenWarning(name, "unsupported_parameter", f"No effect: {_NO_EFFECT[name]}")
        else:
            shown = name[:100]
            yield ListenWarning(shown, "unknown_parameter", "This server knows no such parameter")


def wish_of(query: ListenQuery, warnings: list[ListenWarning]) -> TranscriptWish:
    """Return what a query wants of a recording; what has no effect is added to the warnings.

    Raises:
        InvalidFieldError: a value is wrong.
    """
    detected: list[str] = []
    if isinstance(query, RecordingQuery):
        detected = [each for each in query.detect_language if each.lower() not in _OFF | _ON]
    return TranscriptWish(
        language=_language(query),
        allowed_languages=_allowed(detected),
        diarize=query.wants_speakers,
        prompt=_prompt(query, warnings),
    )


def _language(query: ListenQuery) -> str:
    """Return the code of the spoken language; empty where it is to be detected."""
    language = query.language.strip()
    if language.lower() == _ANY_LANGUAGE or (isinstance(query, RecordingQuery) and query.detects):
        return ""
    try:
        spoken_language(language)
    except (InvalidFieldError, InvalidLanguageError) as error:
        raise NamedFieldError("language", error.message) from None
    return language


def _allowed(tags: Sequence[str]) -> tuple[str, ...]:
    try:
        return base_languages([Language.parse(tag).tag for tag in tags])
    except (InvalidFieldError, InvalidLanguageError) as error:
        raise NamedFieldError("detect_language", error.message) from None


def _prompt(query: ListenQuery, warnings: list[ListenWarning]) -> str:
    """Return keyterms and keywords as a prompt; a weight of a keyword has no effect."""
    words: list[str] = []
    for keyword in query.keywords:
        boosted = _BOOST.match(keyword)
        if boosted is None:
            words.append(keyword)
            continue
        warnings.append(ListenWarning("keywords", "unsupported_parameter", "Weights do nothing"))
        if not boosted[2].startswith("-"):
            words.append(boosted[1])
    prompt, left_out = prompt_of([*query.keyterm, *words])
    if left_out:
        text = f"{left_out} terms found no room within {PROMPT_CHARS} characters"
        warnings.append(ListenWarning("keyterm", "too_long", text))
    return prompt


def query_parameters(kind: type[ListenQuery]) -> list[dict[str, object]]:
    """Return the parameters of a query in OpenAPI's words."""
    described: dict[str, dict[str, object]] = kind.model_json_schema()["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": fields["description"],
            "schema": {k: v for k, v in fields.items() if k not in {"description", "title"}},
        }
        for name, fields in described.items()
    ]
