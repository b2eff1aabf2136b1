"""A job's result as one subtitle file."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from app.container import Services
from app.domain.events import Notice, Result
from app.routers.breakable_response import BrokenOffError
from app.routers.encoders import rendered_formats
from app.routers.error_responses import shape_for
from app.routers.error_shapes import HttpError
from app.routers.job_answer import JobAnswer
from app.routers.submission_body import Submission
from app.services.jobs.runtime import JobRuntime
from app.services.render.formats import SubtitleFormat

_STEM_CHARS = 100
_UNNAMED = "subtitles"
_MESSAGES, _MESSAGE_CHARS = 10, 200
"""Of notices in a header; servers and proxies take some 8 kB of headers."""

_PLAIN_IN_HEADERS = " ,.:;()[]+-"
_FOREIGN_TO_NAMES = str.maketrans({char: "_" for char in '<>:"/\\|?*%'})
"""Characters that some file system does not have in names, or that quoting would need."""


class FileAnswer(JobAnswer):
    """The subtitles as a file. A late answer begins with what the format allows before its cues.

    An error of a late answer is the last that comes, and the connection breaks off behind it: a
    part of a file must not pass for the whole.

    Args:
        services: as in the base class.
        job: as in the base class.
        kind: format of the file.
        stem: name of the file without its extension.
    """

    filler_interval_s = 30.0
    """Some readers look for the first cue in so many lines alone: VLC in 256."""

    def __init__(
        self, services: Services, job: JobRuntime, kind: SubtitleFormat, stem: str
    ) -> None:
        super().__init__(services, job)
        self._kind = kind
        self._name = ".".join((stem, *kind.name_parts))
        self.media_type = kind.content_type
        self._notices: tuple[Notice, ...] = ()
        self.opening = kind.opening.encode()
        self.filler = kind.filler.encode()

    async def body(self, result: Result) -> bytes:
        """See the base class."""
        files = await rendered_formats(result, self._job, [self._kind.name])
        file = files[self._kind.name]
        self._notices = file.notices
        return file.data

    def headers(self, result: Result | None) -> Mapping[str, str]:
        """Return the file's name, and the notices, which have no place in it."""
        headers = {"Content-Disposition": attachment(self._name)}
        if result is not None:
            headers |= notice_headers([*result.notices, *self._notices])
        return headers

    async def late_error(self, error: HttpError, path: str) -> AsyncIterator[bytes]:
        """See the base class."""
        yield f"{json.dumps(shape_for(path).body(error))}\n".encode()
        raise BrokenOffError


def notice_headers(notices: Sequence[Notice]) -> dict[str, str]:
    """Return headers for notices beside a file, which has no place for them.

    ``X-Notices`` has their codes, ``X-Notice-Messages`` their messages: a list in JSON, as
    percent-encoded UTF-8. Source: RFC 9110, section 5.5 (field values are ASCII).
    """
    if not notices:
        return {}
    codes = dict.fromkeys(notice.code for notice in notices)
    messages = [notice.message[:_MESSAGE_CHARS] for notice in notices[:_MESSAGES]]
    quoted = quote(json.dumps(messages, ensure_ascii=False), safe=_PLAIN_IN_HEADERS)
    return {"X-Notices": ", ".join(codes), "X-Notice-Messages": quoted}


def attachment(name: str) -> str:
    """Return ``Content-Disposition`` of a file to be stored.

    The first form is for clients that know no other, such as curl. Source: RFC 6266, section 4.3
    and appendix D.
    """
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def file_stem(submission: Submission, job: JobRuntime) -> str:
    """Return a file's name without its extension: that of the media, and the target language.

    The name is taken from the request alone, since a late answer begins before anything else is
    known.
    """
    target = job.request.target
    stem = _media_stem(submission)
    return stem if target is None else f"{stem}.{target.tag}"


def _media_stem(submission: Submission) -> str:
    body = submission.body
    address = body.url or body.stream_url or body.video_url or ""
    names = (
        submission.upload.name if submission.upload else "",
        PurePosixPath(unquote(urlsplit(address).path)).name,
        body.video_id or "",
    )
    return next((stem for stem in map(_stem, names) if stem), _UNNAMED)


def _stem(name: str) -> str:
    """Return a name of foreign origin without folders, extension and what names cannot hold."""
    last = name.replace("\\", "/").rpartition("/")[2]
    printable = "".join(char for char in last if char.isprintable())
    stem = PurePosixPath(printable.translate(_FOREIGN_TO_NAMES)).stem
    return stem[:_STEM_CHARS].strip(" .")
