"""Orders of transcripts as AssemblyAI's clients send them, and what is kept of them.

Source: ``TranscriptRequest`` of AssemblyAI's Python SDK, and its API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import to_json

from app.domain.errors import (
    InvalidFieldError,
    InvalidLanguageError,
    NamedFieldError,
    UnavailableOptionError,
)
from app.domain.request import SpeakerCount
from app.gpu.calls.spoken_languages import language_named
from app.services.jobs.queue_options import QueueOptions
from app.services.jobs.runtime import JobRuntime
from app.submission.job_payloads import Payload
from app.submission.request_fields import base_languages, spoken_language
from app.submission.vendors.transcript_run import result_of
from app.submission.vendors.transcript_wish import PROMPT_CHARS, TranscriptWish, prompt_of

KIND = "assemblyai"
"""Name of this door in the store."""

ORDER = "order"
"""Name of the detail that is the body of an order."""

_HEADER = "webhook header"
"""Name of the secret that is a header of the webhook."""

_MOST_TERMS = 1000
_MOST_OTHERS, _MOST_OTHERS_BYTES = 100, 2**16
"""Options without a field here: each is kept and comes back with every answer, and most of them
with a warning of its own."""

_MAX_URL_CHARS = 8000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,1998}[\x21-\x7e])?")
_OUR_HEADERS = frozenset(
    {"host", "connection", "content-length", "content-type", "transfer-encoding", "user-agent"}
    | {"te", "trailer", "upgrade", "expect", "keep-alive", "content-encoding"}
)

_REFUSED: Mapping[str, str] = {
    "audio_start_from": "recordings are transcribed whole",
    "audio_end_at": "recordings are transcribed whole",
    "dual_channel": "channels are mixed here; send each one by itself",
    "multichannel": "channels are mixed here; send each one by itself",
    "filter_profanity": "no word is filtered here",
    "redact_pii": "nothing is redacted here",
    "redact_pii_audio": "nothing is redacted here",
    "custom_spelling": "no word is replaced here",
    "content_safety": "there is no content moderation here",
    "iab_categories": "no topics are detected here",
    "sentiment_analysis": "there is no sentiment analysis here",
    "auto_chapters": "there are no chapters here",
    "entity_detection": "no entities are detected here",
    "summarization": "there are no summaries here",
    "auto_highlights": "there are no highlights here",
    "speech_understanding": "there is no language model behind this route",
    "speech_threshold": "recordings with little speech are transcribed too",
    "language_confidence_threshold": "languages are taken as they are detected",
}
"""Options without which a transcript would not be what its client relies on."""

_NO_EFFECT: Mapping[str, str] = {
    "boost_param": "terms have no weights",
    "disfluencies": "filler words are written as the model hears them",
    "temperature": "the server's own holds",
    "remove_audio_tags": "there are no such tags",
    "keyterms_prompt_options": "terms have no weights",
    "domain": "the server's model is for all",
    "redact_pii_audio_quality": "nothing is redacted",
    "redact_pii_audio_options": "nothing is redacted",
    "redact_pii_policies": "nothing is redacted",
    "redact_pii_sub": "nothing is redacted",
    "redact_pii_return_unredacted": "nothing is redacted",
    "content_safety_confidence": "there is no content moderation",
    "summary_model": "there are no summaries",
    "summary_type": "there are no summaries",
}

Term = Annotated[str, StringConstraints(max_length=500)]
"""A word or a phrase that is likely to occur; what is longer than a prompt finds no room in it."""

Tag = Annotated[str, StringConstraints(max_length=100)]

_MEANT = frozenset({"speech_model", "speech_models"})
"""Any model is this server's; the transcript says which one it was."""


class SpeakerOptions(BaseModel):
    """How many people speak; other keys have no effect."""

    model_config = ConfigDict(extra="allow")

    min_speakers_expected: int | None = Field(None, ge=1, le=50)
    max_speakers_expected: int | None = Field(None, ge=1, le=50)


class DetectionOptions(BaseModel):
    """How a language is detected; other keys have no effect."""

    model_config = ConfigDict(extra="allow")

    expected_languages: list[Tag] | None = Field(None, max_length=20)


class TranscriptBody(BaseModel):
    """Body of `/v2/transcript`; options that are not listed are refused or come as warnings."""

    model_config = ConfigDict(extra="allow")

    audio_url: str = Field(
        min_length=1, max_length=_MAX_URL_CHARS, description="Of the recording, or of an upload"
    )
    language_code: str | None = Field(None, max_length=100, description="Null to detect it")
    language_codes: list[Tag] | None = Field(None, max_length=20, description="To choose from")
    language_detection: bool | None = Field(None, description="Detect the language")
    language_detection_options: DetectionOptions | None = None
    punctuate: bool | None = Field(None, description="Punctuation; true unless false")
    format_text: bool | None = Field(None, description="Capitals; true unless false")
    speaker_labels: bool | None = Field(None, description="Tell speakers apart")
    speakers_expected: int | None = Field(None, ge=1, le=50, description="Number of speakers")
    speaker_options: SpeakerOptions | None = None
    word_boost: list[Term] | None = Field(None, max_length=_MOST_TERMS, description="Likely words")
    keyterms_prompt: list[Term] | None = Field(
        None, max_length=_MOST_TERMS, description="Likely terms"
    )
    prompt: str | None = Field(None, max_length=6000, description="Likely words, as a text")
    webhook_url: str | None = Field(None, max_length=2000, description="Is told of the end")
    webhook_auth_header_name: str | None = Field(None, description="Of a header that it gets")
    webhook_auth_header_value: str | None = Field(None, repr=False)

    @model_validator(mode="after")
    def _check(self) -> TranscriptBody:
        """Refuse options that the transcript would have to have, and headers that are none.

        Raises:
            UnavailableOptionError, InvalidFieldError: there are such.
        """
        for option in _given(self.model_extra or {}):
            if option in _REFUSED:
                raise UnavailableOptionError(f"{option}: {_REFUSED[option]}")
        self._check_others()
        name, value = self.webhook_auth_header_name, self.webhook_auth_header_value
        if (name is None) != (value is None):
            raise NamedFieldError("webhook_auth_header_name", "name and value belong together")
        if name is not None and (not _NAME.fullmatch(name) or _is_ours(name.lower())):
            raise NamedFieldError("webhook_auth_header_name", "no header that may be set")
        if value is not None and not _VALUE.fullmatch(value):
            raise NamedFieldError("webhook_auth_header_value", "printable characters of ASCII")
        return self

    def _check_others(self) -> None:
        """Refuse more options without a field than a client can mean.

        Raises:
            InvalidFieldError: they are too many, or too large.
        """
        nested = (self.speaker_options, self.language_detection_options)
        for options in (self, *(each for each in nested if each is not None)):
            others = options.model_extra or {}
            if len(others) > _MOST_OTHERS:
                raise InvalidFieldError(f"At most {_MOST_OTHERS} options that are not served")
            if len(to_json(others)) > _MOST_OTHERS_BYTES:
                limit = _MOST_OTHERS_BYTES // 1024
                raise InvalidFieldError(f"Options that are not served: at most {limit} KiB of them")

    @property
    def detects(self) -> bool:
        """Whether the language is detected."""
        return bool(self.language_detection) or self.language_code is None

    def wish(self) -> TranscriptWish:
        """Return what is wanted of the recording.

        Raises:
            InvalidFieldError: no such language.
        """
        options = self.speaker_options or SpeakerOptions()
        detection = self.language_detection_options or DetectionOptions()
        several = [*(self.language_codes or ()), *(detection.expected_languages or ())]
        return TranscriptWish(
            language="" if self.language_detection else self._language(),
            allowed_languages=_allowed(several),
            diarize=bool(self.speaker_labels),
            speakers=SpeakerCount(
                self.speakers_expected, options.min_speakers_expected, options.max_speakers_expected
            ),
            prompt=self._prompt()[0],
        )

    def _language(self) -> str:
        sent = (self.language_code or "").strip()
        language = language_named(sent) or sent
        try:
            spoken_language(language)
        except (InvalidFieldError, InvalidLanguageError) as error:
            raise NamedFieldError("language_code", error.message) from None
        return language

    def _prompt(self) -> tuple[str, int]:
        """Return the prompt, and how many terms found no room in it."""
        parts = [self.prompt or "", *(self.keyterms_prompt or ()), *(self.word_boost or ())]
        return prompt_of([part.strip() for part in parts if part.strip()])

    def warnings(self) -> Iterator[str]:
        """Yield what has no effect."""
        for name in _given(self.model_extra or {}):
            if name in _NO_EFFECT:
                yield f"{name} has no effect: {_NO_EFFECT[name]}"
            elif name not in _MEANT:
                yield f"{name[:100]}: this server knows no such option"
        nested = {"speaker_options": self.speaker_options}
        nested["language_detection_options"] = self.language_detection_options  # type: ignore[assignment]
        for place, options in nested.items():
            for name in _given((options.model_extra or {}) if options else {}):
                yield f"{place}.{name[:100]} has no effect"
        if left_out := self._prompt()[1]:
            yield f"{left_out} terms found no room within {PROMPT_CHARS} characters"

    def details(self) -> dict[str, object]:
        """Return what is stored with the job: all but the secret of its webhook."""
        secret = {"webhook_auth_header_value"}
        return {
            "webhook": self.webhook_url,
            ORDER: self.model_dump(mode="json", exclude=secret, exclude_none=True),
        }

    def secrets(self) -> dict[str, str]:
        """Return what is stored encrypted: the header of the webhook."""
        return {_HEADER: self.webhook_auth_header_value} if self.webhook_auth_header_value else {}


def order_of(job: JobRuntime) -> Mapping[str, Any]:
    """Return the body of a job's order, without its secret; empty for a job of another door."""
    options = job.record.queue
    found = options.details.get(ORDER) if options is not None and options.kind == KIND else None
    return found if isinstance(found, Mapping) else {}


def webhook_payload(job: JobRuntime, _: str) -> Payload:
    """Return the body of the webhook of a job that has ended."""
    status = "error" if result_of(job) is None else "completed"
    return {"transcript_id": job.id, "status": status}


def webhook_headers(options: QueueOptions) -> dict[str, str]:
    """Return the header that the receiver of a job's webhook wants; none where he wants none."""
    order = options.details.get(ORDER)
    name = order.get("webhook_auth_header_name") if isinstance(order, Mapping) else None
    value = options.secrets.get(_HEADER)
    return {name: value} if isinstance(name, str) and value else {}


def _is_ours(name: str) -> bool:
    """Whether a header says what a webhook is, and who sent it, or is for proxies on its way."""
    return name in _OUR_HEADERS or name.startswith(("webhook-", "x-webhook-", "proxy-"))


def _given(fields: Mapping[str, object]) -> Iterator[str]:
    """Yield the names of options that are not off."""
    yield from (name for name, value in fields.items() if value not in (None, False, "", [], {}))


def _allowed(tags: list[str]) -> tuple[str, ...]:
    try:
        return base_languages(tags)
    except (InvalidFieldError, InvalidLanguageError) as error:
        raise NamedFieldError("language_codes", error.message) from None
