"""What sites say when they give no video, in their own words."""

import pytest

from app.routers.error_responses import status_of
from app.services.net.transfer import status_error
from app.services.sources.ytdlp.site_errors import site_error

SAYINGS = [
    ("Private video. Sign in if you've been granted access to this video", "source_private"),
    ("This video is private", "source_private"),
    ("Sign in to confirm you’re not a bot. Use --cookies for it", "source_bot_check"),
    ("Please solve the CAPTCHA", "source_bot_check"),
    ("Sign in to confirm your age. This video may be inappropriate", "source_age_restricted"),
    ("This video is age-restricted; some formats may be missing", "source_age_restricted"),
    ("The uploader has not made this video available in your country", "source_geo_blocked"),
    ("This video is not available in your current location", "source_geo_blocked"),
    ("Video unavailable. This video has been removed by the uploader", "source_removed"),
    ("This video is no longer available because the account was terminated", "source_removed"),
    ("Video unavailable", "source_removed"),
    ("The page does not exist", "source_removed"),
    ("This video is not available", "source_removed"),
    ("This live event will begin in 3 days", "source_live"),
    ("Premieres in 20 minutes", "source_live"),
    ("Join this channel to get access to members-only content", "source_login_required"),
    ("This video is only available for registered users", "source_login_required"),
    ("This content isn’t available, try again later", "source_rate_limited"),
    ("Your session has been rate-limited by the site", "source_rate_limited"),
    ("This video is DRM protected", "source_drm"),
    ("Requested format is not available. Use --list-formats", "source_unsupported"),
    ("The moon is in the wrong phase", "source_failed"),
    ("", "source_failed"),
]


@pytest.mark.parametrize(("text", "code"), SAYINGS)
def test_a_sites_words_have_a_code(text: str, code: str) -> None:
    error = site_error("said", text)
    assert error.code == code
    assert error.retryable is (code in ("source_rate_limited", "source_failed"))
    assert "--" not in error.message
    if code not in ("source_failed", "source_removed", "source_unsupported"):
        assert any(
            word in error.message for word in ("COOKIES_FILE", "YTDLP_PROXY", "again", "can")
        )


def test_a_sites_words_are_repeated_without_addresses() -> None:
    error = site_error("said", "Gone to https://evil.example/?k=v \x1b[31mnow\nsecond line")
    assert error.message == "The site does not give the video: Gone to  [31mnow"
    removed = site_error("said", "This video has been removed for violating the rules")
    assert removed.message.endswith("removed for violating the rules")


@pytest.mark.parametrize(
    ("status", "code", "ours"),
    [
        (401, "source_login_required", 403),
        (402, "source_login_required", 403),
        (403, "source_failed", 502),
        (404, "source_removed", 404),
        (410, "source_removed", 404),
        (429, "source_rate_limited", 429),
        (451, "source_geo_blocked", 451),
        (500, "source_failed", 502),
    ],
)
def test_a_sites_status_has_a_code(status: int, code: str, ours: int) -> None:
    error = status_error(status, "said so")
    assert (error.code, error.message) == (code, "said so")
    assert status_of(error) == ours
    assert site_error("http", str(status)).code == code


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("live", "source_live", 400),
        ("geo", "source_geo_blocked", 451),
        ("unsupported", "source_unsupported", 422),
        ("nothing", "source_unsupported", 422),
        ("network", "source_failed", 502),
        ("broken_off", "source_failed", 502),
        ("cookies", "source_failed", 502),
        ("failed", "source_failed", 502),
        ("unheard of", "source_failed", 502),
        ("http", "source_failed", 502),
    ],
)
def test_what_yt_dlp_knows_has_a_code(kind: str, code: str, status: int) -> None:
    error = site_error(kind, "")
    assert (error.code, status_of(error)) == (code, status)
    assert error.message
