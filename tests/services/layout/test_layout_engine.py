"""The engine's layout is the cheapest there is, obeys every limit and loses nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.custom_profile import parse_profile
from app.domain.profile import PROFILES, ReadingProfile, profile_named
from app.domain.text import join_words
from app.domain.time import Span
from app.domain.transcript import Word
from app.domain.video_timing import NO_VIDEO, VideoTiming
from app.services.layout import IncrementalLayout, LaidOutCue, lay_out
from app.services.layout.breaks import Break
from app.services.layout.laid_out_cue import dialogue_dashes
from app.services.layout.layout_costs import SPLIT_DIALOGUE_ENDS, CueText, LayoutCosts
from app.services.layout.line_breaks import LineBreaker
from app.services.layout.measured_words import MeasuredWord, MeasuredWords
from app.services.layout.tokens import Token
from app.services.layout.width import text_width

TEXTS = [
    "the", "old", "bridge", "Yes.", "No,", "I", "know", "that", "extraordinarily", "Mr.", "Smith",
    "went", "home.", "20", "and", "駅", "にて。", "שלום", "-", "(", "a",
]  # fmt: skip
PROFILE_NAMES = sorted(PROFILES)


@st.composite
def turns(draw: st.DrawFn, most: int, speakers: int = 2) -> list[Word]:
    """Words of one or more speakers, some of them timed badly."""
    words: list[Word] = []
    at_ms = draw(st.integers(0, 500))
    for _ in range(draw(st.integers(1, most))):
        at_ms += draw(st.sampled_from([0, 0, 20, 20, 20, 350, 700, 1600, -200]))
        length_ms = draw(st.sampled_from([0, 80, 200, 400, 400, 1500]))
        speaker = draw(st.sampled_from([None, *(f"S{n}" for n in range(speakers))]))
        start_ms = max(0, at_ms)
        words.append(
            Word(draw(st.sampled_from(TEXTS)), Span(start_ms, start_ms + length_ms), 0.9, speaker)
        )
        at_ms = start_ms + length_ms
    return words


CUTS = st.lists(st.integers(0, 9000), max_size=3, unique=True).map(lambda cuts: tuple(sorted(cuts)))


def measured(words: Sequence[Word], profile: ReadingProfile, language: str) -> list[MeasuredWord]:
    """Return words as the engine measures them."""
    found = MeasuredWords(profile, language)
    for word in words:
        found.wait(word)
    while found.measure(is_end=True):
        pass
    return found.items


def cheapest_lines(
    items: Sequence[MeasuredWord], profile: ReadingProfile, language: str
) -> tuple[int, float] | None:
    """Return the columns of a cue and the cost of its best lines, by trying all."""
    change = [n for n, item in enumerate(items) if n and item.is_other_speaker]
    if change:
        dashes = dialogue_dashes(language)
        edges = [0, *change, len(items)]
        widths = [
            text_width(dash + join_words([item.word for item in items[a:b]]))
            for dash, (a, b) in zip(dashes, pairwise(edges), strict=False)
        ]
        is_cue = len(change) == 1 and max(widths) <= profile.max_line_chars
        return (sum(widths) + 1, 0.0) if is_cue else None
    columns = text_width(join_words([item.word for item in items]))
    if columns <= profile.max_line_chars:
        return columns, 0.0
    breaker = LineBreaker(profile.max_line_chars)
    for item in items:
        word = item.word
        breaker.add(Token(word.text, word.glued, text_width(word.text)), item.kind)
    cost, starts = breaker.best(0, len(items))
    for at in combinations(range(1, len(items)), len(starts)):
        edges = [0, *at, len(items)]
        lines = [join_words([item.word for item in items[a:b]]) for a, b in pairwise(edges)]
        if max(map(text_width, lines)) <= profile.max_line_chars and len(at) == 1:
            first, second = map(text_width, lines)
            mean = columns / 2
            off, last = (first - mean) / profile.max_line_chars, (second - mean)
            last /= profile.max_line_chars
            own = 100 * ((2 if off > 0 else 1) * off * off + last * last)
            kinds = {Break.SENTENCE: 0, Break.CLAUSE: 2, Break.PHRASE: 6, Break.PLAIN: 12}
            own += kinds.get(items[at[0]].kind, 18 if items[at[0]].kind is Break.TIGHT else 1000)
            assert cost <= own + 1e-6
    return (columns, cost) if len(starts) < profile.max_lines else None


class BruteForce:
    """Tries every division of words into cues, and every start of each."""

    def __init__(
        self, words: Sequence[Word], profile: ReadingProfile, language: str, video: VideoTiming
    ) -> None:
        self.profile, self.language = profile, language
        self.items = measured(words, profile, language)
        self.costs = LayoutCosts(profile, video)

    def least(self, until_ms: int | None) -> float:
        """Return the cost of the cheapest layout."""
        inner = range(1, len(self.items))
        return min(
            cost
            for count in range(len(self.items))
            for edges in combinations(inner, count)
            for cost in self.layouts([0, *edges, len(self.items)], until_ms)
        )

    def layouts(self, edges: Sequence[int], until_ms: int | None) -> Iterator[float]:
        """Yield the costs of all layouts with cues between these edges."""
        texts = [self.text(a, b) for a, b in pairwise(edges)]
        if any(text is None for text in texts):
            return
        first = self.items[0].start_ms
        for start in self.costs.starts(first):
            yield from self.rest(edges, 0, start, self.costs.of_start(first, start), until_ms)

    def rest(
        self, edges: Sequence[int], at: int, start: int, cost: float, until_ms: int | None
    ) -> Iterator[float]:
        """Yield the costs of all layouts whose cue number ``at`` begins at a time."""
        a, b = edges[at], edges[at + 1]
        items = self.items[a:b]
        most = self.profile.max_duration_ms
        if len(items) > 1 and items[-1].last_ms - min(start, items[0].start_ms) > most:
            return
        text = self.text(a, b)
        assert text is not None
        last_ms = max(item.last_ms for item in items)
        spoken = self.costs.speech_end(
            items[0].start_ms, last_ms, sum(item.untimed_columns for item in items)
        )
        read = self.costs.read_ms(text.columns)
        if b == len(self.items):
            yield cost + self.costs.of_text(text) + self.costs.end(start, spoken, read, until_ms)[0]
            return
        word = self.items[b].start_ms
        least = start + self.profile.min_duration_ms + self.profile.min_gap_ms
        for natural in self.costs.starts(word):
            begin = max(natural, least)
            own = self.costs.of_text(text) + self.costs.end(start, spoken, read, begin)[0]
            own += self.costs.of_start(word, begin)
            yield from self.rest(edges, at + 1, begin, cost + own, until_ms)

    def text(self, start: int, end: int) -> CueText | None:
        """Return the text of a cue; None where it may not be one."""
        items = self.items[start:end]
        if any(item.is_edge for item in items[1:]):
            return None
        lines = cheapest_lines(items, self.profile, self.language)
        if lines is None:
            return None
        split_ends = (end < len(self.items) and not self.items[end].is_beginning) + (
            not items[0].is_beginning
        )
        if any(item.is_other_speaker for item in items[1:]):
            split_ends *= SPLIT_DIALOGUE_ENDS
        behind = self.items[end] if end < len(self.items) else None
        return CueText(
            lines[0],
            items[-1].last_ms - items[0].start_ms,
            lines[1],
            behind.kind if behind else None,
            behind.pause_ms if behind else 0,
            sum(item.inner_cost for item in items[1:]),
            split_ends if any(item.is_beginning for item in items[1:]) else 0,
        )


NARROW = parse_profile({"base": "netflix", "max_line_chars": 16, "max_duration_ms": 3000})


def in_sight(words: Sequence[Word]) -> list[Word]:
    """Return words that the engine sees all of before a cue is final.

    It looks ahead one sentence at most, and a change of speaker ends one as a full stop does.
    """
    kept: list[Word] = []
    speaker, changes = None, 0
    for word in [word for word in words if not word.text.endswith((".", "。"))] or words[:2]:
        changes += None not in (speaker, word.speaker) and word.speaker != speaker
        if changes > 1:
            break
        speaker = word.speaker or speaker
        kept.append(word)
    return kept


@settings(max_examples=40)
@given(
    words=turns(7),
    profile=st.sampled_from([NARROW, *PROFILES.values()]),
    cuts=CUTS,
    language=st.sampled_from(["en", "fr", ""]),
    until=st.sampled_from([None, 3000, 9000]),
)
def test_no_layout_is_cheaper(
    words: list[Word],
    profile: ReadingProfile,
    cuts: tuple[int, ...],
    language: str,
    until: int | None,
) -> None:
    words = in_sight(words)
    video = VideoTiming(25.0, cuts)
    layout = IncrementalLayout(profile, language, video=video)
    cues = layout.feed(words) + layout.finish(until)
    own = profile.in_language(language).at_frame_rate(25.0)
    pieces = [word for cue in cues for word in cue.words]
    assert layout.cost == pytest.approx(BruteForce(pieces, own, language, video).least(until))


@settings(max_examples=40)
@given(
    words=turns(60, speakers=3),
    name=st.sampled_from(PROFILE_NAMES),
    cuts=CUTS,
    rate=st.sampled_from([None, 23.976, 25.0, 60.0]),
    language=st.sampled_from(["en", "de", "ja", "ko", "he", ""]),
    step=st.integers(1, 9),
)
def test_limits_hold_nothing_is_lost_and_arrival_does_not_matter(
    words: list[Word],
    name: str,
    cuts: tuple[int, ...],
    rate: float | None,
    language: str,
    step: int,
) -> None:
    video = VideoTiming(rate, cuts)
    cues = lay_out(words, PROFILES[name], language, video=video)
    profile = PROFILES[name].in_language(language).at_frame_rate(rate)
    check(cues, words, profile)
    layout = IncrementalLayout(PROFILES[name], language, video=video)
    fed: list[LaidOutCue] = []
    for start in range(0, len(words), step):
        fed += layout.feed(words[start : start + step])
        assert fed == cues[: len(fed)]
    assert fed + layout.finish() == cues


def check(cues: Sequence[LaidOutCue], words: Sequence[Word], profile: ReadingProfile) -> None:
    """Check that cues obey a profile and hold every word once, in order."""
    shown = "".join(word.text for cue in cues for word in cue.words)
    assert shown == "".join("".join(word.text.split()) for word in words)
    for cue in cues:
        assert 1 <= len(cue.lines) <= profile.max_lines
        assert all(text_width(line) <= profile.max_line_chars for line in cue.lines)
        assert profile.min_duration_ms <= cue.span.duration_ms <= profile.max_duration_ms
        bare = "".join("".join(cue.lines).split())
        assert bare.replace("-", "") == "".join(each.text for each in cue.words).replace("-", "")
        speakers = {word.speaker for word in cue.words} - {None}
        assert len(speakers) <= (2 if "\n" in cue.text else 1)
    for before, after in pairwise(cues):
        assert after.span.start_ms - before.span.end_ms >= profile.min_gap_ms


def said(text: str, start_ms: int = 0, cps: float = 15, speaker: str | None = None) -> list[Word]:
    """Return the words of a text, spoken evenly."""
    words: list[Word] = []
    for each in text.split():
        end_ms = start_ms + round(1000 * (len(each) + 1) / cps)
        words.append(Word(each, Span(start_ms, end_ms - 20), 1.0, speaker))
        start_ms = end_ms
    return words


def test_a_cue_waits_for_one_sentence_at_most() -> None:
    first = said("We had been waiting at the harbour for hours.")
    second = said(
        "Then the boat came in with a very tired crew on board.", first[-1].span.end_ms + 20
    )
    third = said("Nobody was on board.", second[-1].span.end_ms + 20)
    layout = IncrementalLayout(profile_named("web"), "en")
    fed = layout.feed(first + second)
    fed += layout.feed(third[:3])
    assert [cue.text for cue in fed][:1] == ["We had been waiting at the harbour for hours."]


def test_speech_without_sentences_does_not_wait_for_long() -> None:
    layout = IncrementalLayout(profile_named("web"), "en")
    words = said(" ".join(["water", "flows", "slowly"] * 60))
    shown_ms = 0
    for word in words:
        for cue in layout.feed([word]):
            shown_ms = cue.span.end_ms
        assert word.span.start_ms - shown_ms < 15_000 + 7000 + 2000


def test_a_cue_begins_at_a_shot_change_nearby() -> None:
    words = said("Nobody was there.", 1000) + said("And then the boat came.", 4000)
    video = VideoTiming(25.0, (1200, 3700))
    one, two = lay_out(words, profile_named("netflix"), "en", video=video)
    assert (one.span.start_ms, two.span.start_ms) == (1200, 3700)
    assert [
        cue.span.start_ms for cue in lay_out(words, profile_named("web"), "en", video=video)
    ] == [
        1000,
        4000,
    ]


def test_no_cue_ends_on_a_shot_change_or_shortly_after() -> None:
    words = said("Nobody was there at all.", 1000)
    (cue,) = lay_out(words, profile_named("netflix"), "en", video=VideoTiming(25.0, (2700,)))
    assert cue.span.end_ms == 2700 - 80


def test_short_gaps_are_closed_to_two_frames() -> None:
    words = said("Nobody was there at all.", 1000)
    words += said("And then the boat came in at last.", words[-1].span.end_ms + 400)
    one, two = lay_out(words, profile_named("netflix"), "en", video=VideoTiming(25.0))
    assert two.span.start_ms - one.span.end_ms == 80
    one, two = lay_out(words, profile_named("web"), "en")
    assert two.span.start_ms - one.span.end_ms > 83


@pytest.mark.parametrize(
    ("language", "lines"),
    [("en", ("-Yes?", "-No.")), ("fr", ("- Yes?", "- No.")), ("nl", ("Yes?", "-No."))],
)
def test_two_speakers_share_a_cue_where_either_would_be_too_short(
    language: str, lines: tuple[str, str]
) -> None:
    words = said("Yes?", 0, speaker="A") + said("No.", 350, speaker="B")
    (cue,) = lay_out(words, profile_named("netflix"), language)
    assert (cue.lines, cue.speaker, cue.text) == (lines, None, "\n".join(lines))
    assert [each.speaker for each in lay_out(words, profile_named("web"), language)] == ["A", "B"]


@pytest.mark.parametrize(("dash", "shown"), [("-", "-"), ("- ", "-"), ("— ", "— ")])
def test_dashes_that_a_transcriber_writes_are_not_doubled(dash: str, shown: str) -> None:
    words = said(f"{dash}Yes?", 0, speaker="A") + said(f"{dash}No.", 350, speaker="B")
    (cue,) = lay_out(words, profile_named("netflix"), "en")
    assert cue.lines == (f"{shown}Yes?", f"{shown}No.")


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_marks_that_stand_alone_stay_with_their_words_through_a_silence(name: str) -> None:
    """A transcriber times «, » and ? anywhere in the silence, or stretches the word before it."""
    text = "Il a dit : « C’est moi . » Et puis « qui » est là ?"
    starts = [0, 300, 600, 900, 1000, 4500, 4800, 4800, 9000, 11000, 11300, 11600, 11600]
    starts += [15000, 22000, 22300, 30000]
    for longest_ms in (200, 9000):
        ends = [min(start + longest_ms, after) for start, after in pairwise([*starts, 30200])]
        spans = map(Span, starts, ends)
        words = [Word(each, span) for each, span in zip(text.split(), spans, strict=True)]
        cues = lay_out(words, PROFILES[name], "fr")
        assert " ".join(line for cue in cues for line in cue.lines) == text
        assert not [cue for cue in cues for line in cue.lines if line[0] in ":.»?"]
        assert not [cue for cue in cues for line in cue.lines if line[-1] == "«"]


def test_several_opening_marks_begin_with_the_word_that_they_open() -> None:
    starts = [0, 300, 2000, 4000, 6000]
    words = [
        Word(text, Span(start_ms, start_ms + 200))
        for text, start_ms in zip(["Sí.", "«", "(", "¿", "Quién?"], starts, strict=True)
    ]
    first, second = lay_out(words, profile_named("netflix"), "es")
    assert (first.lines, second.lines) == (("Sí.",), ("« ( ¿ Quién?",))
    assert second.span.start_ms == 6000


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [("—", "", ("—¿Sí?", "—No.")), ("", "—", ("—¿Sí?", "—No.")), ("- ", "", ("- ¿Sí?", "- No."))],
)
def test_a_dash_that_one_of_two_has_is_the_others_too(
    first: str, second: str, shown: tuple[str, str]
) -> None:
    words = said(f"{first}¿Sí?", 0, speaker="A") + said(f"{second}No.", 350, speaker="B")
    (cue,) = lay_out(words, profile_named("netflix"), "es")
    assert cue.lines == shown


def test_phrases_of_japanese_chinese_and_thai_are_whole() -> None:
    texts = {
        "ja": "今日はとても良い天気なので、友達と一緒に公園へ行って写真をたくさん撮りました。",
        "zh": "今天天气非常好，所以我和朋友一起去公园拍了很多照片，然后我们回家做了晚饭。",
        "th": "วันนี้อากาศดีมากฉันเลยไปสวนสาธารณะกับเพื่อนและถ่ายรูปเยอะมาก",
    }
    cut = {"ja": ["友|達", "一|緒", "公|園", "写|真"], "zh": ["天|气", "朋|友", "公|园"], "th": []}
    for language, text in texts.items():
        profile = profile_named("netflix").in_language(language)
        words = [Word(text, Span(0, 12_000))]
        cues = lay_out(words, profile, language)
        check(cues, words, profile)
        shown = "|".join(line for cue in cues for line in cue.lines)
        assert not [pair for pair in cut[language] if pair in shown], shown


def test_right_to_left_text_stays_in_the_order_of_reading() -> None:
    text = "אתמול הלכנו לים עם כל המשפחה, ואכלנו גלידה על החוף עד שהשמש שקעה מעבר למים."
    cues = lay_out(said(text), profile_named("netflix"), "he")
    assert " ".join(line for cue in cues for line in cue.lines) == text


def test_the_library_needs_no_server_and_no_model() -> None:
    code = (
        "import sys; from app.services.layout import lay_out; from app.domain.profile import *;"
        "print(sorted({'fastapi', 'torch', 'starlette', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_words_make_no_cues() -> None:
    assert lay_out([], profile_named("web")) == []
    assert lay_out([Word("  ", Span(0, 100))], profile_named("web")) == []
    assert NO_VIDEO.shot_changes_ms == ()


def test_words_that_are_timed_at_one_moment_are_shown_longer_than_a_flash() -> None:
    text = "It was the best of times, it was the worst of times."
    words = [Word(each, Span(1000, 1000)) for each in text.split()]
    profile = profile_named("netflix").in_language("en")
    first, _ = lay_out([*words, Word("Next.", Span(20_000, 20_300))], profile, "en")
    said_ms = 1000 * (len(text) - len(words) + 1) // 35
    assert first.span == Span(1000, 1000 + said_ms + profile.linger_ms)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "https://www.example.com/a/very/long/path/that/never/ends",
            ["https://www.example.com/a/very/long/path/", "that/never/ends"],
        ),
        (
            "Donau-Dampfschifffahrts-Elektrizitäten-Hauptbetriebswerk",
            ["Donau-Dampfschifffahrts-Elektrizitäten-", "Hauptbetriebswerk"],
        ),
        ("x" * 50, ["x" * 42, "x" * 8]),
    ],
)
def test_a_word_wider_than_a_line_is_cut_where_it_reads_best(text: str, pieces: list[str]) -> None:
    cues = lay_out([Word(text, Span(0, 4000))], profile_named("netflix"), "en")
    assert [line for cue in cues for line in cue.lines] == pieces
