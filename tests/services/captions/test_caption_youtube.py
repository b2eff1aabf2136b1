"""YouTube's own formats: json3 and the three kinds of XML."""

from __future__ import annotations

import json

from app.services.captions.readers.caption_json import write_json3
from tests.services.captions.caption_files import read, rows, words

AUTO = {
    "wireMagic": "pb3",
    "pens": [{}],
    "events": [
        {"tStartMs": 0, "dDurationMs": 60_000, "id": 1, "wpWinPosId": 1, "wsWinStyleId": 1},
        {
            "tStartMs": 1200,
            "dDurationMs": 4320,
            "wWinId": 1,
            "segs": [
                {"utf8": "the", "acAsrConf": 0},
                {"utf8": " wa", "tOffsetMs": 320},
                {"utf8": "ter", "tOffsetMs": 500},
                {"utf8": " [ __ ]", "tOffsetMs": 800},
            ],
        },
        {
            "tStartMs": 3470,
            "dDurationMs": 2050,
            "wWinId": 1,
            "aAppend": 1,
            "segs": [{"utf8": "\n"}],
        },
        {
            "tStartMs": 3480,
            "dDurationMs": 4000,
            "wWinId": 1,
            "segs": [{"utf8": "rose"}, {"utf8": " fast", "tOffsetMs": 400}],
        },
        {"tStartMs": 9000, "dDurationMs": 900, "wWinId": 1, "segs": [{"utf8": "[Music]"}]},
    ],
}


def test_json3_of_a_machine_gives_words_with_times() -> None:
    captions = read(json.dumps(AUTO), "json3", "auto")
    assert rows(captions) == [
        "1200-3480 the water [ __ ]",
        "3480-7480 rose fast",
        "9000-9900 [Music]",
    ]
    assert words(captions)[:3] == ["1200 the", "1520 water", "2000 ["]
    assert words(captions)[5:] == ["3480 rose", "3880 fast", "9000 [Music]"]
    fast = captions.items[1].words[1]
    assert fast.span.end_ms < 7480, "no word lasts for as long as its line stays on screen"


def event(start_ms: int, *texts: str, **more: int) -> dict[str, object]:
    segs = [{"utf8": text} for text in texts]
    return {"tStartMs": start_ms, "dDurationMs": 900, "segs": segs, **more}


def test_a_word_that_came_in_two_events_is_one() -> None:
    events = [
        event(1000, "the riv", wWinId=1),
        event(1400, "(thunder)", wWinId=2),
        event(1500, "er rose", wWinId=1, aAppend=1),
        event(2500, "\nlast", wWinId=1, aAppend=1),
        event(2800, " night", wWinId=1, aAppend=1),
    ]
    for kind in ("manual", "auto"):
        captions = read(json.dumps({"events": events}), None, kind)  # type: ignore[arg-type]
        assert [item.text for item in captions.items] == [
            "the river rose", "(thunder)", "last night",
        ]  # fmt: skip
        assert [item.span.start_ms for item in captions.items] == [1000, 1400, 2500]


def test_japanese_segments_are_glued_words() -> None:
    segs = [{"utf8": "今日"}, {"utf8": "は", "tOffsetMs": 200}, {"utf8": "晴れ", "tOffsetMs": 500}]
    events = [
        {"tStartMs": 1000, "dDurationMs": 2000, "segs": segs},
        {"tStartMs": 2000, "dDurationMs": 1000, "segs": [{"utf8": "です\nね", "tOffsetMs": 0}]},
    ]
    captions = read(json.dumps({"events": events}), None, "auto", "ja")
    assert [item.text for item in captions.items] == ["今日は晴れ", "ですね"]
    assert words(captions)[:3] == ["1000 今日", "1200 +は", "1500 +晴れ"]


def test_json3_of_people_keeps_their_lines_and_times() -> None:
    events = [
        event(500, "Two\nlines \u200b", "here", dDurationMs=1500),
        event(2000, "\n"),
        {"tStartMs": 2000.0, "segs": [{"utf8": "without an end"}]},
        event(3000, "ends before it begins", dDurationMs=-5),
    ]
    captions = read(json.dumps({"events": events}))
    assert rows(captions) == [
        "500-2000 Two lines here",
        "2000-3000 without an end",
        "3000-6000 ends before it begins",
    ]
    assert all(item.words == () for item in captions.items)


def test_srv3_and_json3_of_the_same_track_are_the_same() -> None:
    srv3 = """\
    <?xml version="1.0" encoding="utf-8" ?><timedtext format="3">
    <head><ws id="0"/><wp id="0"/></head>
    <body>
    <w t="0" id="1" wp="1" ws="1"/>
    <p t="1200" d="4320" w="1"><s>the</s><s t="320"> wa</s><s t="500">ter</s><s
    t="800"> [ __ ]</s></p>
    <p t="3470" d="2050" w="1" a="1">
    </p>
    <p t="3480" d="4000" w="1"><s>rose</s><s t="400"> fast</s></p>
    <p t="9000" d="900" w="1">[Music]</p>
    </body></timedtext>
        """
    assert read(srv3, "srv3", "auto") == read(json.dumps(AUTO), "json3", "auto")


def test_srv2_words_that_are_appended_make_one_caption() -> None:
    srv2 = """\
        <?xml version="1.0" encoding="utf-8" ?><timedtext>
        <window t="0" id="1" op="define" rc="2" cc="40"/>
        <text t="1200" d="4320" w="1">the</text><text t="1520" w="1" append="1"> water</text>
        <text t="2000" d="3500" w="1" append="1"> came</text>
        <text t="3470" d="1" w="1" append="1">
        </text>
        <text t="3480" d="2000" w="1">up</text>
        </timedtext>
        """
    captions = read(srv2, "srv2", "auto")
    assert [item.text for item in captions.items] == ["the water came", "up"]
    assert words(captions) == ["1200 the", "1520 water", "2000 came", "3480 up"]


def test_srv1_has_seconds_and_entities_twice() -> None:
    srv1 = """\
        <?xml version="1.0" encoding="utf-8" ?><transcript>
        <text start="1.2" dur="4.32">it&amp;#39;s the water
        that came</text>
        <text start="3.48" dur="2">&lt;i&gt;fast&lt;/i&gt; &amp;amp; high</text>
        <text start="7">and stayed</text>
        </transcript>
        """
    manual = read(srv1, "srv1")
    assert rows(manual) == [
        "1200-5520 it's the water that came",
        "3480-5480 fast & high",
        "7000-10000 and stayed",
    ]
    heard = read(srv1, "srv1", "auto")
    assert rows(heard)[0] == "1200-3480 it's the water that came"
    assert all(item.words == () for item in heard.items), "the track times no words"


def test_what_is_written_as_json3_reads_the_same() -> None:
    captions = read(json.dumps(AUTO), "json3", "auto")
    again = read(json.dumps(write_json3(captions)))
    assert rows(again) == rows(captions)
