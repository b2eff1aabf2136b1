"""Errors of sites with advice for the user."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.domain.errors import (
    CuestreamError,
    InvalidFieldError,
    ResourceLimitError,
    SourceAgeRestrictedError,
    SourceBotCheckError,
    SourceDrmError,
    SourceEncodingError,
    SourceError,
    SourceGeoBlockedError,
    SourceLiveError,
    SourceLoginRequiredError,
    SourcePrivateError,
    SourceRateLimitedError,
    SourceRemovedError,
    SourceUnsupportedError,
)
from app.services.net.transfer import status_error
from app.services.sources.ytdlp.playlist_info import MOST_ENTRIES

_SEND = "you can send the media or its captions yourself"
_COOKIES = f"The server's owner can set COOKIES_FILE to cookies of a signed-in browser, or {_SEND}."
_PROXY = f"The server's owner can set YTDLP_PROXY to a proxy elsewhere, or {_SEND}."
_UPDATE = f"An update of yt-dlp may help, or {_SEND}."

Reason = tuple[type[CuestreamError], str]

_PRIVATE: Reason = (SourcePrivateError, f"The video is private. {_COOKIES}")
_AGE: Reason = (SourceAgeRestrictedError, f"The video is age-restricted. {_COOKIES}")
_BOT: Reason = (SourceBotCheckError, f"The site wants proof of a person. {_COOKIES}")
_LOGIN: Reason = (SourceLoginRequiredError, f"The video needs a login. {_COOKIES}")
_GEO: Reason = (
    SourceGeoBlockedError,
    f"The site does not show this video where the server is. {_PROXY}",
)
_REMOVED: Reason = (SourceRemovedError, "The video was removed or does not exist")
_LIVE: Reason = (
    SourceLiveError,
    "Live streams cannot be subtitled; try again when the recording is up",
)
_LIMITED: Reason = (
    SourceRateLimitedError,
    f"The site limits this server's requests. Try again later, or {_SEND}.",
)
_NO_VIDEO: Reason = (SourceUnsupportedError, "No video was found on the page")
_DRM: Reason = (SourceDrmError, "The video is protected by DRM. You can send its captions instead.")

_KINDS: Mapping[str, Reason] = {
    "live": _LIVE,
    "not_live": (
        SourceUnsupportedError,
        "The channel is not live, and the page has no recording",
    ),
    "geo": _GEO,
    "unsupported": _NO_VIDEO,
    "nothing": _NO_VIDEO,
    "cookies": (SourceError, "The server's cookie file cannot be read"),
    "encoding": (
        SourceEncodingError,
        "The site sends its answers in an encoding that was not asked for",
    ),
    "page_size": (ResourceLimitError, "The site's page is larger than this server reads"),
    "selection": (
        InvalidFieldError,
        "items, dateafter, datebefore: places such as 1:3,7 and days such as 20240131, in order",
    ),
    "long_list": (
        InvalidFieldError,
        f"items: the list has more than {MOST_ENTRIES} entries; count from its beginning",
    ),
    "memory": (ResourceLimitError, "The page takes more memory than this server allows"),
    "network": (SourceError, "The site cannot be reached"),
    "broken_off": (SourceError, "The download broke off"),
    "failed": (SourceError, f"The site could not be read. {_UPDATE}"),
}
"""Errors by the kind that the child process derives from yt-dlp's error classes."""

_SITE_MESSAGES: tuple[tuple[re.Pattern[str], Reason], ...] = tuple(
    (re.compile(pattern, re.I), reason)
    for pattern, reason in (
        (r"not a (?:ro)?bot|captcha|verify you are human", _BOT),
        (r"rate.?limit|too many requests|content isn.t available, try again later", _LIMITED),
        (r"(?:your|verify|confirm) age|age.?(?:restrict|gate|limit|verif)|adults? only", _AGE),
        (r"\bdrm\b", _DRM),
        (r"\bprivate\b", _PRIVATE),
        (r"requested format", _NO_VIDEO),
        (r"your (?:current )?(?:country|region|location|territory)|geo.?(?:restrict|block)", _GEO),
        (r"removed|deleted|terminated|no longer (?:available|exists?)|copyright", _REMOVED),
        (r"does(?: not|n.t) exist|not found|isn.t available|video unavailable", _REMOVED),
        (r"(?:is|are|been) (?:not available|unavailable)", _REMOVED),
        (r"premieres? in|will begin|has not (?:yet )?(?:started|begun)|upcoming|is live\b", _LIVE),
        (r"sign.?in|log.?in|registered|members|subscri|premium|purchas|account|cookies", _LOGIN),
    )
)
"""Errors by the site's own message, the most specific first: yt-dlp has no error class for these.

Source: the messages of yt-dlp's extractors and of YouTube's player, as they are in English.
"""

_STATUSES: Mapping[str, str] = {
    "401": f"The site wants a login (401). {_COOKIES}",
    "403": f"The site refused the download (403). {_COOKIES}",
    "404": "The video does not exist (404)",
    "410": "The video was removed (410)",
    "429": f"{_LIMITED[1]}",
    "451": f"{_GEO[1]}",
}

_WORDS_CHARS = 200


def site_error(kind: str, text: str) -> CuestreamError:
    """Return the error for a failure that the child process reported: nearly always SourceError.

    Args:
        kind: as ``ytdlp_errors.classify`` names it.
        text: the site's status for ``http``, its own message for ``said``.
    """
    if kind == "http":
        message = _STATUSES.get(text, f"The site answered {text or 'with an error'}")
        return status_error(int(text) if text.isdecimal() else 0, message)
    if kind != "said":
        error, message = _KINDS.get(kind, _KINDS["failed"])
        return error(message)
    for pattern, (error, message) in _SITE_MESSAGES:
        if pattern.search(text):
            return error(f"{message}: {_words(text)}" if error is SourceRemovedError else message)
    return SourceError(f"The site does not give the video: {_words(text)}")


def _words(text: str) -> str:
    """Return the first line of a site's message without addresses and control characters."""
    line = text.splitlines()[0] if text else ""
    words = re.sub(r"https?://\S+|[^ -~\u00a0-\uffff]", "", line).strip()
    return words[:_WORDS_CHARS] or "no reason given"
