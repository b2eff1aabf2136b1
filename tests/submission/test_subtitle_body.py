"""Where the media comes from, as a body says it."""

import pytest
from pydantic import ValidationError

from app.domain.language import ENGLISH, Language
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
        ({"url": FILE, "video_url": "", "stream_url": None}, MediaUrl(FILE)),
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


def body(**fields: object) -> SubtitleBody:
    return SubtitleBody.model_validate({"url": FILE, **fields})


@pytest.mark.parametrize("sent", [None, "", "transcribe", " Transcribe "])
def test_speech_is_transcribed_unless_its_translation_is_requested(sent: str | None) -> None:
    assert body(task=sent).job_request(None) == body().job_request(None)
    assert body(task="Translate").job_request(None).task == "translate"


@pytest.mark.parametrize("sent", ["summarize", 1, ["translate"]])
def test_there_is_no_other_task(sent: object) -> None:
    with pytest.raises(ValidationError):
        body(task=sent)


def test_the_task_is_part_of_what_equal_requests_share() -> None:
    keys = {body(task=task).job_request(None).key for task in ("transcribe", "translate")}
    assert len(keys) == 2


def test_english_speech_leaves_nothing_to_translate() -> None:
    assert body(task="translate", source_lang="en-GB").job_request(None).task == "transcribe"
    french = body(task="translate", source_lang="fr").job_request(None)
    assert (french.task, french.written) == ("translate", ENGLISH)


def test_what_is_written_decides_whether_there_is_a_target() -> None:
    requests = [
        body(task=task, source_lang="fr", target_lang=target).job_request(None)
        for task in ("transcribe", "translate")
        for target in ("en-GB", "fr")
    ]
    assert [request.target for request in requests] == [
        Language("en-GB"),
        None,
        None,
        Language("fr"),
    ]
