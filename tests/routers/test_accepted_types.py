"""Which form of an answer a client prefers, by RFC 9110, section 12.5.1."""

from __future__ import annotations

import pytest

from app.routers.accepted_types import preferred_form
from app.routers.answer_form import _OFFERS


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "result"),
        ("*/*", "result"),
        ("application/json", "result"),
        ("application/*", "result"),
        ("application/json, text/plain, */*", "result"),  # axios
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "result"),  # browsers
        ("text/event-stream", "events"),
        ("Text/Event-Stream; charset=utf-8", "events"),
        ("application/json, text/event-stream", "events"),
        ("text/event-stream, */*", "events"),
        ("text/event-stream;q=0.5, application/json", "result"),
        ("application/x-subrip", "srt"),
        ("text/srt", "srt"),
        ("application/x-subrip, */*", "srt"),
        ("*/*, application/x-subrip", "srt"),
        ("text/vtt, application/json", "vtt"),
        ("text/vtt;q=0.4, application/x-subrip;q=0.5", "srt"),
        ("text/vtt; q=0.4 , application/x-subrip;Q=0.3", "vtt"),
        ("text/vtt;q=0, application/x-subrip;q=0.001", "srt"),
        ("text/vtt;q=0, */*;q=0.1", "result"),
        ("application/json;q=0, */*", "srt"),
        ("text/*", "vtt"),
        ("text/*;q=0.5, text/vtt;q=0.1, text/plain;q=0.2", "ass"),
        ("text/x-ssa", "ass"),
        ("application/ttml+xml", "ttml"),
        ("text/plain", "txt"),
        ("text/vtt;q=best, application/json", "result"),
        ("text/vtt;q=nan, application/json;q=0.1", "result"),
        ("text/vtt;q=2, application/json;q=0.1", "result"),
        ("vtt, application/json;q=0.1", "result"),
        (",,text/vtt,", "vtt"),
        ("text/html", None),
        ("image/png, audio/*", None),
        ("*/*;q=0", None),
        ("nonsense", None),
        ("text/vtt;q=0", None),
    ],
)
def test_the_preferred_form_is_chosen(accept: str, form: str | None) -> None:
    assert preferred_form(accept, _OFFERS) == form
