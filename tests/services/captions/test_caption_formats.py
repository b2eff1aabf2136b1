"""TTML, SubStation, lists of cues; encodings; formats told by content."""

from __future__ import annotations

import json

import pytest

from app.domain.cue import Cue
from app.domain.errors import InvalidCaptionsError
from app.domain.profile import DEFAULT_PROFILE
from app.domain.time import Span
from app.services.captions.parse import is_caption_file, parse_captions
from app.services.captions.readers.caption_json import write_cue_list
from app.services.render.file_writer import render
from app.services.render.formats import FORMATS
from tests.services.captions.caption_files import read, rows


def test_ttml_times_count_from_their_parents() -> None:
    captions = read(
        """\
        <?xml version="1.0" encoding="UTF-8"?>
        <tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"
            xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xml:lang="pt-br"
            ttp:frameRate="25" ttp:tickRate="1000">
          <head><metadata>
            <ttm:agent xml:id="a1"><ttm:name type="full">Speaker 1</ttm:name></ttm:agent>
          </metadata></head>
          <body begin="10s"><div begin="00:00:01">
            <p begin="00:00:00.500" end="00:00:01:05" ttm:agent="a1">The <span>river</span>
              rose<br/>fast.</p>
            <p begin="2000t" dur="1.5s">ticks</p>
            <p><span begin="4s" end="5s">only</span> <span begin="5s" end="6s">spans</span></p>
            <p begin="soon" end="later">bad times</p>
          </div></body>
        </tt>
        """,
        "ttml",
        language="und",
    )
    assert captions.language == "pt-BR"
    assert rows(captions) == [
        "11500-12200 The river rose fast.",
        "13000-14500 ticks",
        "15000-17000 only spans",
    ]
    assert captions.items[0].speaker == "Speaker 1"


def test_youtubes_ttml_overlaps_and_of_a_machine_no_longer() -> None:
    ttml = """\
        <?xml version="1.0" encoding="utf-8" ?>
        <tt xml:lang="en" xmlns="http://www.w3.org/ns/ttml"><body><div>
        <p begin="00:00:01.200" end="00:00:05.520" style="s2">the water came</p>
        <p begin="00:00:03.480" end="00:00:07.480" style="s2">up very fast</p>
        </div></body></tt>
        """
    assert rows(read(ttml))[0] == "1200-5520 the water came"
    assert rows(read(ttml, kind="auto"))[0] == "1200-3480 the water came"


def test_substation_scripts_lose_tags_comments_and_drawings() -> None:
    captions = read(
        r"""[Script Info]
        ScriptType: v4.00+

        [V4+ Styles]
        Format: Name, Fontname, Fontsize
        Style: Default,Arial,20

        [Events]
        Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
        Dialogue: 0,0:00:01.00,0:00:02.50,Main,Speaker 3,0,0,0,,{\an8}The river,{\i0} rose\Nfast.
        Comment: 0,0:00:02.00,0:00:03.00,Default,,0,0,0,,not shown
        Dialogue: 0,0:00:03.00,0:00:04.00,Default,Anna,0,0,0,,{\p1}m 0 0 l 1 1{\p0}
        Dialogue: 0,0:00:05.00,0:00:06.00,Default,Anna,0,0,0,,Slow\hdown
        """.replace("        ", "")
    )
    assert rows(captions) == ["1000-2500 The river, rose fast.", "5000-6000 Slow down"]
    assert [item.speaker for item in captions.items] == ["Speaker 3", "Anna"]


def test_a_list_of_cues_reads_back() -> None:
    text = write_cue_list(
        [{"start": 1000, "end": 2000, "text": "One\ntwo", "speaker": "SPEAKER_01"}]
    )
    captions = read(text)
    assert rows(captions) == ["1000-2000 One two"]
    assert captions.items[0].speaker == "SPEAKER_01"
    assert rows(read(json.dumps({"subtitles": json.loads(text)}))) == rows(captions)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"txt", "transcript", "stl", "scc", "lrc"}))
def test_every_file_that_this_server_writes_can_be_read_by_it(name: str) -> None:
    cues = [
        Cue(0, Span(1000, 2500), "The river rose & stayed < high."),
        Cue(1, Span(3000, 4500), "Nobody came. 今日は晴れです", speaker="SPEAKER_01"),
    ]
    text = render(cues, name, DEFAULT_PROFILE, "en")
    captions = read(text.encode())
    # Some formats write the speaker's label into the text.
    texts = [
        item.text.replace("SPEAKER_01: ", "").replace("[SPEAKER_01] ", "")
        for item in captions.items
    ]
    assert texts == [cue.text for cue in cues]
    assert [item.span for item in captions.items] == [cue.span for cue in cues]


POLISH = "1\n00:00:01,000 --> 00:00:02,000\nZażółć gęślą jaźń, źdźbło trawy.\n\n" * 3
RUSSIAN = "1\n00:00:01,000 --> 00:00:02,000\nВода поднялась очень быстро прошлой ночью.\n\n" * 3
FRENCH = "1\n00:00:01,000 --> 00:00:02,000\nL'été dernier, la rivière est montée très vite.\n\n" * 3


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "utf-8"),
        (RUSSIAN, "utf-8-sig"),
        (RUSSIAN, "utf-16"),
        (RUSSIAN, "utf-16-be"),
        (RUSSIAN, "utf-16-le"),
        (RUSSIAN, "utf-32"),
        (RUSSIAN, "windows-1251"),
        (RUSSIAN, "koi8-r"),
        (POLISH, "windows-1250"),
        (FRENCH, "windows-1252"),
        (FRENCH, "latin-1"),
    ],
)
def test_old_encodings_are_told_by_the_language_that_they_make(text: str, encoding: str) -> None:
    assert read(text.encode(encoding)) == read(text.encode())


def test_a_broken_byte_does_not_change_the_encoding_of_the_rest() -> None:
    data = (RUSSIAN * 4).encode().replace("ночью".encode(), b"\xd0", 1)
    assert [item.text for item in read(data).items][
        -1
    ] == "Вода поднялась очень быстро прошлой ночью."


def test_the_content_counts_more_than_the_name_of_the_format() -> None:
    assert rows(read("WEBVTT\n\n00:01.000 --> 00:02.000\nhi\n", "json3")) == ["1000-2000 hi"]
    assert rows(read("1\n00:00:01,000 --> 00:00:02,000\nhi\n", None)) == ["1000-2000 hi"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "Not a caption file"),
        (b"\x00\x00\x00\x1cftypisom" + bytes(range(256)), "Not a caption file"),
        (b"<html><body>Sign in</body></html>", "Not a caption file"),
        (b"WEBVTT\n\n", "holds no captions"),
        (b'{"events": []}', "holds no captions"),
        (b'{"events": [{"tStartMs": 1e999, "segs": [{"utf8": "x"}]}]}', "holds no captions"),
        (b'{"words": []}', "holds no captions"),
        (b'{"events": [', "valid JSON"),
        (b'{"a":' * 100_000, "valid JSON"),
        (b"<tt><body><p begin='1s'>", "valid XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><tt ><p>&d;</p></tt>', "entities"),
        (b"<tt >" + b"<div>" * 5000 + b"</div>" * 5000 + b"</tt>", "nests too deep"),
        (b"[V4+ Styles]\nStyle: x\n[Events]\nDialogue: 1,2\n", "SubStation|no captions"),
        (b"1\n-00:00:02,000 --> -00:00:01,000\nbefore the beginning\n", "holds no captions"),
        (b"WEBVTT\n\n999999:00:00.000 --> 999999:00:01.000\nin a century\n", "holds no captions"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nx\n\n" + b" " * (33 << 20), "32 MiB"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_what_holds_no_captions_says_so(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidCaptionsError, match=reason) as caught:
        parse_captions(data, None, "en", "manual")
    assert caught.value.code == "captions_unreadable"


def test_zeros_and_halves_of_characters_are_left_out() -> None:
    segs = r'[{"utf8": "a\u0000b\ud800c\ufeff"}]'
    text = f'{{"events": [{{"tStartMs": 5, "dDurationMs": 9, "segs": {segs}}}]}}'
    assert rows(read(text)) == ["5-14 abc"]


def test_a_file_is_told_from_media_by_name_and_content() -> None:
    srt = b"1\r\n00:00:01,000 --> 00:00:02,000\r\nhi\r\n"
    assert is_caption_file("talk.SRT", srt)
    assert is_caption_file("talk", srt)
    assert is_caption_file("talk.json3", b'{\n  "wireMagic": "pb3", "events": []}')
    assert is_caption_file("talk.srt", "1\n00:00:01,000 --> 00:00:02,000\nhi".encode("utf-16"))
    assert is_caption_file("talk.mp4", srt)
    assert is_caption_file("talk", b"no times", "text/plain")
    assert is_caption_file("blob", b"\x07\x00\x01", "application/x-subrip")
    assert is_caption_file("talk.srt", bytes(range(32)) * 9)
    assert is_caption_file("talk.smi", b"<SAMI><BODY>")
    assert not is_caption_file("talk.mp4", b"no times")
    assert not is_caption_file("talk", bytes(range(32)) * 9 + srt, "application/octet-stream")
    assert not is_caption_file("talk.srt", b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(64))
