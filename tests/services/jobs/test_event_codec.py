"""Events and requests are written and read back without a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.cue import Cue
from app.domain.errors import StorageError
from app.domain.events import CuesReady, Done, Event, Failed, Notice, Progress, Result
from app.domain.language import Language
from app.domain.profile import PROFILES
from app.domain.request import JobRequest, MediaUrl, SentCaptions, SiteVideo, UploadedFile
from app.domain.time import Span
from app.services.jobs.store.encoded_events import encoded_events
from app.services.jobs.store.event_codec import decode_event, encode_event
from app.services.jobs.store.request_codec import decode_request, encode_request

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
st.register_type_strategy(str, TEXTS)
st.register_type_strategy(float, st.floats(allow_nan=False))
st.register_type_strategy(int, st.integers(-(2**60), 2**60))
st.register_type_strategy(
    Span,
    st.tuples(st.integers(0, 10**9), st.integers(0, 10**7)).map(lambda p: Span(p[0], p[0] + p[1])),
)
st.register_type_strategy(Language, st.sampled_from(["de", "zh-Hant", "es-419"]).map(Language))
st.register_type_strategy(
    Result,
    lambda _: st.builds(
        Result,
        cues=st.lists(st.from_type(Cue), max_size=2).map(tuple),
        cached=st.dictionaries(TEXTS, st.floats(0, 1), max_size=3),
    ),
)
KINDS = [each for each in get_args(Event)]
REQUESTS = st.builds(
    JobRequest,
    source=st.one_of(
        st.builds(UploadedFile, path=TEXTS.map(lambda name: Path("/x") / name.strip("/\0."))),
        *map(st.builds, (MediaUrl, SiteVideo, SentCaptions)),
    ),
    profile=st.sampled_from(list(PROFILES.values())),
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_event_comes_back_as_it_was(kind: type[Any]) -> None:
    strategy: Any = st.from_type(kind)

    @settings(max_examples=12)
    @given(strategy)
    def check(event: Event) -> None:
        back = decode_event(*encode_event(event))
        assert back == event
        assert type(back) is type(event)

    check()


@settings(max_examples=25)
@given(REQUESTS)
def test_every_request_comes_back_as_it_was(request: JobRequest) -> None:
    back = decode_request(encode_request(request))
    assert back == request
    assert back.key == request.key


def test_sources_of_the_same_fields_are_told_apart() -> None:
    for source in (MediaUrl("https://a.example/x", "https://b.example/"), SiteVideo("https://c/")):
        assert decode_request(encode_request(JobRequest(source))).source == source


def test_the_format_is_the_one_that_is_stored_already() -> None:
    stored = b'j[{"stage":"checking","message":"Checking","percent":5,"new_field":1}]'
    assert decode_event("Progress", stored) == Progress("checking", "Checking", 5)
    kind, data = encode_event(Notice("code", "text"))
    assert (kind, data) == ("Notice", b'j[{"code":"code","message":"text"}]')


def test_halves_of_characters_are_replaced_and_large_events_compressed() -> None:
    kind, data = encode_event(Failed("half \ud83d of one", "x", retryable=False))
    assert decode_event(kind, data) == Failed("half \ufffd of one", "x", retryable=False)
    large = Notice("long", "again and " * 5000)
    kind, data = encode_event(large)
    assert len(data) < 2000
    assert decode_event(kind, data) == large


@pytest.mark.parametrize(
    ("kind", "data"),
    [("Progress", b"j[{}]"), ("Progress", b"zxx"), ("Progress.2", b"j[{}]"), ("Notice", b"")],
)
def test_what_cannot_be_read_is_an_error_of_the_store(kind: str, data: bytes) -> None:
    with pytest.raises(StorageError):
        decode_event(kind, data)


@pytest.mark.parametrize("data", [b"", b"no json", b'{"source": "Other", "bytes": 1}\nj[]'])
def test_a_request_that_cannot_be_read_is_an_error_of_the_store(data: bytes) -> None:
    with pytest.raises(StorageError):
        decode_request(data)


def test_a_large_result_is_encoded_once_for_all_of_its_replays() -> None:
    cues = tuple(Cue(n, Span(n * 1000, n * 1000 + 900), "text") for n in range(600))
    result = Result(cues, False, "en", 1000, 10, {})
    replay = [CuesReady(cues, final=True), Done(result)]
    first, second = encoded_events(replay), encoded_events(list(replay))
    assert all(a[1] is b[1] for a, b in zip(first.events, second.events, strict=True))
    drafts = encoded_events([CuesReady(cues, final=False)])
    assert drafts.events[0][1] != first.events[0][1]
    for event, (kind, data) in zip(replay, second.events, strict=True):
        assert decode_event(kind, data) == event
