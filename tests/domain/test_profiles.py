"""Profiles have the numbers of their sources, by language and by reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.custom_profile import PROFILE_FIELDS, parse_profile
from app.domain.errors import InvalidFieldError, InvalidProfileError
from app.domain.profile import DEFAULT_PROFILE, PROFILES, ReadingProfile, profile_named
from app.domain.request import JobRequest, MediaUrl
from app.domain.video_timing import VideoTiming
from app.services.jobs.store.request_codec import decode_request, encode_request

LAYOUT_DOC = (Path(__file__).parents[2] / "docs" / "layout.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "columns", "adult", "children", "sdh", "italics"),
    [
        ("en", 42, 20, 17, 20, True),
        ("en-GB", 42, 20, 17, 20, True),
        ("ar", 42, 20, 17, 23, False),
        ("hi", 42, 22, 18, 25, False),
        ("ko", 32, 24, 18, 28, False),
        ("zh-Hant", 32, 18, 14, 22, False),
        ("yue", 32, 18, 14, 22, False),
        ("ja", 46, 8, 8, 14, True),
        ("th", 35, 17, 13, 20, False),
        ("he", 42, 17, 13, 20, False),
        ("fr", 42, 17, 13, 20, True),
        ("und", 42, 17, 13, 20, True),
        ("", 42, 17, 13, 20, True),
    ],
)
def test_netflix_has_the_limits_of_each_language(
    language: str, columns: int, adult: int, children: int, sdh: int, italics: bool
) -> None:
    netflix = profile_named("netflix")
    limits = netflix.in_language(language)
    assert (limits.max_line_chars, limits.max_cps, limits.italics) == (columns, adult, italics)
    for_children = netflix.for_readers(children=True, sdh=False).in_language(language)
    assert for_children.max_cps == children
    assert netflix.for_readers(children=False, sdh=True).in_language(language).max_cps == sdh
    both = netflix.for_readers(children=True, sdh=True).in_language(language)
    assert both.max_cps == min(children, sdh)


def test_the_default_has_the_same_limits_in_every_language() -> None:
    assert DEFAULT_PROFILE.name == "web"
    assert all(DEFAULT_PROFILE.in_language(tag) == DEFAULT_PROFILE for tag in ("en", "ja", ""))
    limits = DEFAULT_PROFILE
    assert (limits.max_line_chars, limits.max_lines, limits.max_cps) == (42, 2, 20.0)
    assert (limits.min_duration_ms, limits.max_duration_ms, limits.min_gap_ms) == (833, 7000, 83)


@pytest.mark.parametrize(
    ("rate", "gap_ms"), [(23.976, 84), (24.0, 84), (25.0, 80), (29.97, 67), (60.0, 34), (None, 83)]
)
def test_the_gap_is_two_frames_at_the_rate_of_the_picture(rate: float | None, gap_ms: int) -> None:
    assert profile_named("netflix").at_frame_rate(rate).min_gap_ms == gap_ms
    assert profile_named("web").at_frame_rate(rate).min_gap_ms == 83


def test_a_profile_of_ones_own_sets_limits_for_every_language() -> None:
    profile = parse_profile({"base": "netflix", "max_cps": 15, "max_line_chars": 30})
    assert profile.in_language("ja").max_cps == 15
    assert profile.in_language("ja").max_line_chars == 30
    assert profile.in_language("ja").chain_below_ms == 500
    assert profile.name == "custom"
    assert parse_profile(' {"base": "netflix", "max_cps": 15, "max_line_chars": 30}') == profile
    assert parse_profile("bbc") is PROFILES["bbc"]
    assert parse_profile({}).in_language("en").max_line_chars == DEFAULT_PROFILE.max_line_chars


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"max_cps": "fast"}, "max_cps must be a number"),
        ({"max_cps": True}, "max_cps must be a number"),
        ({"max_cps": float("nan")}, "max_cps must be from 1 to 100"),
        ({"max_cps": 10**400}, "max_cps must be from 1 to 100"),
        ({"max_lines": 1.5}, "max_lines must be a whole number"),
        ({"max_lines": 0}, "max_lines must be from 1 to 4"),
        ({"sdh": 1}, "sdh must be true or false"),
        ({"max_width": 3}, "unknown field 'max_width'"),
        ({"name": "x"}, "unknown field 'name'"),
        ({"base": 7}, "base must be the name of a profile"),
        ({"min_duration_ms": 5000, "max_duration_ms": 2000}, "min_duration_ms is larger"),
        ({"min_gap_ms": 300, "chain_below_ms": 100}, "chain_below_ms is smaller"),
        ("{not json", "not valid JSON"),
        ('{"base": "' + "x" * 2000 + '"}', "at most 2000 characters"),
    ],
)
def test_what_is_wrong_with_a_profile_is_named(
    value: str | dict[str, object], problem: str
) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        parse_profile(value)
    assert problem in caught.value.message
    assert caught.value.message.startswith("profile: ")


def test_an_unknown_name_lists_the_known_ones() -> None:
    for value in ("film", {"base": "film"}):
        with pytest.raises(InvalidProfileError, match="netflix-children"):
            parse_profile(value)


def _request(profile: ReadingProfile) -> JobRequest:
    return JobRequest(MediaUrl("https://example.org/a.mp4"), profile=profile)


def test_jobs_differ_by_every_limit_and_keep_their_profile_in_a_store() -> None:
    named = [*PROFILES.values()]
    custom = [parse_profile({"max_cps": 15}), parse_profile({"max_cps": 15.5})]
    readers = [each.for_readers(children=False, sdh=True) for each in named]
    requests = [_request(profile) for profile in [*named, *custom, *readers]]
    assert len({request.key for request in requests}) == len(requests)
    for request in requests:
        back = decode_request(encode_request(request))
        assert (back.profile, back.key) == (request.profile, request.key)


def test_the_document_names_every_profile_and_every_field() -> None:
    assert all(f"| `{name}` |" in LAYOUT_DOC for name in PROFILES)
    assert all(f"`{name}`" in LAYOUT_DOC for name in PROFILE_FIELDS)


def test_the_nearest_shot_change_is_found() -> None:
    video = VideoTiming(25.0, (1000, 2000, 2400))
    assert video.nearest_shot_change(1499, 500) == 1000
    assert video.nearest_shot_change(1500, 500) is None
    assert video.nearest_shot_change(2200, 500) == 2000
    assert video.nearest_shot_change(2399, 500) == 2400
    assert video.nearest_shot_change(9000, 500) is None
    assert VideoTiming().nearest_shot_change(0, 500) is None
