"""Widths of texts and of their parts agree, or a word could be wider than what it is cut for."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.profile import DEFAULT_PROFILE
from app.domain.time import Span
from app.domain.transcript import Word
from app.services.layout import lay_out
from app.services.layout.width import cluster_width, clusters, text_width


@given(st.text(max_size=20))
def test_a_text_is_as_wide_as_its_clusters(text: str) -> None:
    assert text_width(text) == sum(map(cluster_width, clusters(text)))


def test_a_control_character_glued_to_a_long_word_makes_it_no_wider_than_a_line() -> None:
    words = [
        Word("the", Span(0, 0)),
        Word("\x1b", Span(0, 0)),
        Word("a" * 85, Span(0, 0), glued=True),
    ]
    cues = lay_out(words, DEFAULT_PROFILE)
    assert "".join(word.text for cue in cues for word in cue.words) == "the\x1b" + "a" * 85
