"""Readers of subtitle files that share no code with the writers."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import ass
import srt
import ttconv.imsc.reader
import ttconv.model
import webvtt

DIRECTION_MARKS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNMARKED = str.maketrans("", "", DIRECTION_MARKS)
_INVISIBLE = str.maketrans("", "", f"\u2060{DIRECTION_MARKS}")


@dataclass(frozen=True, slots=True)
class ReadCue:
    """What a reader made of a cue: a span in ms, lines joined by newlines, a speaker."""

    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None


Reader = Callable[[str], list[ReadCue]]


def _ms(time: timedelta) -> int:
    return round(time / timedelta(milliseconds=1))


def read_srt(file: str) -> list[ReadCue]:
    read = list(srt.parse(file))
    assert [cue.index for cue in read] == list(range(1, len(read) + 1))
    return [
        ReadCue(_ms(cue.start), _ms(cue.end), cue.content.translate(_INVISIBLE)) for cue in read
    ]


def read_vtt(file: str) -> list[ReadCue]:
    read = webvtt.from_string(file)
    return [
        ReadCue(
            cue.start_time.in_milliseconds(),
            cue.end_time.in_milliseconds(),
            html.unescape(re.sub(r"^<v [^>]*>", "", cue.raw_text)).translate(_INVISIBLE),
            html.unescape(cue.voice) if cue.voice else None,
        )
        for cue in read
    ]


def read_ass(file: str) -> list[ReadCue]:
    read = ass.parse(io.StringIO(file))
    styles = {style.name for style in read.styles}
    assert all(event.style in styles for event in read.events)
    return [
        ReadCue(_ms(event.start), _ms(event.end), unescape_ass(event.text), event.name or None)
        for event in read.events
    ]


def unescape_ass(text: str) -> str:
    """What libass shows: ``\\N`` breaks the line, ``\\{`` is a brace, nothing is an override."""
    assert not re.search(r"(?<!\\)[{}]", text)
    lines = text.replace("\\N", "\n").replace("\\{", "{").replace("\\}", "}")
    return lines.translate(_INVISIBLE)


def read_ttml(file: str) -> list[ReadCue]:
    document = ttconv.imsc.reader.to_model(ElementTree.ElementTree(ElementTree.fromstring(file)))
    assert document is not None
    names = _agent_names(file)
    agents = [p.get(f"{_TTM}agent") for p in ElementTree.fromstring(file).iter(f"{_TT}p")]
    paragraphs = [
        node for node in document.get_body().dfs_iterator() if isinstance(node, ttconv.model.P)
    ]
    return [
        ReadCue(
            _exact_ms(p.get_begin()),
            _exact_ms(p.get_end()),
            "".join(map(_shown, p.dfs_iterator())).translate(UNMARKED),
            names.get(agent or ""),
        )
        for p, agent in zip(paragraphs, agents, strict=True)
    ]


_TT = "{http://www.w3.org/ns/ttml}"
_TTM = "{http://www.w3.org/ns/ttml#metadata}"
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"


def _agent_names(file: str) -> dict[str, str]:
    agents = ElementTree.fromstring(file).iter(f"{_TTM}agent")
    return {agent.attrib[_XML_ID]: agent.findtext(f"{_TTM}name") or "" for agent in agents}


def _exact_ms(seconds: Fraction | None) -> int:
    ms = (seconds or Fraction(0)) * 1000
    assert ms.denominator == 1
    return int(ms)


def _shown(node: object) -> str:
    if isinstance(node, ttconv.model.Br):
        return "\n"
    return node.get_text() if isinstance(node, ttconv.model.Text) else ""


def read_json(file: str) -> list[ReadCue]:
    return [
        ReadCue(row["start_ms"], row["end_ms"], row["translation"] or row["text"], row["speaker"])
        for row in json.loads(file)["cues"]
    ]


_SBV_TIME = re.compile(r"(\d+):(\d\d):(\d\d)\.(\d{3})")


def read_sbv(file: str) -> list[ReadCue]:
    """Read as YouTube describes the format: times, text, blank line."""
    cues = []
    for block in file.split("\n\n"):
        times, _, text = block.strip("\n").partition("\n")
        if times:
            start, end = (_SBV_TIME.fullmatch(part) for part in times.split(","))
            assert start
            assert end
            cues.append(ReadCue(_clock_ms(start), _clock_ms(end), text))
    return cues


def _clock_ms(match: re.Match[str]) -> int:
    hours, minutes, seconds, ms = map(int, match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


def read_json3(file: str) -> list[ReadCue]:
    return [
        ReadCue(
            event["tStartMs"],
            event["tStartMs"] + event["dDurationMs"],
            "".join(part["utf8"] for part in event["segs"]),
        )
        for event in json.loads(file)["events"]
    ]


def read_tsv(file: str) -> list[ReadCue]:
    rows = csv.DictReader(io.StringIO(file), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [ReadCue(int(row["start"]), int(row["end"]), row["text"]) for row in rows]


def read_csv(file: str) -> list[ReadCue]:
    return [
        ReadCue(
            int(row["start_ms"]),
            int(row["end_ms"]),
            row["translation"] or row["text"],
            row["speaker"] or None,
        )
        for row in csv.DictReader(io.StringIO(file))
    ]


def read_unmarked(reader: Reader) -> Reader:
    """Leave the marks of direction out of what a reader reads."""
    return lambda file: [
        replace(
            cue,
            text=cue.text.translate(_INVISIBLE if reader in (read_sbv, read_json3) else UNMARKED),
        )
        for cue in reader(file)
    ]


READERS: dict[str, Reader] = {
    "srt": read_srt,
    "vtt": read_vtt,
    "ass": read_ass,
    "ttml": read_ttml,
    "json": read_json,
    "imsc": read_ttml,
    "ebu-tt-d": read_ttml,
    "sbv": read_unmarked(read_sbv),
    "json3": read_unmarked(read_json3),
    "tsv": read_tsv,
    "csv": read_csv,
}


def read_by_ffmpeg(path: Path) -> list[ReadCue]:
    """Decode a subtitle file as players built on ffmpeg do, as far as what they hand libass."""
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(path), "-f", "ass", "-"],
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout.decode()
    return [
        ReadCue(_ms(event.start), _ms(event.end), unescape_ass(event.text))
        for event in ass.parse(io.StringIO(decoded)).events
    ]
