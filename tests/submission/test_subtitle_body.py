"""Where the media comes from, as a body says it."""

import pytest

from app.domain.request import MediaUrl, SiteVideo, Source
from app.submission.subtitle_body import SubtitleBody

PAGE = "https://site.example/watch/1"
STREAM = "https://cdn.example/list.m3u8?expires=1"
FILE = "https://files.example/talk.mp4"


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ({"video_id": "abc", "video_url": PAGE, "stream_url": STREAM}, MediaUrl(STREAM, PAGE)),
        ({"video_id": "abc", "video_url": "", "stream_url": STREAM}, MediaUrl(STREAM)),
        ({"video_id": "abc", "video_url": None, "stream_url": STREAM}, MediaUrl(STREAM)),
        ({"video_id": "abc", "video_url": PAGE, "stream_url": None}, MediaUrl(PAGE)),
        ({"url": FILE, "video_url": PAGE, "stream_url": STREAM}, MediaUrl(FILE)),
        (
            {"video_id": "abcdefghijk", "video_url": None, "stream_url": None},
            SiteVideo("https://www.youtube.com/watch?v=abcdefghijk"),
        ),
    ],
)
def test_the_page_stands_behind_what_it_plays(body: dict[str, str], source: Source) -> None:
    assert SubtitleBody.model_validate(body).job_request(None).source == source


def test_17_a_page_and_what_it_plays_have_an_identity_together() -> None:
    same = {MediaUrl(STREAM, PAGE).identity, MediaUrl(STREAM, PAGE).identity}
    others = {MediaUrl(STREAM).identity, MediaUrl(PAGE).identity, MediaUrl(STREAM, FILE).identity}
    assert len(same) == 1
    assert len(same | others) == 4
