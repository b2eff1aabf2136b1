"""The request of a document's job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.errors import InvalidFieldError, InvalidLanguageError, quoted
from app.domain.language import Language, parse_target
from app.domain.request import JobRequest
from app.services.batch.document_store import Document
from app.services.batch.video_address import source_of
from app.services.net.fetch import check_url

_FORMATS = ("video", "audio")
_URL_CHARS = 8000
_NO_URL = "No media URL found in document (canonical_url or metadata.media_url/url)"


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """A document's job.

    Attributes:
        url: of its media or page.
        request: through the same pipeline as every other.
        language: as the document has it, where that is a language.
    """

    url: str
    request: JobRequest
    language: Language | None


def document_request(document: Document, *, skips_captions: bool) -> DocumentRequest:
    """Return the job of a document: its site's captions, else its recording transcribed.

    Of a sound recording, and where captions are to be skipped, only the recording counts. A
    language that is none is left out, so that it is detected.

    Raises:
        BadRequestError: the document names no media, or none of a format that is transcribed.
    """
    url = _url(document)
    if document.media_format not in _FORMATS:
        raise InvalidFieldError(
            f"Invalid media_format {quoted(str(document.media_format))} "
            "(expected 'video' or 'audio')"
        )
    check_url(url)
    language = _language(document.lang)
    recording_alone = skips_captions or document.media_format == "audio"
    request = JobRequest(
        source=source_of(url),
        spoken=language,
        force_whisper=recording_alone,
        reuse_transcript=recording_alone,
        automatic_captions=not recording_alone,
        audience="batch",
    )
    return DocumentRequest(url, request, language)


def _url(document: Document) -> str:
    metadata = document.metadata if isinstance(document.metadata, Mapping) else {}
    candidates = (document.canonical_url, metadata.get("media_url"), metadata.get("url"))
    for candidate in candidates:
        if isinstance(candidate, str) and candidate.strip():
            if len(candidate) > _URL_CHARS:
                raise InvalidFieldError("The media URL is too long")
            return candidate.strip()
    raise InvalidFieldError(_NO_URL)


def _language(value: object) -> Language | None:
    if not isinstance(value, str):
        return None
    try:
        return parse_target(value)
    except InvalidLanguageError:
        return None
