"""SubStation scripts: what is said, sung or shown in the picture, each once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from app.domain.captions import Captions
from app.domain.cue import Cue
from app.domain.errors import InvalidCaptionsError
from app.domain.profile import DEFAULT_PROFILE
from app.domain.time import Span
from app.services.stages.caption_cues import caption_cues
from app.services.translation.text.units import Unit, build_units
from tests.services.captions.caption_files import read, rows

STYLES = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, Alignment
Style: Default,Arial,36,2
Style: Alt,Arial,36,2
Style: Top,Arial,36,8
Style: Signs,Arial,30,8
Style: OS,Arial,36,8
Style: OP-Romaji,Arial,30,8
Style: OP-Kanji,Arial,30,8
Style: OP-English,Arial,30,2
Style: Box,Arial,30,5
Style: CHS,Arial,30,2
Style: ENG,Arial,24,2

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def event(start_s: float, end_s: float, text: str, style: str = "Default", **values: str) -> str:
    """Return a line of the events section."""
    row = {"kind": "Dialogue", "layer": "0", "name": "", "effect": ""} | values
    times = ",".join(f"0:{int(s) // 60:02}:{s % 60:05.2f}" for s in (start_s, end_s))
    return (
        f"{row['kind']}: {row['layer']},{times},{style},{row['name']},0,0,0,{row['effect']},{text}"
    )


def script(*events: str, language: str = "en") -> Captions:
    return read((STYLES + "\n".join(events) + "\n").encode(), language=language)


def told(captions: Captions, code: str) -> str:
    return "; ".join(notice.message for notice in captions.notices if notice.code == code)


def lanes(captions: Captions) -> dict[str, str]:
    return {item.text: item.lane for item in captions.items}


async def units(captions: Captions) -> list[Unit]:
    """Return what is translated as a whole."""
    return [unit async for unit in build_units(caption_cues(captions, DEFAULT_PROFILE))]


async def cues(captions: Captions) -> list[Cue]:
    return [cue async for cue in caption_cues(captions, DEFAULT_PROFILE)]


def texts(found: Sequence[Unit]) -> list[str]:
    return [unit.text for unit in found]


SONG = event(12, 15, r"{\k20}Hea{\k30}vy {\k25}wa{\k25}ter", "OP-Romaji")
SYLLABLES = [
    event(12 + i / 2, 12.5 + i / 2, rf"{{\pos({10 + 20 * i},10)\t(\fscx120)}}{part}", "OP-Romaji",
          effect="fx", layer=str(layer))
    for layer in (0, 1)
    for i, part in enumerate(("Hea", "vy", "wa", "ter"))
]  # fmt: skip


async def test_case_18_a_song_in_syllables_is_one_line() -> None:
    captions = script(SONG, *SYLLABLES)
    assert rows(captions) == ["12000-15000 Heavy water"]
    assert texts(await units(captions)) == ["Heavy water"]
    assert "Effects of a line that is there whole: 8 (line 2" in told(captions, "captions_left_out")


@pytest.mark.parametrize("tag", ["k", "K", "kf", "ko", "kt"])
def test_every_kind_of_karaoke_is_a_song(tag: str) -> None:
    captions = script(event(1, 3, rf"{{\{tag}50}}Deep {{\{tag}50}}river", "Alt"))
    assert lanes(captions) == {"Deep river": "song"}


def test_a_song_in_syllables_is_taken_from_the_comment_it_was_made_of() -> None:
    comment = SONG.replace("Dialogue", "Comment").replace("0,0,0,,", "0,0,0,karaoke,")
    captions = script(comment, *SYLLABLES)
    assert rows(captions) == ["12000-15000 Heavy water"]
    assert "taken from the comment they were made of: 1 (line 20)" in told(
        captions, "caption_lines_repaired"
    )


def test_a_song_in_syllables_alone_is_put_together() -> None:
    captions = script(*SYLLABLES)
    assert rows(captions) == ["12000-14000 Heavywater"]
    assert "put together of their syllables: 1" in told(captions, "caption_lines_repaired")
    words = [
        event(
            1 + i / 2, 1.5 + i / 2, rf"{{\pos({10 + 90 * i},10)}}{word}", "OP-Romaji", effect="fx"
        )
        for i, word in enumerate(("Over", "heavy", "water"))
    ]
    assert rows(script(*words)) == ["1000-2500 Over heavy water"]


def test_of_a_song_in_three_languages_that_of_the_dialogue_stays() -> None:
    lines = []
    for i, (romaji, kanji, english) in enumerate(
        [
            ("Yoru no kawa o wataru", "夜の川を渡る", "Crossing the river by night"),
            ("Kaze ga yonde iru", "風が呼んでいる", "The wind is calling"),
            ("Ano hi no yume o", "あの日の夢を", "To the dream of that day"),
        ]
    ):
        times = (10 + 4 * i, 13 + 4 * i)
        lines += [
            event(*times, romaji, "OP-Romaji"),
            event(*times, kanji, "OP-Kanji"),
            event(*times, english, "OP-English"),
        ]
    captions = script(event(1, 3, "We should go home before it rains."), *lines)
    assert [item.text for item in captions.items] == [
        "We should go home before it rains.",
        "Crossing the river by night",
        "The wind is calling",
        "To the dream of that day",
    ]
    message = told(captions, "captions_left_out")
    assert "(ja-Latn; en was taken): 3" in message
    assert "(ja; en was taken): 3" in message
    assert script(*lines, language="ja").items[0].text == "夜の川を渡る"


def test_case_18_layers_of_one_text_are_one_line() -> None:
    captions = script(
        *(
            event(6, 9, rf"{{\pos(100,200)\bord{layer}}}Harbour Office", "Signs", layer=str(layer))
            for layer in range(4)
        ),
        event(6.0, 9.04, r"{\pos(101,201)}Harbour Office", "Box"),
    )
    assert rows(captions) == ["6000-9040 Harbour Office"]
    assert "Layers and frames of one text, shown once: 4" in told(captions, "captions_left_out")


def test_a_sign_that_is_set_frame_by_frame_is_one() -> None:
    frames = [
        event(10 + i * 0.04, 10.04 + i * 0.04, rf"{{\pos({i},200)\frz{i}}}MILL LANE", "Signs")
        for i in range(200)
    ]
    talk = [event(10 + i, 10.9 + i, f"Line number {i}.") for i in range(8)]
    captions = script(*frames, *talk)
    assert [item.text for item in captions.items].count("MILL LANE") == 1
    assert len(captions.items) == 9
    assert "shown once: 199" in told(captions, "captions_left_out")


def test_a_sign_that_appears_in_letters_is_one() -> None:
    typed = [
        event(1 + i * 0.1, 1.1 + i * 0.1, rf"{{\pos(9,9)}}{'CLOSED'[: i + 1]}", "Signs")
        for i in range(6)
    ]
    captions = script(*typed, event(1.6, 4, r"{\pos(9,9)}CLOSED", "Signs"))
    assert rows(captions) == ["1000-4000 CLOSED"]


def test_people_who_repeat_one_another_are_not_layers() -> None:
    captions = script(
        event(1, 2, "No."), event(2, 3, "No."), event(3, 4, "No, no."), event(5, 6, "No.")
    )
    assert len(captions.items) == 4
    assert captions.notices == ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"{\p1}m 0 0 l 100 0 100 100{\p0}", None),
        (r"{\an5\p1}m 0 0 l 1 1{\p0}The gate {\i1}is{\i0} shut.", "The gate is shut."),
        (r"Half{\p2}m 0 0 b 1 1 2 2 3 3{\p0} past ten.", "Half past ten."),
        (r"{\clip(m 0 0 l 1 1 2 2)}Clipped.", "Clipped."),
        (r"{\iclip(1,m 0 0 l 1 1)\p0}Clipped.", "Clipped."),
        (r"{\p1}m 0 0{\r} shown again", "shown again"),
        (r"{\pbo5\pos(1,2)}Placed.", "Placed."),
        (r"{\fad(200,200)\t(0,500,\fs40)\move(1,2,3,4)}Moved.", "Moved."),
        (r"One\Ntwo\nthree\hfour{a remark}", "One two three four"),
        (r"{note}{\i1}Styled{\i0}", "Styled"),
    ],
)
def test_drawings_and_overrides_are_left_out_beside_text(text: str, shown: str | None) -> None:
    captions = script(event(1, 2, "First."), event(3, 5, text))
    assert [item.text for item in captions.items][1:] == ([] if shown is None else [shown])
    draws = r"\p1" in text or r"\p2" in text
    assert ("Drawings: 1 (line 21)" in told(captions, "captions_left_out")) is draws


SIGNS_OVER = {
    "by style": (event(4, 15, r"THE\NSEVEN\NBRIDGES", "OS"), "sign"),
    "by style and override": (event(4, 15, r"{\an9}THE\NSEVEN\NBRIDGES", "OS"), "sign"),
    "by alignment": (event(4, 15, r"{\an8}THE\NSEVEN\NBRIDGES"), "sign"),
    "by old alignment": (event(4, 15, r"{\a6}THE\NSEVEN\NBRIDGES"), "sign"),
    "by position": (event(4, 15, r"{\pos(40,40)\bord2}THE\NSEVEN\NBRIDGES"), "sign"),
    "by movement": (event(4, 15, r"{\move(40,40,50,50)}THE\NSEVEN\NBRIDGES"), "sign"),
    "by layer": (event(4, 15, r"THE\NSEVEN\NBRIDGES", layer="5"), "sign"),
    "by layer and style": (event(4, 15, r"THE\NSEVEN\NBRIDGES", "Alt", layer="5"), "sign"),
    "by actor": (event(4, 15, r"THE\NSEVEN\NBRIDGES", name="Sign"), "sign"),
    "by another style's place": (event(4, 15, r"THE\NSEVEN\NBRIDGES", "Box"), "sign"),
    "by the name of its style": (event(4, 15, r"THE\NSEVEN\NBRIDGES", "EpTitle"), "sign"),
    "by a song's style": (event(4, 15, r"THE\NSEVEN\NBRIDGES", "OP-English"), "song"),
}


@pytest.mark.parametrize("name", SIGNS_OVER)
async def test_case_19_a_sign_over_dialogue_is_a_cue_and_a_unit_of_its_own(name: str) -> None:
    sign, lane = SIGNS_OVER[name]
    captions = script(
        event(2, 4, "What are you doing there?"),
        sign,
        event(4.4, 6.3, "Please stay in the"),
        event(6.3, 7, "boat for now."),
        event(7, 9, "It is not far."),
    )
    shown = await cues(captions)
    assert [(cue.span.start_ms, cue.text, cue.lane) for cue in shown] == [
        (2000, "What are you doing there?", "dialogue"),
        (4400, "Please stay in the", "dialogue"),
        (6300, "boat for now.", "dialogue"),
        (7000, "It is not far.", "dialogue"),
        (9000, "THE SEVEN BRIDGES", lane),
    ]
    assert texts(await units(captions)) == [
        "What are you doing there?",
        "Please stay in the boat for now.",
        "It is not far.",
        "THE SEVEN BRIDGES",
    ]
    assert "beside dialogue" in told(captions, "caption_lines_repaired")


async def test_a_sentence_goes_on_behind_a_sign() -> None:
    async def shown() -> AsyncIterator[Cue]:
        yield Cue(0, Span(0, 900), "Listen.")
        yield Cue(1, Span(1000, 3000), "When the ferry comes")
        yield Cue(2, Span(3000, 3600), "PIER 4", lane="sign")
        yield Cue(3, Span(3600, 5000), "we shall be gone.")

    assert [unit.text async for unit in build_units(shown())] == [
        "Listen.",
        "PIER 4",
        "When the ferry comes we shall be gone.",
    ]


def test_a_title_in_the_middle_is_a_sign_though_nobody_speaks() -> None:
    captions = script(
        event(1, 2, "Where shall we"),
        event(2.1, 2.4, r"{\an5}EPISODE THREE"),
        event(2.5, 4, "go now?"),
        event(5, 6, r"{\an8}Up here."),
    )
    assert lanes(captions) == {
        "Where shall we": "dialogue",
        "EPISODE THREE": "sign",
        "go now?": "dialogue",
        "Up here.": "dialogue",
    }


async def test_a_sign_without_any_time_of_its_own_is_shown_behind_the_dialogue() -> None:
    captions = script(
        event(1, 4, "Now you see it."),
        event(2, 3, "PIER 4", "Signs"),
        event(8, 9, "Now you do not."),
    )
    assert rows(captions)[:2] == ["1000-4000 Now you see it.", "4000-4833 PIER 4"]
    crowded = script(
        event(1, 4, "Now you see it."),
        event(2, 3, "PIER 4", "Signs"),
        event(4, 9, "And it goes on and on."),
    )
    assert rows(crowded)[0] == "167-1000 PIER 4"
    covered = script(
        event(0, 4, "Now you see it."),
        event(2, 3, "PIER 4", "Signs"),
        event(4, 60, "And it goes on and on."),
        event(60, 63, "And on."),
    )
    assert [(cue.span.start_ms, cue.text) for cue in await cues(covered)] == [
        (0, "Now you see it."),
        (3167, "PIER 4"),
        (4000, "And it goes on and on."),
        (60_000, "And on."),
    ]


def test_dialogue_that_overlaps_dialogue_stays_dialogue() -> None:
    captions = script(
        event(1, 3, "You never listen to me."),
        event(2, 4, "I do listen.", "Alt"),
        event(5, 7, "All at once."),
        event(7.9, 8.1, "Yes.", layer="1"),
        event(8, 9, r"{\pos(320,20)}Alone up here."),
        event(10, 12, r"{\an8}Nobody below."),
    )
    assert set(lanes(captions).values()) == {"dialogue"}


def test_a_file_that_positions_all_of_its_dialogue_has_no_signs() -> None:
    captions = script(
        *(event(i, i + 0.9, rf"{{\pos({100 + i},{400 - i})}}Line {i}.") for i in range(1, 9))
    )
    assert set(lanes(captions).values()) == {"dialogue"}


def test_a_file_of_signs_alone_is_read() -> None:
    captions = script(event(1, 3, "HARBOUR", "Signs"), event(4, 6, "STATION", "Signs"))
    assert rows(captions) == ["1000-3000 HARBOUR", "4000-6000 STATION"]
    assert set(lanes(captions).values()) == {"sign"}


CHINESE = ["你好，朋友", "我们走吧", "明天见", "船在九点开"]
ENGLISH = ["Hello, my friend", "Let us go now", "See you tomorrow", "The ferry leaves at nine"]


@pytest.mark.parametrize("layout", ["two styles", "top style", "one event"])
def test_of_two_languages_by_style_the_one_that_is_asked_for_stays(layout: str) -> None:
    events = []
    for i, (chinese, english) in enumerate(zip(CHINESE, ENGLISH, strict=True)):
        times = (1 + 3 * i, 3 + 3 * i)
        if layout == "one event":
            events.append(event(*times, rf"{chinese}\N{{\rENG}}{english}", "CHS"))
        else:
            other = "ENG" if layout == "two styles" else "Top"
            events += [event(*times, chinese, "CHS"), event(*times, english, other)]
    english = script(*events, language="en")
    assert [item.text for item in english.items] == ENGLISH
    assert "was taken): 4" in told(english, "captions_left_out")
    chinese = script(*events, language="zh")
    assert [item.text for item in chinese.items] == CHINESE
    unknown = script(*events, language="und")
    assert unknown.language.startswith(("zh", "en"))


def test_a_style_within_a_line_divides_nothing() -> None:
    captions = script(event(1, 3, r"The ferry {\rAlt}never{\r} leaves.\N{\rAlt}At nine."))
    assert " ".join(item.text for item in captions.items) == "The ferry never leaves. At nine."
    assert captions.notices == ()


@pytest.mark.parametrize(
    ("clock", "start_ms", "is_odd"),
    [
        ("0:00:01.50", 1500, False),
        ("0:00:01.500", 1500, False),
        ("00:00:01.50", 1500, False),
        ("0:00:01.5", 1500, True),
        ("0:00:01", 1000, True),
        ("0:00:01,50", 1500, True),
        ("0:00:01:50", 1500, True),
        ("00:01.50", 1500, True),
        ("0:0:1.50", 1500, True),
        ("10:00:01.50", 36_001_500, False),
        ("123:00:00.00", 442_800_000, False),
    ],
)
def test_times_of_every_form_are_read(clock: str, start_ms: int, is_odd: bool) -> None:
    line = f"Dialogue: 0,{clock},200:00:00.00,Default,,0,0,0,,x"
    captions = script(line)
    assert captions.items[0].span.start_ms == start_ms
    assert bool(told(captions, "caption_lines_repaired")) is is_odd


def test_events_that_cannot_be_shown_are_told_by_their_lines() -> None:
    captions = script(
        event(1, 2, "One."),
        "Dialogue: 0,soon,0:00:03.00,Default,,0,0,0,,Lost.",
        event(4, 4, "No time at all."),
        event(6, 5, "Backwards."),
        "Dialogue of nobody",
        "Picture: 0,0:00:01.00,0:00:02.00,,,0,0,0,,a.bmp",
        "Dialogue: 0,0:00:08.00",
        event(9, 10, "Last."),
    )
    assert rows(captions) == ["1000-2000 One.", "6000-9000 Backwards.", "9000-10000 Last."]
    unusable = told(captions, "caption_lines_unusable")
    assert "without a time that can be read: 1 (line 21)" in unusable
    assert "no event: 1 (line 24)" in unusable
    assert "no duration, which no player shows: 1 (line 22)" in told(captions, "captions_left_out")
    assert "Pictures, sounds, films and commands: 1" in told(captions, "captions_left_out")
    assert "Ends before the begin" in told(captions, "caption_lines_repaired")


def test_a_script_without_any_time_names_the_line() -> None:
    with pytest.raises(InvalidCaptionsError, match="SubStation script: line 20"):
        script("Dialogue: 0,soon,later,Default,,0,0,0,,Lost.")


OLD_SCRIPT = """[Script Info]
ScriptType: v4.00

[V4 Styles]
Format: Name, Fontname, Alignment
Style: *Default,Arial,2
Style: Upper,Arial,6

[Events]
{format}
{events}

[Fonts]
fontname: a.ttf
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,no text but a font
"""


@pytest.mark.parametrize(
    ("layout", "row"),
    [
        ("", "Dialogue: Marked=0,0:00:01.00,0:00:02.00,*Default,,0,0,0,,One, two."),
        ("Format: Start, End, Text", "Dialogue: 0:00:01.00,0:00:02.00,One, two."),
        ("Format: End, Start, Style, Text", "Dialogue: 0:00:02.00,0:00:01.00,Default,One, two."),
        ("Format: Text, Start, End", "Dialogue: One, two.,0:00:01.00,0:00:02.00"),
        ("Format: Start, Text, End", "dialogue:0:00:01.00,One, two.,0:00:02.00"),
        ("format:start,end,TEXT", "DIALOGUE: 0:00:01.00,0:00:02.00,One, two."),
    ],
)
def test_fields_stand_where_the_format_says(layout: str, row: str) -> None:
    text = OLD_SCRIPT.format(format=layout, events=row)
    assert rows(read(text.encode())) == ["1000-2000 One, two."]


def test_alignments_of_old_scripts_are_numbered_otherwise() -> None:
    head = "Dialogue: Marked=0,0:00:0"
    events = "\n".join(
        [
            f"{head}1.00,0:00:03.00,Default,,0,0,0,,Below.",
            f"{head}3.00,0:00:05.00,Default,,0,0,0,,Below again.",
            f"{head}4.00,0:00:09.00,Upper,,0,0,0,,ABOVE",
        ]
    )
    captions = read(OLD_SCRIPT.format(format="", events=events).encode())
    assert lanes(captions)["ABOVE"] == "sign"
    assert "5000-9000 ABOVE" in rows(captions)


def test_lines_of_two_languages_in_one_event_are_two_versions() -> None:
    pairs = zip(CHINESE, ENGLISH, strict=True)
    events = [
        event(1 + 3 * i, 3 + 3 * i, rf"{chinese}\N{{\fs18}}{english}")
        for i, (chinese, english) in enumerate(pairs)
    ]
    events.append(event(20, 22, r"One language\Nin two lines"))
    english = script(*events, language="en")
    assert [item.text for item in english.items] == [*ENGLISH, "One language in two lines"]
    assert [item.text for item in script(*events, language="zh").items][:4] == CHINESE


def test_a_line_that_highlights_word_after_word_is_one() -> None:
    words = ["The", "ferry", "leaves"]
    states = [
        " ".join(rf"{{\u1}}{word}{{\u0}}" if word == spoken else word for word in words)
        for spoken in words
    ]
    events = [event(1 + at, 2 + at, state) for at, state in enumerate(states)]
    assert rows(script(*events)) == ["1000-4000 The ferry leaves"]


@pytest.mark.parametrize(
    "text",
    [
        "[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,x\n",
        "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,x\n",
        "Dialogue: Marked=0,0:00:01.00,0:00:02.00,Default,,0,0,0,,x\n",
        "; made by hand\n[Script Info]\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,,x\n",
        "[Script Info]\r[Events]\rDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,x\r",
    ],
)  # fmt: skip
def test_scripts_are_told_by_their_content(text: str) -> None:
    assert rows(read(text.encode())) == ["1000-2000 x"]
