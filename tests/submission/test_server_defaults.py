"""What a request gets that says nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.request import JobRequest, MediaUrl, SentCaptions, Source, UploadedFile
from app.services.pipeline.request_options import caption_preference
from app.settings import AsrSettings, DiarizationSettings, JobSettings, Settings
from app.submission.server_defaults import with_server_defaults
from app.submission.subtitle_body import SubtitleBody

UPLOAD = UploadedFile(Path("talk.wav"), "0")
URL = MediaUrl("https://files.example/talk.mp4")


def server(mode: str = "on", *, enabled: bool = True, transcribes: bool = True) -> Settings:
    return Settings(
        diarization=DiarizationSettings.model_validate({"enabled": enabled, "mode": mode}),
        asr=AsrSettings.model_validate({"enabled": transcribes}),
    )


@pytest.mark.parametrize(
    ("settings", "source", "late"),
    [
        (server(), UPLOAD, True),
        (server(), URL, True),
        (server(), SentCaptions("1"), False),
        (server("off"), URL, False),
        (server("deferred"), URL, False),
        (server(enabled=False), URL, False),
        (server(transcribes=False), URL, False),
    ],
)
def test_speakers_come_late_where_the_server_tells_them_apart(
    settings: Settings, source: Source, late: bool
) -> None:
    request = with_server_defaults(JobRequest(source), settings)
    assert (request.diarize, request.late_speakers) == (late, late)


def test_what_was_said_of_speakers_stays() -> None:
    for asked in (True, False):
        request = with_server_defaults(JobRequest(URL, diarize=asked), server(), speakers=False)
        assert (request.diarize, request.late_speakers) == (asked, False)


def test_late_speakers_are_a_job_of_their_own_and_leave_captions_their_place() -> None:
    late = with_server_defaults(JobRequest(URL), server())
    asked = JobRequest(URL, diarize=True)
    assert len({late.key, asked.key, JobRequest(URL).key}) == 3
    assert caption_preference(asked, transcribes=True).speakers
    assert not caption_preference(late, transcribes=True).speakers


def test_the_reading_profile_is_the_servers_where_none_is_named() -> None:
    settings = Settings(jobs=JobSettings(default_profile="bbc"))
    assert with_server_defaults(JobRequest(URL), settings).profile.name == "bbc"
    assert with_server_defaults(JobRequest(URL), settings, profile=False).profile.name == "web"
    with pytest.raises(ValueError, match="known: web"):
        JobSettings(default_profile="film")


def test_the_servers_profile_is_for_the_readers_of_the_request() -> None:
    settings = Settings(jobs=JobSettings(default_profile="netflix"))
    body = SubtitleBody.model_validate({"url": URL.url, "sdh": "true", "children": True})
    profile = with_server_defaults(body.job_request(None), settings).profile
    assert (profile.name, profile.sdh, profile.children) == ("netflix", True, True)
    custom = {"url": URL.url, "profile": '{"base": "bbc", "max_cps": 12}', "sdh": True}
    profile = SubtitleBody.model_validate(custom).job_request(None).profile
    assert (profile.name, profile.sdh, profile.max_cps) == ("custom", True, 12)
