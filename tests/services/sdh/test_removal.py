"""Removal of SDH: what goes by which rule, and that nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.style import InlineStyle, StyleRun
from app.services.sdh.removal import RemovedSdh, StyledText, remove_sdh

ITALIC = InlineStyle(italic=True)


def removed(*texts: str) -> list[str]:
    return [each.text for each in remove_sdh([StyledText(text) for text in texts], RemovedSdh())]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("[sighs] I know.", "I know."),
        ("I know. [sighs]", "I know."),
        ("I [sighs] know [coughs].", "I know."),
        ("[door opens]", ""),
        ("(DOOR OPENS) Who is there?", "Who is there?"),
        ("I told you (coughs) to go.", "I told you to go."),
        ("Ich habe (seufzt) keine Zeit.", "Ich habe keine Zeit."),
        ("(rires) Je ne sais pas.", "Je ne sais pas."),
        ("It costs (about five dollars) a day.", "It costs (about five dollars) a day."),
        ("Call (555) 123 now.", "Call (555) 123 now."),
        ("We call it f(x) here.", "We call it f(x) here."),
        ("Bring your friend(s).", "Bring your friend(s)."),
        ("Smile :) and wave.", "Smile :) and wave."),
        ("♪ Oh what a day ♪", "Oh what a day"),
        ("♪ ♪", ""),
        ("# Oh what a day #", "Oh what a day"),
        ("Take the #4 bus.", "Take the #4 bus."),
        ("JOHN: Hello there.", "Hello there."),
        ("- JOHN: Hello.\n- MRS. REYES: Hi.", "- Hello.\n- Hi."),
        ("- Hello.\n- [laughs]", "Hello."),
        ("- [laughs]\n- Hello.", "Hello."),
        ("[ANNA]: Hello.", "Hello."),
        ("(ANNA): Hello.", "Hello."),
        ("NARRATOR (V.O.): Long ago.", "Long ago."),
        ("JOHN (on phone): Hello?", "Hello?"),
        ("- MARY [OVER RADIO]: Go.\n- JOHN (sighs): No.", "- Go.\n- No."),
        ("Man (O.S.): Wait.", "Wait."),
        ("John (on phone): Hello?", "John: Hello?"),
        ("We heard (coughs): nothing.", "We heard: nothing."),
        ("Note (important): bring water.", "Note (important): bring water."),
        (">> JOHN: Hello.", ">> Hello."),
        (">> Reporter: Hello.", ">> Hello."),
        ("Man 2: Over here!", "Over here!"),
        ("SPEAKER_01: Over here!", "Over here!"),
        ("[SPEAKER 1] Over here!", "Over here!"),
        ("Note: bring water.", "Note: bring water."),
        ("NOTE: bring water.", "NOTE: bring water."),
        ("It is 10:30 now.", "It is 10:30 now."),
        ("See https://example.com now.", "See https://example.com now."),
        ("WARNING: DO NOT ENTER", "WARNING: DO NOT ENTER"),
        ("（笑い声）こんにちは。", "こんにちは。"),
        ("【電話の音】", ""),
        ("「はい」と言った。", "「はい」と言った。"),
        ("（太郎）こんにちは。", "こんにちは。"),
        ("МАРИЯ: Привет.", "Привет."),
        ("Он (смеётся) ушёл.", "Он ушёл."),
        ("(موسيقى) مرحبا", "مرحبا"),
        ("An unclosed [bracket stays", "An unclosed [bracket stays"),
        ("Well (yes) and (no).", "Well (yes) and (no)."),
    ],
)
def test_what_is_for_the_deaf_goes_and_the_rest_stays(text: str, left: str) -> None:
    assert removed(text) == [left]


def test_names_without_capitals_count_when_they_come_again() -> None:
    assert removed("旁白：很久以前。", "旁白：有一天。") == ["很久以前。", "有一天。"]
    assert removed("问题：这是什么？") == ["问题：这是什么？"]


def test_a_description_goes_on_in_the_next_cue() -> None:
    assert removed("Hello. [music", "plays on] Goodbye.") == ["Hello.", "Goodbye."]
    assert removed("Hello. [music", "Goodbye.") == ["Hello. [music", "Goodbye."]


def test_styles_stay_with_their_words_and_the_notice_counts() -> None:
    counts = RemovedSdh()
    text = StyledText("[sighs] I know it.", (StyleRun(0, 7, ITALIC), StyleRun(8, 12, ITALIC)))
    (left,) = remove_sdh([text], counts)
    assert left == StyledText("I know it.", (StyleRun(1, 5, ITALIC),))
    remove_sdh([StyledText("♪"), StyledText("BOB: Yes.")], counts)
    (notice,) = counts.notices()
    assert notice.code == "sdh_removed"
    assert notice.message.endswith(
        "descriptions in brackets: 1; music signs: 1; speaker labels: 1; "
        "cues that held nothing else: 1"
    )


WORDS = st.lists(
    st.sampled_from(["we", "saw", "it", "today.", "Yes!", "-", "(one", "5", "a:b", "émue", "字"]),
    min_size=1,
    max_size=8,
)


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_a_text_without_sdh_is_left_as_it_is(cues: list[list[str]]) -> None:
    texts = [" ".join(words) for words in cues]
    counts = RemovedSdh()
    assert [each.text for each in remove_sdh([StyledText(t) for t in texts], counts)] == texts
    assert counts.notices() == ()


MARKED = st.lists(
    st.sampled_from(["[laughs]", "♪", "(SIGHS)", "word", "more.", "\n", "- "]), max_size=10
)


@given(st.lists(MARKED, max_size=5))
def test_every_word_that_is_said_stays_in_order(cues: list[list[str]]) -> None:
    texts = ["".join(f"{part} " for part in cue).strip() for cue in cues]
    left = " ".join(each.text for each in remove_sdh([StyledText(t) for t in texts], RemovedSdh()))
    said = [part for cue in cues for part in cue if part in ("word", "more.")]
    assert [word for word in left.split() if word not in "-"] == said
