"""Segments are encoded and decoded without loss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.cache.segment_codec import pack, segment_rows, segments_of, unpack

ANY_TEXT = st.text(st.characters())  # lone surrogates too
SPANS = st.tuples(st.integers(0, 10**9), st.integers(0, 10**6)).map(
    lambda pair: Span(pair[0], pair[0] + pair[1])
)
CONFIDENCES = st.floats(0, 1)
WORDS = st.builds(
    Word, ANY_TEXT, SPANS, CONFIDENCES, st.none() | st.sampled_from(["SPEAKER_01"]), st.booleans()
)
SEGMENTS = st.builds(
    Segment,
    ANY_TEXT,
    SPANS,
    st.lists(WORDS, max_size=5).map(tuple),
    st.sampled_from(["en-US", "zh", "und"]),
    CONFIDENCES,
    st.integers(0, 10**9),
    st.none() | st.sampled_from(["fr", "zh"]),
    st.none() | ANY_TEXT,
)


@given(st.lists(SEGMENTS, max_size=5))
def test_segments_come_back_exactly(segments: list[Segment]) -> None:
    again = segments_of(unpack(pack(segment_rows(segments))))
    assert again == tuple(segments)
    assert repr(again) == repr(tuple(segments)), "-0.0 and 0.0 are equal but not the same"


def test_rows_of_earlier_versions_have_no_translation() -> None:
    [segment] = segments_of(unpack(b'[1,[["x",0,5,"fr",1.0,5,[]]]]'))
    assert (segment.language, segment.spoken, segment.translation) == ("fr", None, None)


def test_numbers_of_numpy_become_plain() -> None:
    span = Span(np.int64(5), np.int64(7))  # type: ignore[arg-type]
    word = Word("x", span, np.float32(0.1), None, np.True_)  # type: ignore[arg-type]
    segment = Segment("x", span, (word,), "en", np.float64(0.3), np.int32(9))  # type: ignore[arg-type]
    [again] = segments_of(unpack(pack(segment_rows([segment]))))
    assert again == segment
    assert type(again.confidence) is float
    assert type(again.words[0].span.end_ms) is int


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[1]",
        b"\xff",
        b"[2,[]]",
        b"[1,7]",
        b"[1,[[]]]",
        b'[1,[["x",5,1,"en",1.0,0,[]]]]',
        b'[1,[["x",-5,1,"en",1.0,0,[]]]]',
        b'[1,[["x",0,1,"en",1.0,0,[["w",0,1]]]]]',
    ],
)
def test_anything_else_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        segments_of(unpack(payload))
